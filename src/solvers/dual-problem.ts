import { InputError } from "../errors";

/** The dual of a support vector machine: minimize ½ αᵀQα + pᵀα subject to yᵀα = 0 and 0 ≤ α ≤ C. */
export interface DualProblem {
  /** Row i of Q, symmetric and positive semidefinite up to rounding. */
  row(i: number): Float64Array;
  /** p. */
  linear: Float64Array;
  /** y, each +1 or −1. */
  signs: Float64Array;
  /** C, the largest value of a variable. */
  cost: number;
  /** Stop when no pair of variables violates the optimality conditions by more. */
  tolerance: number;
}

export interface DualSolution {
  alpha: Float64Array;
  /** ρ: the decision function is Σ α_i y_i K(i, x) − ρ. */
  rho: number;
  steps: number;
}

/** As libsvm: a pair along which Q is flat or (by rounding) negative is treated as having this curvature. */
const LEAST_CURVATURE = 1e-12;
/** As libsvm. */
const MOST_STEPS = 10_000_000;

/**
 * Sequential minimal optimization with the second-order choice of the pair to move, as libsvm (Fan, Chen and Lin 2005,
 * "Working set selection using second order information"), without its shrinking, which changes the time and not the
 * result, and with Q in float64 where libsvm rounds it to float32.
 *
 * @throws if the tolerance is not reached after 10 million pairs
 */
export function solveDual({ row, linear, signs, cost, tolerance }: DualProblem): DualSolution {
  const size = linear.length;
  const alpha = new Float64Array(size);
  const gradient = Float64Array.from(linear);
  const diagonal = Float64Array.from({ length: size }, (_, i) => row(i)[i]);
  const mayRise = (t: number): boolean => (signs[t] > 0 ? alpha[t] < cost : alpha[t] > 0);
  const mayFall = (t: number): boolean => (signs[t] > 0 ? alpha[t] > 0 : alpha[t] < cost);

  for (let steps = 0; steps < MOST_STEPS; steps++) {
    // −y∇f is what the optimality conditions compare: at the optimum none that may rise exceeds one that may fall.
    let [i, highest] = [-1, -Infinity];
    for (let t = 0; t < size; t++)
      if (mayRise(t) && -signs[t] * gradient[t] >= highest) [i, highest] = [t, -signs[t] * gradient[t]];
    if (i < 0) return { alpha, rho: offset(alpha, gradient, signs, cost), steps };
    const rowI = row(i);
    let [j, best, lowest] = [-1, Infinity, Infinity];
    for (let t = 0; t < size; t++) {
      if (!mayFall(t)) continue;
      const own = -signs[t] * gradient[t];
      if (own < lowest) lowest = own;
      const violation = highest - own;
      if (violation <= 0) continue;
      const curvature = diagonal[i] + diagonal[t] - 2 * signs[i] * signs[t] * rowI[t];
      const change = -(violation * violation) / Math.max(curvature, LEAST_CURVATURE);
      if (change <= best) [j, best] = [t, change];
    }
    if (j < 0 || highest - lowest < tolerance) return { alpha, rho: offset(alpha, gradient, signs, cost), steps };

    const rowJ = row(j);
    const curvature = Math.max(diagonal[i] + diagonal[j] - 2 * signs[i] * signs[j] * rowI[j], LEAST_CURVATURE);
    // Moving y_i α_i up and y_j α_j down by the same amount keeps yᵀα = 0; the box decides how far.
    const room = (t: number, direction: number): number => (direction > 0 ? cost - alpha[t] : alpha[t]);
    const wanted = (highest + signs[j] * gradient[j]) / curvature;
    const limits = [room(i, signs[i]), room(j, -signs[j])];
    const move = Math.min(wanted, ...limits);
    const [before, beforeJ] = [alpha[i], alpha[j]];
    // A variable that reaches its bound is put exactly there.
    alpha[i] = move === limits[0] ? (signs[i] > 0 ? cost : 0) : before + signs[i] * move;
    alpha[j] = move === limits[1] ? (signs[j] > 0 ? 0 : cost) : beforeJ - signs[j] * move;
    const [deltaI, deltaJ] = [alpha[i] - before, alpha[j] - beforeJ];
    // A move below rounding: float64 gets no nearer.
    if (deltaI === 0 && deltaJ === 0) return { alpha, rho: offset(alpha, gradient, signs, cost), steps };
    for (let t = 0; t < size; t++) gradient[t] += rowI[t] * deltaI + rowJ[t] * deltaJ;
  }
  throw new InputError(
    `The support vector machine did not converge in ${MOST_STEPS} steps: raise the regularization or the tolerance.`,
  );
}

/** ρ: the mean of y∇f over the variables inside the box, or the middle of what the ones at its bounds allow. */
function offset(alpha: Float64Array, gradient: Float64Array, signs: Float64Array, cost: number): number {
  let [upper, lower, sum, free] = [Infinity, -Infinity, 0, 0];
  alpha.forEach((value, t) => {
    const own = signs[t] * gradient[t];
    if (value > 0 && value < cost) {
      sum += own;
      free++;
    } else if (value >= cost === signs[t] > 0) lower = Math.max(lower, own);
    else upper = Math.min(upper, own);
  });
  return free > 0 ? sum / free : (upper + lower) / 2;
}
