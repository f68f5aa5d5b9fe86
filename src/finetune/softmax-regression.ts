/** Logistic regression with a row of weights for each class: linear probes and bags of words of any number of classes. */
import { mlMatrix } from "../packages";
import { INVERSE_PENALTIES } from "../solvers/logistic";
import { predictedClasses } from "../solvers/metrics";
import { stratifiedFolds } from "../solvers/stratified-folds";

/** A class's scores are weights · x + intercept. */
export interface SoftmaxWeights {
  /** One row a class. */
  weights: Float64Array[];
  /** One a class; they sum to 0. */
  intercepts: number[];
}

export interface SoftmaxFit extends SoftmaxWeights {
  inversePenalty: number;
  /** Mean accuracy over the folds of each inverse penalty. */
  foldAccuracy: number[];
}

const FOLDS = 5;

/**
 * scikit-learn's multinomial `LogisticRegressionCV` with its defaults: of ten inverse penalties c the first with the best
 * mean accuracy over five stratified folds, then the minimum over all examples of ½ ‖W‖² − c Σ log softmax.
 *
 * A generator that pauses after each step of a search.
 *
 * @param features one row an example
 * @throws if a fold's training part lacks a class
 */
export function* softmaxRegression(
  features: readonly Float64Array[],
  labels: readonly number[],
  classes: number,
): Generator<undefined, SoftmaxFit> {
  const { coordinates, lift } = span(features);
  const folds = stratifiedFolds(labels, FOLDS);
  const indices = labels.map((_, i) => i);
  const totals = INVERSE_PENALTIES.map(() => 0);
  for (let fold = 0; fold < FOLDS; fold++) {
    const [fitted, held] = [indices.filter((i) => folds[i] !== fold), indices.filter((i) => folds[i] === fold)];
    if (new Set(fitted.map((i) => labels[i])).size < classes)
      throw new Error(
        `Cross-validation fold ${fold + 1} leaves no example of some class to fit: give more examples of each class.`,
      );
    const solve = solver(
      fitted.map((i) => coordinates[i]),
      fitted.map((i) => labels[i]),
      classes,
    );
    for (const [k, c] of INVERSE_PENALTIES.entries()) {
      const parameters = yield* solve(c);
      const scores = Float64Array.from(held.flatMap((i) => scoresOf(coordinates[i], parameters, classes)));
      totals[k] +=
        predictedClasses({ values: scores, shape: [held.length, classes] }).filter(
          (predicted, at) => predicted === labels[held[at]],
        ).length / held.length;
      yield;
    }
  }
  const best = totals.indexOf(Math.max(...totals));
  const fit = weightsOf(yield* solver(coordinates, labels, classes)(INVERSE_PENALTIES[best]), classes, lift);
  return { ...fit, inversePenalty: INVERSE_PENALTIES[best], foldAccuracy: totals.map((total) => total / FOLDS) };
}

/**
 * The minimum of ½ ‖W‖² − c Σ log softmax for every inverse penalty c, in their order; each search starts from the minimum before.
 * A generator that pauses after each step of a search.
 */
export function* softmaxFits(
  features: readonly Float64Array[],
  labels: readonly number[],
  classes: number,
  inversePenalties: readonly number[],
): Generator<undefined, SoftmaxWeights[]> {
  const { coordinates, lift } = span(features);
  const solve = solver(coordinates, labels, classes);
  const fits: SoftmaxWeights[] = [];
  for (const c of inversePenalties) fits.push(weightsOf(yield* solve(c), classes, lift));
  return fits;
}

/** The rows of a matrix of numbers, [rows, features] row-major. */
export const featureRows = (values: Float32Array, rows: number): Float64Array[] =>
  Array.from({ length: rows }, (_, i) =>
    Float64Array.from(values.subarray((i * values.length) / rows, ((i + 1) * values.length) / rows)),
  );

/** The scores of one example, one for each class. */
export const softmaxScores = ({ weights, intercepts }: SoftmaxWeights, x: Float64Array): number[] =>
  weights.map((row, a) => dot(row, x) + intercepts[a]);

function weightsOf(
  parameters: Float64Array,
  classes: number,
  lift: (weights: Float64Array) => Float64Array,
): SoftmaxWeights {
  const size = parameters.length / classes - 1;
  return {
    weights: Array.from({ length: classes }, (_, a) => lift(parameters.slice(a * size, (a + 1) * size))),
    intercepts: [...parameters.subarray(classes * size)],
  };
}

/**
 * Weights lie in the span of the features. Where those are more than the examples, coordinates in the span stand for
 * them, so that the problem has no more unknowns than examples.
 */
function span(features: readonly Float64Array[]): {
  coordinates: readonly Float64Array[];
  lift(weights: Float64Array): Float64Array;
} {
  if (features.length >= features[0].length) return { coordinates: features, lift: (weights) => weights };
  const x = new mlMatrix.Matrix(features.map((row) => [...row]));
  const { eigenvectorMatrix, realEigenvalues } = new mlMatrix.EigenvalueDecomposition(x.mmul(x.transpose()), {
    assumeSymmetric: true,
  });
  const largest = Math.max(...realEigenvalues);
  const kept = realEigenvalues.map((_, k) => k).filter((k) => realEigenvalues[k] > largest * 1e-13);
  const singular = kept.map((k) => Math.sqrt(realEigenvalues[k]));
  // X = U S Vᵀ: the coordinates are U S, and V takes weights on them back.
  const u = eigenvectorMatrix.subMatrixColumn(kept);
  const v = x.transpose().mmul(u.mmul(mlMatrix.Matrix.diag(singular.map((value) => 1 / value))));
  return {
    coordinates: u
      .mmul(mlMatrix.Matrix.diag(singular))
      .to2DArray()
      .map((row) => Float64Array.from(row)),
    lift: (weights) => Float64Array.from(v.mmul(mlMatrix.Matrix.columnVector([...weights])).to1DArray()),
  };
}

