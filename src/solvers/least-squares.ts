import { InputError } from "../errors";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { mlMatrix } from "../packages";
import type { Target } from "../tasks/task";
import { asPredictions, type Predictions } from "./metrics";
import {
  addTransposedProduct,
  checkEvaluationKernel,
  checkRegularization,
  checkTrainKernel,
  encodeTargets,
  isSymmetric,
  maximum,
  scaledLogits,
  toMatrix,
} from "./problem";

/**
 * The arithmetic that a kernel's numbers come from, which decides what counts as 0 in its spectrum. "float32", as gradients
 * are: singular values of at most 2⁻²³ times the largest are rounding errors, which a solution without regularization would
 * magnify. "float64": at most 2⁻⁵²·N times the largest, the default `rcond` of torch.linalg.lstsq and so the authors'
 * (whose driver decides by pivoted QR instead of singular values).
 */
export type KernelPrecision = "float32" | "float64";

/**
 * A train kernel taken apart once, so that any number of regularizations, f0 scalings and
 * evaluation sets can be solved with it at the cost of a few matrix-vector products.
 */
export interface KernelDecomposition {
  /** Training examples. */
  examples: number;
  /** Outputs per example: the number of classes, or 1 for the binary margin. */
  outputs: number;
  /** σ_max(K); regularization is relative to it. */
  largestSingularValue: number;
  /**
   * The minimum-norm least-squares solution of (K + regularization·σ_max(K)·I) x = y.
   * Directions whose singular value is within the {@link KernelPrecision} of 0 are left out.
   */
  solve(y: Float64Array, regularization: number): Float64Array;
}

/** What to fit: how strongly to regularize, and how much of the pretrained logits to keep. */
export interface LeastSquaresOptions {
  /** Relative to the largest singular value of the train kernel; at least 0. */
  regularization: number;
  /**
   * f0 scaling s: the targets are y − logits/s and the prediction is kernel part + logits/s, the
   * same as scaling the labels by s. Above 0; `Infinity` (the default) ignores the logits.
   */
  f0?: number;
}

/** One kernel regression problem. */
export interface LeastSquaresProblem extends LeastSquaresOptions {
  /** [n, C, n, C], the kernel of the training examples with themselves. */
  train: KernelTensor;
  /** [n, C, m, C], the kernel of the training examples with the m examples to predict. */
  evaluate: KernelTensor;
  /** Class index of each training example; 0 or 1 when C = 1. */
  trainLabels: readonly number[];
  /** What labels are, as in {@link TrainingSet}. */
  target?: Target;
  /** Pretrained outputs [n, C]; needed when f0 is finite. */
  trainLogits?: LogitsTensor;
  /** Pretrained outputs [m, C]; needed when f0 is finite. */
  evaluateLogits?: LogitsTensor;
  /** Of the kernel's numbers. Default "float32". */
  precision?: KernelPrecision;
}

/**
 * Kernel regression on the pretrained model's linearization (the paper's Appendix A.3):
 * α solves (K + r·σ_max(K)·I) α = y − f0(train)/s, and the prediction is Kₓᵀ α + f0(x)/s.
 * Targets are one-hot and not centred for C > 1, and ±1 for the binary margin (C = 1), whose
 * predictions p come back as the two logits [−p, p].
 *
 * All arithmetic is float64. To try many settings, use {@link decomposeKernel} and
 * {@link predictLeastSquares}.
 */
export function solveLeastSquares(problem: LeastSquaresProblem): Predictions {
  return predictLeastSquares(decomposeKernel(problem.train, problem.precision), problem);
}

/**
 * Takes a train kernel [n, C, n, C] apart. A symmetric one, as a gradient kernel is in exact
 * arithmetic, costs one eigendecomposition for all regularizations. One that is only symmetric up
 * to rounding (a file written from float32 products, say) is solved exactly as it stands, at one
 * singular value decomposition per regularization; see {@link symmetrized} to avoid that.
 */
export function decomposeKernel(train: KernelTensor, precision: KernelPrecision = "float32"): KernelDecomposition {
  const { examples, outputs, size } = checkTrainKernel(train);
  const decomposed = isSymmetric(train.values, size)
    ? decomposeSymmetric(train.values, size, precision)
    : decomposeGeneral(train.values, size, precision);
  return {
    examples,
    outputs,
    largestSingularValue: decomposed.largestSingularValue,
    solve: (y, regularization) => {
      checkRegularization(regularization);
      return decomposed.solve(y, regularization);
    },
  };
}

/** The fit and predictions of {@link solveLeastSquares} for a kernel that was decomposed before. */
export function predictLeastSquares(
  decomposition: KernelDecomposition,
  problem: Omit<LeastSquaresProblem, "train">,
): Predictions {
  const { examples, outputs } = decomposition;
  const { evaluate, f0 = Infinity } = problem;
  const count = checkEvaluationKernel(evaluate, examples, outputs);
  const alpha = leastSquaresWeights(decomposition, problem);
  const predicted = scaledLogits(problem.evaluateLogits, f0, count, outputs, "evaluation");
  addTransposedProduct(evaluate.values, alpha, predicted);
  return asPredictions({ values: predicted, shape: [count, outputs] });
}

