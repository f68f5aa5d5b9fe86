/** What every kernel solver is given, how it is checked, and what is done to it the same way by all. */
import type { Matrix } from "ml-matrix";
import { InputError } from "../errors";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { mlMatrix } from "../packages";
import type { Target } from "../tasks/task";

/** The examples to fit. */
export interface TrainingSet {
  /** [n, C, n, C], the kernel of the training examples with themselves. */
  kernel: KernelTensor;
  /** Class index of each example; 0 or 1 when C = 1. Of numbers, places between 0 and 1, with C at most 2. */
  labels: readonly number[];
  /** What labels are; default: classes. */
  target?: Target;
  /** Pretrained outputs [n, C]; needed when f0 is finite. */
  logits?: LogitsTensor;
}

/** The examples to predict. */
export interface EvaluationSet {
  /** [n, C, m, C], the kernel of the training examples with the m examples to predict. */
  kernel: KernelTensor;
  /** The same with the sign on the other side, for the asymmetric solver: ⟨g_train, sign g_x⟩. */
  flipped?: KernelTensor;
  /** Pretrained outputs [m, C]; needed when f0 is finite. */
  logits?: LogitsTensor;
}

/** The number of training examples and of outputs C of a train kernel, which must be [n, C, n, C] and finite. */
export function checkTrainKernel(kernel: KernelTensor): { examples: number; outputs: number; size: number } {
  const [examples, outputs, columns, columnOutputs] = kernel.shape;
  if (columns !== examples || columnOutputs !== outputs) {
    throw new InputError(`The train kernel must be square, [n, C, n, C]; its shape is [${kernel.shape.join(", ")}].`);
  }
  checkKernel(kernel, "train kernel");
  return { examples, outputs, size: examples * outputs };
}

/** The number m of examples of an evaluation kernel, which must be [n, C, m, C] and finite. */
export function checkEvaluationKernel(
  kernel: KernelTensor,
  examples: number,
  outputs: number,
  name = "evaluation kernel",
): number {
  const [rows, rowOutputs, count, columnOutputs] = kernel.shape;
  if (rows !== examples || rowOutputs !== outputs || columnOutputs !== outputs) {
    throw new InputError(
      `The ${name} must have shape [${examples}, ${outputs}, m, ${outputs}] to go with ` +
        `the train kernel; its shape is [${kernel.shape.join(", ")}].`,
    );
  }
  checkKernel(kernel, name);
  return count;
}

function checkKernel(kernel: KernelTensor, name: string): void {
  const expected = kernel.shape.reduce((product, length) => product * length, 1);
  if (expected === 0) throw new InputError(`The ${name} is empty: its shape is [${kernel.shape.join(", ")}].`);
  if (kernel.values.length !== expected) {
    throw new InputError(
      `The ${name} of shape [${kernel.shape.join(", ")}] needs ${expected} values and has ${kernel.values.length}.`,
    );
  }
  const bad = kernel.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`The ${name} has the value ${kernel.values[bad]} at flat index ${bad}.`);
}

/** Throws unless there is one class index, or one number from 0 to 1, a training example. */
export function checkLabels(labels: readonly number[], examples: number, outputs: number, target?: Target): void {
  if (labels.length !== examples) {
    throw new InputError(`The kernel has ${examples} training examples, but there are ${labels.length} labels.`);
  }
  const classes = Math.max(outputs, 2);
  if (target !== undefined) {
    if (classes > 2) throw new InputError(`Numbers are between two label words; the kernel has ${outputs} outputs.`);
    const bad = labels.findIndex((label) => !(label >= 0 && label <= 1));
    if (bad >= 0) throw new InputError(`Training label ${bad} is ${labels[bad]}; it must be a number from 0 to 1.`);
    return;
  }
  labels.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InputError(`Training label ${i} is ${label}; it must be a class index from 0 to ${classes - 1}.`);
    }
  });
}

/**
 * Regression targets, [n·C] in the kernel's order: one-hot for C > 1, ±1 for the margin. A number y is between those of the
 * classes: [1 − y, y], or 2y − 1.
 */
export function encodeTargets(
  labels: readonly number[],
  examples: number,
  outputs: number,
  target?: Target,
): Float64Array {
  checkLabels(labels, examples, outputs, target);
  const targets = new Float64Array(examples * outputs);
  labels.forEach((label, i) => {
    if (outputs === 1) targets[i] = 2 * label - 1;
    else if (target !== undefined) targets.set([1 - label, label], 2 * i);
    else targets[i * outputs + label] = 1;
  });
  return targets;
}

