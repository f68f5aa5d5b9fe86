/** The kernels of one task: the training examples against every split. */
import type { Formula } from "../kernels/formula";
import { computePlan, type KernelOptions, type KernelProgress } from "../kernels/kernel";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { kernelPlan, type KernelPlan, type PlannedBlock } from "../kernels/plan";
import type { Inputs } from "./inputs";

/** What a solver needs to know of one split X. */
export interface SplitKernels {
  /** By formula, [train examples, C, X examples, C]. */
  kernels: Map<Formula, KernelTensor>;
  /** With a breakdown: each parameter's share of each kernel, by formula and parameter name. */
  shares?: Map<Formula, Map<string, KernelTensor>>;
  /** Class index of each example of X. */
  labels: number[];
  /** Pretrained outputs f on X, [X examples, C]. */
  logits: LogitsTensor;
}

/** As for one kernel, with splits instead of its one evaluation side. */
export interface SplitKernelsOptions<Name extends string> extends Omit<KernelOptions, "train" | "evaluate"> {
  /** Rows of every kernel. */
  train: Pick<Inputs, "sequences" | "labels">;
  /** Columns: the splits by name. Give the training examples again, as `train`, for the kernel to solve with. */
  splits: Record<Name, Pick<Inputs, "sequences" | "labels">>;
  /** `done` and `total` count blocks of all splits; `reused` those that came from disk. */
  onProgress?: (progress: KernelProgress) => void;
}

/** The plan of each split's kernel; computes nothing. Options and inputs alone decide it, so every process finds the same blocks. */
export function planSplits<Name extends string>({
  train,
  splits,
  ...options
}: SplitKernelsOptions<Name>): Record<Name, KernelPlan> {
  const plans = (Object.keys(splits) as Name[]).map(
    (name) => [name, kernelPlan({ ...options, train: train.sequences, evaluate: splits[name].sequences })] as const,
  );
  return Object.fromEntries(plans) as Record<Name, KernelPlan>;
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
  const entries = Object.entries(plans) as [Name, KernelPlan][];
  return entries
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
  const plans = Object.entries(planSplits(options)) as [Name, KernelPlan][];
  const total = plans.reduce((sum, [, { blocks }]) => sum + blocks.length, 0);
  const result = {} as Record<Name, SplitKernels>;
  let [before, reusedBefore] = [0, 0];
  for (const [name, plan] of plans) {
    const { kernels, shares, evaluateLogits, progress } = await computePlan(plan, {
      store,
      signal,
      onProgress: ({ done, reused }) => onProgress?.({ done: before + done, total, reused: reusedBefore + reused }),
    });
    before += progress.done;
    reusedBefore += progress.reused;
    result[name] = {
      kernels,
      ...(options.breakdown ? { shares } : {}),
      labels: options.splits[name].labels,
      logits: evaluateLogits,
    };
  }
  return result;
}

/** A kernel with the first `count` of its columns' examples, [n, C, count, C]. */
export function firstColumns({ values, shape }: KernelTensor, count: number): KernelTensor {
  const [n, c, m] = shape;
  const kept = Math.min(count, m);
  const result = new Float64Array(n * c * kept * c);
  for (let row = 0; row < n * c; row++) result.set(values.subarray(row * m * c, (row * m + kept) * c), row * kept * c);
  return { values: result, shape: [n, c, kept, c] };
}
