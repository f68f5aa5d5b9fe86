/**
 * Files of torch.save: a zip archive with a pickle, which describes the tensors, and a stored entry for each storage.
 * Source of the layout: PyTorch's torch/serialization.py and torch/_utils.py (format of PyTorch 1.6 and later).
 */
import { CorruptFileError, InputError } from "../errors";
import { startOf } from "./file-bytes";
import { readPickle, type PickleFunction, type PickleRules, type PickleValue } from "./pickle";
import { storedTensor, type StoredData, type StoredTensor, type StoredType } from "./safetensors";
import { readStoredRange, withZip, type ZipArchive, type ZipEntry } from "./zip";

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
  entry: ZipEntry;
  type: TypedArrays[string];
  elements: number;
}

/** A tensor of the file, not read yet: a view of a storage, possibly strided. */
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

export interface TorchFile {
  /** The saved object: tensors, numbers, texts, arrays for tuples and lists, Maps for dicts. */
  value: PickleValue;
  /** Reads a tensor's values, row-major whatever its strides. Only its own storage is read. */
  read: (tensor: TorchTensor) => StoredTensor;
}

/**
 * Opens a file of torch.save, hands it to `use` and closes it. Nothing in the file is run: its pickle may hold tensors and
 * plain values only; all else is refused by name. Sizes are checked against the file before anything is allocated,
 * storages against their CRC-32 when they are read.
 *
 * @throws one Error naming the file if anything in it does not add up or is not supported
 */
export function readTorchFile<T>(path: string, use: (file: TorchFile) => T): T {
  refuseOldFormat(path);
  return withZip(path, (archive) => {
    const prefix = folderOf(archive);
    const text = (name: string): string | undefined => {
      const entry = archive.entries.get(prefix + name);
      return entry === undefined || entry.size > 100
        ? undefined
        : Buffer.from(readStoredRange(archive, entry)).toString("latin1").trim();
    };
    if (text("byteorder") === "big") throw new InputError(`${path} was saved on a big-endian machine: not supported`);
    const value = naming(path, () => readPickle(pickleOf(archive, prefix), rulesFor(archive, prefix)));
    return use({ value, read: (tensor) => readTensor(archive, tensor) });
  });
}

/** The pickle at the start of a file that PyTorch before 1.6 saved begins with this number. */
const OLD_MAGIC = Buffer.from("8a0a6cfc9c46f9206aa850192e", "hex");

function refuseOldFormat(path: string): void {
  const start = startOf(path, 15);
  if (!start.subarray(2).equals(OLD_MAGIC)) return;
  throw new InputError(
    `${path} is in the format of PyTorch before 1.6, which is not read here. Convert it with Python: import torch; torch.save(torch.load(FILE), FILE)`,
  );
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

function rulesFor(archive: ZipArchive, prefix: string): PickleRules {
  const storages = new Set<object>();
  const orderedDicts = new Set<unknown>();
  /** ("storage", class, key, location, number of elements) */
  const persistent = (id: PickleValue): PickleValue => {
    if (!Array.isArray(id) || id.length !== 5 || id[0] !== "storage")
      throw new Error("its pickle has a persistent id that is not that of a storage");
    const [, type, key, , elements] = id as PickleValue[];
    if (!isStorageClass(type)) throw new Error("its pickle names a storage without a class");
    if (typeof key !== "string" || !/^\w{1,40}$/.test(key))
      throw new Error("its pickle names a storage with a key that is not a number");
    if (!isCount(elements)) throw new Error(`storage ${key} has a number of elements that is not a whole number`);
    const entry = archive.entries.get(`${prefix}data/${key}`);
    if (entry === undefined) throw new Error(`its storage ${key} is missing`);
    if (entry.size !== elements * type.bytes)
      throw new Error(
        `storage ${key} has ${entry.size} bytes; ${elements} elements of ${type.dtype} take ${elements * type.bytes}`,
      );
    const storage: Storage = { entry, type, elements };
    storages.add(storage);
    return storage;
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
  const named = `the tensor of shape [${shape.slice(0, 8).join(", ")}${shape.length > 8 ? ", …" : ""}] in storage ${storage.entry.name}`;
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

function readTensor(archive: ZipArchive, { shape, strides, offset, storage }: TorchTensor): StoredTensor {
  const { entry, type } = storage;
  const count = product(shape);
  const last =
    count === 0 ? offset - 1 : offset + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 0);
  const bytes = readStoredRange(
    archive,
    entry,
    count === 0 ? 0 : offset * type.bytes,
    count === 0 ? 0 : (last + 1) * type.bytes,
  );
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

export const product = (shape: readonly number[]): number => shape.reduce((result, length) => result * length, 1);
const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
export const isCounts = (value: PickleValue | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every(isCount);

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
