/** Logistic regression with a row of weights for each class: linear probes and bags of words of any number of classes. */
import { mlMatrix } from "../packages";
import { choosePenalty, type ChosenPenalty } from "./cross-validation";
import { descend, dot, moved, softmaxLoss, type Move } from "./descent";
import { predictedClasses } from "./metrics";

/** A class's scores are weights · x + intercept. */
export interface SoftmaxWeights {
  /** One row for each class. */
  weights: Float64Array[];
  /** One for each class; they sum to 0. */
  intercepts: number[];
}

export interface SoftmaxFit extends SoftmaxWeights, ChosenPenalty {}

/**
 * scikit-learn's multinomial `LogisticRegressionCV` with its defaults: the inverse penalty c that cross-validation
 * chooses, and with it the minimum over all examples of ½ ‖W‖² − c Σ log softmax.
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
  const chosen = yield* choosePenalty(labels, classes, (fitted, held) => {
    const solve = solver(
      fitted.map((i) => coordinates[i]),
      fitted.map((i) => labels[i]),
      classes,
    );
    return function* (c) {
      const parameters = yield* solve(c);
      const values = Float64Array.from(held.flatMap((i) => scoresOf(coordinates[i], parameters, classes)));
      return predictedClasses({ values, shape: [held.length, classes] });
    };
  });
  const parameters = yield* solver(coordinates, labels, classes)(chosen.inversePenalty);
  return { ...weightsOf(parameters, classes, lift), ...chosen };
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
  let parameters = new Float64Array(classes * (size + 1));
  return function* (c) {
    const evaluate = (at: Float64Array): { value: number; gradient: Float64Array } => {
      const weights = at.subarray(0, classes * size);
      const gradient = new Float64Array(at.length);
      gradient.set(weights);
      const scores = Float64Array.from(features.flatMap((x) => scoresOf(x, at, classes)));
      const { loss, residuals } = softmaxLoss(scores, classes, labels);
      for (const [i, x] of features.entries()) {
        for (let a = 0; a < classes; a++) {
          const residual = c * residuals[i * classes + a];
          gradient[classes * size + a] += residual;
          for (let k = 0; k < size; k++) gradient[a * size + k] += residual * x[k];
        }
      }
      return { value: dot(weights, weights) / 2 + c * loss, gradient };
    };
    const inverse = Float64Array.from(parameters, (_, k) => 1 / curvature(k, c));
    parameters = Float64Array.from(yield* descend(parameters, evaluate, quasiNewton(inverse)));
    return parameters;
  };
}

const MEMORY = 20;

/**
 * The moves of L-BFGS, begun with a diagonal inverse Hessian. The penalty makes the weights' curvature at least 1: at a
 * gradient of norm ε they are within ε of the minimum.
 */
function quasiNewton(diagonal: Float64Array): (x: Float64Array, at: { gradient: Float64Array }) => Move | undefined {
  const pairs: Pair[] = [];
  let before: { x: Float64Array; gradient: Float64Array } | undefined;
  return (x, { gradient }) => {
    if (before) {
      const [s, y] = [moved(x, before.x, -1), moved(gradient, before.gradient, -1)];
      const sy = dot(s, y);
      if (sy > 1e-14 * dot(y, y)) pairs.push({ s, y, sy });
      if (pairs.length > MEMORY) pairs.shift();
    }
    before = { x, gradient };
    if (norm(gradient) <= 1e-5 * Math.max(1, norm(x))) return undefined;
    const move = (): Move => {
      const direction = lbfgsDirection(gradient, pairs, diagonal);
      return { direction, slope: dot(direction, gradient) };
    };
    const found = move();
    if (found.slope < 0) return found;
    pairs.length = 0;
    return move();
  };
}

/** Of a step, the change of the parameters s and of the gradient y, and s · y. */
interface Pair {
  s: Float64Array;
  y: Float64Array;
  sy: number;
}

/** −H g with the inverse Hessian that the last steps suggest (two-loop recursion). */
function lbfgsDirection(gradient: Float64Array, pairs: readonly Pair[], diagonal: Float64Array): Float64Array {
  let q: Float64Array = gradient.map((value) => -value);
  const alphas = pairs.map(() => 0);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const { s, y, sy } = pairs[k];
    alphas[k] = dot(s, q) / sy;
    q = moved(q, y, -alphas[k]);
  }
  const scaled = (values: Float64Array): Float64Array => values.map((value, k) => value * diagonal[k]);
  const last = pairs.at(-1);
  const scale = last ? last.sy / dot(last.y, scaled(last.y)) : 1;
  q = scaled(q).map((value) => value * scale);
  pairs.forEach(({ s, y, sy }, k) => {
    q = moved(q, s, alphas[k] - dot(y, q) / sy);
  });
  return q;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));
