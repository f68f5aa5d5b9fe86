import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storedTensor, toFloat32, type StoredTensor } from "../../src/files/safetensors";
import { readTorchFile, readTorchTensor, type TorchTensor } from "../../src/files/torch-file";
import { writeTorchFile } from "../../src/files/torch-file-writer";
import { openZip, readStoredRange } from "../../src/files/zip";
import { makeZip, type MadeEntry } from "../support/make-zip";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "torch-file-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const fixture = (name: string): string => fixturePath("torch", name);

interface Described {
  dtype: string;
  shape: number[];
  values: string[];
}
const oracle = readJson<{ files: Record<string, Described[]> }>("torch", "oracle.json");

const readAll = (path: string): StoredTensor[] => (readTorchFile(path) as TorchTensor[]).map(readTorchTensor);
const torchNames: Record<string, string> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

function assertDescribed(tensor: StoredTensor, expected: Described, what: string): void {
  assert.equal(`torch.${torchNames[tensor.dtype]}`, expected.dtype, what);
  assert.deepEqual(tensor.shape, expected.shape, what);
  if (tensor.dtype === "F64") assert.deepEqual([...(tensor.data as Float64Array)], expected.values.map(Number), what);
  else if (["F32", "F16", "BF16"].includes(tensor.dtype))
    assert.deepEqual([...toFloat32(tensor)], expected.values.map(Number), what);
  else assert.deepEqual(Array.from(tensor.data as Int8Array, String), expected.values, what);
}

for (const [name, expected] of Object.entries(oracle.files)) {
  test(`reads ${name} of PyTorch, bit for bit`, () => {
    const tensors = readAll(fixture(name));
    assert.equal(tensors.length, expected.length);
    tensors.forEach((tensor, i) => assertDescribed(tensor, expected[i], `${name}[${i}]`));
  });
}

test("tensors keep their strides until they are read, and plain values come as they are", () => {
  const [, transposed, part] = readTorchFile(fixture("views.pt")) as TorchTensor[];
  assert.deepEqual(
    [transposed.shape, transposed.strides, transposed.offset, transposed.dtype],
    [[5, 2, 4, 2], [2, 1, 20, 10], 0, "F64"],
  );
  assert.deepEqual([part.shape, part.strides, part.offset], [[2, 2, 2, 2], [20, 10, 4, 1], 22]);
  assert.deepEqual((readTorchFile(fixture("list-labels.pt")) as unknown[])[1], [0, 1, 0, 1, 1]);
});

const refusals: Record<string, RegExp> = {
  "system.pt":
    /system\.pt cannot be read: its pickle asks for posix\.system, which is not allowed: .*nothing in a pickle is run/,
  "numpy.pt": /numpy\.pt cannot be read: its pickle asks for numpy\.\S+_reconstruct, which is not allowed/,
  "parameter.pt": /asks for torch\._utils\._rebuild_parameter, which is not allowed/,
  "sparse.pt": /asks for torch\._utils\._rebuild_sparse_tensor, which is not allowed/,
  "uint16.pt": /asks for torch\._utils\._rebuild_tensor_v3, which is not allowed/,
};
for (const [name, message] of Object.entries(refusals)) {
  test(`refuses ${name} by name`, () => assert.throws(() => readAll(fixture(name)), message));
}

