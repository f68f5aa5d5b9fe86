import { InputError } from "../errors";
import { solveDual } from "./dual-problem";
import { asPredictions, type Predictions } from "./metrics";
import {
  addTransposedProduct,
  checkEvaluationKernel,
  checkLabels,
  checkTrainKernel,
  encodeTargets,
  interleave,
  maximum,
  oneVsRestTargets,
  outputBlock,
  regularizer,
  scaledLogits,
  type EvaluationSet,
  type TrainingSet,
} from "./problem";

export interface SupportVectorOptions {
  /** Relative to the largest singular value of the train kernel; at least 0. */
  regularization: number;
  /** C, the largest weight of a training example. Default 1, scikit-learn's and the authors'. */
  cost?: number;
  /** How far from optimal the solution may be. Default 1e-3, as libsvm, scikit-learn and so the authors; the time grows as it falls. */
  tolerance?: number;
}

export interface SupportRegressionOptions extends SupportVectorOptions {
  /** f0 scaling s as for least squares. Default `Infinity`, which ignores the logits. */
  f0?: number;
  /** ε: errors below it cost nothing. Default 0.1, scikit-learn's and the authors'. */
  epsilon?: number;
}

/** A fitted machine: dual coefficients of the training rows, and the bias. */
export interface SupportVectors {
  coefficients: Float64Array;
  bias: number;
}

/** Fits and predicts once; see {@link prepareSupportClassifier}. */
export function solveSupportClassifier(
  train: TrainingSet,
  evaluate: EvaluationSet,
  options: SupportVectorOptions,
): Predictions {
  return prepareSupportClassifier(train)(options)(evaluate);
}

/** Fits and predicts once; see {@link prepareSupportRegression}. */
export function solveSupportRegression(
  train: TrainingSet,
  evaluate: EvaluationSet,
  options: SupportRegressionOptions,
): Predictions {
  return prepareSupportRegression(train)(options)(evaluate);
}

/**
 * A support vector classifier on the precomputed kernel K + r·σ_max(K)·I, as scikit-learn's `SVC(kernel="precomputed")`
 * for the margin (C = 1), which is all the authors' code does. With several outputs each class is separated from the rest
 * by its own block of the kernel. Predictions are decision values; the pretrained logits play no part.
 */
export function prepareSupportClassifier({
  kernel,
  labels,
}: TrainingSet): (options: SupportVectorOptions) => (evaluate: EvaluationSet) => Predictions {
  const { examples, outputs } = checkTrainKernel(kernel);
  checkLabels(labels, examples, outputs);
  const blocks = Array.from({ length: outputs }, (_, c) =>
    regularizer(symmetricPart(outputBlock(kernel, c), examples), examples),
  );
  return ({ regularization, cost = 1, tolerance = 1e-3 }) => {
    checkPositive("cost", cost);
    checkPositive("tolerance", tolerance);
    const fits = blocks.map((block, c) =>
      classifier(block(regularization), oneVsRestTargets(labels, c, outputs), cost, tolerance),
    );
    return (evaluate) => {
      const count = checkEvaluationKernel(evaluate.kernel, examples, outputs);
      const columns = fits.map((fit, c) => decide(fit, outputBlock(evaluate.kernel, c), count));
      return asPredictions({ values: interleave(columns), shape: [count, outputs] });
    };
  };
}

/**
 * Support vector regression on the precomputed kernel K + r·σ_max(K)·I, as the authors use scikit-learn's
 * `SVR(kernel="precomputed")`: one machine with one bias for all n·C targets (±1 for the margin, one-hot otherwise)
 * minus logits/s, and logits/s added to its predictions.
 */
