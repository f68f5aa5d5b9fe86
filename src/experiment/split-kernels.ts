/** The kernels of one task, the training examples against every split: computed, cut out of a larger kernel, compared. */
import { InputError } from "../errors";
import type { Formula } from "../kernels/formula";
import { computePlan, type KernelOptions, type KernelProgress } from "../kernels/kernel";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import type { SignCount } from "../kernels/sign-count";
import { kernelPlan, type KernelPlan, type PlannedBlock } from "../kernels/plan";
import { entriesOf, recordOf } from "../records";
import type { Target } from "../tasks/task";
import type { Inputs } from "./inputs";

/** What a solver needs to know of one split X. */
export interface SplitKernels {
  /** By formula, [train examples, C, X examples, C]. */
  kernels: Map<Formula, KernelTensor>;
  /** With a breakdown: each parameter's share of each kernel, by formula and parameter name. */
  shares?: Map<Formula, Map<string, KernelTensor>>;
  /** With sign formulas: how many signs rounding decides, as in {@link computeKernel}'s result. */
  signCount?: SignCount;
  /** Class index of each example of X, or its number's place between the bounds. */
  labels: number[];
  /** What labels are; default: classes. */
  target?: Target;
  /** Pretrained outputs f on X, [X examples, C]. */
  logits: LogitsTensor;
}

/** As for one kernel, with splits instead of its one evaluation side. */
export interface SplitKernelsOptions<Name extends string> extends Omit<KernelOptions, "train" | "evaluate"> {
  /** Rows of every kernel. */
  train: Pick<Inputs, "sequences" | "labels">;
  /** Columns: the splits by name. Give the training examples again, as `train`, for the kernel to solve with. */
  splits: Record<Name, Pick<Inputs, "sequences" | "labels" | "target">>;
  /** `done` and `total` count blocks of all splits; `reused` those that came from disk. */
  onProgress?: (progress: KernelProgress) => void;
}

/** The plan of each split's kernel; computes nothing. Options and inputs alone decide it, so every process finds the same blocks. */
export function planSplits<Name extends string>({
  train,
  splits,
  ...options
}: SplitKernelsOptions<Name>): Record<Name, KernelPlan> {
  return recordOf(
    entriesOf(splits).map(([name, { sequences }]) => [
      name,
      kernelPlan({ ...options, train: train.sequences, evaluate: sequences }),
    ]),
  );
}

/** A block of a split's kernel, with its number over all splits in order. */
export interface SplitBlock<Name extends string> {
  index: number;
  split: Name;
  plan: KernelPlan;
  planned: PlannedBlock;
}

/** All blocks in order, split by split, numbered from 0. */
export function splitBlocks<Name extends string>(plans: Record<Name, KernelPlan>): SplitBlock<Name>[] {
  return entriesOf(plans)
    .flatMap(([split, plan]) => plan.blocks.map((planned) => ({ split, plan, planned })))
    .map((block, index) => ({ index, ...block }));
}

/**
 * The kernels [n, C, m, C] of n training examples with the m examples of each split, with labels and outputs. Those of the
 * training examples with themselves are exactly symmetric.
 *
 * @throws as {@link computeKernel}
 */
export async function splitKernels<Name extends string>(
  options: SplitKernelsOptions<Name>,
): Promise<Record<Name, SplitKernels>> {
  const { store, signal, onProgress } = options;
  const plans = entriesOf(planSplits(options));
  const total = plans.reduce((sum, [, { blocks }]) => sum + blocks.length, 0);
  const results: [Name, SplitKernels][] = [];
  let [before, reusedBefore] = [0, 0];
  for (const [name, plan] of plans) {
    const { kernels, shares, evaluateLogits, signCount, progress } = await computePlan(plan, {
      store,
      signal,
      onProgress: ({ done, reused }) => onProgress?.({ done: before + done, total, reused: reusedBefore + reused }),
    });
    before += progress.done;
    reusedBefore += progress.reused;
    const { labels, target } = options.splits[name];
    const shown = { ...(options.breakdown ? { shares } : {}), ...(signCount ? { signCount } : {}) };
    const own = { kernels, ...shown, labels, ...(target ? { target } : {}) };
    results.push([name, { ...own, logits: evaluateLogits }]);
  }
  return recordOf(results);
}

