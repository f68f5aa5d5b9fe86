import { InputError } from "../errors";
import { mlMatrix } from "../packages";
import { runAtOnce } from "../steps";
import { descend, dot, softmaxLoss, type Move, type SoftmaxLoss } from "./descent";

/** Choices among alternatives, each described by a row of features. */
export interface Choices {
  /** One row for each alternative of each choice, choice by choice; all of the same length. */
  rows: readonly Float64Array[];
  /** Alternatives of each choice. With 1, the other alternative is "not", whose score is 0: the binary problem. */
  alternatives: number;
  /** The alternative chosen each time; 1 or 0 (not) in the binary problem. */
  chosen: readonly number[];
}

export interface ChoiceParameters {
  /** One for each feature, shared by all alternatives. */
  weights: Float64Array;
  /** One for each alternative; the first of several is 0, since only differences count. */
  intercepts: Float64Array;
}

/**
 * Conditional logistic regression: alternative a of choice i has the score w·x_ia + b_a and the probability
 * softmax_a of the scores. Returns a function from the inverse penalty c to the parameters with the least
 *
 *     ½‖w‖² − c Σ_i log p(chosen_i)
 *
 * by Newton's method, each search starting from the solution before: ask for penalties in order.
 */
export function choiceModel(choices: Choices): (inversePenalty: number) => ChoiceParameters {
  const { alternatives, chosen } = choices;
  const features = choices.rows[0].length;
  const design = designRows(choices, features);
  let parameters = new Float64Array(features + freeIntercepts(alternatives));
  return (c) => {
    const evaluate = (x: Float64Array): Evaluated => {
      const scores = Float64Array.from(design, (row) => dot(row, x));
      const { loss, ...rest } = softmaxLoss(scores, alternatives, chosen);
      const weights = x.subarray(0, features);
      return { value: dot(weights, weights) / 2 + c * loss, ...rest };
    };
    parameters = Float64Array.from(
      runAtOnce(
        descend(parameters, evaluate, (x, at) => newtonMove(at, derivatives(design, choices, features, c, x, at))),
      ),
    );
    const intercepts = Float64Array.from([...(alternatives === 1 ? [] : [0]), ...parameters.subarray(features)]);
    return { weights: parameters.slice(0, features), intercepts };
  };
}

/** Scores [choices, alternatives] of rows laid out as in {@link Choices}. */
export function scoresOf(
  rows: readonly Float64Array[],
  alternatives: number,
  { weights, intercepts }: ChoiceParameters,
): Float64Array {
  return Float64Array.from(rows, (row, k) => dot(row, weights) + intercepts[k % alternatives]);
}

const freeIntercepts = (alternatives: number): number => Math.max(1, alternatives - 1);

/** The rows with an indicator of each free intercept at their end. */
function designRows({ rows, alternatives }: Choices, features: number): Float64Array[] {
  return rows.map((row, k) => {
    const extended = new Float64Array(features + freeIntercepts(alternatives));
    extended.set(row);
    const own = alternatives === 1 ? 0 : (k % alternatives) - 1;
    if (own >= 0) extended[features + own] = 1;
    return extended;
  });
}

type Evaluated = Omit<SoftmaxLoss, "loss"> & { value: number };

interface Derivatives {
  gradient: Float64Array;
  /** The lower triangle. */
  hessian: Float64Array[];
}

function derivatives(
  design: Float64Array[],
  { alternatives, chosen }: Choices,
  features: number,
  c: number,
  x: Float64Array,
  { probabilities, residuals }: Evaluated,
): Derivatives {
  const size = x.length;
  const gradient = Float64Array.from(x, (value, k) => (k < features ? value : 0));
  const hessian = Array.from({ length: size }, (_, k) => {
    const row = new Float64Array(size);
    if (k < features) row[k] = 1;
    return row;
  });
  const center = new Float64Array(size);
  chosen.forEach((choice, i) => {
    const own = design.slice(i * alternatives, (i + 1) * alternatives);
    const p = probabilities.subarray(i * alternatives, (i + 1) * alternatives);
    center.fill(0);
    own.forEach((row, a) => addScaled(center, row, p[a]));
    own.forEach((row, a) => {
      const residual = residuals[i * alternatives + a];
      addScaled(gradient, row, c * residual);
      if (alternatives === 1) addOuter(hessian, row, c * p[0] * (choice === 1 ? -residual : 1 - p[0]));
      else
        addOuter(
          hessian,
          row.map((value, k) => value - center[k]),
          c * p[a],
        );
    });
  });
  return { gradient, hessian };
}

/**
 * The direction −H⁻¹g. Where all probabilities are 0 or 1, H hardly knows the intercepts: damping · (diag H + 1) is
 * added to it, and more until it can be solved.
 */
function newtonMove({ value }: Evaluated, { gradient, hessian }: Derivatives): Move | undefined {
  const matrix = new mlMatrix.Matrix(
    hessian.map((row, k) => Array.from(row, (own, l) => (l <= k ? own : hessian[l][k]))),
  );
  const right = mlMatrix.Matrix.columnVector(Array.from(gradient, (own) => -own));
  for (let damping = 0; damping < 1e6; damping = damping === 0 ? 1e-14 : damping * 100) {
    hessian.forEach((row, k) => matrix.set(k, k, row[k] + damping * (row[k] + 1)));
    const cholesky = new mlMatrix.CholeskyDecomposition(matrix);
    if (!cholesky.isPositiveDefinite()) continue;
    const direction = Float64Array.from(cholesky.solve(right).to1DArray());
    const slope = dot(gradient, direction);
    if (!direction.every(Number.isFinite) || !(slope <= 0)) continue;
    // Half the squared Newton decrement is the decrease to come.
    return slope < 0 ? { direction, slope, last: -slope <= 1e-15 * value } : undefined;
  }
  throw new InputError(
    "The logistic regression has no solution in float64: the kernel's values are too large; scale the kernel, or raise the regularization.",
  );
}

function addScaled(into: Float64Array, row: Float64Array, factor: number): void {
  for (let k = 0; k < into.length; k++) into[k] += factor * row[k];
}

/** Adds factor · row rowᵀ, the lower triangle only. */
function addOuter(into: Float64Array[], row: Float64Array, factor: number): void {
  if (factor === 0) return;
  for (let k = 0; k < row.length; k++) {
    const scaled = factor * row[k];
    const target = into[k];
    for (let l = 0; l <= k; l++) target[l] += scaled * row[l];
  }
}
