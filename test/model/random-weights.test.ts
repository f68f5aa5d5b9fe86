import { test } from "node:test";
import assert from "node:assert/strict";
import { readCheckpoint } from "../../src/model/checkpoint";
import { parameterShapes } from "../../src/model/model-config";
import { disposeModel, parameter } from "../../src/model/model";
import { randomWeights } from "../../src/model/random-weights";
import { saveModel } from "../../src/finetune/save-model";
import { temporaryFolder } from "../support/checkout";
import { tf } from "../../src/model/backend";
import { randomModel } from "../support/random-model";

const sizes = { layers: 2, headSize: 8, heads: 4, intermediate: 64, vocabulary: 300, longest: 30, padId: 1 };

for (const modelType of ["roberta", "bert"] as const) {
  test(`${modelType}: Hugging Face's first weights, other ones for another seed, the same ones once more`, (t) => {
    const example = randomModel({ ...sizes, modelType }, 1);
    const config = { ...example.config, raw: { ...example.config.raw, initializer_range: 0.1 } };
    const before = tf.memory().numTensors;
    const [model, again, other] = [5, 5, 6].map((seed) => randomWeights(config, seed));
    const data = (name: string): Float32Array => parameter(model, name).dataSync() as Float32Array;
    assert.deepEqual(
      [...model.parameters].map(([name, { shape }]) => [name, shape]),
      [...parameterShapes(config)],
    );
    assert.equal(model.hash, again.hash);
    assert.notEqual(model.hash, other.hash);
    for (const [name, { shape }] of model.parameters) {
      const values = data(name);
      if (/layer_?norm\.weight$/i.test(name))
        assert.ok(
          values.every((value) => value === 1),
          name,
        );
      else if (name.endsWith("bias"))
        assert.ok(
          values.every((value) => value === 0),
          name,
        );
      else {
        const n = values.length;
        const square = values.reduce((sum, value) => sum + value * value, 0) / n;
        // The padding rows are 0; five standard errors of a variance, √(2/n).
        const rows =
          /embeddings\.weight$/.test(name) &&
          !name.includes("token_type") &&
          (modelType === "roberta" || name.includes("word"))
            ? (shape[0] - 1) / shape[0]
            : 1;
        const expected = 0.01 * (name.includes("decoder") ? 299 / 300 : rows);
        assert.ok(
          Math.abs(square / expected - 1) < 5 * Math.sqrt(2 / n),
          `${name}: mean square ${square}, expected ${expected}`,
        );
        assert.ok(
          Math.abs(values.reduce((sum, value) => sum + value, 0) / n) < (5 * 0.1) / Math.sqrt(n),
          `${name}: mean`,
        );
      }
    }
    const words = [...model.parameters.keys()].find((name) => name.endsWith("word_embeddings.weight"))!;
    assert.ok(
      data(words)
        .slice(32, 64)
        .every((value) => value === 0),
      "the padding token",
    );
    assert.deepEqual(
      data([...model.parameters.keys()].find((name) => name.includes("decoder.weight"))!),
      data(words),
      "a tied decoder",
    );
    const folder = temporaryFolder(t);
    saveModel(folder, model);
    assert.equal(readCheckpoint(folder).hash, model.hash, "the hash is the one that the saved model has");
    for (const one of [model, again, other]) disposeModel(one);
    disposeModel(example);
    assert.equal(tf.memory().numTensors, before - example.parameters.size);
  });
}
