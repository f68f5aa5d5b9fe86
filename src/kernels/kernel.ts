/** The kernel of two lists of prompts, block by block, with finished blocks kept on disk. */
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { runningSignal } from "../running-cell";
import { breather, runAtOnce, runSteps } from "../steps";
import { emptyKernel, placeBlock, type AssembledKernel } from "./assemble";
import { blockSteps, type KernelBlock, type KernelSettings } from "./block";
import { claimBlock, dropDeadClaim } from "./block-claim";
import { firstNotFinite, inStore, readBlock, writeBlock, type ExpectedBlock } from "./block-file";
import { blockDescription } from "./block-name";
import type { SignRounding } from "./contract";
import { keptFactors, type GradientFactors } from "./factors";
import { takesSigns, type Formula } from "./formula";
import type { LogitsTensor } from "./kernel-tensor";
import { combineLogits, type Outputs } from "./outputs";
import { selectParameters, type ParameterFilter } from "./parameter-filter";
import { pick, planKernel, type KernelPlan, type PlannedBlock } from "./plan";
import { createProjector, type Projection, type Projector } from "./projection";

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
  /** Which signs count where float32 rounds a gradient. Default: "exact". */
  signs?: SignRounding;
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
  /** Stops soon, within a block; finished blocks stay on disk. Default: that of the running cell. */
  signal?: AbortSignal;
}

export interface KernelResult extends AssembledKernel {
  progress: KernelProgress;
}

/**
 * K[i, a, j, b] = ⟨∇f_a(x_i), ∇f_b(x_j)⟩ over parameters, and its sign variants, for every training example i
 * and evaluation example j (Section 4 of the paper; the axes are those of the authors' files). Products are float32, sums over
 * parameters float64.
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
  options: Pick<KernelOptions, "store" | "onProgress" | "signal"> = {},
): Promise<KernelResult> {
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
export function kernelPlan({
  model,
  outputs,
  train,
  evaluate,
  formulas = ["sgd"],
  parameters = [],
  signs = "exact",
  breakdown = false,
  projection,
  trainBlock,
  evaluateBlock,
}: KernelOptions): KernelPlan {
  const settings: KernelSettings = {
    model: signs === "exact" ? model : { ...model, geluTail: "rounded" },
    outputs,
    formulas,
    parameters: selectParameters(model.parameters.keys(), parameters),
    signs,
    breakdown,
    projection,
  };
  return planKernel({ settings, train, evaluate, trainBlock, evaluateBlock });
}

/** What the file of a block must hold. */
export function expectedBlock({ settings }: KernelPlan, { name, formulas, row, column }: PlannedBlock): ExpectedBlock {
  const c = settings.outputs.combine.length;
  return { name, formulas, breakdown: settings.breakdown, shape: [row.length, c, column.length, c] };
}

/** How long to wait, in milliseconds, before looking again whether other processes have finished the blocks that are left. */
const PAUSE = 200;

/**
 * Reads or computes blocks of a plan; those that are computed are kept in the store. Blocks come in their order, but
 * those that another process is computing come last: its results are then read, or, if it ended without, computed here.
 *
 * @throws if a number is NaN or infinite; naming the store's folder if its disk is full; the signal's reason
 */