test("reads the format of PyTorch before 1.6, and refuses it cut off, prolonged or changed", () => {
  const bytes = readFileSync(fixture("old-format.pt"));
  readAll(fixture("old-format.pt")).forEach((tensor, i) =>
    assertDescribed(tensor, oracle.files["float32.pt"][i], `old-format.pt[${i}]`),
  );
  const path = join(folder, "old.pt");
  const refused = (content: Uint8Array, message: RegExp): void => {
    writeFileSync(path, content);
    assert.throws(() => readAll(path), message);
  };
  const changedAt = (text: string, to: string): Buffer => {
    const at = bytes.indexOf(text, 0, "latin1");
    assert.ok(at > 0, text);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(to, "latin1"), bytes.subarray(at + text.length)]);
  };
  // Wherever it ends.
  for (let length = 15; length < bytes.length; length++)
    refused(bytes.subarray(0, length), /old\.pt cannot be read: it/);
  refused(Buffer.concat([bytes, Buffer.of(0)]), /it has 1 bytes that belong to no storage/);
  refused(changedAt("M\xe9\x03", "M\xe8\x03"), /its version is not 1001/);
  refused(changedAt("little_endianq\x02\x88", "little_endianq\x02\x89"), /big-endian machine/);
  refused(
    changedAt("ctorch\nFloatStorage", "ctorch\nHalfStorage"),
    /it ends before|elements|two ways|belong to no storage/,
  );
  refused(changedAt("torch._utils\n_rebuild_tensor_v2", "os\nsystem"), /asks for os\.system, which is not allowed/);
  refused(changedAt("K\x50N", "K\x51N"), /storage \d+ has 80 elements, not 81/);
  refused(changedAt("K\x50N", "K\x50K\x01"), /persistent id that is not that of a storage/);
});

/** The entries of a fixture, to be changed. */
function entriesOf(name: string): MadeEntry[] {
  const archive = openZip(fixture(name));
  return [...archive.entries.values()].map((entry) => ({
    name: entry.name,
    content: readStoredRange(archive, entry),
  }));
}

function made(entries: readonly MadeEntry[], options?: Parameters<typeof makeZip>[1]): string {
  const path = join(folder, "made.pt");
  writeFileSync(path, makeZip(entries, options));
  return path;
}

const changed = (change: (entry: MadeEntry) => Partial<MadeEntry> | null): MadeEntry[] =>
  entriesOf("float32.pt").flatMap((entry) => {
    const difference = change(entry);
    return difference === null ? [] : [{ ...entry, ...difference }];
  });
const only = (end: string, difference: Partial<MadeEntry> | null) =>
  changed((entry) => (entry.name.endsWith(end) ? difference : {}));
const withPickle = (pickle: string | Uint8Array): string =>
  made(only("data.pkl", { content: typeof pickle === "string" ? Buffer.from(pickle, "latin1") : pickle }));

test("zip64 directories, comments and another folder name are read", () => {
  const entries = changed((entry) => ({ name: entry.name.replace("float32", "archive"), zip64: true }));
  readAll(made(entries, { zip64End: true, comment: "a comment" })).forEach((tensor, i) =>
    assertDescribed(tensor, oracle.files["float32.pt"][i], "zip64"),
  );
});

const wrong: [string, () => string, RegExp][] = [
  [
    "no data.pkl",
    () => made(only("data.pkl", null)),
    /made\.pt is a zip archive but not of torch\.save: it has no data\.pkl/,
  ],
  [
    "two data.pkl",
    () => made([...entriesOf("float32.pt"), { name: "b/data.pkl", content: Buffer.from("") }]),
    /more than one data\.pkl/,
  ],
  ["a storage that is missing", () => made(only("data/0", null)), /made\.pt cannot be read: its storage 0 is missing/],
  [
    "a storage of another size",
    () => made(only("data/0", { content: Buffer.alloc(319) })),
    /storage 0 has 319 bytes; 80 elements of F32 take 320/,
  ],
  [
    "a wrong CRC",
    () => made(only("data/0", { lies: { crc32: 5 } })),
    /made\.pt: entry "float32\/data\/0" has CRC-32 [0-9a-f]{8}, not 00000005 .*damaged/,
  ],
  [
    "a deflated storage",
    () => made(only("data/0", { deflate: true })),
    /is compressed; torch\.save stores its entries/,
  ],
  [
    "two sizes of a stored entry",
    () => made(only("data/0", { lies: { compressedSize: 10 } })),
    /is stored, yet has two different sizes/,
  ],
  [
    "a size beyond the file",
    () => made(only("data/0", { lies: { size: 1e9, compressedSize: 1e9 } })),
    /overlaps what follows it/,
  ],
  ["an entry beyond the file", () => made(only("data/0", { lies: { headerOffset: 1e9 } })), /overlaps what follows it/],
  ["entries that share bytes", () => made(only("data/0", { lies: { headerOffset: 0 } })), /overlaps what follows it/],
  ["an encrypted entry", () => made(only("data/0", { lies: { flags: 1 } })), /is encrypted/],
  ["an unknown compression", () => made(only("data/0", { lies: { method: 99 } })), /is compressed/],
  [
    "zip64 sizes that are no numbers",
    () => made(only("data/0", { zip64: true, lies: { size: 2 ** 60 } })),
    /has no valid zip64 sizes/,
  ],
  [
    "big-endian numbers",
    () => made(only("byteorder", { content: Buffer.from("big") })),
    /made\.pt was saved on a big-endian machine/,
  ],
  [
    "a huge pickle",
    () => made(only("data.pkl", { content: Buffer.alloc((1 << 20) + 1) })),
    /its pickle has 1048577 bytes/,
  ],
  [
    "two entries of one name",
    () => made([...entriesOf("float32.pt"), ...entriesOf("float32.pt")]),
    /two entries "float32\/data\.pkl"/,
  ],
];
for (const [what, make, message] of wrong)
  test(`refuses ${what}, naming the file`, () => assert.throws(() => readAll(make()), message));

