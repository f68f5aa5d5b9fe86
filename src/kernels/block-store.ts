/** Finished blocks on disk: each is a file of tensors, named by a hash of all that its numbers depend on. */
import { join } from "node:path";
import type { StoredTensor } from "../files/safetensors";
import { problemOf } from "../store/folder";
import { fileSlot, type FileFormat } from "../store/remember";
import type { Slot } from "../store/slot";
import { readTensors, writeTensors } from "../store/tensor-file";
import type { KernelBlock } from "./block";
import { takesSigns, type Formula } from "./formula";
import type { KernelPlan, PlannedBlock } from "./plan";

/** Where a plan's finished blocks are kept; {@link blockStore} keeps them on disk. */
export type BlockCache = (plan: KernelPlan, planned: PlannedBlock) => Slot<KernelBlock>;

/** Keeps blocks as files in a folder. */
export const blockStore =
  (store: string): BlockCache =>
  (plan, planned) =>
    fileSlot(store, planned.name, blockFile(expectedBlock(plan, planned), planned.description));

export const blockPath = (store: string, name: string): string => join(store, `${name}.safetensors`);

/** What the file of a block must hold. */
export interface ExpectedBlock {
  formulas: readonly Formula[];
  breakdown: boolean;
  /** [n, C, m, C] */
  shape: number[];
}

export function expectedBlock({ settings }: KernelPlan, { formulas, row, column }: PlannedBlock): ExpectedBlock {
  const c = settings.outputs.combine.length;
  return { formulas, breakdown: settings.breakdown, shape: [row.length, c, column.length, c] };
}

/** What is wrong with a block's file, in one line, or undefined if it is sound. Without `expected`, checks only its checksum. */
export const blockDamage = (path: string, expected?: ExpectedBlock): string | undefined =>
  problemOf(() => {
    const tensors = readTensors(path);
    if (expected) blockOf(tensors, expected);
  });

const blockFile = (expected: ExpectedBlock, description: Record<string, string>): FileFormat<KernelBlock> => ({
  what: "kernel block",
  extension: "safetensors",
  read: (path) => blockOf(readTensors(path), expected),
  write: (path, block) => writeTensors(path, tensorsOf(block, expected), description),
});

function tensorsOf(block: KernelBlock, { shape }: ExpectedBlock): Map<string, StoredTensor> {
  const [n, c, m] = shape;
  const tensors = new Map<string, StoredTensor>();
  for (const [formula, data] of block.kernels) tensors.set(formula, { dtype: "F64", shape, data });
  for (const [formula, shares] of block.shares)
    for (const [parameter, data] of shares) tensors.set(`${formula}/${parameter}`, { dtype: "F64", shape, data });
  if (block.signCount) {
    const { numbers, rounded } = block.signCount;
    tensors.set("sign_count", { dtype: "F64", shape: [2], data: Float64Array.of(numbers, rounded) });
  }
  tensors.set("train_logits", { dtype: "F32", shape: [n, c], data: block.trainLogits });
  tensors.set("evaluate_logits", { dtype: "F32", shape: [m, c], data: block.evaluateLogits });
  return tensors;
}

/** @throws naming the tensor that is missing or has another type or shape */
function blockOf(tensors: Map<string, StoredTensor>, { formulas, breakdown, shape }: ExpectedBlock): KernelBlock {
  const [n, c, m] = shape;
  const take = (name: string, dtype: string, wanted: number[]): StoredTensor["data"] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`tensor "${name}" is missing`);
    if (tensor.dtype !== dtype || tensor.shape.join() !== wanted.join()) {
      throw new Error(
        `tensor "${name}" is ${tensor.dtype} [${tensor.shape.join(", ")}], expected ${dtype} [${wanted.join(", ")}]`,
      );
    }
    return tensor.data;
  };
  const kernel = (name: string): Float64Array => take(name, "F64", shape) as Float64Array;
  const signCount = (): Pick<KernelBlock, "signCount"> => {
    const [numbers, rounded] = take("sign_count", "F64", [2]) as Float64Array;
    return { signCount: { numbers, rounded } };
  };
  const logits = (name: string, examples: number): Float32Array => take(name, "F32", [examples, c]) as Float32Array;
  const sharesOf = (formula: Formula): Map<string, Float64Array> => {
    const names = [...tensors.keys()].filter((name) => name.startsWith(`${formula}/`));
    if (names.length === 0) throw new Error(`the shares of ${formula} are missing`);
    return new Map(names.map((name) => [name.slice(formula.length + 1), kernel(name)]));
  };
  return {
    kernels: new Map(formulas.map((formula) => [formula, kernel(formula)])),
    trainLogits: logits("train_logits", n),
    evaluateLogits: logits("evaluate_logits", m),
    ...(formulas.some(takesSigns) ? signCount() : {}),
    shares: new Map(breakdown ? formulas.map((formula) => [formula, sharesOf(formula)]) : []),
  };
}