export async function computeBlocks(
  plan: KernelPlan,
  blocks: readonly PlannedBlock[],
  { store, signal = runningSignal() }: Pick<KernelOptions, "store" | "signal">,
  use: (planned: PlannedBlock, block: KernelBlock, reused: boolean) => void,
): Promise<void> {
  if (store) inStore(store, () => mkdirSync(store, { recursive: true }));
  const breathe = breather();
  const { projection, formulas: asked } = plan.settings;
  const projector = projection && createProjector(projection, asked.some(takesSigns));
  const side = trainSide(plan, projector, signal);
  const compute = async ({ row, column, symmetry, formulas }: PlannedBlock): Promise<KernelBlock> => {
    const columnSide = symmetry === "diagonal" ? "train" : pick(plan.evaluate, column);
    return runSteps(blockSteps({ ...plan.settings, formulas }, await side.of(row), columnSide, projector), signal);
  };
  /** Undefined if another process is computing it. */
  const readOrCompute = async (planned: PlannedBlock): Promise<{ block: KernelBlock; reused: boolean } | undefined> => {
    const expected = expectedBlock(plan, planned);
    const kept = store ? readBlock(store, expected) : undefined;
    if (store && kept) dropDeadClaim(store, planned.name);
    if (kept) return { block: kept, reused: true };
    const claim = store ? claimBlock(store, planned.name) : undefined;
    if (store && !claim) return undefined;
    try {
      // Somebody may have finished it between the look and the claim.
      const finished = store ? readBlock(store, expected, () => {}) : undefined;
      if (finished) return { block: finished, reused: true };
      const block = await compute(planned);
      checkFinite(block, planned, expected.shape);
      if (store) writeBlock(store, expected, block, descriptionOf(plan, planned));
      return { block, reused: false };
    } finally {
      claim?.release();
    }
  };
  try {
    for (let left = [...blocks]; left.length > 0;) {
      const claimed: PlannedBlock[] = [];
      for (const planned of left) {
        signal?.throwIfAborted();
        const result = await readOrCompute(planned);
        if (result) use(planned, result.block, result.reused);
        else claimed.push(planned);
        await breathe();
      }
      if (claimed.length === left.length) await sleep(PAUSE);
      left = claimed;
    }
  } finally {
    side.dispose();
    projector?.dispose();
  }
}

/** The factors of one row's training examples, kept until another row is asked for. */
function trainSide(
  { settings: { model, outputs, parameters }, train, pass }: KernelPlan,
  projector?: Projector,
  signal?: AbortSignal,
): { of(row: readonly number[]): Promise<GradientFactors>; dispose(): void } {
  let current: { row: readonly number[]; factors: GradientFactors } | undefined;
  const dispose = (): void => {
    current?.factors.dispose();
    current = undefined;
  };
  const of = async (row: readonly number[]): Promise<GradientFactors> => {
    if (current?.row !== row) {
      dispose();
      current = {
        row,
        factors: await runSteps(keptFactors(model, outputs, pick(train, row), parameters, projector, pass), signal),
      };
    }
    return current.factors;
  };
  return { of, dispose };
}

function descriptionOf(
  { settings, train, evaluate }: KernelPlan,
  { row, column, symmetry, formulas }: PlannedBlock,
): Record<string, string> {
  return blockDescription({
    settings: { ...settings, formulas },
    symmetry,
    train: pick(train, row),
    evaluate: pick(evaluate, column),
  });
}

/** A block with NaN is not kept: it would be found damaged at every reading. */
function checkFinite({ kernels }: KernelBlock, { row, column }: PlannedBlock, [, c, m]: number[]): void {
  for (const [formula, values] of kernels) {
    const bad = firstNotFinite(values);
    if (bad < 0) continue;
    const [i, j] = [Math.floor(bad / (c * m * c)), Math.floor(bad / c) % m];
    throw new Error(
      `the ${formula} kernel of training example ${row[i]} with example ${column[j]} (counted from 0) is ${values[bad]}: the model's gradients leave the range of float32`,
    );
  }
}

/** The C outputs f_c on n prompts, [n, C], without gradients. */
export const computeOutputs = (model: Model, outputs: Outputs, sequences: Sequence[]): LogitsTensor =>
  runAtOnce(computeOutputsSteps(model, outputs, sequences));

/** {@link computeOutputs} as a generator that pauses after each batch. */
export function* computeOutputsSteps(
  model: Model,
  outputs: Outputs,
  sequences: Sequence[],
): Generator<undefined, LogitsTensor> {
  const values = combineLogits(outputs, yield* predictLogitsSteps(model, outputs.head, sequences));
  return { values, shape: [sequences.length, outputs.combine.length] };
}
