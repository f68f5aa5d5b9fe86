/**
 * How a kernel is divided into blocks. A plan depends only on its inputs and on the memory of the GPU, if there is one:
 * processes on machines of one kind make the same blocks.
 */
import { gpuMemory } from "../model/backend";
import { byLength, firstOfEqual, sequenceKey, type BatchLimits, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { InputError } from "../errors";
import { keyOf, TENSOR_FORMAT } from "../store/slot";
import type { KernelSettings } from "./block";
import type { SignRounding } from "./contract";
import { mirrorOf, takesSigns, type Formula } from "./formula";
import type { Outputs } from "./outputs";
import { selectParameters, type ParameterFilter } from "./parameter-filter";
import { checkProjection, projectionText, type Projection } from "./projection";

export interface PlannedBlock {
  /** Everything that the block's numbers depend on, and its hash, which names the block. */
  description: Record<string, string>;
  name: string;
  /** Indices of the block's training and evaluation examples. */
  row: readonly number[];
  column: readonly number[];
  /** In a kernel of training examples with themselves: a block on the diagonal, or one above it, which also gives its mirror image. */
  symmetry: "none" | "diagonal" | "above";
  /** The formulas that the block holds. */
  formulas: readonly Formula[];
}

export interface KernelPlan {
  settings: KernelSettings;
  train: readonly Sequence[];
  evaluate: readonly Sequence[];
  /** For each example of either side the first of those equal to it: only these are in blocks, so equal examples get equal entries. */
  firstEqual: { train: readonly number[]; evaluate: readonly number[] };
  /** Row by row: the blocks of one row share their training side. */
  blocks: PlannedBlock[];
  /** Limits of a pass over training examples, where a block has more of them than fit one. */
  pass?: BatchLimits;
}

/** What a kernel is computed of, and how. */
export interface KernelInputs {
  model: Model;
  outputs: Outputs;
  /** Training side: rows of the kernel. */
  train: readonly Sequence[];
  /** Evaluation side: columns of the kernel. The training examples again give an exactly symmetric kernel for about half the work. */
  evaluate: readonly Sequence[];
  /** Default: the SGD kernel alone. */
  formulas?: readonly Formula[];
  /** The parameters whose gradients count. Default: all. */
  parameters?: ParameterFilter;
  /** Which signs count where float32 rounds the gradient. Default: "exact". */
  signs?: SignRounding;
  /** Also gives each parameter's share of the kernel. Default: false. */
  breakdown?: boolean;
  /** Random projection of gradients, for less memory and an approximate kernel. Default: none. */
  projection?: Projection;
  /** Examples in a block. Default: as many as fit into memory. */
  trainBlock?: number;
  evaluateBlock?: number;
}

/**
 * Memory for the kept factors of a block of training examples, in float32 numbers (2 GiB). Each further block of
 * training examples runs all evaluation examples again.
 */
const TRAIN_BUDGET = 2 ** 29;
/**
 * Memory for a pass over a block of evaluation examples, for SGD (384 MiB: more saves no time) and with sign formulas
 * (2 GiB). Sign formulas form the training side's gradients again for every block, so larger blocks pay: at
 * roberta-base's size, passes of 768 MiB take a fifth more time.
 */
const EVALUATE_BUDGET = { sgd: 3 * 2 ** 25, signs: 2 ** 29 };
const LARGEST_BLOCK = 128;
/** Memory of the GPU for which the budgets are set; they grow in proportion to a GPU's memory. */
const GPU_MEMORY = 16 * 2 ** 30;

/**
 * How many examples fit the budgets. The training side keeps each layer's inputs and δs or, projected, the numbers that
 * remain of each gradient; a pass keeps its activations. A block of projected training examples takes several passes.
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
  // The factor 0.8 leaves room for tables, which keep several rows for each example.
  return {
    train: { examples: Math.max(1, Math.floor((0.8 * TRAIN_BUDGET * share) / (kept * c * (signs ? 2 : 1)))) },
    pass,
  };
}

/**
 * How a kernel is divided into blocks; computes no gradient.
 * @throws {InputError} if a side has no examples, the filter takes no parameter or the projection is out of range
 */
export function kernelPlan({ train, evaluate, trainBlock, evaluateBlock, ...options }: KernelInputs): KernelPlan {
  const {
    model,
    outputs,
    formulas = ["sgd"],
    parameters = [],
    signs = "exact",
    breakdown = false,
    projection,
  } = options;
  if (train.length === 0 || evaluate.length === 0)
    throw new InputError("a kernel needs at least one example on each side");
  if (projection) checkProjection(projection);
  const settings: KernelSettings = {
    model: signs === "exact" ? model : { ...model, geluTail: "rounded" },
    outputs,
    formulas,
    parameters: selectParameters(model.parameters.keys(), parameters),
    signs,
    breakdown,
    projection,
  };
  const limits = blockLimits(settings);
  const symmetric = sameSequences(train, evaluate);
  const firstEqual = { train: firstOfEqual(train), evaluate: firstOfEqual(evaluate) };
  const divided = (side: "train" | "evaluate", within: BatchLimits): number[][] => {
    const own = firstEqual[side].filter((first, i) => first === i);
    return byLength(pick(side === "train" ? train : evaluate, own), within).map((batch) => batch.map((i) => own[i]));
  };
  const wholeRows = divided("train", trainBlock ? { examples: trainBlock } : limits.train);
  // The examples of each row must also fit one pass, as the evaluation side of the others.
  const rows =
    symmetric && projection && !trainBlock && wholeRows.length > 1 ? divided("train", limits.pass) : wholeRows;
  const columns = symmetric ? rows : divided("evaluate", evaluateBlock ? { examples: evaluateBlock } : limits.pass);
  const blocks = rows.flatMap((row, i) =>
    columns.flatMap((column, j): PlannedBlock[] => {
      if (symmetric && j < i) return [];
      const symmetry = !symmetric ? "none" : i === j ? "diagonal" : "above";
      const formulas = formulasOf(settings.formulas, symmetry);
      const description = descriptionOf({ ...settings, formulas }, symmetry, pick(train, row), pick(evaluate, column));
      return [{ name: keyOf([TENSOR_FORMAT, description]), description, row, column, symmetry, formulas }];
    }),
  );
  return { settings, train, evaluate, firstEqual, blocks, pass: projection && limits.pass };
}

/** Everything that a block's numbers depend on: its key, and the metadata of its file. */
function descriptionOf(
  settings: KernelSettings,
  symmetry: PlannedBlock["symmetry"],
  train: readonly Sequence[],
  evaluate: readonly Sequence[],
): Record<string, string> {
  const { model, outputs, formulas, parameters, signs, breakdown, projection } = settings;
  const all = parameters.size === model.parameters.size;
  return {
    model: model.hash,
    ...(model.loraScale === undefined ? {} : { loraScale: String(model.loraScale) }),
    outputs: outputs.head.description,
    combine: JSON.stringify(outputs.combine),
    formulas: formulas.join(","),
    parameters: all ? `all ${parameters.size}` : [...parameters].sort().join(","),
    signs,
    breakdown: String(breakdown),
    ...(projection ? { projection: projectionText(projection) } : {}),
    symmetry,
    trainExamples: String(train.length),
    evaluateExamples: String(evaluate.length),
    trainHash: promptsKey(train),
    evaluateHash: promptsKey(evaluate),
  };
}

const promptsKey = (sequences: readonly Sequence[]): string => keyOf(sequences.map(sequenceKey));

/** A block above the diagonal also gives its mirror image, whose formula is the mirrored one. */
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
