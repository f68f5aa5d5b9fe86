/** One finished block as a safetensors file, with a checksum over all that it says. */
import { createHash } from "node:crypto";
import { existsSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../files/safetensors";
import type { KernelBlock } from "./block";
import { BLOCK_FORMAT } from "./block-name";
import type { Formula } from "./formula";

/** What the file of a planned block must hold. */
export interface ExpectedBlock {
  name: string;
  formulas: readonly Formula[];
  breakdown: boolean;
  /** [n, C, m, C] */
  shape: number[];
}

const EXTENSION = ".safetensors";

export const blockPath = (store: string, name: string): string => join(store, `${name}${EXTENSION}`);

/**
 * The stored block, or undefined when it is not there. Reading counts as use: see gc.
 * Reports a damaged block and treats it as missing, so that it is computed again.
 */
export function readBlock(
  store: string,
  expected: ExpectedBlock,
  warn: (line: string) => void = toStandardError,
): KernelBlock | undefined {
  const path = blockPath(store, expected.name);
  if (!existsSync(path)) return undefined;
  try {
    const block = blockOf(checkedTensors(path).tensors, expected);
    markUsed(path);
    return block;
  } catch (error) {
    warn(`A stored kernel block is damaged and will be computed again: ${path} (${oneLine(error)})`);
    return undefined;
  }
}

/** What is wrong with a block's file, in one line, or undefined if it is sound. Without `expected` its content only is checked. */
export function blockDamage(path: string, expected?: ExpectedBlock): string | undefined {
  try {
    const { tensors } = checkedTensors(path);
    if (expected) blockOf(tensors, expected);
    return undefined;
  } catch (error) {
    return oneLine(error);
  }
}

/**
 * Writes a block under a temporary name and renames it, so that a block that exists is whole.
 *
 * @param description what the numbers depend on, for readers
 * @throws naming the folder if its disk is full
 */
export function writeBlock(
  store: string,
  { name, shape }: ExpectedBlock,
  block: KernelBlock,
  description: Record<string, string>,
): void {
  const [n, c, m] = shape;
  const tensors = new Map<string, StoredTensor>();
  for (const [formula, data] of block.kernels) tensors.set(formula, { dtype: "F64", shape, data });
  for (const [formula, shares] of block.shares)
    for (const [parameter, data] of shares) tensors.set(`${formula}/${parameter}`, { dtype: "F64", shape, data });
  tensors.set("train_logits", { dtype: "F32", shape: [n, c], data: block.trainLogits });
  tensors.set("evaluate_logits", { dtype: "F32", shape: [m, c], data: block.evaluateLogits });
  const metadata = { format: String(BLOCK_FORMAT), name, ...description, time: new Date().toISOString() };
  inStore(store, () =>
    writeSafetensors(blockPath(store, name), tensors, { ...metadata, checksum: checksum(tensors, metadata) }),
  );
}

/** The format that a block's file says it has; 0 for files that say nothing. */
export const formatOf = (metadata: Record<string, string>): number => Number(metadata.format) || 0;

/** Runs something that writes into the store; a full disk gets a message with the way out. */
export function inStore<T>(store: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new Error(
      `no space is left for kernel blocks in ${store} (${message}): free some, with \`kernel-view blocks gc\` for example; finished blocks are kept, and the same command goes on`,
    );
  }
}

/** Sets a file's time of last use, by which gc chooses. */
export function markUsed(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // A store that may only be read serves its blocks all the same.
  }
}

/** @throws if the file is not whole, has another name or checksum than it says, or holds NaN or infinity */
function checkedTensors(path: string): { tensors: Map<string, StoredTensor> } {
  const { tensors, metadata } = readSafetensors(path);
  const { checksum: stored, ...rest } = metadata;
  if (formatOf(metadata) !== BLOCK_FORMAT)
    throw new Error(`its format is "${metadata.format ?? "none"}", this version's is "${BLOCK_FORMAT}"`);
  if (stored === undefined) throw new Error("it has no checksum");
  if (checksum(tensors, rest) !== stored) throw new Error("its content does not fit its checksum");
  if (`${rest.name}${EXTENSION}` !== basename(path)) throw new Error(`it is block ${rest.name} under another name`);
  for (const [name, { data }] of tensors) {
    const bad = firstNotFinite(data as Float64Array);
    if (bad >= 0) throw new Error(`tensor "${name}" holds ${String(data[bad])} at flat index ${bad}`);
  }
  return { tensors };
}

function blockOf(tensors: Map<string, StoredTensor>, { formulas, breakdown, shape }: ExpectedBlock): KernelBlock {
  const [n, c, m] = shape;
  const take = <T>(name: string, dtype: string, wanted: number[]): T => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`tensor "${name}" is missing`);
    if (tensor.dtype !== dtype || tensor.shape.join() !== wanted.join()) {
      throw new Error(
        `tensor "${name}" is ${tensor.dtype} [${tensor.shape.join(", ")}], expected ${dtype} [${wanted.join(", ")}]`,
      );
    }
    return tensor.data as T;
  };
  const block: KernelBlock = {
    kernels: new Map(formulas.map((formula) => [formula, take<Float64Array>(formula, "F64", shape)])),
    shares: new Map(),
    trainLogits: take("train_logits", "F32", [n, c]),
    evaluateLogits: take("evaluate_logits", "F32", [m, c]),
  };
  if (!breakdown) return block;
  for (const formula of formulas) {
    const names = [...tensors.keys()].filter((name) => name.startsWith(`${formula}/`));
    if (names.length === 0) throw new Error(`the shares of ${formula} are missing`);
    block.shares.set(
      formula,
      new Map(names.map((name) => [name.slice(formula.length + 1), take<Float64Array>(name, "F64", shape)])),
    );
  }
  return block;
}

/** sha256 over names, types, shapes and bytes of all tensors, in order of their names, and over the metadata. */
function checksum(tensors: ReadonlyMap<string, StoredTensor>, metadata: Record<string, string>): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(Object.entries(metadata).sort(byName)));
  for (const [name, { dtype, shape, data }] of [...tensors].sort(byName)) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/** Index of the first NaN or infinity, or -1. */
export function firstNotFinite(values: Float64Array | Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

const oneLine = (error: unknown): string => (error as Error).message.replace(/\s*\n\s*/g, " ");

function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
