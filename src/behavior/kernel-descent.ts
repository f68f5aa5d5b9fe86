/**
 * Kernel gradient descent: the training run of the model that is linear around θ_0, without its parameters. A step of
 * (S)GD with rate η on a batch moves every example's outputs by f(x) ← f(x) − η Σ_i χ_i K(x_i, x), where χ_i is the
 * derivative of the batch's mean loss with respect to f(x_i): the kernel analog of SGD (the paper's Definition 3.3, with
 * χ taken at the current f). So fine-tuning and its kernel can be compared after equally many steps of the same
 * batches and rates, not at the end alone. With sign(χ) and K_A-SignGD it is that of SignGD (Theorem 4.3), for steps
 * on one example and one output. All arithmetic is float64.
 */
import { DivergedError, InputError } from "../errors";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { checkEvaluationKernel, checkLabels, checkTrainKernel } from "../solvers/problem";
import { runSteps } from "../steps";
import { lossOfOutputs, type OutputLoss, type OutputTable } from "./output-loss";

export interface KernelDescentOptions {
  train: {
    /** [n, C, n, C], training examples with themselves, the side that takes the sign first. */
    kernel: KernelTensor;
    labels: readonly number[];
    /** f_0 of the training examples, [n, C]. Default: zeros. */
    start?: LogitsTensor | OutputTable;
  };
  evaluate: {
    /** [n, C, m, C], training examples with those to predict. */
    kernel: KernelTensor;
    /** f_0 of these examples, [m, C]. Default: zeros. */
    start?: LogitsTensor | OutputTable;
  };
  loss: OutputLoss;
  /** The learning rate of each step, warm-up and decay included: as many steps are taken. */
  rates: readonly number[];
  /** Indices of each step's training examples, as a fine-tuning run had them. Default: all in every step (full batch). */
  batches?: readonly (readonly number[])[];
  /** "sign" steps along sign(χ), for an asymmetric kernel. Default "gradient". */
  direction?: "gradient" | "sign";
  /**
   * Largest norm of a step's gradient, as fine-tuning clips it: that of the linear model, √(χᵀ K χ) over the batch. For a symmetric
   * kernel and the direction "gradient". Default: none (the authors' fine-tuning has 1).
   */
  clipNorm?: number;
  /** Steps after which outputs are kept, from 0 (the start). Default: the last one. */
  record?: readonly number[];
}

/** The outputs after some steps. */
export interface KernelDescentRecord {
  /** Steps taken. */
  step: number;
  /** [n, C] and [m, C]. */
  train: OutputTable;
  evaluate: OutputTable;
  /** Mean loss of all training examples. */
  loss: number;
}

export interface KernelDescent {
  /** In the order of steps. */
  records: KernelDescentRecord[];
  /** Mean loss of each step's batch before the step. */
  losses: number[];
  /** α, [n · C]: f_T = f_0 + Kᵀ α. */
  coefficients: Float64Array;
}

/**
 * Kernel gradient descent from f_0, one step for each learning rate: f(x) ← f(x) − η Σ_i χ_i K(x_i, x), or with sign(χ)
 * for an asymmetric kernel (Definition 3.3 and Theorem 4.3 of the paper).
 *
 * @throws if shapes, labels, rates or batches do not fit; DivergedError if the outputs grow without bound (the rate is too large)
 */
export const kernelDescent = (options: KernelDescentOptions, signal?: AbortSignal): Promise<KernelDescent> =>
  runSteps(kernelDescentSteps(options), signal);