/**
 * Pretrained outputs over s, row-major; all 0 for s = ∞, which ignores them.
 *
 * @param name "train" or "evaluation", for the error
 */
export function scaledLogits(
  logits: LogitsTensor | undefined,
  f0: number,
  examples: number,
  outputs: number,
  name: string,
): Float64Array {
  if (!(f0 > 0)) throw new InputError(`f0 must be above 0, or Infinity to ignore the logits; it is ${f0}.`);
  const scaled = new Float64Array(examples * outputs);
  if (f0 === Infinity) return scaled;
  if (!logits) throw new InputError(`A finite f0 needs the ${name} logits; give them, or set f0 to Infinity.`);
  if (logits.shape[0] !== examples || logits.shape[1] !== outputs) {
    throw new InputError(
      `The ${name} logits must have shape [${examples}, ${outputs}] like the kernel; ` +
        `their shape is [${logits.shape.join(", ")}].`,
    );
  }
  const bad = logits.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`The ${name} logits have the value ${logits.values[bad]} at flat index ${bad}.`);
  return scaled.map((_, i) => logits.values[i] / f0);
}

/** Throws unless the regularization, relative to σ_max of the train kernel, is a number of at least 0. */
export function checkRegularization(regularization: number): void {
  if (!(regularization >= 0 && Number.isFinite(regularization))) {
    throw new InputError(`The regularization must be a number of at least 0, not ${regularization}.`);
  }
}

/** K + r·σ_max(K)·I of a square matrix, for any r; σ_max is found when it is first needed. */
export function regularizer(values: Float64Array, size: number): (regularization: number) => Float64Array {
  let largest: number | undefined;
  return (regularization) => {
    checkRegularization(regularization);
    const shifted = Float64Array.from(values);
    if (regularization === 0) return shifted;
    largest ??= largestSingularValue(values, size);
    for (let i = 0; i < size; i++) shifted[i * size + i] += regularization * largest;
    return shifted;
  };
}

/** σ_max of a square matrix; for a symmetric one, its largest absolute eigenvalue. */
export function largestSingularValue(values: Float64Array, size: number): number {
  const matrix = toMatrix(values, size);
  if (!isSymmetric(values, size))
    return maximum(
      new mlMatrix.SingularValueDecomposition(matrix, {
        computeLeftSingularVectors: false,
        computeRightSingularVectors: false,
      }).diagonal,
    );
  return maximum(new mlMatrix.EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues.map(Math.abs));
}

/** Adds Kᵀ α to `into`, K row-major with one row per entry of α. */
export function addTransposedProduct(kernel: Float64Array, alpha: ArrayLike<number>, into: Float64Array): void {
  const columns = into.length;
  for (let row = 0; row < alpha.length; row++) {
    const start = row * columns;
    const weight = alpha[row];
    for (let j = 0; j < columns; j++) into[j] += kernel[start + j] * weight;
  }
}

/** The part of a kernel [n, C, m, C] within one output, [n, m] row-major: what a one-vs-rest solver sees. */
export function outputBlock({ values, shape: [n, c, m] }: KernelTensor, output: number): Float64Array {
  const block = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    const start = (i * c + output) * m * c + output;
    for (let j = 0; j < m; j++) block[i * m + j] = values[start + j * c];
  }
  return block;
}

/** The targets of "class or not", ±1. With the margin as the one output, of class 1 or not. */
export function oneVsRestTargets(labels: readonly number[], output: number, outputs: number): Float64Array {
  const own = outputs === 1 ? 1 : output;
  return Float64Array.from(labels, (label) => (label === own ? 1 : -1));
}

/** Predictions [m] of each output's own problem side by side, [m, C]. */
export function interleave(columns: readonly Float64Array[]): Float64Array {
  const outputs = columns.length;
  return Float64Array.from(
    { length: columns[0].length * outputs },
    (_, k) => columns[k % outputs][Math.floor(k / outputs)],
  );
}

export function isSymmetric(values: Float64Array, size: number): boolean {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) if (values[i * size + j] !== values[j * size + i]) return false;
  }
  return true;
}

/** A square row-major matrix as ml-matrix takes it, copied. */
export function toMatrix(values: Float64Array, size: number): Matrix {
  return mlMatrix.Matrix.from1DArray(size, size, values);
}

/** Math.max(...values) without its limit on the number of arguments; 0 for none. */
export function maximum(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > largest) largest = values[i];
  return largest;
}
