import { endianness } from "node:os";
import { CorruptFileError, InputError } from "../errors";
import { writeFileAtomically } from "./atomic-write";
import { bytesAt, readFully, utf8, withFile, type OpenFile } from "./file-bytes";

/**
 * Element types we read and write, with their typed arrays, in the order in which the reference implementation
 * lays them out. float16 and bfloat16 stay as bits: see {@link toFloat32}.
 */
const ARRAYS = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  BF16: Uint16Array,
  F16: Uint16Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

const LAYOUT = Object.keys(ARRAYS);

/** The array that holds each element type. */
type DataOf = { [Type in keyof typeof ARRAYS]: (typeof ARRAYS)[Type]["prototype"] };

export type StoredType = keyof DataOf;
export type StoredData = DataOf[StoredType];

/** A tensor as it lies in a safetensors file, row-major; its type tells the type of its array. */
export type StoredTensor<T extends StoredType = StoredType> = {
  [D in T]: { dtype: D; shape: number[]; data: DataOf[D] };
}[T];

/** What the header says of one tensor; `begin` and `end` count bytes from the start of the file. */
export interface TensorEntry {
  dtype: StoredType;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  entries: Map<string, TensorEntry>;
  metadata: Record<string, string>;
}

/** The reference implementation's limit: a larger header is an attack or an accident. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads the whole of a safetensors file, or only the tensors whose name `only` accepts.
 * Tensors are read one by one by position, so the file may be larger than 2 GiB, and each
 * array is aligned whatever its place in the file.
 *
 * @throws one Error naming the file (and the tensor) if anything in the file does not add up
 */
export function readSafetensors(
  path: string,
  options: { only?: (name: string) => boolean } = {},
): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  requireLittleEndian();
  return withFile(path, (file) => {
    const header = parseHeader(file);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, { dtype, shape, begin, end }] of header.entries) {
      if (options.only !== undefined && !options.only(name)) continue;
      const bytes = new Uint8Array(end - begin);
      readFully(file, bytes, begin);
      tensors.set(name, storedTensor(dtype, shape, new ARRAYS[dtype](bytes.buffer)));
    }
    return { tensors, metadata: header.metadata };
  });
}

/** A tensor of an array that was made for its type. */
export const storedTensor = (dtype: StoredType, shape: number[], data: StoredData): StoredTensor =>
  ({ dtype, shape, data }) as StoredTensor;

/** Reads names, types, shapes and metadata of a safetensors file without its tensors. */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, parseHeader);
}

/**
 * Writes a safetensors file (temporary name, sync, rename), byte for byte as the Python library would: larger
 * element types come first and the header is padded to 8 bytes, so that every tensor is aligned in the file.
 *
 * @throws if a tensor's array does not fit its type or shape
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor> | Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  requireLittleEndian();
  const isMap = (value: typeof tensors): value is ReadonlyMap<string, StoredTensor> => value instanceof Map;
  const entries: [string, StoredTensor][] = isMap(tensors) ? [...tensors] : Object.entries(tensors);
  for (const [name, tensor] of entries) checkWritable(path, name, tensor);
  entries.sort(([a, x], [b, y]) => LAYOUT.indexOf(x.dtype) - LAYOUT.indexOf(y.dtype) || (a < b ? -1 : 1));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set("__metadata__", metadata);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    header.set(name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] });
    offset += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, " ");
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileAtomically(path, (append) => {
    append(length);
    append(padded);
    for (const [, { data }] of entries) append(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
}

/**
 * The values of a floating-point tensor as float32: float16 and bfloat16 exactly (subnormals, infinities and
 * NaN included), float64 rounded, float32 as it is (not copied).
 *
 * @throws if the tensor is not floating-point
 */
export function toFloat32(tensor: StoredTensor): Float32Array {
  if (tensor.dtype === "F32") return tensor.data;
  if (tensor.dtype === "F64") return Float32Array.from(tensor.data);
  if (tensor.dtype !== "F16" && tensor.dtype !== "BF16")
    throw new InputError(`a ${tensor.dtype} tensor is not floating-point`);
  const halves = tensor.data;
  const values = new Float32Array(halves.length);
  if (tensor.dtype === "BF16") {
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) bits[i] = halves[i] << 16;
  } else {
    const table = (float16Values ??= Float32Array.from({ length: 65536 }, (_, half) => float16(half)));
    for (let i = 0; i < values.length; i++) values[i] = table[halves[i]];
  }
  return values;
}

/** The values of all 65,536 float16 numbers. */
let float16Values: Float32Array | undefined;

function float16(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const normal = exponent === 31 ? (fraction === 0 ? Infinity : NaN) : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return (bits >> 15 === 0 ? 1 : -1) * (exponent === 0 ? fraction * 2 ** -24 : normal);
}

