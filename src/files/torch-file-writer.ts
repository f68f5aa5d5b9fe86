/** Writes files of torch.save: see torch-file.ts for their layout. */
import { crc32 } from "node:zlib";
import { InputError } from "../errors";
import { writeFileAtomically } from "./atomic-write";
import { isCounts, product, type StoredTensor } from "./safetensors";
import { STORAGES } from "./torch-file";

/**
 * Writes a tuple of tensors as torch.save does, so that `torch.load(path, weights_only=True)` gives them back: the same
 * entries, each aligned to 64 bytes. The file appears only when it is whole.
 *
 * @throws if an array does not fit its type or shape, PyTorch 1.6 has no such type, or the file would reach 4 GiB
 */
export function writeTorchFile(path: string, tensors: readonly StoredTensor[]): void {
  const fail = (index: number, problem: string): never => {
    throw new InputError(`cannot write tensor ${index} to ${path}: ${problem}`);
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
    throw new InputError(`cannot write ${path}: it would have ${size} bytes, and files of 4 GiB are not supported`);
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
