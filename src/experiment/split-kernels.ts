/** The kernels of one task: the training examples against every split. */
import type { Formula } from "../kernels/formula";
import { computeKernel } from "../kernels/kernel";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import type { Outputs } from "../kernels/outputs";
import type { Projection } from "../kernels/projection";
import type { Model } from "../model/model";
import { symmetrized } from "../solvers/least-squares";
import type { Inputs } from "./inputs";

/** What a solver needs to know of one split X. */
export interface SplitKernels {
  /** By formula, [train examples, C, X examples, C]. */
  kernels: Map<Formula, KernelTensor>;
  /** Class index of each example of X. */
  labels: number[];
  /** Pretrained outputs f on X, [X examples, C]. */
  logits: LogitsTensor;
}

export interface SplitKernelsOptions<Name extends string> {
  model: Model;
  outputs: Outputs;
  /** Rows of every kernel. */
  train: Pick<Inputs, "sequences" | "labels">;
  /** Columns: the splits by name. Give the training examples again, as `train`, for the kernel to solve with. */
  splits: Record<Name, Pick<Inputs, "sequences" | "labels">>;
  /** Default: the SGD kernel alone. */
  formulas?: readonly Formula[];
  /** Random projection of gradients. Default: none, the kernel is exact. */
  projection?: Projection;
  /** Folder that keeps finished blocks. */
  store?: string;
  /** `done` and `total` count examples of all splits; `reused` those that came from disk. */
  onProgress?: (progress: { done: number; total: number; reused: number }) => void;
  signal?: AbortSignal;
}

/** The two formulas whose train × train kernel is symmetric in exact arithmetic. */
const SYMMETRIC: readonly Formula[] = ["sgd", "signgd"];

/**
 * Computes the kernels of the training examples with the examples of each split. Where rows and columns are the same
 * examples, a symmetric formula's kernel is made exactly symmetric: float32 products are so only up to rounding.
 */
export async function splitKernels<Name extends string>(options: SplitKernelsOptions<Name>): Promise<Record<Name, SplitKernels>> {
  const { model, outputs, train, formulas = ["sgd"], projection, store, onProgress, signal } = options;
  const splits = Object.entries(options.splits) as [Name, SplitKernelsOptions<Name>["splits"][Name]][];
  const total = splits.reduce((sum, [, { labels }]) => sum + labels.length, 0);
  const result = {} as Record<Name, SplitKernels>;
  let [done, reused] = [0, 0];
  for (const [name, { sequences, labels }] of splits) {
    const examples = (blocks: number, ofBlocks: number): number => Math.round((labels.length * blocks) / ofBlocks);
    const computed = await computeKernel({
      model,
      outputs,
      train: train.sequences,
      evaluate: sequences,
      formulas,
      projection,
      store,
      signal,
      onProgress: (p) => onProgress?.({ done: done + examples(p.done, p.total), total, reused: reused + examples(p.reused, p.total) }),
    });
    done += labels.length;
    reused += examples(computed.progress.reused, computed.progress.total);
    const kernels = new Map(computed.kernels);
    if (sequences === train.sequences) for (const formula of formulas) if (SYMMETRIC.includes(formula)) kernels.set(formula, symmetrized(kernels.get(formula)!));
    result[name] = { kernels, labels, logits: computed.evaluateLogits };
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
