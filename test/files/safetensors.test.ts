import { test } from "node:test";
import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  readSafetensors,
  readSafetensorsHeader,
  storedTensor,
  toFloat32,
  writeSafetensors,
  type StoredTensor,
} from "../../src/files/safetensors";

const fixtures = join(__dirname, "../../../test/fixtures/safetensors");
const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Oracle {
  metadata: Record<string, string>;
  tensors: Record<string, { shape: number[]; values: (string | number)[] }>;
}
const oracle: Oracle = JSON.parse(readFileSync(join(fixtures, "dtypes.json"), "utf8"));

/** A file from a header (object or text) and a body, without any check. */
function makeFile(header: unknown, body: Uint8Array, declared?: bigint): string {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(declared ?? BigInt(text.length));
  const path = join(folder, "made.safetensors");
  writeFileSync(path, Buffer.concat([length, text, body]));
  return path;
}

const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test("reads what Python wrote, every element type", () => {
  const { tensors, metadata } = readSafetensors(join(fixtures, "dtypes.safetensors"));
  assert.deepEqual(metadata, oracle.metadata);
  assert.deepEqual([...tensors.keys()].sort(), Object.keys(oracle.tensors).sort());
  for (const [name, expected] of Object.entries(oracle.tensors)) {
    const tensor = tensors.get(name) as StoredTensor;
    assert.deepEqual(tensor.shape, expected.shape, name);
    if (tensor.dtype === "F64") {
      const python = expected.values.map((text) => Number(String(text).replace("inf", "Infinity")));
      assert.deepEqual([...(tensor.data as Float64Array)], python, name);
    } else if (["F32", "F16", "BF16"].includes(tensor.dtype)) {
      const values = toFloat32(tensor);
      const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
      const python = new Uint32Array(expected.values.map(Number));
      const pythonValues = new Float32Array(python.buffer);
      assert.equal(bits.length, python.length);
      // Hardware may set the quiet bit of a NaN; everything else must agree in every bit.
      bits.forEach((found, i) =>
        assert.ok(found === python[i] || (Number.isNaN(values[i]) && Number.isNaN(pythonValues[i])), `${name}[${i}]`),
      );
    } else {
      assert.deepEqual(Array.from(tensor.data as Int8Array, String), expected.values, name);
    }
  }
});

test("writes the very bytes that Python writes", () => {
  const source = join(fixtures, "dtypes.safetensors");
  const { tensors, metadata } = readSafetensors(source);
  const path = join(folder, "again.safetensors");
  writeSafetensors(path, new Map([...tensors].reverse()), metadata);
  assert.ok(readFileSync(path).equals(readFileSync(source)));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test("every float16 has its value by the standard's formula", () => {
  const data = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const values = toFloat32({ dtype: "F16", shape: [65536], data });
  for (let half = 0; half < 65536; half++) {
    const sign = half >> 15 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = (half & 1023) / 1024;
    let expected = sign * (1 + fraction) * 2 ** (exponent - 15);
    if (exponent === 0) expected = sign * fraction * 2 ** -14;
    if (exponent === 31) expected = fraction === 0 ? sign * Infinity : NaN;
    assert.ok(Object.is(values[half], expected), `0x${half.toString(16)}: ${values[half]}, not ${expected}`);
  }
});

test("bfloat16 is the upper half of float32", () => {
  const values = toFloat32({ dtype: "BF16", shape: [5], data: Uint16Array.of(0x3f80, 0xff80, 0x0001, 0x8000, 0x7fc0) });
  assert.deepEqual([...values], [1, -Infinity, 2 ** -133, -0, NaN]);
});

test("float64 is rounded, and whole numbers are not taken for weights", () => {
  assert.deepEqual(
    [...toFloat32({ dtype: "F64", shape: [2], data: Float64Array.of(0.1, 1e300) })],
    [Math.fround(0.1), Infinity],
  );
  assert.throws(
    () => toFloat32({ dtype: "I32", shape: [1], data: Int32Array.of(1) }),
    /I32 tensor is not floating-point/,
  );
});

test("reads only what is asked for, and the header without tensors", () => {
  const path = join(fixtures, "dtypes.safetensors");
  assert.deepEqual([...readSafetensors(path, { only: (name) => name.startsWith("i") }).tensors.keys()].sort(), [
    "i16",
    "i32",
    "i64",
    "i8",
  ]);
  const header = readSafetensorsHeader(path);
  assert.deepEqual(header.entries.get("f32")?.shape, [3, 1, 2]);
});

test("tensors that are not aligned in the file are read all the same", () => {
  const values = Float64Array.of(1.25, -3);
  const header = { a: entry(0, 1, [1], "U8"), b: entry(1, 17, [2], "F64") };
  const path = makeFile(header, Buffer.concat([Buffer.of(9), Buffer.from(values.buffer)]));
  const { tensors } = readSafetensors(path);
  assert.deepEqual(tensors.get("b")?.data, values);
  assert.deepEqual(tensors.get("a")?.data, Uint8Array.of(9));
});

test("a view into a larger buffer is written as its own elements only", () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  const path = join(folder, "view.safetensors");
  writeSafetensors(path, { part: { dtype: "F32", shape: [2], data: whole.subarray(1, 3) } });
  assert.deepEqual(readSafetensors(path).tensors.get("part")?.data, Float32Array.of(2, 3));
});

test("a file larger than 2 GiB is read by position", () => {
  // Sparse: only the ends are on disk.
  const zeros = 2 ** 31 + 16;
  const path = makeFile({ zeros: entry(0, zeros, [zeros], "U8"), end: entry(zeros, zeros + 8) }, new Uint8Array(0));
  const start = readFileSync(path).length;
  truncateSync(path, start + zeros + 8);
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(Float32Array.of(4, 5).buffer), 0, 8, start + zeros);
  closeSync(file);
  const { tensors } = readSafetensors(path, { only: (name) => name === "end" });
  assert.deepEqual(tensors.get("end")?.data, Float32Array.of(4, 5));
  rmSync(path);
});