/** {@link kernelDescent} with a pause after each step. */
export function* kernelDescentSteps({
  train,
  evaluate,
  loss,
  rates,
  batches,
  direction = "gradient",
  clipNorm = Infinity,
  record = [rates.length],
}: KernelDescentOptions): Generator<undefined, KernelDescent> {
  const { examples: n, outputs: c, size } = checkTrainKernel(train.kernel);
  const m = checkEvaluationKernel(evaluate.kernel, n, c);
  checkLabels(train.labels, n, c);
  const everything = Array.from({ length: n }, (_, i) => i);
  const batchOf = (t: number): readonly number[] => batches?.[t] ?? everything;
  checkSteps(rates, batches, n);
  const late = record.find((step) => !Number.isInteger(step) || step < 0 || step > rates.length);
  if (late !== undefined)
    throw new InputError(
      `outputs cannot be kept after step ${late}: there are ${rates.length} steps, and 0 is the start`,
    );
  if (direction === "sign" && (c > 1 || rates.some((_, t) => batchOf(t).length !== 1))) {
    throw new InputError(
      'the direction "sign" is that of SignGD for one output and one example per step: use the margin and batches of one example, or the direction "gradient"',
    );
  }
  if (clipNorm !== Infinity && (direction === "sign" || !(clipNorm > 0)))
    throw new InputError(
      `clipNorm must be above 0, and goes with the direction "gradient" only; it is ${clipNorm} with "${direction}"`,
    );
  const onTrain = startOf(train.start, n, c, "train");
  const onEvaluate = startOf(evaluate.start, m, c, "evaluation");
  const coefficients = new Float64Array(size);
  const [records, losses]: [KernelDescentRecord[], number[]] = [[], []];
  const keep = (step: number): void => {
    if (!record.includes(step)) return;
    const table = (values: Float64Array, count: number): OutputTable => ({ values: values.slice(), shape: [count, c] });
    const whole = lossOfOutputs(loss, onTrain, train.labels);
    records.push({ step, train: table(onTrain, n), evaluate: table(onEvaluate, m), loss: whole.loss });
  };
  keep(0);
  for (const [t, rate] of rates.entries()) {
    const batch = batchOf(t);
    const rows = batch.flatMap((i) => Array.from({ length: c }, (_, a) => i * c + a));
    const labels = batch.map((i) => train.labels[i]);
    const step = lossOfOutputs(
      loss,
      rows.map((row) => onTrain[row]),
      labels,
    );
    if (!Number.isFinite(step.loss)) {
      throw new DivergedError(
        `the loss is ${step.loss} at step ${t + 1}: the learning rates (up to ${Math.max(...rates)}) are too large for this kernel`,
      );
    }
    losses.push(step.loss);
    // The small number is PyTorch's, in clip_grad_norm_.
    const clipped =
      clipNorm === Infinity
        ? rate
        : rate * Math.min(1, clipNorm / (gradientNorm(train.kernel.values, size, rows, step.derivative) + 1e-6));
    step.derivative.forEach((chi, k) => {
      const row = rows[k];
      const weight = -clipped * (direction === "sign" ? Math.sign(chi) : chi);
      coefficients[row] += weight;
      addRow(train.kernel.values, row, weight, onTrain);
      addRow(evaluate.kernel.values, row, weight, onEvaluate);
    });
    keep(t + 1);
    yield;
  }
  return { records, losses, coefficients };
}

/** ‖Σ χ_k ∇f_k‖ = √(χᵀ K χ); rounding may leave a gradient of nearly zero below it. */
function gradientNorm(kernel: Float64Array, size: number, rows: readonly number[], derivative: Float64Array): number {
  let sum = 0;
  rows.forEach((row, k) =>
    rows.forEach((other, l) => (sum += derivative[k] * kernel[row * size + other] * derivative[l])),
  );
  return Math.sqrt(Math.max(0, sum));
}

function addRow(kernel: Float64Array, row: number, weight: number, into: Float64Array): void {
  const start = row * into.length;
  for (let j = 0; j < into.length; j++) into[j] += weight * kernel[start + j];
}

function startOf(
  given: LogitsTensor | OutputTable | undefined,
  examples: number,
  outputs: number,
  name: string,
): Float64Array {
  if (!given) return new Float64Array(examples * outputs);
  if (given.shape[0] !== examples || given.shape[1] !== outputs)
    throw new InputError(
      `the ${name} outputs to start from must have shape [${examples}, ${outputs}] like the kernel, not [${given.shape.join(", ")}]`,
    );
  const bad = given.values.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0)
    throw new InputError(`the ${name} outputs to start from have the value ${given.values[bad]} at flat index ${bad}`);
  return Float64Array.from(given.values);
}

function checkSteps(rates: readonly number[], batches: readonly (readonly number[])[] | undefined, n: number): void {
  const rate = rates.find((value) => !(value >= 0 && Number.isFinite(value)));
  if (rate !== undefined) throw new InputError(`a learning rate must be a number of at least 0, not ${rate}`);
  if (!batches) return;
  if (batches.length < rates.length)
    throw new InputError(`there are ${rates.length} learning rates, but only ${batches.length} batches`);
  checkBatches(batches, n);
}

/** @throws naming the batch that is empty, or that names an example which is none of the n */
export function checkBatches(batches: readonly (readonly number[])[], n: number): void {
  for (const [t, batch] of batches.entries()) {
    if (batch.length === 0) throw new InputError(`batch ${t} (counted from 0) is empty`);
    const wrong = batch.find((i) => !Number.isInteger(i) || i < 0 || i >= n);
    if (wrong !== undefined)
      throw new InputError(
        `batch ${t} (counted from 0) names training example ${wrong}; there are ${n}, counted from 0`,
      );
  }
}
