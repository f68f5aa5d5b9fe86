/** How a kernel is divided into blocks. The plan depends on its inputs only: every process that makes it finds the same blocks. */
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { blockName } from "./block-name";
import type { KernelSettings } from "./block";
import type { Formula } from "./formula";

export interface PlannedBlock {
  /** Hash of everything that the block's numbers depend on. */
  name: string;
  /** Indices of the block's training and evaluation examples. */
  row: readonly number[];
  column: readonly number[];
  /** In a kernel of training examples with themselves: a block on the diagonal, or one above it, which stands for its mirror image too. */
  symmetry: "none" | "diagonal" | "above";
  /** Formulas to compute: on the diagonal the flipped formula is the other's transpose, above it each is the other's mirror image. */
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
  /** Examples in a block. Default: as many as {@link blockSize} allows. */
  trainBlock?: number;
  evaluateBlock?: number;
}

/** Memory for the training side's inputs and δs, and for a pass over evaluation examples, in float32 numbers (1 GiB each). */
const BUDGET = 2 ** 28;
const LARGEST_BLOCK = 64;

/**
 * Examples that fit the memory budget: a layer holds, a token, about 9 hidden and 2 intermediate sizes of
 * activations and, for each output, 6 hidden and 1 intermediate sizes of δs.
 */
export function blockSize(model: Model, outputs: number, longest: number): number {
  const { hiddenSize, intermediateSize, layers } = model.config;
  const numbersPerToken = layers * (hiddenSize * (9 + 6 * outputs) + intermediateSize * (2 + outputs));
  return Math.max(1, Math.min(LARGEST_BLOCK, Math.floor(BUDGET / (numbersPerToken * longest))));
}

/** @throws if one side has no examples */
export function planKernel({ settings, train, evaluate, trainBlock, evaluateBlock }: PlanOptions): KernelPlan {
  if (train.length === 0 || evaluate.length === 0) throw new Error("a kernel needs at least one example on each side");
  const fit = (sequences: readonly Sequence[]): number => blockSize(settings.model, settings.outputs.combine.length, longest(sequences));
  const symmetric = sameSequences(train, evaluate);
  const rows = cut(train, trainBlock ?? fit(train));
  const columns = symmetric ? rows : cut(evaluate, evaluateBlock ?? fit(evaluate));
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

function formulasOf(formulas: readonly Formula[], symmetry: PlannedBlock["symmetry"]): readonly Formula[] {
  const asymmetric = formulas.filter((formula) => formula.startsWith("asymmetric"));
  if (symmetry === "none" || asymmetric.length === 0) return formulas;
  const rest = formulas.filter((formula) => !asymmetric.includes(formula));
  return symmetry === "diagonal" ? [...rest, "asymmetric_signgd"] : [...rest, "asymmetric_signgd", "asymmetric_signgd_flipped"];
}

export const pick = (sequences: readonly Sequence[], indices: readonly number[]): Sequence[] => indices.map((i) => sequences[i]);

const longest = (sequences: readonly Sequence[]): number => sequences.reduce((most, { ids }) => Math.max(most, ids.length), 0);

const sameSequences = (left: readonly Sequence[], right: readonly Sequence[]): boolean =>
  left === right ||
  (left.length === right.length &&
    left.every(({ ids, maskPosition }, i) => maskPosition === right[i].maskPosition && ids.length === right[i].ids.length && ids.every((id, t) => id === right[i].ids[t])));

/** Indices in blocks, sorted by length (so that a block has little padding), ties in the given order. */
function cut(sequences: readonly Sequence[], size: number): number[][] {
  const sorted = sequences.map((_, i) => i).sort((i, j) => sequences[i].ids.length - sequences[j].ids.length || i - j);
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, b) => sorted.slice(b * size, (b + 1) * size));
}
