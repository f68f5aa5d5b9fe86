/**
 * Files of torch.save: a zip archive with a pickle, which describes the tensors, and a stored entry for each storage.
 * Source of the layout: PyTorch's torch/serialization.py and torch/_utils.py. PyTorch before 1.6 wrote the same
 * pickle and the storages one behind the other, without an archive.
 */
import { CorruptFileError, InputError } from "../errors";
import { bytesAt, startOf, withFile, type OpenFile } from "./file-bytes";
import {
  MAX_PICKLE_BYTES,
  readPickle,
  readPickleStart,
  type PickleFunction,
  type PickleRules,
  type PickleValue,
} from "./pickle";
import {
  isCount,
  isCounts,
  product,
  storedTensor,
  type StoredData,
  type StoredTensor,
  type StoredType,
} from "./safetensors";
import { openZip, readStoredRange, type ZipArchive } from "./zip";

type TypedArrays = Record<string, { dtype: StoredType; bytes: number; array: new (buffer: ArrayBuffer) => StoredData }>;

/** The storage classes that a pickle may name, in torch's module. float16 and bfloat16 stay as bits. */
export const STORAGES: TypedArrays = {
  DoubleStorage: { dtype: "F64", bytes: 8, array: Float64Array },
  FloatStorage: { dtype: "F32", bytes: 4, array: Float32Array },
  HalfStorage: { dtype: "F16", bytes: 2, array: Uint16Array },
  BFloat16Storage: { dtype: "BF16", bytes: 2, array: Uint16Array },
  LongStorage: { dtype: "I64", bytes: 8, array: BigInt64Array },
  IntStorage: { dtype: "I32", bytes: 4, array: Int32Array },
  ShortStorage: { dtype: "I16", bytes: 2, array: Int16Array },
  CharStorage: { dtype: "I8", bytes: 1, array: Int8Array },
  ByteStorage: { dtype: "U8", bytes: 1, array: Uint8Array },
  BoolStorage: { dtype: "BOOL", bytes: 1, array: Uint8Array },
};

/** More axes than any kernel has; PyTorch itself stops at 64. */
const MAX_AXES = 64;

interface Storage {
  key: string;
  type: TypedArrays[string];
  elements: number;
  /** Its bytes from `begin` up to `end`. */
  read: (begin: number, end: number) => Uint8Array<ArrayBuffer>;
}

/** Checks that the file has a storage, and gives what reads it. */
type OpenStorage = (key: string, type: TypedArrays[string], elements: number) => Storage["read"];

/** A tensor of the file, not read yet (see {@link readTorchTensor}): a view of a storage, possibly strided. */
export class TorchTensor {
  /** @internal */
  constructor(
    readonly shape: readonly number[],
    /** In elements. */
    readonly strides: readonly number[],
    /** Of the first element in the storage. */
    readonly offset: number,
    /** @internal */
    readonly storage: Readonly<Storage>,
  ) {}

  get dtype(): StoredType {
    return this.storage.type.dtype;
  }
}

/**
 * Reads what a file of torch.save holds: tensors, numbers, texts, arrays for tuples and lists, Maps for dicts. The tensors'
 * values are read later. Nothing in the file is run: its pickle may hold tensors and plain values only; all else is refused
 * by name. Sizes are checked against the file before anything is allocated, storages against their CRC-32 when they are read.
 *
 * @throws one Error naming the file if anything in it does not add up or is not supported
 */
export function readTorchFile(path: string): PickleValue {
  if (startOf(path, 15).subarray(2).equals(OLD_MAGIC)) return naming(path, () => withFile(path, readOldFile));
  const archive = openZip(path);
  const prefix = folderOf(archive);
  const byteOrder = archive.entries.get(`${prefix}byteorder`);
  if (byteOrder?.size === 3 && Buffer.from(readStoredRange(archive, byteOrder)).toString() === "big")
    throw new InputError(`${path} was saved on a big-endian machine: not supported`);
  return naming(path, () => readPickle(pickleOf(archive, prefix), rulesFor(zippedStorage(archive, prefix))));
}

