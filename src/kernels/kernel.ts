/** The kernel of two lists of prompts: planned, computed block by block, assembled. */
import type { KernelBlock } from "./block";
import { blockStore } from "./block-store";
import { computeBlocks } from "./compute-blocks";
import { mirrorOf, type Formula } from "./formula";
import { kernelError, type KernelError, type KernelTensor, type LogitsTensor } from "./kernel-tensor";
import { kernelPlan, type KernelInputs, type KernelPlan, type PlannedBlock } from "./plan";
import type { Projection } from "./projection";
import { addCounts, type SignCount } from "./sign-count";

/** Work done so far, in blocks. */
export interface KernelProgress {
  done: number;
  total: number;
  /** How many of the finished blocks came from disk. */
  reused: number;
}

export interface KernelOptions extends KernelInputs {
  /** Folder that keeps finished blocks. Default: none are kept. */
  store?: string;
  onProgress?: (progress: KernelProgress) => void;
  /** Stops the computation within a block; finished blocks stay on disk. Default: that of the running cell. */
  signal?: AbortSignal;
}

export interface KernelResult {
  kernels: Map<Formula, KernelTensor>;
  /** With a breakdown: each parameter's share, by formula and parameter name; the shares of a formula add up to its kernel. */
  shares: Map<Formula, Map<string, KernelTensor>>;
  /** The C outputs f_c on both sides, from the same forward passes. */
  trainLogits: LogitsTensor;
  evaluateLogits: LogitsTensor;
  /**
   * With sign formulas: of the numbers in some examples' gradients, how many have signs that float32's rounding decides. At
   * most two examples of each block are counted, on the sides whose signs count.
   */
  signCount?: SignCount;
  progress: KernelProgress;
}

/**
 * K[i, a, j, b] = ⟨∇f_a(x_i), ∇f_b(x_j)⟩ over parameters, and its sign variants, for every training example i
 * and evaluation example j (Section 4 of the paper; the axes are those of the authors' files). Products are float32, sums over
 * parameters float64. Equal sequences of one side are computed once, so their entries are equal to the bit.
 *
 * @returns a kernel [n, C, m, C] for each formula, with the outputs of both sides
 * @throws if a side has no examples, a text is too long for the model, the filter leaves no parameter, or an entry is not finite
 */
export async function computeKernel(options: KernelOptions): Promise<KernelResult> {
  return computePlan(kernelPlan(options), options);
}

/** Computes the kernel of a plan. */
export async function computePlan(
  plan: KernelPlan,
  { store, onProgress, signal }: Pick<KernelOptions, "store" | "onProgress" | "signal"> = {},
): Promise<KernelResult> {
  const whole = emptyKernel(plan);
  const cache = store ? blockStore(store) : undefined;
  await computeBlocks(plan, plan.blocks, { cache, signal }, (planned, block, reused) => {
    placeBlock(whole, block, planned);
    whole.signCount = addCounts(whole.signCount, block.signCount);
    whole.progress.done++;
    if (reused) whole.progress.reused++;
    onProgress?.({ ...whole.progress });
  });
  for (const kernel of [
    ...whole.kernels.values(),
    ...[...whole.shares.values()].flatMap((shares) => [...shares.values()]),
  ])
    copyEqual(kernel, plan);
  copyEqualLogits(whole.trainLogits, plan.firstEqual.train);
  copyEqualLogits(whole.evaluateLogits, plan.firstEqual.evaluate);
  return whole;
}

/** Gives every example the entries of the first that is equal to it. */
function copyEqual({ values, shape: [n, c, m] }: KernelTensor, { firstEqual: { train, evaluate } }: KernelPlan): void {
  const row = c * m * c;
  evaluate.forEach((first, j) => {
    if (first === j) return;
    for (let at = 0; at < n * c * m * c; at += m * c) values.copyWithin(at + j * c, at + first * c, at + first * c + c);
  });
  train.forEach((first, i) => {
    if (first !== i) values.copyWithin(i * row, first * row, (first + 1) * row);
  });
}