const body8 = new Uint8Array(8);
const refusals: [what: string, make: () => string, message: RegExp][] = [
  [
    "an empty file",
    () => (writeFileSync(join(folder, "empty"), ""), join(folder, "empty")),
    /empty is not a valid safetensors file: it has 0 bytes/,
  ],
  [
    "a header length beyond the file",
    () => makeFile({}, body8, 1000n),
    /declares a header of 1000 bytes but has \d+ bytes in all/,
  ],
  [
    "an absurd header length",
    () => makeFile({}, body8, 2n ** 63n),
    /declares a header of 9223372036854775808 bytes \(at most/,
  ],
  ["a header that is not JSON", () => makeFile("{nonsense", body8), /made.safetensors .* header is not JSON/],
  ["a header that is not UTF-8", () => makeFile("{}", body8, 4n), /trailing|not JSON|not a JSON|after JSON/i],
  ["a header that is a list", () => makeFile([1], body8), /not a JSON object/],
  [
    "metadata that is not text",
    () => makeFile({ __metadata__: { a: 1 } }, new Uint8Array(0)),
    /__metadata__ entry "a" is not a string/,
  ],
  ["metadata that is a list", () => makeFile({ __metadata__: [] }, new Uint8Array(0)), /__metadata__ is not an object/],
  ["an entry that is null", () => makeFile({ w: null }, body8), /tensor "w": its entry is not an object/],
  ["no dtype", () => makeFile({ w: { shape: [2], data_offsets: [0, 8] } }, body8), /tensor "w": dtype is missing/],
  [
    "an unknown dtype",
    () => makeFile({ w: entry(0, 8, [2], "F8_E4M3") }, body8),
    /tensor "w": dtype "F8_E4M3" is not supported \(supported: .*BF16/,
  ],
  [
    "a dtype of Object.prototype",
    () => makeFile({ w: entry(0, 8, [2], "toString") }, body8),
    /dtype "toString" is not supported/,
  ],
  ["a negative length", () => makeFile({ w: entry(0, 8, [-2]) }, body8), /tensor "w": shape is not/],
  ["a fractional length", () => makeFile({ w: entry(0, 8, [1.5]) }, body8), /tensor "w": shape is not/],
  [
    "a shape that overflows",
    () => makeFile({ w: entry(0, 8, [2 ** 40, 2 ** 40]) }, body8),
    /tensor "w": shape \[1099511627776, 1099511627776\] of F32 takes/,
  ],
  [
    "offsets that are not a pair",
    () => makeFile({ w: { dtype: "F32", shape: [2], data_offsets: [0] } }, body8),
    /data_offsets is not a pair/,
  ],
  ["offsets that run backwards", () => makeFile({ w: entry(8, 0, [2]) }, body8), /data_offsets \[8, 0\] run backwards/],
  [
    "offsets beyond the file",
    () => makeFile({ w: entry(0, 16) }, body8),
    /tensor "w": data_offsets \[0, 16\] go beyond the end of the file \(8 bytes of data/,
  ],
  [
    "a shape of another size",
    () => makeFile({ w: entry(0, 8, [3]) }, body8),
    /tensor "w": shape \[3\] of F32 takes 12 bytes but data_offsets span 8/,
  ],
  ["overlapping tensors", () => makeFile({ a: entry(0, 8), b: entry(4, 8) }, body8), /tensor "b" overlaps/],
  [
    "a hole",
    () => makeFile({ a: entry(0, 4), b: entry(8, 12) }, new Uint8Array(12)),
    /4 bytes of no tensor before tensor "b"/,
  ],
  ["bytes after the last tensor", () => makeFile({ a: entry(0, 4) }, body8), /tensors end at byte \d+ but the file at/],
  [
    "a name twice",
    () => makeFile(`{"a":${JSON.stringify(entry(0, 8))},"\\u0061":${JSON.stringify(entry(0, 8))}}`, body8),
    /the name "a" occurs twice/,
  ],
  ["a folder", () => folder, /is not a file/],
];
for (const [what, make, message] of refusals) {
  test(`refuses ${what}`, () => assert.throws(() => readSafetensors(make()), message));
}

test("a name that only looks repeated is fine", () => {
  const header = `{"dtype":${JSON.stringify(entry(0, 4))},"{\\"dtype\\":":${JSON.stringify(entry(4, 8))}}   `;
  assert.deepEqual([...readSafetensors(makeFile(header, body8)).tensors.keys()], ["dtype", '{"dtype":']);
});

test("the writer refuses what would not be read back, and leaves no file", () => {
  const path = join(folder, "refused.safetensors");
  const data = Float32Array.of(1, 2);
  assert.throws(
    () => writeSafetensors(path, { w: { dtype: "F32", shape: [3], data } }),
    /tensor "w" to .*refused.safetensors: shape \[3\] has 3 elements but the array has 2/,
  );
  assert.throws(
    () => writeSafetensors(path, { w: storedTensor("F64", [2], data) }),
    /F64 needs a Float64Array, not a Float32Array/,
  );
  assert.throws(() => writeSafetensors(path, { w: { dtype: "F32", shape: [-2], data } }), /shape/);
  assert.throws(() => writeSafetensors(path, { __metadata__: { dtype: "F32", shape: [2], data } }), /reserved/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("refused")),
    [],
  );
});

test("damaged files give one clear error or a consistent result, never a crash", () => {
  const original = readFileSync(join(fixtures, "dtypes.safetensors"));
  const headerEnd = 8 + Number(original.readBigUInt64LE(0));
  let state = 12345;
  const random = (limit: number) => (state = (state * 48271) % 2147483647) % limit;
  const path = join(folder, "fuzz.safetensors");
  let refused = 0;
  for (let round = 0; round < 4000; round++) {
    let bytes = Buffer.from(original);
    const kind = random(5);
    if (kind === 0) bytes = bytes.subarray(0, random(bytes.length + 1));
    else if (kind === 1) bytes[random(8)] = random(256);
    else if (kind === 2) for (let n = 0; n <= random(4); n++) bytes[8 + random(headerEnd - 8)] = random(256);
    else if (kind === 3) bytes[8 + random(headerEnd - 8)] = 48 + random(10);
    else {
      const from = 8 + random(headerEnd - 8);
      bytes.copyWithin(8 + random(headerEnd - 8), from, from + random(30));
    }
    writeFileSync(path, bytes);
    try {
      const { tensors } = readSafetensors(path);
      for (const { shape, data } of tensors.values())
        assert.equal(
          data.length,
          shape.reduce((a, b) => a * b, 1),
        );
    } catch (error) {
      assert.match((error as Error).message, /fuzz\.safetensors is not a valid safetensors file: /);
      refused++;
    }
  }
  assert.ok(refused > 2000, `${refused} of 4000 refused`);
});
