import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../model/safetensors";
import type { Sequence } from "../model/batch";
import type { KernelBlock, KernelSettings } from "./block";
import type { Formula } from "./formula";

/** Increase when the meaning or precision of stored numbers changes: older blocks are then not used. */
const FORMAT = 2;

/** What a block's numbers depend on. */
export interface BlockKey {
  settings: KernelSettings;
  /** Blocks on the diagonal hold both sides of one pass. */
  symmetry: string;
  train: Sequence[];
  evaluate: Sequence[];
}

/** A hash of everything that the block's numbers depend on, which names its file. */
export function blockName({ settings, symmetry, train, evaluate }: BlockKey): string {
  const { model, outputs, formulas, parameters, keyBiasSign, breakdown, projection } = settings;
  const sequences = (list: Sequence[]): unknown => list.map(({ ids, maskPosition }) => [maskPosition, ...ids]);
  const of = [model.hash, outputs.head.description, outputs.combine, formulas, [...parameters].sort(), keyBiasSign, breakdown, ...(projection ? [[projection.kind, projection.dimension, projection.seed]] : [])];
  return createHash("sha256").update(JSON.stringify([FORMAT, of, symmetry, sequences(train), sequences(evaluate)])).digest("hex");
}

const blockPath = (directory: string, name: string): string => join(directory, `${name}.safetensors`);

/** The stored block, or undefined when it is not there or cannot be read (it is then computed anew). */
export function readBlock(directory: string, name: string): KernelBlock | undefined {
  const path = blockPath(directory, name);
  if (!existsSync(path)) return undefined;
  try {
    const { tensors } = readSafetensors(path);
    const block: KernelBlock = { kernels: new Map(), shares: new Map(), trainLogits: new Float32Array(), evaluateLogits: new Float32Array() };
    for (const [tensor, { data }] of tensors) {
      const [formula, parameter] = tensor.split("/") as [Formula, string | undefined];
      if (tensor === "train_logits") block.trainLogits = data as Float32Array;
      else if (tensor === "evaluate_logits") block.evaluateLogits = data as Float32Array;
      else if (parameter === undefined) block.kernels.set(formula, data as Float64Array);
      else block.shares.set(formula, (block.shares.get(formula) ?? new Map<string, Float64Array>()).set(parameter, data as Float64Array));
    }
    return block;
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
  for (const [formula, shares] of block.shares) for (const [parameter, data] of shares) tensors.set(`${formula}/${parameter}`, { dtype: "F64", shape, data });
  const logits = (data: Float32Array, rows: number): StoredTensor => ({ dtype: "F32", shape: [rows, data.length / rows], data });
  tensors.set("train_logits", logits(block.trainLogits, n));
  tensors.set("evaluate_logits", logits(block.evaluateLogits, m));
  writeSafetensors(blockPath(directory, name), tensors, { format: String(FORMAT) });
}