export function prepareSupportRegression({
  kernel,
  labels,
  target,
  logits,
}: TrainingSet): (options: SupportRegressionOptions) => (evaluate: EvaluationSet) => Predictions {
  const { examples, outputs, size } = checkTrainKernel(kernel);
  const targets = encodeTargets(labels, examples, outputs, target);
  const regularized = regularizer(symmetricPart(kernel.values, size), size);
  return ({ regularization, f0 = Infinity, cost = 1, epsilon = 0.1, tolerance = 1e-3 }) => {
    checkPositive("cost", cost);
    checkPositive("tolerance", tolerance);
    if (!(epsilon >= 0 && Number.isFinite(epsilon)))
      throw new InputError(`ε must be a number of at least 0, not ${epsilon}.`);
    const pretrained = scaledLogits(logits, f0, examples, outputs, "train");
    const fit = regression(
      regularized(regularization),
      targets.map((target, i) => target - pretrained[i]),
      cost,
      epsilon,
      tolerance,
    );
    return (evaluate) => {
      const count = checkEvaluationKernel(evaluate.kernel, examples, outputs);
      const added = scaledLogits(evaluate.logits, f0, count, outputs, "evaluation");
      const values = decide(fit, evaluate.kernel.values, count * outputs).map((value, i) => value + added[i]);
      return asPredictions({ values, shape: [count, outputs] });
    };
  };
}

/** Mean hinge loss max(0, 1 − y·d) of decision values, y = ±1; with several outputs the mean over them too. */
export function hingeLoss(predictions: Predictions, labels: readonly number[], outputs: number): number {
  const [examples, classes] = predictions.shape;
  let sum = 0;
  for (let c = 0; c < outputs; c++) {
    oneVsRestTargets(labels, c, outputs).forEach((y, i) => {
      sum += Math.max(0, 1 - y * predictions.values[i * classes + (outputs === 1 ? 1 : c)]);
    });
  }
  return sum / (examples * outputs);
}

function classifier(kernel: Float64Array, y: Float64Array, cost: number, tolerance: number): SupportVectors {
  const size = y.length;
  if (y.every((sign) => sign === y[0]))
    throw new InputError("A support vector classifier needs training examples of every class, and of more than one.");
  const rows = Array.from(y, (sign, i) =>
    kernel.slice(i * size, (i + 1) * size).map((value, j) => sign * y[j] * value),
  );
  const { alpha, rho } = solveDual({
    row: (i) => rows[i],
    linear: new Float64Array(size).fill(-1),
    signs: y,
    cost,
    tolerance,
  });
  return { coefficients: alpha.map((value, i) => value * y[i]), bias: -rho };
}

/** 2N variables: one pulls a prediction up to its target, one down to it. */
function regression(
  kernel: Float64Array,
  targets: Float64Array,
  cost: number,
  epsilon: number,
  tolerance: number,
): SupportVectors {
  const size = targets.length;
  const rows = Array.from({ length: 2 * size }, (_, i) =>
    Float64Array.from(
      { length: 2 * size },
      (_, j) => (i < size === j < size ? 1 : -1) * kernel[(i % size) * size + (j % size)],
    ),
  );
  const linear = Float64Array.from({ length: 2 * size }, (_, i) =>
    i < size ? epsilon - targets[i] : epsilon + targets[i - size],
  );
  const signs = Float64Array.from(linear, (_, i) => (i < size ? 1 : -1));
  const { alpha, rho } = solveDual({ row: (i) => rows[i], linear, signs, cost, tolerance });
  return { coefficients: Float64Array.from(targets, (_, i) => alpha[i] - alpha[i + size]), bias: -rho };
}

function decide({ coefficients, bias }: SupportVectors, kernel: Float64Array, count: number): Float64Array {
  const values = new Float64Array(count).fill(bias);
  addTransposedProduct(kernel, coefficients, values);
  return values;
}

/** A quadratic form sees the symmetric part only; a kernel that is symmetric but for rounding is meant so. */
function symmetricPart(values: Float64Array, size: number): Float64Array {
  const limit = 1e-4 * maximum(values.map(Math.abs));
  return values.map((value, k) => {
    const other = values[(k % size) * size + Math.floor(k / size)];
    if (Math.abs(value - other) > limit) {
      throw new InputError(
        `Support vector machines need a symmetric train kernel; entries [${Math.floor(k / size)}, ${k % size}] and transposed are ${value} and ${other}. Use the sgd or signgd kernel.`,
      );
    }
    return (value + other) / 2;
  });
}

function checkPositive(name: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value)))
    throw new InputError(`The ${name} must be a number above 0, not ${value}.`);
}
