/** What the logistic regressions share: the loss of a softmax, and the search for the minimum. */

export interface SoftmaxLoss {
  /** −Σ_i log p(chosen_i), in nats. */
  loss: number;
  /** p of each score's alternative. */
  probabilities: Float64Array;
  /** ∂loss/∂score: p − 1 for the chosen alternative, p for the others; exact to the last digits where 1 − p would not be. */
  residuals: Float64Array;
}

/**
 * The loss of choices by their scores [choices, alternatives].
 * @param alternatives with 1, the other alternative is "not", whose score is 0: the binary problem
 * @param chosen the alternative chosen each time; 1 or 0 (not) in the binary problem
 */
export function softmaxLoss(scores: Float64Array, alternatives: number, chosen: readonly number[]): SoftmaxLoss {
  const probabilities = new Float64Array(scores.length);
  const residuals = new Float64Array(scores.length);
  // The binary problem's "not" is alternative 0.
  const not = alternatives === 1 ? [0] : [];
  let loss = 0;
  for (const [i, choice] of chosen.entries()) {
    const own = [...not, ...scores.subarray(i * alternatives, (i + 1) * alternatives)];
    const largest = Math.max(...own);
    const weights = own.map((score) => Math.exp(score - largest));
    const others = weights.reduce((sum, weight, a) => (a === choice ? sum : sum + weight), 0);
    const total = others + weights[choice];
    loss += own[choice] === largest ? Math.log1p(others) : largest - own[choice] + Math.log(total);
    for (let k = 0; k < alternatives; k++) {
      const alternative = k + not.length;
      probabilities[i * alternatives + k] = weights[alternative] / total;
      residuals[i * alternatives + k] = (alternative === choice ? -others : weights[alternative]) / total;
    }
  }
  return { loss, probabilities, residuals };
}

/** A move from a point that lowers the value. */
export interface Move {
  direction: Float64Array;
  /** gradient · direction, below 0. */
  slope: number;
  /** Whether it reaches the minimum: what is left to gain is less than rounding. */
  last?: boolean;
}

/** More than either method needs where it converges at all. */
const MOST_STEPS = 5000;

/**
 * Descends from a point to a minimum, halving a move until the value falls enough (Armijo). A generator that pauses
 * after each move.
 *
 * @param evaluate the value at a point, with whatever `moveFrom` needs of it
 * @param moveFrom the next move; undefined at the minimum
 */
export function* descend<P extends { value: number }>(
  start: Float64Array,
  evaluate: (x: Float64Array) => P,
  moveFrom: (x: Float64Array, at: P) => Move | undefined,
): Generator<undefined, Float64Array> {
  let x = start;
  let at = evaluate(x);
  for (let step = 0; step < MOST_STEPS; step++) {
    const move = moveFrom(x, at);
    if (!move) return x;
    let length = 1;
    let next = moved(x, move.direction, length);
    if (move.last) return next;
    let there = evaluate(next);
    while (!(there.value <= at.value + 1e-4 * length * move.slope) && length > 1e-12) {
      length /= 2;
      next = moved(x, move.direction, length);
      there = evaluate(next);
    }
    if (!(there.value < at.value)) return x;
    [x, at] = [next, there];
    yield;
  }
  return x;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** a + factor · b */
export const moved = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((value, k) => value + factor * b[k]);