/** The pickle at the start of a file that PyTorch before 1.6 saved begins with this number. */
const OLD_MAGIC = Buffer.from("8a0a6cfc9c46f9206aa850192e", "hex");

/** Neither globals nor storages. */
const PLAIN: PickleRules = {
  global: () => undefined,
  persistent: () => {
    throw new Error("its pickle has a storage where none belongs");
  },
};

/**
 * The format before 1.6: pickles of a magic number, a version, the machine's properties, the value and the storages' keys;
 * then each storage, the number of its elements (64 bits) before them.
 */
function readOldFile(file: OpenFile): PickleValue {
  const { path, size } = file;
  const storages = new Map<string, { place?: number; type: TypedArrays[string]; elements: number }>();
  const start = bytesAt(file, 0, Math.min(size, MAX_PICKLE_BYTES));
  let at = 0;
  const next = (rules: PickleRules): PickleValue => {
    const { value, length } = readPickleStart(start.subarray(at), rules);
    at += length;
    return value;
  };
  next(PLAIN);
  if (next(PLAIN) !== 1001) throw new Error("its version is not 1001");
  const system = next(PLAIN);
  if (!(system instanceof Map) || system.get("little_endian") !== true)
    throw new Error("it was saved on a big-endian machine: not supported");
  const value = next(
    rulesFor((key, type, elements) => {
      const storage = storages.get(key) ?? { type, elements };
      if (storage.type !== type || storage.elements !== elements)
        throw new Error(`its storage ${key} is described in two ways`);
      storages.set(key, storage);
      return (begin, end) =>
        new Uint8Array(withFile(path, (again) => bytesAt(again, storage.place! + begin, end - begin)));
    }),
  );
  const keys = next(PLAIN);
  if (!Array.isArray(keys)) throw new Error("its storages are not listed");
  for (const key of keys as PickleValue[]) {
    const storage = storages.get(String(key));
    if (storage === undefined || storage.place !== undefined)
      throw new Error("its list of storages has one that no tensor has, or one twice");
    const bytes = storage.elements * storage.type.bytes;
    if (at + 8 + bytes > size) throw new Error(`it ends before its storage ${String(key)} does (truncated?)`);
    const count = bytesAt(file, at, 8).readBigInt64LE();
    if (count !== BigInt(storage.elements))
      throw new Error(`storage ${String(key)} has ${count} elements, not ${storage.elements}`);
    storage.place = at + 8;
    at += 8 + bytes;
  }
  if (keys.length < storages.size) throw new Error("its list of storages is not complete");
  if (at !== size) throw new Error(`it has ${size - at} bytes that belong to no storage`);
  return value;
}

/** All entries lie in one folder, whose name is that of the file when it was saved, or "archive". */
function folderOf({ path, entries }: ZipArchive): string {
  const folders = [...entries.keys()].flatMap((name) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1] ?? []);
  if (folders.length === 1) return folders[0];
  throw new InputError(
    `${path} is a zip archive but not of torch.save: it has ${folders.length === 0 ? "no" : "more than one"} data.pkl`,
  );
}

function pickleOf(archive: ZipArchive, prefix: string): Uint8Array {
  const entry = archive.entries.get(`${prefix}data.pkl`)!;
  if (entry.size > 1 << 20) throw new Error(`its pickle has ${entry.size} bytes, more than tensors need`);
  return readStoredRange(archive, entry);
}

const zippedStorage =
  (archive: ZipArchive, prefix: string): OpenStorage =>
  (key, type, elements) => {
    const entry = archive.entries.get(`${prefix}data/${key}`);
    if (entry === undefined) throw new Error(`its storage ${key} is missing`);
    if (entry.size !== elements * type.bytes)
      throw new Error(
        `storage ${key} has ${entry.size} bytes; ${elements} elements of ${type.dtype} take ${elements * type.bytes}`,
      );
    return (begin, end) => readStoredRange(archive, entry, begin, end);
  };

