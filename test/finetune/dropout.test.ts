import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crossEntropy, parameterGradients } from "../../src/finetune/parameter-gradients";
import { tf, type Tensor } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { seededDropout, type Dropout } from "../../src/model/dropout";
import { encoderForward } from "../../src/model/encoder";
import { labelWordHead, tanhClassifierHead } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import { onEveryBackend } from "../support/backends";
import { withOracleTanhClassifier } from "../support/fine-tuning-oracle";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

const {
  train: sequences,
  labels,
  labelWordIds,
} = readJson<{ train: Prompt[]; labels: number[]; labelWordIds: number[] }>("tiny-roberta", "oracle-training.json");
const head = labelWordHead(labelWordIds);
const tanhHead = (model: Model): boolean => model.parameters.has("classifier.dense.weight");
const lossAndGradients = (model: Model, dropout?: Dropout): ReturnType<typeof parameterGradients> =>
  parameterGradients(
    model,
    tanhHead(model) ? tanhClassifierHead : head,
    collate(sequences, model.config),
    crossEntropy(labels),
    { dropout },
  );

/** With large rates, so that a mask forgotten on the way back shows. */
const withRates = (hiddenDropout: number, attentionDropout: number): Model => {
  const model = tinyRoberta();
  return { ...model, config: { ...model.config, hiddenDropout, attentionDropout } };
};

describe("dropout masks", () => {
  it("keep a share of 1 − rate and scale it by 1 / (1 − rate)", () => {
    const values = [...seededDropout([1]).mask([100, 200], 0.3)!.dataSync()];
    const kept = values.filter((value) => value !== 0);
    assert.ok(kept.every((value) => value === Math.fround(1 / 0.7)));
    // Four standard deviations of a binomial of 20,000.
    assert.ok(Math.abs(kept.length / 20000 - 0.7) < 4 * Math.sqrt(0.21 / 20000), `${kept.length}`);
  });

  it("follow from the whole seed, and are new within a pass", () => {
    const draw = (...seed: number[]): number[] => [...seededDropout(seed).mask([64], 0.5)!.dataSync()];
    assert.deepEqual(draw(1, 2, 3), draw(1, 2, 3));
    const others = [draw(1, 2, 3), draw(1, 2, 4), draw(1, 3, 3), draw(2, 2, 3), draw(2, 1, 3)];
    assert.equal(new Set(others.map(String)).size, others.length);
    const dropout = seededDropout([1]);
    assert.notDeepEqual(dropout.mask([64], 0.5)!.dataSync(), dropout.mask([64], 0.5)!.dataSync());
    assert.equal(dropout.mask([64], 0), undefined);
    assert.deepEqual(
      seededDropout([1], 0.5).mask([64], 0)!.dataSync(),
      seededDropout([1]).mask([64], 0.5)!.dataSync(),
      "a rate in place of the model's",
    );
  });
});

onEveryBackend("dropout", () => {
  it("is where RoBERTa has it: after the embeddings, on attention probabilities, and on what both parts of a layer add", () => {
    const model = withRates(0.1, 0.2);
    const drawn: [number[], number][] = [];
    const dropout: Dropout = {
      mask: (shape, rate) => {
        drawn.push([shape, rate]);
        return undefined;
      },
    };
    const batch = collate(sequences, model.config);
    tf.tidy(() => void encoderForward(model, batch, dropout));
    const [b, t, h, heads] = [sequences.length, batch.length, 32, 4];
    // Only the mask's row goes on in the last layer.
    const layer = (rows: number): [number[], number][] => [
      [[b, heads, rows, t], 0.2],
      [[b, rows, h], 0.1],
      [[b, rows, h], 0.1],
    ];
    assert.deepEqual(drawn, [[[b, t, h], 0.1], ...layer(t), ...layer(1)]);
  });

  for (const [where, model] of [
    ["hidden states", withRates(0.3, 0)],
    ["attention", withRates(0, 0.3)],
    ["the classification head", withOracleTanhClassifier(withRates(0.1, 0.1))],
  ] as const) {
    it(`on ${where}: the gradient is that of finite differences with the mask fixed`, () => {
      const seed = 5;
      const { loss, gradients } = lossAndGradients(model, seededDropout([seed]));
      assert.notEqual(loss, lossAndGradients(model).loss);
      assert.notEqual(loss, lossAndGradients(model, seededDropout([seed + 1])).loss);
      const shifted = (moves: Map<string, Tensor>, by: number): number => {
        const parameters = new Map(model.parameters);
        for (const [name, move] of moves) parameters.set(name, tf.add(parameter(model, name), tf.mul(move, by)));
        return lossAndGradients({ ...model, parameters }, seededDropout([seed])).loss;
      };
      for (const [part, belongs] of Object.entries({
        embeddings: (name: string) => name.includes("embeddings"),
        "layer 0": (name: string) => name.includes("layer.0."),
        "layer 1": (name: string) => name.includes("layer.1."),
        head: (name: string) => /^(lm_head|classifier)/.test(name),
      })) {
        const group = [...gradients].filter(([name]) => belongs(name));
        const norm = Math.sqrt(group.reduce((sum, [, gradient]) => sum + tf.sum(tf.square(gradient)).dataSync()[0], 0));
        const along = new Map(group.map(([name, gradient]) => [name, tf.div(gradient, norm)]));
        // Fourth-order differences: a step large enough for float32 losses, small enough for the curvature.
        const step = 0.02 / Math.max(1, norm);
        const slope =
          (8 * (shifted(along, step) - shifted(along, -step)) -
            (shifted(along, 2 * step) - shifted(along, -2 * step))) /
          (12 * step);
        assert.ok(Math.abs(slope - norm) < 2e-3 * norm + 1e-4, `${part}: slope ${slope}, gradient ${norm}`);
      }
    });
  }

  it("at rate 0 changes nothing", () => {
    const model = withRates(0, 0);
    assert.equal(lossAndGradients(model, seededDropout([1])).loss, lossAndGradients(model).loss);
  });
});