/** α of {@link solveLeastSquares}, [n·C] in the kernel's order: the weight of each output of each training example. */
export function leastSquaresWeights(
  { examples, outputs, solve }: KernelDecomposition,
  {
    trainLabels,
    target,
    trainLogits,
    regularization,
    f0 = Infinity,
  }: Pick<LeastSquaresProblem, "trainLabels" | "target" | "trainLogits" | "regularization" | "f0">,
): Float64Array {
  const pretrained = scaledLogits(trainLogits, f0, examples, outputs, "train");
  return solve(
    encodeTargets(trainLabels, examples, outputs, target).map((wanted, i) => wanted - pretrained[i]),
    regularization,
  );
}

/**
 * The symmetric part (K + Kᵀ)/2 of a train kernel [n, C, n, C]. Gradient kernels are symmetric;
 * float32 arithmetic leaves a relative difference of about 1e-7, which this removes.
 */
export function symmetrized(train: KernelTensor): KernelTensor {
  const size = train.shape[0] * train.shape[1];
  if (train.values.length !== size * size) {
    throw new InputError(`Only a square kernel has a symmetric part; the shape is [${train.shape.join(", ")}].`);
  }
  const values = Float64Array.from(train.values);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (values[i * size + j] + values[j * size + i]) / 2;
      values[i * size + j] = mean;
      values[j * size + i] = mean;
    }
  }
  return { values, shape: train.shape };
}

/**
 * Mean squared error per kernel output, the loss the reference prints beside the accuracy.
 * `outputs` is the kernel's C; for the margin (1) the second logit is compared with ±1.
 */
export function leastSquaresLoss(
  predictions: Predictions,
  labels: readonly number[],
  outputs: number,
  target?: Target,
): number {
  const [examples, classes] = predictions.shape;
  const targets = encodeTargets(labels, examples, outputs, target);
  let sum = 0;
  targets.forEach((wanted, i) => {
    const predicted = predictions.values[outputs === 1 ? i * classes + 1 : i];
    sum += (predicted - wanted) ** 2;
  });
  return sum / targets.length;
}

interface Decomposed {
  largestSingularValue: number;
  solve(y: Float64Array, regularization: number): Float64Array;
}

/** K = V Λ Vᵀ, so (K + tI)⁺ y = V (Λ + t)⁺ Vᵀ y for every shift t. */
function decomposeSymmetric(values: Float64Array, size: number, precision: KernelPrecision): Decomposed {
  const { realEigenvalues: eigenvalues, eigenvectorMatrix } = new mlMatrix.EigenvalueDecomposition(
    toMatrix(values, size),
    { assumeSymmetric: true },
  );
  const vectors = eigenvectorMatrix.transpose().to2DArray();
  const largestSingularValue = maximum(eigenvalues.map(Math.abs));
  return {
    largestSingularValue,
    solve: (y, regularization) => {
      const shifted = eigenvalues.map((value) => value + regularization * largestSingularValue);
      return combine(shifted, vectors, vectors, y, precision);
    },
  };
}

/** K + tI = U Σ Vᵀ, taken anew for every shift t because the vectors change with it. */
function decomposeGeneral(values: Float64Array, size: number, precision: KernelPrecision): Decomposed {
  const decompose = (shift: number) => {
    const matrix = toMatrix(values, size);
    for (let i = 0; i < size; i++) matrix.set(i, i, matrix.get(i, i) + shift);
    const { diagonal, leftSingularVectors, rightSingularVectors } = new mlMatrix.SingularValueDecomposition(matrix);
    const left = leftSingularVectors.transpose().to2DArray();
    const right = rightSingularVectors.transpose().to2DArray();
    return { diagonal, left, right };
  };
  const largestSingularValue = maximum(decompose(0).diagonal);
  const byRegularization = new Map<number, ReturnType<typeof decompose>>();
  return {
    largestSingularValue,
    solve: (y, regularization) => {
      let parts = byRegularization.get(regularization);
      if (!parts) {
        parts = decompose(regularization * largestSingularValue);
        byRegularization.set(regularization, parts);
      }
      return combine(parts.diagonal, parts.left, parts.right, y, precision);
    },
  };
}

/** Σₖ rightₖ (leftₖ · y) / singularₖ over the directions that are numerically not zero. */
function combine(
  singular: number[],
  left: number[][],
  right: number[][],
  y: Float64Array,
  precision: KernelPrecision,
): Float64Array {
  const share = precision === "float32" ? 2 ** -23 : Number.EPSILON * y.length;
  const cutoff = share * maximum(singular.map(Math.abs));
  const solution = new Float64Array(y.length);
  singular.forEach((value, k) => {
    if (Math.abs(value) <= cutoff) return;
    let projection = 0;
    for (let i = 0; i < y.length; i++) projection += left[k][i] * y[i];
    const weight = projection / value;
    for (let i = 0; i < y.length; i++) solution[i] += right[k][i] * weight;
  });
  return solution;
}
