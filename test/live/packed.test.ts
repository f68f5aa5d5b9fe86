import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytesOfText, pack, textOfBytes, unpack } from "../../src/live/packed";
import { seededRandom } from "../support/random-model";

describe("what a page carries", () => {
  it("holds arrays among JSON", () => {
    const value = {
      name: "é",
      list: [1, null, { values: Int8Array.of(-128, 0, 127), odd: Float64Array.of(1e-300, -0) }],
      scale: Float32Array.of(0.1),
    };
    assert.deepEqual(unpack(pack(value)), value);
  });

  it("is text that ends neither a script nor a string, for bytes of every length", () => {
    const random = seededRandom(1);
    for (let length = 0; length < 60; length++) {
      const bytes = Uint8Array.from({ length }, () => 256 * random());
      const text = textOfBytes(bytes);
      assert.deepEqual(bytesOfText(text), bytes);
      assert.doesNotMatch(text, /["<\\]/);
    }
  });
});