/** Scores of one example; parameters are the classes' rows, then their intercepts. */
function scoresOf(x: Float64Array, parameters: Float64Array, classes: number): number[] {
  return Array.from({ length: classes }, (_, a) => {
    let sum = parameters[classes * x.length + a];
    for (let k = 0; k < x.length; k++) sum += parameters[a * x.length + k] * x[k];
    return sum;
  });
}

/** A function from the inverse penalty to the minimum; each search starts from the minimum before. */
function solver(
  features: readonly Float64Array[],
  labels: readonly number[],
  classes: number,
): (c: number) => Generator<undefined, Float64Array> {
  const size = features[0].length;
  const squares = Float64Array.from({ length: size }, (_, k) => features.reduce((sum, x) => sum + x[k] * x[k], 0));
  /** The second derivative where all classes are equally likely, about. */
  const curvature = (k: number, c: number): number =>
    k < classes * size ? 1 + (c / classes) * squares[k % size] : (c / classes) * features.length;
  let parameters: Float64Array = new Float64Array(classes * (size + 1));
  return function* (c) {
    const evaluate = (at: Float64Array): { value: number; gradient: Float64Array } => {
      const gradient = at.map((value, k) => (k < classes * size ? value : 0));
      let value = 0;
      for (let k = 0; k < classes * size; k++) value += (at[k] * at[k]) / 2;
      features.forEach((x, i) => {
        const scores = scoresOf(x, at, classes);
        const largest = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - largest));
        const total = weights.reduce((a, b) => a + b, 0);
        value += c * (largest + Math.log(total) - scores[labels[i]]);
        for (let a = 0; a < classes; a++) {
          const residual = c * (weights[a] / total - (a === labels[i] ? 1 : 0));
          gradient[classes * size + a] += residual;
          for (let k = 0; k < size; k++) gradient[a * size + k] += residual * x[k];
        }
      });
      return { value, gradient };
    };
    parameters = yield* minimize(
      evaluate,
      parameters,
      Float64Array.from(parameters, (_, k) => 1 / curvature(k, c)),
    );
    return parameters;
  };
}

const MEMORY = 20;
const MOST_STEPS = 5000;

/** L-BFGS, begun with a diagonal inverse Hessian. The penalty makes the weights' curvature at least 1: at a gradient of norm ε they are within ε of the minimum. */
function* minimize(
  evaluate: (x: Float64Array) => { value: number; gradient: Float64Array },
  start: Float64Array,
  diagonal: Float64Array,
): Generator<undefined, Float64Array> {
  let x = start;
  let { value, gradient } = evaluate(x);
  const pairs: { s: Float64Array; y: Float64Array; sy: number }[] = [];
  for (let step = 0; step < MOST_STEPS && norm(gradient) > 1e-5 * Math.max(1, norm(x)); step++) {
    let direction = lbfgsDirection(gradient, pairs, diagonal);
    let slope = dot(direction, gradient);
    if (slope >= 0) {
      pairs.length = 0;
      direction = lbfgsDirection(gradient, pairs, diagonal);
      slope = dot(direction, gradient);
    }
    let length = 1;
    let next = evaluate(moved(x, direction, length));
    while (!(next.value <= value + 1e-4 * length * slope) && length > 1e-12) {
      length /= 2;
      next = evaluate(moved(x, direction, length));
    }
    // What is left to gain is less than rounding.
    if (!(next.value < value)) return x;
    const s = direction.map((one) => one * length);
    const y = next.gradient.map((one, k) => one - gradient[k]);
    const sy = dot(s, y);
    if (sy > 1e-14 * dot(y, y)) pairs.push({ s, y, sy });
    if (pairs.length > MEMORY) pairs.shift();
    x = moved(x, direction, length);
    ({ value, gradient } = next);
    yield;
  }
  return x;
}

/** −H g with the inverse Hessian that the last steps suggest (two-loop recursion). */
function lbfgsDirection(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; sy: number }[],
  diagonal: Float64Array,
): Float64Array {
  let q: Float64Array = gradient.map((value) => -value);
  const alphas = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, sy } = pairs[k];
    alphas[k] = dot(s, q) / sy;
    q = moved(q, y, -alphas[k]);
  }
  const last = pairs.at(-1);
  const scale = last
    ? last.sy /
      dot(
        last.y,
        last.y.map((value, k) => value * diagonal[k]),
      )
    : 1;
  q = q.map((value, k) => value * diagonal[k] * scale);
  pairs.forEach(({ s, y, sy }, k) => {
    q = moved(q, s, alphas[k] - dot(y, q) / sy);
  });
  return q;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

const moved = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((value, k) => value + factor * b[k]);