function rulesFor(open: OpenStorage): PickleRules {
  const storages = new Set<object>();
  const orderedDicts = new Set<unknown>();
  /** ("storage", class, key, location, number of elements), and in the old format None, or a part of it that is a storage too */
  const persistent = (id: PickleValue): PickleValue => {
    if (!Array.isArray(id) || id.length < 5 || id.length > 6 || id[0] !== "storage" || (id[5] ?? null) !== null)
      throw new Error("its pickle has a persistent id that is not that of a storage");
    const [, type, key, , elements] = id as PickleValue[];
    if (!isStorageClass(type)) throw new Error("its pickle names a storage without a class");
    if (typeof key !== "string" || !/^\w{1,40}$/.test(key))
      throw new Error("its pickle names a storage with a key that is not a number");
    if (!isCount(elements)) throw new Error(`storage ${key} has a number of elements that is not a whole number`);
    const storage: Storage = { key, type, elements, read: open(key, type, elements) };
    return storages.add(storage) && storage;
  };
  const rebuild: PickleFunction = (values) => {
    const [storage, offset, shape, strides] = values;
    if (typeof storage !== "object" || storage === null || !storages.has(storage))
      throw new Error("a tensor of its pickle has no storage");
    return checkedTensor(storage as Storage, offset, shape, strides);
  };
  const orderedDict: PickleFunction = (values) => {
    if (values.length > 0) throw new Error("its pickle makes an OrderedDict in an unknown way");
    const dict = new Map<PickleValue, PickleValue>();
    orderedDicts.add(dict);
    return dict;
  };
  const global = (module: string, name: string): PickleValue | undefined => {
    if (module === "torch" && Object.hasOwn(STORAGES, name)) return STORAGES[name];
    if (module === "torch._utils" && name === "_rebuild_tensor_v2") return rebuild;
    if (module === "collections" && name === "OrderedDict") return orderedDict;
    return undefined;
  };
  // A model's state_dict has its version numbers as an attribute.
  return { global, persistent, ignoresState: (value) => orderedDicts.has(value) };
}

function checkedTensor(storage: Storage, offset: PickleValue, shape: PickleValue, strides: PickleValue): TorchTensor {
  if (!isCount(offset) || !isCounts(shape) || !isCounts(strides))
    throw new Error("a tensor of its pickle has an offset, shape or strides that are not whole numbers");
  const named = `the tensor of shape [${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}] in storage ${storage.key}`;
  if (shape.length !== strides.length || shape.length > MAX_AXES)
    throw new Error(`${named} has ${shape.length} axes and ${strides.length} strides`);
  const count = product(shape);
  const last = offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 0);
  // A view that repeats elements (torch.expand) could make a tensor of any size out of nothing.
  if (!(count <= storage.elements) || (count > 0 && last >= storage.elements)) {
    throw new Error(`${named} goes beyond the ${storage.elements} elements of that storage`);
  }
  return new TorchTensor([...shape], [...strides], offset, storage);
}

/** Reads a tensor's values, row-major whatever its strides. Only its own storage is read. */
export function readTorchTensor({ shape, strides, offset, storage }: TorchTensor): StoredTensor {
  const [{ type }, count] = [storage, product(shape)];
  const last =
    count === 0 ? offset - 1 : offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 0);
  const bytes = storage.read(count === 0 ? 0 : offset * type.bytes, count === 0 ? 0 : (last + 1) * type.bytes);
  const data = new type.array(bytes.buffer);
  return storedTensor(
    type.dtype,
    [...shape],
    isContiguous(shape, strides) ? data : gathered(data, shape, strides, count),
  );
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return product(shape) === 0;
    step *= shape[axis];
  }
  return true;
}

/** The elements of a strided view in row-major order. */
function gathered(data: StoredData, shape: readonly number[], strides: readonly number[], count: number): StoredData {
  const result = new (data.constructor as new (length: number) => StoredData)(count);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    result[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

function isStorageClass(value: PickleValue): value is TypedArrays[string] {
  return Object.values(STORAGES).includes(value as TypedArrays[string]);
}

/** Runs `read`; its errors, whose messages begin with "its" or a part of the file, get the file's name. */
function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new CorruptFileError(
      message.startsWith(path) ? message : `${path} cannot be read: ${message}`,
      { file: path },
      { cause: error },
    );
  }
}