function requireLittleEndian(): void {
  if (endianness() !== "LE")
    throw new InputError("safetensors files are little-endian and this machine is not: not supported");
}

function parseHeader(file: OpenFile): SafetensorsHeader {
  const { path, size } = file;
  const fail = (problem: string): never => {
    throw new CorruptFileError(`${path} is not a valid safetensors file: ${problem}`, { file: path });
  };
  if (size < 8) fail(`it has ${size} bytes, fewer than the 8 of the header length`);
  const declared = bytesAt(file, 0, 8).readBigUInt64LE();
  if (declared > BigInt(MAX_HEADER_BYTES))
    fail(`it declares a header of ${declared} bytes (at most ${MAX_HEADER_BYTES} are allowed)`);
  const length = Number(declared);
  if (8 + length > size) fail(`it declares a header of ${length} bytes but has ${size} bytes in all (truncated?)`);
  const text = utf8(bytesAt(file, 8, length)) ?? fail("its header is not JSON (not UTF-8)");

  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    fail(`its header is not JSON (${(error as Error).message})`);
  }
  if (!isRecord(parsed)) return fail("its header is not a JSON object");
  const twice = repeatedKey(text);
  if (twice !== undefined) fail(`the name ${JSON.stringify(twice)} occurs twice in its header`);

  const metadata: Record<string, string> = {};
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "__metadata__") {
      if (!isRecord(value)) return fail("__metadata__ is not an object");
      for (const [key, item] of Object.entries(value)) {
        if (typeof item !== "string") return fail(`__metadata__ entry ${JSON.stringify(key)} is not a string`);
        Object.defineProperty(metadata, key, { value: item, enumerable: true, configurable: true, writable: true });
      }
    } else {
      entries.set(
        name,
        parseEntry(value, 8 + length, size, (problem) => fail(`tensor ${JSON.stringify(name)}: ${problem}`)),
      );
    }
  }

  // As in the reference implementation the tensors must tile the rest of the file without holes or overlaps.
  const ordered = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let position = 8 + length;
  for (const [name, { begin, end }] of ordered) {
    if (begin < position) fail(`tensor ${JSON.stringify(name)} overlaps the one before it`);
    if (begin > position)
      fail(`there are ${begin - position} bytes of no tensor before tensor ${JSON.stringify(name)}`);
    position = end;
  }
  if (position !== size) fail(`its tensors end at byte ${position} but the file at ${size}`);
  return { entries, metadata };
}

function parseEntry(value: unknown, start: number, size: number, fail: (problem: string) => never): TensorEntry {
  if (!isRecord(value)) return fail("its entry is not an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") return fail("dtype is missing");
  if (!Object.hasOwn(ARRAYS, dtype))
    return fail(`dtype ${JSON.stringify(dtype)} is not supported (supported: ${Object.keys(ARRAYS).join(", ")})`);
  if (!isCounts(shape)) return fail("shape is not a list of whole numbers");
  if (!isCounts(offsets) || offsets.length !== 2) return fail("data_offsets is not a pair of whole numbers");
  const [begin, end] = offsets;
  if (begin > end) fail(`data_offsets [${begin}, ${end}] run backwards`);
  if (start + end > size)
    fail(`data_offsets [${begin}, ${end}] go beyond the end of the file (${size - start} bytes of data; truncated?)`);
  const expected = product(shape) * ARRAYS[dtype as StoredType].BYTES_PER_ELEMENT;
  if (expected !== end - begin)
    fail(`shape [${shape.join(", ")}] of ${dtype} takes ${expected} bytes but data_offsets span ${end - begin}`);
  return { dtype: dtype as StoredType, shape, begin: start + begin, end: start + end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const product = (shape: readonly number[]): number => shape.reduce((result, length) => result * length, 1);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

/** The first key that some object of a valid JSON text has twice (JSON.parse would keep the last without a word). */
function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function checkWritable(path: string, name: string, { dtype, shape, data }: StoredTensor): void {
  const fail = (problem: string): never => {
    throw new InputError(`cannot write tensor ${JSON.stringify(name)} to ${path}: ${problem}`);
  };
  if (name === "__metadata__") fail("this name is reserved");
  if (!Object.hasOwn(ARRAYS, dtype)) fail(`dtype ${JSON.stringify(dtype)} is not supported`);
  if (!(data instanceof ARRAYS[dtype])) fail(`${dtype} needs a ${ARRAYS[dtype].name}, not a ${data.constructor.name}`);
  if (!isCounts(shape)) fail(`shape [${String(shape)}] is not a list of whole numbers`);
  const count = product(shape);
  if (count !== data.length) fail(`shape [${shape.join(", ")}] has ${count} elements but the array has ${data.length}`);
}