test("truncated and foreign files", () => {
  const whole = readFileSync(fixture("float32.pt"));
  const path = join(folder, "cut.pt");
  for (const length of [0, 1, 21, 22, 100, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    assert.throws(() => readAll(path), /cut\.pt is not a valid zip archive: it(s end is missing| has \d+ bytes)/);
  }
  writeFileSync(path, "<!DOCTYPE html><title>Not found</title> and some more text");
  assert.throws(() => readAll(path), /cut\.pt is not a valid zip archive: its end is missing/);
  assert.throws(() => readAll(folder), /is not a file|EISDIR/);
});

/** A tensor of storage 0 (float32, 80 elements), whose arguments can be anything. */
const rebuilt = ({
  offset = "K\0",
  shape = "(K\x04t",
  strides = "(K\x01t",
  elements = "KP",
  type = "ctorch\nFloatStorage\n",
  key = "X\x01\0\0\x000",
} = {}): string =>
  `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage${type}${key}X\x03\0\0\0cpu${elements}tQ${offset}${shape}${strides}\x89}tR\x85.`;
const long = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return `\x8a\x08${bytes.toString("latin1")}`;
};

test("a hand-written pickle is read", () => {
  assert.deepEqual(
    readAll(withPickle(rebuilt())).map(({ dtype, shape }) => ({ dtype, shape })),
    [{ dtype: "F32", shape: [4] }],
  );
});

