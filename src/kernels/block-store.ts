import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../model/safetensors";
import type { Sequence } from "../model/batch";
import type { Formula } from "./contract";

/** One block of a kernel: all formulas for some training × some evaluation examples, and the outputs f of both. */
export interface KernelBlock {
  /** float64 [n, C, m, C] row-major, by formula. */
  kernels: Map<Formula, Float64Array>;
  /** float32 [n, C] and [m, C] row-major. */
  trainLogits: Float32Array;
  evaluateLogits: Float32Array;
}

/** Increase when the meaning or precision of stored numbers changes: older blocks are then not used. */
const FORMAT = 1;

/** What a block's numbers depend on. */
export interface BlockKey {
  model: string;
  outputs: string;
  formulas: readonly Formula[];
  train: Sequence[];
  evaluate: Sequence[];
}

/** A hash of everything that the block's numbers depend on, which names its file. */
export function blockName(key: BlockKey): string {
  const sequences = (list: Sequence[]): unknown => list.map(({ ids, maskPosition }) => [maskPosition, ...ids]);
  const content = [FORMAT, key.model, key.outputs, [...key.formulas], sequences(key.train), sequences(key.evaluate)];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

const blockPath = (directory: string, name: string): string => join(directory, `${name}.safetensors`);

/** The stored block, or undefined when it is not there or cannot be read (it is then computed anew). */
export function readBlock(directory: string, name: string, formulas: readonly Formula[]): KernelBlock | undefined {
  const path = blockPath(directory, name);
  if (!existsSync(path)) return undefined;
  try {
    const { tensors } = readSafetensors(path);
    const data = <T>(tensor: string): T => {
      const stored = tensors.get(tensor);
      if (!stored) throw new Error(`no tensor "${tensor}"`);
      return stored.data as T;
    };
    return {
      kernels: new Map(formulas.map((formula) => [formula, data<Float64Array>(formula)])),
      trainLogits: data<Float32Array>("train_logits"),
      evaluateLogits: data<Float32Array>("evaluate_logits"),
    };
  } catch (error) {
    process.stderr.write(`A stored kernel block is damaged and will be computed again: ${path} (${(error as Error).message})\n`);
    return undefined;
  }
}

/** Writes a block under a temporary name and renames it, so that a block that exists is whole. */
export function writeBlock(directory: string, name: string, block: KernelBlock, shape: number[]): void {
  const [n, , m] = shape;
  const tensors = new Map<string, StoredTensor>();
  for (const [formula, data] of block.kernels) tensors.set(formula, { dtype: "F64", shape, data });
  const logits = (data: Float32Array, rows: number): StoredTensor => ({ dtype: "F32", shape: [rows, data.length / rows], data });
  tensors.set("train_logits", logits(block.trainLogits, n));
  tensors.set("evaluate_logits", logits(block.evaluateLogits, m));
  writeSafetensors(blockPath(directory, name), tensors, { format: String(FORMAT) });
}
