import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hashOf, readCheckpoint, saveCheckpoint, type Weight } from "../../src/model/checkpoint";
import { fromInt8Rows, scaleName, toInt8Rows } from "../../src/model/int8-rows";
import { readSafetensors, type StoredTensor } from "../../src/files/safetensors";
import { randomStream } from "../../src/random";
import { changedModel } from "../support/changed-model";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "int8-rows-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of very different size, the fourth of zeros. */
function weights(rows: number, columns: number): Weight {
  const random = randomStream(4);
  const data = Float32Array.from({ length: rows * columns }, (_, i) =>
    Math.floor(i / columns) === 3 ? 0 : 10 ** ((Math.floor(i / columns) % 9) - 6) * (random() - 0.4),
  );
  return { shape: [rows, columns], data };
}

const stored = ({ values, scale }: ReturnType<typeof toInt8Rows>): Float32Array => fromInt8Rows(values, scale);

describe("int8 rows", () => {
  it("are the nearest whole numbers of each row's scale, whose largest is ±127", () => {
    const { shape, data } = weights(400, 50);
    const { values, scale } = toInt8Rows({ shape, data });
    assert.deepEqual([values.dtype, values.shape, scale.dtype, scale.shape], ["I8", [400, 50], "F32", [400, 1]]);
    const found = stored({ values, scale });
    for (let row = 0; row < 400; row++) {
      const own = [...data.subarray(row * 50, (row + 1) * 50)];
      const numbers = [...(values.data as Int8Array).subarray(row * 50, (row + 1) * 50)];
      const step = Math.max(...own.map(Math.abs)) / 127;
      assert.equal(Math.max(...numbers.map(Math.abs)), row === 3 ? 0 : 127, `row ${row}`);
      own.forEach((value, i) =>
        assert.ok(
          Math.abs(found[row * 50 + i] - value) <= step * 0.50001,
          `row ${row}: ${value} became ${found[row * 50 + i]}`,
        ),
      );
    }
  });

  it("stored again are the same numbers and scales", () => {
    // In one row of 130 a scale of largest / 127 alone would not come back.
    const once = toInt8Rows(weights(4000, 20));
    const again = toInt8Rows({ shape: [4000, 20], data: stored(once) });
    assert.deepEqual(again, once);
  });

  it("have the values that numpy gives them: float32 of the number times the scale", () => {
    const { tensors } = readSafetensors(fixturePath("int8-rows.safetensors"));
    const values = tensors.get("values");
    assert.ok(values?.dtype === "I8");
    assert.deepEqual(fromInt8Rows(values, tensors.get("scale")), tensors.get("product")!.data);
  });

  it("need a scale for each row", () => {
    const { values, scale } = toInt8Rows(weights(6, 4));
    const wrong: (StoredTensor | undefined)[] = [
      undefined,
      { ...scale, shape: [6] },
      { dtype: "F32", shape: [5, 1], data: new Float32Array(5) },
      { dtype: "F64", shape: [6, 1], data: new Float64Array(6) },
    ];
    for (const other of wrong)
      assert.throws(() => fromInt8Rows(values, other), /an int8 tensor of 6 rows needs its scales, F32 \[6, 1\]/);
  });
});

describe("a model stored as int8 rows", () => {
  const checkpoint = readCheckpoint(fixturePath("tiny-roberta-tied"));
  const [small, whole] = [join(folder, "int8"), join(folder, "float32")];
  saveCheckpoint(small, checkpoint, { int8: true });
  saveCheckpoint(whole, checkpoint);
  const loaded = readCheckpoint(small);

  it("is the model of its numbers times their scales; vectors stay as they were", () => {
    const { tensors } = readSafetensors(join(small, "model.safetensors"));
    for (const [name, { shape, data }] of loaded.weights) {
      const original = checkpoint.weights.get(name)!;
      assert.deepEqual(data, shape.length === 2 ? stored(toInt8Rows(original)) : original.data, name);
      if (tensors.has(name)) assert.equal(tensors.get(name)!.dtype, shape.length === 2 ? "I8" : "F32", name);
    }
    assert.equal(loaded.hash, hashOf(loaded.config, loaded.weights));
    assert.notEqual(loaded.hash, checkpoint.hash);
  });

  it("takes little more than a quarter of the room", () => {
    const bytes = (directory: string): number => statSync(join(directory, "model.safetensors")).size;
    // Rows of 32 and 64 numbers: a scale each is an eighth or less on top, and names and vectors remain.
    assert.ok(bytes(small) < 0.5 * bytes(whole), `${bytes(small)} of ${bytes(whole)}`);
  });

  it("is the same model after it was loaded and stored again, either way", () => {
    saveCheckpoint(join(folder, "again"), loaded, { int8: true });
    saveCheckpoint(join(folder, "as float32"), loaded);
    assert.equal(readCheckpoint(join(folder, "again")).hash, loaded.hash);
    assert.equal(readCheckpoint(join(folder, "as float32")).hash, loaded.hash);
  });

  it("names the file and the tensor whose scales are missing or of another shape", () => {
    const name = [...loaded.weights.keys()].find((each) => each.endsWith("query.weight"))!;
    const without = changedModel(small, folder, (tensors) => void tensors.delete(scaleName(name)));
    assert.throws(
      () => readCheckpoint(without),
      (error: Error) =>
        error.message.includes(join(without, "model.safetensors")) &&
        error.message.includes(name) &&
        /needs its scales/.test(error.message),
    );
    const other = changedModel(
      small,
      folder,
      (tensors) => void tensors.set(scaleName(name), { dtype: "F32", shape: [1, 1], data: new Float32Array(1) }),
    );
    assert.throws(() => readCheckpoint(other), /needs its scales, F32 \[32, 1\]/);
  });
});