const badPickles: [string, string, RegExp][] = [
  [
    "more elements than the storage has",
    rebuilt({ shape: "(KQt" }),
    /the tensor of shape \[81\] in storage 0 goes beyond the 80 elements/,
  ],
  ["an offset beyond the storage", rebuilt({ offset: "KM" }), /goes beyond the 80 elements/],
  ["strides beyond the storage", rebuilt({ strides: "(KPt" }), /goes beyond the 80 elements/],
  [
    "an expanded tensor (stride 0)",
    rebuilt({ shape: `(${long(2n ** 40n)}t`, strides: "(K\0t" }),
    /goes beyond the 80 elements/,
  ],
  [
    "a product of lengths that overflows",
    rebuilt({ shape: `(${long(2n ** 52n).repeat(40)}K\0t`, strides: `(${"K\0".repeat(41)}t` }),
    /goes beyond the 80 elements/,
  ],
  ["a negative offset", rebuilt({ offset: "J\xff\xff\xff\xff" }), /not whole numbers/],
  ["a negative stride", rebuilt({ strides: "(J\xff\xff\xff\xfft" }), /not whole numbers/],
  ["a length that is no integer", rebuilt({ shape: "(G?\xe0\0\0\0\0\0\0t" }), /not whole numbers/],
  ["a length beyond 2^53", rebuilt({ shape: `(${long(2n ** 62n)}t` }), /not whole numbers/],
  ["fewer strides than axes", rebuilt({ strides: ")" }), /has 1 axes and 0 strides/],
  ["65 axes", rebuilt({ shape: `(${"K\x01".repeat(65)}t`, strides: `(${"K\x01".repeat(65)}t` }), /has 65 axes/],
  ["a wrong number of elements", rebuilt({ elements: "KO" }), /storage 0 has 320 bytes; 79 elements of F32 take 316/],
  [
    "another element type",
    rebuilt({ type: "ctorch\nDoubleStorage\n" }),
    /storage 0 has 320 bytes; 80 elements of F64 take 640/,
  ],
  [
    "an unknown storage class",
    rebuilt({ type: "ctorch\nQInt8Storage\n" }),
    /asks for torch\.QInt8Storage, which is not allowed/,
  ],
  ["no storage class", rebuilt({ type: "N" }), /names a storage without a class/],
  ["a key with a path", rebuilt({ key: "X\x09\0\0\0../../etc" }), /a key that is not a number/],
  ["a persistent id of another kind", "\x80\x02X\x03\0\0\0abcQ.", /a persistent id that is not that of a storage/],
  [
    "a forged storage",
    "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(}K\0)))tR.",
    /a tensor of its pickle has no storage/,
  ],
  ["calling a text", "\x80\x02X\x01\0\0\0a)R.", /calls something that cannot be called/],
  ["an object's constructor", "\x80\x02cbuiltins\neval\n)\x81.", /asks for builtins\.eval, which is not allowed/],
  ["JavaScript's own names", "\x80\x02ctorch\nconstructor\n.", /asks for torch\.constructor, which is not allowed/],
  ["__proto__", "\x80\x02c__proto__\n__proto__\n.", /asks for __proto__\.__proto__, which is not allowed/],
  ["STACK_GLOBAL", "\x80\x04\x8c\x02os\x8c\x06system\x93.", /asks for os\.system, which is not allowed/],
  ["control characters in a name", "\x80\x02cos\x1b[2J\nsystem\n.", /asks for os\?\[2J\.system, which/],
  ["opcode BUILD", "\x80\x02})b.", /not valid at byte 4: opcode BUILD \(0x62\) is not allowed/],
  ["opcode INST", "\x80\x02(ios\nsystem\n.", /opcode INST \(0x69\) is not allowed/],
  ["opcode NEWOBJ", "\x80\x02))\x81.", /opcode NEWOBJ \(0x81\) is not allowed/],
  ["opcode EXT1", "\x80\x02\x82\x01.", /opcode EXT1 \(0x82\) is not allowed/],
  ["no opcode at all", "\x80\x02\xff.", /not valid at byte 2: there is no opcode 0xff/],
  ["protocol 0", "(lp0\n.", /opcode LIST \(0x6c\) is not allowed/],
  ["protocol 9", "\x80\x09.", /protocol 9 is not supported/],
  ["an early end", "\x80\x02K", /it ends early/],
  ["a text longer than the pickle", "\x80\x02X\xff\xff\xff\xffab.", /it ends early/],
  ["an empty stack", "\x80\x02.", /takes a value that is not there/],
  ["a missing mark", "\x80\x02t.", /takes a mark that is not there/],
  ["a value below the mark", "\x80\x02K\x01(\x85.", /takes a value that is not there/],
  ["an unknown memo entry", "\x80\x02h\x05.", /recalls entry 5, which it never kept/],
  ["appending to a tuple", "\x80\x02)K\x01a.", /appends to something that is not a list/],
  ["items of a list", "\x80\x02]K\x01K\x02s.", /sets items of something that is not a dict/],
  ["values left over", "\x80\x02K\x01K\x02.", /ends with values left over/],
  ["text that is not UTF-8", "\x80\x02X\x01\0\0\0\xff.", /a text is not UTF-8/],
];
for (const [what, pickle, message] of badPickles) {
  test(`refuses a pickle with ${what}`, () => {
    const path = withPickle(pickle);
    assert.throws(
      () => readAll(path),
      (error: Error) =>
        (error.message.startsWith(`${path} cannot be read: `) && message.test(error.message)) ||
        assert.fail(error.message),
    );
  });
}

test("a deep or self-containing pickle takes neither stack nor time", () => {
  const deep = `\x80\x02${")".padEnd(500_000, "\x85")}.`;
  assert.equal(Array.isArray(readTorchFile(withPickle(deep))), true);
  assert.equal(((value) => (value as unknown[])[0] === value)(readTorchFile(withPickle("\x80\x02]q\0h\0a."))), true);
  const wide = `\x80\x02(${"N".repeat(1_000_000)}t.`;
  assert.equal((readTorchFile(withPickle(wide)) as unknown[]).length, 1_000_000);
  const marks = `\x80\x02${"(".repeat(500_000)}${"t".repeat(500_000)}.`;
  assert.equal(Array.isArray(readTorchFile(withPickle(marks))), true);
});

const kernel: StoredTensor = {
  dtype: "F64",
  shape: [2, 1, 3, 1],
  data: Float64Array.from([0.1, -2.5e300, 5e-324, -0, 7, 1 / 3]),
};
const labels: StoredTensor = { dtype: "I64", shape: [3], data: BigInt64Array.from([0n, -(2n ** 62n), 1n]) };
const everyType = (): StoredTensor[] => [
  kernel,
  labels,
  { dtype: "F32", shape: [], data: Float32Array.from([0.1]) },
  { dtype: "F16", shape: [2], data: Uint16Array.from([0x3c00, 0xc000]) },
  { dtype: "BF16", shape: [1, 2], data: Uint16Array.from([0x3f80, 0xc000]) },
  { dtype: "I32", shape: [2], data: Int32Array.from([-7, 2 ** 31 - 1]) },
  { dtype: "I16", shape: [1], data: Int16Array.from([-32768]) },
  { dtype: "I8", shape: [0, 5], data: new Int8Array(0) },
  { dtype: "U8", shape: [3], data: Uint8Array.from([0, 255, 3]) },
  { dtype: "BOOL", shape: [2], data: Uint8Array.from([1, 0]) },
];

test("what is written is read again, in the structure of PyTorch's files", () => {
  const path = join(folder, "written.pt");
  writeTorchFile(path, everyType());
  assert.deepEqual(readAll(path), everyType());
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
  const bytes = readFileSync(path);
  const archive = openZip(path);
  const names = [...archive.entries.keys()];
  assert.deepEqual(names.slice(0, 3), ["archive/data.pkl", "archive/byteorder", "archive/data/0"]);
  assert.equal(names.at(-1), "archive/version");
  const text = (name: string) => Buffer.from(readStoredRange(archive, archive.entries.get(name)!)).toString();
  assert.deepEqual([text("archive/version"), text("archive/byteorder")], ["3\n", "little"]);
  for (const { headerOffset } of archive.entries.values()) {
    const data = headerOffset + 30 + bytes.readUInt16LE(headerOffset + 26) + bytes.readUInt16LE(headerOffset + 28);
    assert.equal(data % 64, 0);
  }
  // The same tensors give the same bytes: no time, no random id.
  writeTorchFile(join(folder, "again.pt"), everyType());
  assert.ok(readFileSync(join(folder, "again.pt")).equals(bytes));
});

test("tensors that do not fit are not written", () => {
  const path = join(folder, "refused.pt");
  const tensor = { dtype: "F64", shape: [2], data: new Float64Array(3) } as const;
  assert.throws(
    () => writeTorchFile(path, [kernel, { ...tensor, shape: [2] }]),
    /cannot write tensor 1 to .*refused\.pt: shape \[2\] does not fit the 3 elements/,
  );
  assert.throws(
    () => writeTorchFile(path, [storedTensor("F32", [3], tensor.data)]),
    /tensor 0 .*F32 needs a Float32Array, not a Float64Array/,
  );
  assert.throws(
    () => writeTorchFile(path, [{ dtype: "U16", shape: [1], data: new Uint16Array(1) }]),
    /dtype U16 is not supported/,
  );
  assert.ok(!existsSync(path));
});

test("the bytes are those that torch.load(weights_only=True) was shown to read", () => {
  // make_torch_oracle.py check written.pt compares what PyTorch reads from it with written.pt.json.
  const path = join(folder, "bytes.pt");
  writeTorchFile(path, everyType());
  assert.ok(readFileSync(path).equals(readFileSync(fixture("written.pt"))));
  const described = readJson<Described[]>("torch", "written.pt.json");
  everyType().forEach((tensor, i) => assertDescribed(tensor, described[i], `written.pt[${i}]`));
});
