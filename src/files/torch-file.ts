/**
 * Files of torch.save: a zip archive with a pickle, which describes the tensors, and a stored entry for each storage.
 * Source of the layout: PyTorch's torch/serialization.py and torch/_utils.py (format of PyTorch 1.6 and later).
 */
import { closeSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { writeFileAtomically } from "./atomic-write";
import { readPickle, type PickleFunction, type PickleValue } from "./pickle";
import type { StoredData, StoredTensor, StoredType } from "./safetensors";
import { readStoredRange, withZip, type ZipArchive, type ZipEntry } from "./zip";

type TypedArrays = Record<string, { dtype: StoredType; bytes: number; array: new (buffer: ArrayBuffer) => StoredData }>;

/** The storage classes that a pickle may name, in torch's module. float16 and bfloat16 stay as bits. */
const STORAGES: TypedArrays = {
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
    if (text("byteorder") === "big") throw new Error(`${path} was saved on a big-endian machine: not supported`);
    const value = naming(path, () => readPickle(pickleOf(archive, prefix), rulesFor(archive, prefix)));
    return use({ value, read: (tensor) => readTensor(archive, tensor) });
  });
}

/** The pickle at the start of a file that PyTorch before 1.6 saved begins with this number. */
const OLD_MAGIC = Buffer.from("8a0a6cfc9c46f9206aa850192e", "hex");

function refuseOldFormat(path: string): void {
  const file = openSync(path, "r");
  const start = Buffer.alloc(15);
  try {
    readSync(file, start, 0, start.length, 0);
  } finally {
    closeSync(file);
  }
  if (!start.subarray(2).equals(OLD_MAGIC)) return;
  throw new Error(
    `${path} is in the format of PyTorch before 1.6, which is not read here. Convert it with Python: import torch; torch.save(torch.load(FILE), FILE)`,
  );
}

/** All entries lie in one folder, whose name is that of the file when it was saved, or "archive". */
function folderOf({ path, entries }: ZipArchive): string {
  const folders = [...entries.keys()].flatMap((name) => /^([^/]+\/)data\.pkl$/.exec(name)?.[1] ?? []);
  if (folders.length === 1) return folders[0];
  throw new Error(
    `${path} is a zip archive but not of torch.save: it has ${folders.length === 0 ? "no" : "more than one"} data.pkl`,
  );
}

function pickleOf(archive: ZipArchive, prefix: string): Uint8Array {
  const entry = archive.entries.get(`${prefix}data.pkl`)!;
  if (entry.size > 1 << 20) throw new Error(`its pickle has ${entry.size} bytes, more than tensors need`);
  return readStoredRange(archive, entry);
}

function rulesFor(
  archive: ZipArchive,
  prefix: string,
): { global: (module: string, name: string) => PickleValue | undefined; persistent: (id: PickleValue) => PickleValue } {
  const storages = new Set<object>();
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
    return new Map();
  };
  const global = (module: string, name: string): PickleValue | undefined => {
    if (module === "torch" && Object.hasOwn(STORAGES, name)) return STORAGES[name];
    if (module === "torch._utils" && name === "_rebuild_tensor_v2") return rebuild;
    if (module === "collections" && name === "OrderedDict") return orderedDict;
    return undefined;
  };
  return { global, persistent };
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
  return {
    dtype: type.dtype,
    shape: [...shape],
    data: isContiguous(shape, strides) ? data : gathered(data, shape, strides, count),
  };
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

const product = (shape: readonly number[]): number => shape.reduce((result, length) => result * length, 1);
const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isCounts = (value: PickleValue | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every(isCount);

/** Runs `read`; its errors, whose messages begin with "its" or a part of the file, get the file's name. */
function naming<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.startsWith(path) ? message : `${path} cannot be read: ${message}`, { cause: error });
  }
}

/**
 * Writes a tuple of tensors as torch.save does, so that `torch.load(path, weights_only=True)` gives them back: the same
 * entries, each aligned to 64 bytes. The file appears only when it is whole.
 *
 * @throws if an array does not fit its type or shape, PyTorch 1.6 has no such type, or the file would reach 4 GiB
 */