/** A kernel with the first `count` of its columns' examples, [n, C, count, C]. */
export function firstColumns({ values, shape }: KernelTensor, count: number): KernelTensor {
  const [n, c, m] = shape;
  const kept = Math.min(count, m);
  const result = new Float64Array(n * c * kept * c);
  for (let row = 0; row < n * c; row++) result.set(values.subarray(row * m * c, (row * m + kept) * c), row * kept * c);
  return { values: result, shape: [n, c, kept, c] };
}

export interface SquareSplitsOptions<Name extends string> {
  /** [n, C, n, C], of all examples with themselves: one split after another, in the order of `splits`. */
  kernel: KernelTensor;
  /** Outputs f of the same examples, [n, C]. */
  logits: LogitsTensor;
  /** Class indices of each split's examples. */
  splits: Record<Name | "train", { labels: number[] }>;
  /** What the kernel is called. Default "sgd". */
  formula?: Formula;
}

/**
 * The kernels that a solver needs, training examples with each split, cut out of one kernel of all examples with
 * themselves. For kernels that are made of coordinates of all examples at once, as a random subspace's is.
 *
 * @throws if the splits have not as many examples as kernel and logits
 */
export function squareSplits<Name extends string>({
  kernel,
  logits,
  splits,
  formula = "sgd",
}: SquareSplitsOptions<Name>): Record<Name | "train", SplitKernels> {
  const [n, c, columns] = kernel.shape;
  const named = entriesOf<Name | "train", { labels: number[] }>(splits);
  const total = named.reduce((sum, [, { labels }]) => sum + labels.length, 0);
  if (n !== columns || total !== n || logits.shape[0] !== n || logits.shape[1] !== c) {
    throw new InputError(
      `splits of ${total} examples need a kernel of as many with themselves, and their outputs; the kernel has shape [${kernel.shape.join(", ")}], the outputs [${logits.shape.join(", ")}]`,
    );
  }
  let next = 0;
  const places = named.map(([name, { labels }]) => {
    const start = next;
    next += labels.length;
    return { name, labels, start };
  });
  const from = places.find(({ name }) => name === "train")?.start ?? 0;
  const count = splits.train.labels.length;
  return recordOf(
    places.map(({ name, labels, start }) => {
      const values = new Float64Array(count * c * labels.length * c);
      for (let row = 0; row < count * c; row++) {
        const first = (from * c + row) * n * c + start * c;
        values.set(kernel.values.subarray(first, first + labels.length * c), row * labels.length * c);
      }
      const own: KernelTensor = { values, shape: [count, c, labels.length, c] };
      const outputs = logits.values.slice(start * c, (start + labels.length) * c);
      return [
        name,
        { kernels: new Map([[formula, own]]), labels, logits: { values: outputs, shape: [labels.length, c] } },
      ];
    }),
  );
}

/** How many numbers were compared, and how many of them are not the same. */
export interface ComparedNumbers {
  numbers: number;
  different: number;
}

/**
 * Compares what was read from files with what was written to them, number for number: every kernel that was read, the
 * labels and the logits. The same means the same bits, but for NaN: −0 is not 0, and what differs by rounding differs.
 *
 * @throws if a kernel that was read was not written, or a shape is another
 */
export function compareSplitKernels(read: SplitKernels, written: SplitKernels): ComparedNumbers {
  const pairs: [string, ArrayLike<number>, readonly number[], ArrayLike<number>, readonly number[]][] = [
    ...read.kernels,
  ].map(([formula, kernel]) => {
    const own = written.kernels.get(formula);
    if (!own)
      throw new InputError(
        `a kernel ${formula} was read that was not written; there was: ${[...written.kernels.keys()].join(", ") || "none"}`,
      );
    return [`kernel ${formula}`, kernel.values, kernel.shape, own.values, own.shape];
  });
  pairs.push(["logits", read.logits.values, read.logits.shape, written.logits.values, written.logits.shape]);
  pairs.push(["labels", read.labels, [read.labels.length], written.labels, [written.labels.length]]);
  const result = { numbers: 0, different: 0 };
  for (const [name, values, shape, expected, expectedShape] of pairs) {
    if (shape.join() !== expectedShape.join())
      throw new InputError(
        `the ${name} that was read has shape [${shape.join(", ")}], not [${expectedShape.join(", ")}]`,
      );
    result.numbers += values.length;
    for (let i = 0; i < values.length; i++) if (!Object.is(values[i], expected[i])) result.different++;
  }
  return result;
}