function copyEqualLogits({ values, shape: [, c] }: LogitsTensor, firstEqual: readonly number[]): void {
  firstEqual.forEach((first, i) => values.copyWithin(i * c, first * c, (first + 1) * c));
}

function emptyKernel({ settings, train, evaluate, blocks }: KernelPlan): KernelResult {
  const c = settings.outputs.combine.length;
  const logits = (n: number): LogitsTensor => ({ values: new Float32Array(n * c), shape: [n, c] });
  return {
    kernels: new Map(settings.formulas.map((formula) => [formula, zeros(train.length, evaluate.length, c)])),
    shares: new Map(
      settings.breakdown ? settings.formulas.map((formula) => [formula, new Map<string, KernelTensor>()]) : [],
    ),
    trainLogits: logits(train.length),
    evaluateLogits: logits(evaluate.length),
    progress: { done: 0, total: blocks.length, reused: 0 },
  };
}

const zeros = (n: number, m: number, c: number): KernelTensor => ({
  values: new Float64Array(n * c * m * c),
  shape: [n, c, m, c],
});

/** Copies a block's numbers to their examples' places and, from a block above the diagonal, to those of its mirror image. */
function placeBlock(whole: KernelResult, block: KernelBlock, planned: PlannedBlock): void {
  for (const [formula, target] of whole.kernels)
    placeFormula(target, formula, planned, (name) => block.kernels.get(name));
  for (const [formula, byParameter] of whole.shares) {
    const parameters = new Set([...block.shares.values()].flatMap((shares) => [...shares.keys()]));
    for (const parameter of parameters) {
      const from = (name: Formula): Float64Array | undefined => block.shares.get(name)?.get(parameter);
      const [n, c, m] = whole.kernels.get(formula)!.shape;
      if (!byParameter.has(parameter)) byParameter.set(parameter, zeros(n, m, c));
      placeFormula(byParameter.get(parameter)!, formula, planned, from);
    }
  }
  placeLogits(whole.trainLogits, block.trainLogits, planned.row);
  placeLogits(whole.evaluateLogits, block.evaluateLogits, planned.column);
}

function placeFormula(
  target: KernelTensor,
  formula: Formula,
  { row, column, symmetry }: PlannedBlock,
  of: (formula: Formula) => Float64Array | undefined,
): void {
  const [, c, total] = target.shape;
  const [own, mirror] = [of(formula), symmetry === "above" ? of(mirrorOf(formula)) : undefined];
  let from = 0;
  for (const example of row)
    for (let a = 0; a < c; a++)
      for (const other of column)
        for (let b = 0; b < c; b++, from++) {
          if (own) target.values[((example * c + a) * total + other) * c + b] = own[from];
          if (mirror) target.values[((other * c + b) * total + example) * c + a] = mirror[from];
        }
}

function placeLogits(target: LogitsTensor, from: Float32Array, examples: readonly number[]): void {
  const width = target.shape[1];
  examples.forEach((example, i) => target.values.set(from.subarray(i * width, (i + 1) * width), example * width));
}

export interface ProjectionErrorOptions extends Pick<
  KernelOptions,
  "model" | "outputs" | "formulas" | "parameters" | "signs" | "signal"
> {
  /** The examples: both kernels are those of these examples with themselves. */
  examples: KernelOptions["train"];
  projection: Projection;
}

/** Computes the kernel of the examples with themselves twice, projected and exact, and compares them, by formula. */
export async function projectionError({
  examples,
  projection,
  ...options
}: ProjectionErrorOptions): Promise<Map<Formula, KernelError>> {
  const exact = await computeKernel({ ...options, train: examples, evaluate: examples });
  const projected = await computeKernel({ ...options, train: examples, evaluate: examples, projection });
  return new Map(
    [...exact.kernels].map(([formula, { values }]) => [
      formula,
      kernelError(projected.kernels.get(formula)!.values, values),
    ]),
  );
}
