/** How a kernel is divided into blocks. The plan depends on its inputs, and on the memory of the GPU where one computes: every process that makes it on such a machine finds the same blocks. */
import { gpuMemory } from "../model/backend";
import { byLength, type BatchLimits, type Sequence } from "../model/batch";
import { blockName } from "./block-name";
import type { KernelSettings } from "./block";
import type { Formula } from "./formula";
import { MIRROR } from "./symmetry";

export interface PlannedBlock {
  /** Hash of everything that the block's numbers depend on. */
  name: string;
  /** Indices of the block's training and evaluation examples. */
  row: readonly number[];
  column: readonly number[];
  /** In a kernel of training examples with themselves: a block on the diagonal, or one above it, which stands for its mirror image too. */
  symmetry: "none" | "diagonal" | "above";
  /** The formulas that the block holds. */
  formulas: readonly Formula[];
}

export interface KernelPlan {
  settings: KernelSettings;
  train: readonly Sequence[];
  evaluate: readonly Sequence[];
  /** Row by row: the blocks of one row share their training side. */
  blocks: PlannedBlock[];
}

export interface PlanOptions {
  settings: KernelSettings;
  train: readonly Sequence[];
  evaluate: readonly Sequence[];
  /** Examples in a block. Default: as many as {@link blockLimits} allows. */
  trainBlock?: number;
  evaluateBlock?: number;
}

/**
 * Memory for the kept factors of a block of training examples, in float32 numbers (2 GiB): every further block of
 * training examples runs all evaluation examples again.
 */
const TRAIN_BUDGET = 2 ** 29;
/**
 * Memory for a pass over a block of evaluation examples (1 GiB). Sign formulas form the training side's gradients
 * again for every block, so that larger blocks pay (20 % in time from 64 to 128 examples).
 */
const EVALUATE_BUDGET = 2 ** 28;
const LARGEST_BLOCK = 128;
/** Memory of a GPU to which these budgets belong; a larger one has larger ones. */
const GPU_MEMORY = 16 * 2 ** 30;

/** What fits the budgets: the training side keeps each layer's inputs and δs, a pass its activations. */
export function blockLimits({ model, outputs, formulas }: KernelSettings): { train: BatchLimits; evaluate: BatchLimits } {
  const { hiddenSize, intermediateSize, layers } = model.config;
  const c = outputs.combine.length;
  const kept = layers * (hiddenSize * (3 + 5 * c) + intermediateSize * (1 + c));
  const activations = layers * (hiddenSize * 9 + intermediateSize * 2);
  const budget = formulas.some((formula) => formula !== "sgd") ? 2 * EVALUATE_BUDGET : EVALUATE_BUDGET;
  const share = (gpuMemory() ?? GPU_MEMORY) / GPU_MEMORY;
  const limits = (numbers: number): BatchLimits => ({ examples: Math.ceil(LARGEST_BLOCK * share), tokens: Math.floor(numbers * share) });
  return { train: limits(TRAIN_BUDGET / kept), evaluate: limits(budget / activations) };
}

/** @throws if one side has no examples */
export function planKernel({ settings, train, evaluate, trainBlock, evaluateBlock }: PlanOptions): KernelPlan {
  if (train.length === 0 || evaluate.length === 0) throw new Error("a kernel needs at least one example on each side");
  const limits = blockLimits(settings);
  const symmetric = sameSequences(train, evaluate);
  const rows = byLength(train, trainBlock ? { examples: trainBlock } : limits.train);
  const columns = symmetric ? rows : byLength(evaluate, evaluateBlock ? { examples: evaluateBlock } : limits.evaluate);
  const blocks = rows.flatMap((row, i) =>
    columns.flatMap((column, j): PlannedBlock[] => {
      if (symmetric && j < i) return [];
      const symmetry = !symmetric ? "none" : i === j ? "diagonal" : "above";
      const formulas = formulasOf(settings.formulas, symmetry);
      const name = blockName({ settings: { ...settings, formulas }, symmetry, train: pick(train, row), evaluate: pick(evaluate, column) });
      return [{ name, row, column, symmetry, formulas }];
    }),
  );
  return { settings, train, evaluate, blocks };
}

/** A block above the diagonal stands for its mirror image too, which for an asymmetric formula is the other one's. */
function formulasOf(formulas: readonly Formula[], symmetry: PlannedBlock["symmetry"]): readonly Formula[] {
  return symmetry === "above" ? [...new Set(formulas.flatMap((formula) => [formula, MIRROR[formula]]))] : formulas;
}

export const pick = (sequences: readonly Sequence[], indices: readonly number[]): Sequence[] => indices.map((i) => sequences[i]);

const sameSequences = (left: readonly Sequence[], right: readonly Sequence[]): boolean =>
  left === right ||
  (left.length === right.length &&
    left.every(({ ids, maskPosition }, i) => maskPosition === right[i].maskPosition && ids.length === right[i].ids.length && ids.every((id, t) => id === right[i].ids[t])));

