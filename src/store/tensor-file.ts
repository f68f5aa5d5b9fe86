/** Tensors kept as one safetensors file, with a checksum over its tensors and metadata. */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { CorruptFileError } from "../errors";
import { readSafetensors, readSafetensorsHeader, writeSafetensors, type StoredTensor } from "../files/safetensors";
import { TENSOR_FORMAT } from "./slot";

const formatOf = (metadata: Record<string, string>): number => Number(metadata.format) || 0;

/**
 * Writes the file under a temporary name and renames it, so that a file that exists is whole.
 * @param description what the numbers depend on, for readers
 */
export function writeTensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  description: Record<string, string>,
): void {
  const metadata = {
    format: String(TENSOR_FORMAT),
    name: basename(path, ".safetensors"),
    ...description,
    time: new Date().toISOString(),
  };
  writeSafetensors(path, tensors, { ...metadata, checksum: checksum(tensors, metadata) });
}

/** @throws {CorruptFileError} if the file is not whole, does not fit its name or checksum, or holds NaN or infinity */
export const readTensors = (path: string): Map<string, StoredTensor> => readTensorFile(path).tensors;

/** {@link readTensors}, with what the file says of them. */
export function readTensorFile(path: string): {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
} {
  const { tensors, metadata } = readSafetensors(path);
  const { checksum: stored, ...rest } = metadata;
  const fail = (problem: string): never => {
    throw new CorruptFileError(problem, { file: path });
  };
  if (formatOf(metadata) !== TENSOR_FORMAT)
    fail(`its format is "${metadata.format ?? "none"}", this version's is "${TENSOR_FORMAT}"`);
  if (stored === undefined) fail("it has no checksum");
  if (checksum(tensors, rest) !== stored) fail("its content does not fit its checksum");
  if (rest.name !== basename(path, ".safetensors")) fail(`it is block ${rest.name} under another name`);
  for (const [name, { data }] of tensors) {
    if (!(data instanceof Float64Array || data instanceof Float32Array)) continue;
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) fail(`tensor "${name}" holds ${String(data[bad])} at flat index ${bad}`);
  }
  return { tensors, metadata };
}

/** Whether the file is of an older format, which is never read again. */
export function isOutdated(path: string): boolean {
  try {
    return formatOf(readSafetensorsHeader(path).metadata) < TENSOR_FORMAT;
  } catch {
    return false;
  }
}

/** SHA-256 over names, types, shapes and bytes of all tensors, in order of their names, and over the metadata. */
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
