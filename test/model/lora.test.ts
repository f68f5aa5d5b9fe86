import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loraNames } from "../../src/model/affine";
import { tf, type Tensor } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { parameter, type Model } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { kernelOracle, oracleNumbers, withOracleLora } from "../support/kernel-oracle";
import { tinyRoberta, tinyRobertaTied } from "../support/tiny-roberta";

const options = { rank: 2, alpha: 3, seed: 5 };
const factors = (model: Model): string[] => [...model.parameters.keys()].filter((name) => name.includes("lora"));
const layerOf = (index: number, part: string): string => `roberta.encoder.layer.${index}.${part}`;
const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];

describe("withLora", () => {
  const model = tinyRoberta();

  it("gives query and value of each layer factors A [rank, in] and B [out, rank], and no other layer", () => {
    const lora = withLora(model, { ...options, rank: 3 });
    const expected = [0, 1].flatMap((index) =>
      ["query", "value"].map((part) => loraNames(layerOf(index, `attention.self.${part}`))),
    );
    assert.deepEqual(factors(lora).sort(), expected.flatMap(({ a, b }) => [a, b]).sort());
    for (const { a, b } of expected) {
      assert.deepEqual(parameter(lora, a).shape, [3, 32]);
      assert.deepEqual(parameter(lora, b).shape, [32, 3]);
    }
    assert.equal(lora.loraScale, 1);
  });

  it("begins with A uniform in ±1/√in and B zero, from the seed", () => {
    const { a, b } = loraNames(layerOf(1, "output.dense"));
    const of = (seed: number): Model => withLora(model, { rank: 8, alpha: 8, targets: ["output.dense"], seed });
    const values = numbers(parameter(of(1), a)); // 8 × 64 values, in = 64
    const largest = Math.max(...values.map(Math.abs));
    assert.ok(largest <= 1 / 8 && largest > 0.95 / 8, `largest ${largest}`);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    assert.ok(Math.abs(variance - 1 / 64 / 3) < 0.15 * (1 / 64 / 3), `variance ${variance}`);
    assert.ok(numbers(parameter(of(1), b)).every((value) => value === 0));
    assert.deepEqual(numbers(parameter(of(1), a)), values);
    assert.notDeepEqual(numbers(parameter(of(2), a)), values);
  });

  it("gives every factor other numbers", () => {
    const lora = withLora(model, options);
    const seen = factors(lora)
      .filter((name) => name.includes("lora_A"))
      .map((name) => numbers(parameter(lora, name)).join());
    assert.equal(new Set(seen).size, 4);
  });

  it("leaves the model's outputs as they are, and its parameters", () => {
    const head = labelWordHead([98, 86, 100]);
    const lora = withLora(model, {
      ...options,
      targets: ["attention.self.query", "attention.output.dense", "intermediate.dense"],
    });
    assert.deepEqual(predictLogits(lora, head, kernelOracle.train), predictLogits(model, head, kernelOracle.train));
    assert.equal(factors(model).length, 0);
    for (const [name, tensor] of model.parameters) assert.equal(lora.parameters.get(name), tensor);
  });

  it("makes a layer's factors once, however many targets name it", () => {
    const before = tf.memory().numTensors;
    const lora = withLora(model, { ...options, targets: ["attention.output.dense", "output.dense"] });
    assert.equal(factors(lora).length, 2 * 2 * 2);
    assert.equal(tf.memory().numTensors - before, 2 * 2 * 2);
  });

  it("has a hash of its own for every choice", () => {
    const choices = [
      options,
      { ...options, rank: 4 },
      { ...options, alpha: 4 },
      { ...options, seed: 6 },
      { ...options, targets: ["attention.self.key"] },
    ];
    const hashes = [model, ...choices.map((choice) => withLora(model, choice))].map(({ hash }) => hash);
    assert.equal(new Set(hashes).size, hashes.length);
    assert.equal(withLora(model, options).hash, hashes[1]);
  });

  it("names a wrong rank or target", () => {
    for (const rank of [0, -1, 1.5, NaN])
      assert.throws(() => withLora(model, { ...options, rank }), new RegExp(`rank .*${rank}`));
    for (const target of ["attention.self.quary", "output.LayerNorm", "lm_head.dense"]) {
      assert.throws(
        () => withLora(model, { ...options, targets: [target] }),
        new RegExp(`"${target}" names no linear layer`),
      );
    }
  });

  it("leaves no tensor behind when a target is wrong", () => {
    const before = tf.memory().numTensors;
    assert.throws(() => withLora(model, { ...options, targets: ["attention.self.query", "nothing"] }));
    assert.equal(tf.memory().numTensors, before);
  });
});

onEveryBackend("a model with LoRA factors that are not zero", () => {
  // Kernels of such models are compared with PyTorch's in test/kernels.
  it("has PyTorch's outputs", () => {
    const cases = [
      { name: "LoRA on query and value", model: withOracleLora(tinyRoberta(), "queryValue") },
      { name: "LoRA on all linear layers", model: withOracleLora(tinyRoberta(), "all") },
    ];
    for (const { name, model } of cases) {
      const logits = predictLogits(model, labelWordHead(kernelOracle.cases[name].labelWordIds), kernelOracle.evaluate);
      assertAllclose(logits, oracleNumbers(`${name}/evaluateLogits`), { absolute: 1e-5 }, name);
    }
  });

  it("counts the product of the factors α / rank times", () => {
    const head = labelWordHead([98, 86], { tied: true });
    const scaled = withOracleLora(tinyRobertaTied(), "all");
    const doubled = new Map(
      [...scaled.parameters].map(
        ([name, tensor]) =>
          [name, name.includes("lora_B") ? tf.keep(tf.mul(tensor, scaled.loraScale!)) : tensor] as const,
      ),
    );
    const logits = predictLogits({ ...scaled, parameters: doubled, loraScale: 1 }, head, kernelOracle.evaluate);
    assertAllclose(logits, predictLogits(scaled, head, kernelOracle.evaluate), { absolute: 1e-5 });
  });
});
