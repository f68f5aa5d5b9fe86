/** How a kernel is divided into blocks. The plan depends on its inputs, and on the memory of the GPU where one computes: every process that makes it on such a machine finds the same blocks. */
import { gpuMemory } from "../model/backend";
import { byLength, type BatchLimits, type Sequence } from "../model/batch";
import { blockName } from "./block-name";
import type { KernelSettings } from "./block";
import { mirrorOf, takesSigns, type Formula } from "./formula";
import { checkProjection } from "./projection";

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
  /** Of a pass over training examples, where a block has more of them. */
  pass?: BatchLimits;
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
 * Memory for a pass over a block of evaluation examples, for SGD (384 MiB: more saves no time) and with sign formulas
 * (2 GiB). These form the training side's gradients again for every block, so that larger blocks pay: at
 * roberta-base's size a pass of 768 MiB takes a fifth more time.
 */
const EVALUATE_BUDGET = { sgd: 3 * 2 ** 25, signs: 2 ** 29 };
const LARGEST_BLOCK = 128;
/** Memory of a GPU to which these budgets belong; a larger one has larger ones. */
const GPU_MEMORY = 16 * 2 ** 30;

/**
 * What fits the budgets: the training side keeps each layer's inputs and δs, or, projected, the numbers that are left of
 * each gradient; a pass keeps its activations. Projected training examples take several passes to a block.
 */
export function blockLimits({
  model,
  outputs,
  formulas,
  parameters,
  projection,
}: Pick<KernelSettings, "model" | "outputs" | "formulas" | "parameters" | "projection">): {
  train: BatchLimits;
  pass: BatchLimits;
} {
  const { hiddenSize, intermediateSize, layers } = model.config;
  const c = outputs.combine.length;
  const signs = formulas.some(takesSigns);
  const share = (gpuMemory() ?? GPU_MEMORY) / GPU_MEMORY;
  const limits = (numbers: number): BatchLimits => ({
    examples: Math.ceil(LARGEST_BLOCK * share),
    tokens: Math.floor(numbers * share),
  });
  const activations = layers * (hiddenSize * 9 + intermediateSize * 2);
  const pass = limits((signs ? EVALUATE_BUDGET.signs : EVALUATE_BUDGET.sgd) / activations);
  if (!projection)
    return { train: limits(TRAIN_BUDGET / (layers * (hiddenSize * (3 + 5 * c) + intermediateSize * (1 + c)))), pass };
  const kept = [...parameters].reduce(
    (sum, name) => sum + Math.min(model.parameters.get(name)!.size, projection.dimension),
    0,
  );
  // Tables keep some rows for each example, which the share left here is for.
  return {
    train: { examples: Math.max(1, Math.floor((0.8 * TRAIN_BUDGET * share) / (kept * c * (signs ? 2 : 1)))) },
    pass,
  };
}

/** @throws if one side has no examples */
export function planKernel({ settings, train, evaluate, trainBlock, evaluateBlock }: PlanOptions): KernelPlan {
  if (train.length === 0 || evaluate.length === 0) throw new Error("a kernel needs at least one example on each side");
  if (settings.projection) checkProjection(settings.projection);
  const limits = blockLimits(settings);
  const symmetric = sameSequences(train, evaluate);
  const wholeRows = byLength(train, trainBlock ? { examples: trainBlock } : limits.train);
  // Examples of another row are the evaluation side of one pass.
  const rows =
    symmetric && settings.projection && !trainBlock && wholeRows.length > 1 ? byLength(train, limits.pass) : wholeRows;
  const columns = symmetric ? rows : byLength(evaluate, evaluateBlock ? { examples: evaluateBlock } : limits.pass);
  const blocks = rows.flatMap((row, i) =>
    columns.flatMap((column, j): PlannedBlock[] => {
      if (symmetric && j < i) return [];
      const symmetry = !symmetric ? "none" : i === j ? "diagonal" : "above";
      const formulas = formulasOf(settings.formulas, symmetry);
      const name = blockName({
        settings: { ...settings, formulas },
        symmetry,
        train: pick(train, row),
        evaluate: pick(evaluate, column),
      });
      return [{ name, row, column, symmetry, formulas }];
    }),
  );
  return { settings, train, evaluate, blocks, pass: settings.projection && limits.pass };
}

/** A block above the diagonal stands for its mirror image too, which for an asymmetric formula is the other one's. */
function formulasOf(formulas: readonly Formula[], symmetry: PlannedBlock["symmetry"]): readonly Formula[] {
  return symmetry === "above" ? [...new Set(formulas.flatMap((formula) => [formula, mirrorOf(formula)]))] : formulas;
}

export const pick = (sequences: readonly Sequence[], indices: readonly number[]): Sequence[] =>
  indices.map((i) => sequences[i]);

const sameSequences = (left: readonly Sequence[], right: readonly Sequence[]): boolean =>
  left === right ||
  (left.length === right.length &&
    left.every(
      ({ ids, maskPosition }, i) =>
        maskPosition === right[i].maskPosition &&
        ids.length === right[i].ids.length &&
        ids.every((id, t) => id === right[i].ids[t]),
    ));
