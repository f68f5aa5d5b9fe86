/** The kernel of two lists of prompts, block by block, with finished blocks kept on disk. */
import { mkdirSync } from "node:fs";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { runSteps } from "../steps";
import { emptyKernel, placeBlock, type AssembledKernel } from "./assemble";
import { blockSteps, type KernelBlock, type KernelSettings } from "./block";
import { readBlock, writeBlock } from "./block-store";
import type { KeyBiasSign } from "./contract";
import { keptFactors, type GradientFactors } from "./factors";
import type { Formula } from "./formula";
import type { LogitsTensor } from "./kernel-tensor";
import { combineLogits, type Outputs } from "./outputs";
import { selectParameters, type ParameterFilter } from "./parameter-filter";
import { createProjector, type Projection } from "./projection";
import { pick, planKernel, type KernelPlan, type PlannedBlock } from "./plan";

/** Work done so far, in blocks. */
export interface KernelProgress {
  done: number;
  total: number;
  /** How many of the finished blocks came from disk. */
  reused: number;
}

export interface KernelOptions {
  model: Model;
  outputs: Outputs;
  /** Training side: rows of the kernel. */
  train: readonly Sequence[];
  /** Evaluation side: columns of the kernel. The same examples again give an exactly symmetric kernel for about half of the work. */
  evaluate: readonly Sequence[];
  /** Default: the SGD kernel alone. */
  formulas?: readonly Formula[];
  /** The parameters whose gradients count. Default: all. */
  parameters?: ParameterFilter;
  /** What key biases count in sign formulas. Default: "zero". */
  keyBiasSign?: KeyBiasSign;
  /** Also gives each parameter's share of the kernel. Default: false. */
  breakdown?: boolean;
  /** Random projection of gradients, for less memory and an approximate kernel. Default: none. */
  projection?: Projection;
  /** Folder that keeps finished blocks. Default: none are kept. */
  store?: string;
  /** Examples in a block. Default: what fits into memory. */
  trainBlock?: number;
  evaluateBlock?: number;
  onProgress?: (progress: KernelProgress) => void;
  /** Stops soon, within a block; finished blocks stay on disk. */
  signal?: AbortSignal;
}

export interface KernelResult extends AssembledKernel {
  progress: KernelProgress;
}

/**
 * K[i, a, j, b] = ⟨∇f_a(x_i), ∇f_b(x_j)⟩ over parameters, and its sign variants, for every training example i
 * and evaluation example j (Section 4 of the paper; the axes are those of the authors' files).
 */
export async function computeKernel(options: KernelOptions): Promise<KernelResult> {
  const plan = kernelPlan(options);
  const whole = emptyKernel(plan);
  const progress: KernelProgress = { done: 0, total: plan.blocks.length, reused: 0 };
  await computeBlocks(plan, plan.blocks, options, (planned, block, reused) => {
    placeBlock(whole, block, planned);
    progress.done++;
    if (reused) progress.reused++;
    options.onProgress?.({ ...progress });
  });
  return { ...whole, progress };
}

/** The blocks of a kernel; making the plan computes nothing. */
export function kernelPlan({ model, outputs, train, evaluate, formulas = ["sgd"], parameters = [], keyBiasSign = "zero", breakdown = false, projection, trainBlock, evaluateBlock }: KernelOptions): KernelPlan {
  const settings: KernelSettings = {
    model,
    outputs,
    formulas,
    parameters: selectParameters(model.parameters.keys(), parameters),
    keyBiasSign,
    breakdown,
    projection,
  };
  return planKernel({ settings, train, evaluate, trainBlock, evaluateBlock });
}

/** Reads or computes blocks of a plan in their order; those that are computed are kept in the store. */
export async function computeBlocks(
  { settings, train, evaluate }: KernelPlan,
  blocks: readonly PlannedBlock[],
  { store, signal }: Pick<KernelOptions, "store" | "signal">,
  use: (planned: PlannedBlock, block: KernelBlock, reused: boolean) => void,
): Promise<void> {
  const { model, outputs, parameters } = settings;
  if (store) mkdirSync(store, { recursive: true });
  const projector = settings.projection && createProjector(settings.projection, settings.formulas.some((formula) => formula !== "sgd"));
  let side: { row: readonly number[]; factors: GradientFactors } | undefined;
  try {
    for (const planned of blocks) {
      signal?.throwIfAborted();
      const { row, column, name, symmetry, formulas } = planned;
      const kept = store && readBlock(store, name);
      if (kept) use(planned, kept, true);
      else {
        if (side?.row !== row) {
          side?.factors.dispose();
          side = undefined;
          side = { row, factors: await runSteps(keptFactors(model, outputs, pick(train, row), parameters, projector), signal) };
        }
        const columnSide = symmetry === "diagonal" ? "train" : pick(evaluate, column);
        const block = await runSteps(blockSteps({ ...settings, formulas }, side.factors, columnSide, projector), signal);
        if (store) writeBlock(store, name, block, [row.length, outputs.combine.length, column.length, outputs.combine.length]);
        use(planned, block, false);
      }
    }
  } finally {
    side?.factors.dispose();
    projector?.dispose();
  }
}

/** The C outputs f_c on a list of prompts, without gradients. */
export function computeOutputs(model: Model, outputs: Outputs, sequences: Sequence[]): LogitsTensor {
  const values = combineLogits(outputs, predictLogits(model, outputs.head, sequences));
  return { values, shape: [sequences.length, outputs.combine.length] };
}