export function writeTorchFile(path: string, tensors: readonly StoredTensor[]): void {
  const fail = (index: number, problem: string): never => {
    throw new Error(`cannot write tensor ${index} to ${path}: ${problem}`);
  };
  const classes = tensors.map(({ dtype, shape, data }, i) => {
    const [name, type] =
      Object.entries(STORAGES).find(([, storage]) => storage.dtype === dtype) ??
      fail(i, `dtype ${dtype} is not supported`);
    if (!(data instanceof type.array)) fail(i, `${dtype} needs a ${type.array.name}, not a ${data.constructor.name}`);
    if (!isCounts(shape) || product(shape) !== data.length)
      fail(i, `shape [${shape.join(", ")}] does not fit the ${data.length} elements of the array`);
    return name;
  });
  const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
  const entries: [name: string, content: Uint8Array][] = [
    ["archive/data.pkl", pickleOfTensors(tensors, classes)],
    ["archive/byteorder", latin1("little")],
    ...tensors.map(({ data }, i): [string, Uint8Array] => [
      `archive/data/${i}`,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ]),
    ["archive/version", latin1("3\n")],
  ];
  const size = entries.reduce((sum, [, content]) => sum + content.length + 256, 0);
  if (size >= 0xffffffff)
    throw new Error(`cannot write ${path}: it would have ${size} bytes, and files of 4 GiB are not supported`);
  writeFileAtomically(path, (append) => writeStoredZip(entries, append));
}

/** Bytes of padding are written as an extra field of this name, as PyTorch does. */
const PADDING_FIELD = 0x4246;
const ALIGNMENT = 64;

function writeStoredZip(
  entries: readonly (readonly [name: string, content: Uint8Array])[],
  append: (bytes: Uint8Array) => void,
): void {
  const directory: Buffer[] = [];
  let position = 0;
  const write = (bytes: Uint8Array): void => {
    append(bytes);
    position += bytes.length;
  };
  for (const [name, content] of entries) {
    // What local header and directory entry have in common, from the version needed to the length of the extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    // 1 January 1980: the format has no "no date".
    common.writeUInt16LE(0x0021, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    common.copy(entry, 6);
    entry.writeUInt32LE(position, 42);
    directory.push(entry, Buffer.from(name));

    const unpadded = position + 30 + Buffer.byteLength(name) + 4;
    const padding = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT), "Z");
    padding.writeUInt16LE(PADDING_FIELD, 0);
    padding.writeUInt16LE(padding.length - 4, 2);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    common.copy(header, 4);
    header.writeUInt16LE(padding.length, 28);
    for (const bytes of [header, Buffer.from(name), padding, content]) write(bytes);
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(position, 16);
  write(listing);
  write(end);
}

/** Protocol 2, as torch.save writes it but without the memo: a tuple of torch._utils._rebuild_tensor_v2(…). */
function pickleOfTensors(tensors: readonly StoredTensor[], classes: readonly string[]): Uint8Array {
  const text = (value: string): Buffer => {
    const head = Buffer.from("X0000");
    head.writeUInt32LE(Buffer.byteLength(value), 1);
    return Buffer.concat([head, Buffer.from(value)]);
  };
  /** LONG1 of 8 bytes, whatever the number. */
  const integer = (value: number): Buffer => {
    const bytes = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeBigInt64LE(BigInt(value), 2);
    return bytes;
  };
  const code = (opcodes: string): Buffer => Buffer.from(opcodes, "latin1");
  const tuple = (...items: Buffer[]): Buffer => Buffer.concat([code("("), ...items, code("t")]);
  const rebuilt = tensors.map(({ shape, data }, i) => {
    const storage = Buffer.concat([
      tuple(text("storage"), code(`ctorch\n${classes[i]}\n`), text(String(i)), text("cpu"), integer(data.length)),
      code("Q"),
    ]);
    const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
    const values = tuple(
      storage,
      integer(0),
      tuple(...shape.map(integer)),
      tuple(...strides.map(integer)),
      code("\x89"),
      code("ccollections\nOrderedDict\n)R"),
    );
    return Buffer.concat([code("ctorch._utils\n_rebuild_tensor_v2\n"), values, code("R")]);
  });
  return Buffer.concat([code("\x80\x02"), tuple(...rebuilt), code(".")]);
}
