import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tf, type Tensor } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { labelWordHead } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import { evaluateAccuracy, fineTune, type FineTuneOptions } from "../../src/finetune/fine-tune";
import { flatLayout, flatten, withFlatParameters } from "../../src/finetune/flat-parameters";
import { crossEntropy, parameterGradients, squaredError } from "../../src/finetune/parameter-gradients";
import { clipByNorm, createOptimizer, linearSchedule, type OptimizerName } from "../../src/finetune/optimizer";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

interface Run {
  learningRate: number;
  totalSteps: number;
  maxGradientNorm: number;
  steps: { loss: number; gradientNorm: number }[];
  lossAfter: number;
  logitsAfter: number[];
  parameterNormsAfter: Record<string, number>;
}
interface Oracle {
  train: Prompt[];
  labels: number[];
  labelWordIds: number[];
  loss: number;
  gradientNorms: Record<string, number>;
  gradients: Record<string, number[]>;
  sgd: Run;
  adamwHf: Run;
  signgd: Run;
}

const oracle = readJson<Oracle>("tiny-roberta", "oracle-training.json");
const head = labelWordHead(oracle.labelWordIds);
const batch = (model: Model) => collate(oracle.train, model.config);
const normOf = (x: Tensor): number => tf.norm(x).dataSync()[0];
const isKeyBias = (name: string): boolean => name.endsWith("attention.self.key.bias");

onEveryBackend("training equals PyTorch (float64)", () => {
  it("the loss and its gradient with respect to every parameter", () => {
    const model = tinyRoberta();
    const { loss, gradients } = parameterGradients(model, head, batch(model), crossEntropy(oracle.labels));
    assertAllclose([loss], [oracle.loss], { absolute: 1e-6 });
    const expected = Object.keys(oracle.gradientNorms).filter((name) => !isKeyBias(name));
    assert.deepEqual([...gradients.keys()].sort(), expected.sort());
    for (const name of expected)
      assertAllclose(
        [normOf(gradients.get(name)!)],
        [oracle.gradientNorms[name]],
        { absolute: 1e-6, relative: 1e-5 },
        name,
      );
    for (const [name, values] of Object.entries(oracle.gradients)) {
      assertAllclose(gradients.get(name)!.dataSync(), values, { absolute: 1e-6, relative: 1e-5 }, name);
    }
  });

  const optimizers: [OptimizerName, Run][] = [
    ["sgd", oracle.sgd],
    ["adamw", oracle.adamwHf],
    ["signgd", oracle.signgd],
  ];
  for (const [name, run] of optimizers) {
    it(`three steps of ${name}, clipped, with linear decay`, () => {
      let model = tinyRoberta();
      const optimizer = createOptimizer(name);
      const lossNow = (): ReturnType<typeof parameterGradients> =>
        parameterGradients(model, head, batch(model), crossEntropy(oracle.labels));
      const layout = flatLayout(model, lossNow().gradients.keys());
      let vector = flatten(layout, (parameterName) => parameter(model, parameterName));
      run.steps.forEach((step, t) => {
        const { loss, gradients } = lossNow();
        // Adam and signs amplify rounding in gradients near zero, so losses drift apart by up to 1e-5 in three steps.
        assertAllclose([loss], [step.loss], { absolute: 2e-5 }, `loss before step ${t + 1}`);
        const gradient = clipByNorm(
          flatten(layout, (parameterName) => gradients.get(parameterName)!),
          run.maxGradientNorm,
        );
        vector = optimizer.update(vector, gradient, linearSchedule(run.learningRate, t, run.totalSteps));
        model = withFlatParameters(model, layout, vector);
      });
      assertAllclose([lossNow().loss], [run.lossAfter], { absolute: 2e-5 }, "loss after");
      for (const [parameterName, norm] of Object.entries(run.parameterNormsAfter)) {
        if (isKeyBias(parameterName)) continue;
        assertAllclose([normOf(parameter(model, parameterName))], [norm], { absolute: 1e-4 }, parameterName);
      }
    });
  }
});

describe("losses", () => {
  it("the squared error's derivative is that of finite differences", () => {
    const loss = squaredError([1, 0]);
    const logits = [0.3, -0.4, 0.9, 0.2];
    const { delta } = loss(tf.tensor(logits, [2, 2]));
    const value = (x: number[]): number => loss(tf.tensor(x, [2, 2])).loss.dataSync()[0];
    const numeric = logits.map((_, i) => {
      const shift = (h: number): number => value(logits.map((x, j) => (i === j ? x + h : x)));
      return (shift(0.01) - shift(-0.01)) / 0.02;
    });
    assertAllclose(delta.dataSync(), numeric, { absolute: 1e-4 });
  });
});

describe("fine-tuning", () => {
  const data = { sequences: oracle.train, labels: oracle.labels };
  const shared = tinyRoberta();
  const options = (change: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
    model: shared,
    head,
    train: data,
    dev: data,
    optimizer: "sgd",
    learningRate: 0.05,
    steps: 20,
    batchSize: 2,
    seed: 3,
    ...change,
  });

  it("learns four examples by heart, and keeps the best on dev", async () => {
    const model = tinyRoberta();
    const before = evaluateAccuracy(model, head, data);
    const tuned = await fineTune(options({ model }));
    assert.ok(before < 1, "the fixture must leave something to learn");
    assert.equal(tuned.best.devAccuracy, 1);
    assert.equal(evaluateAccuracy(tuned.model, head, data), 1);
    assert.equal(
      tuned.history.find((record) => record.devAccuracy === 1),
      tuned.best,
      "the first best is kept",
    );
    assert.ok(tuned.history.at(-1)!.loss < tuned.history[0].loss);
  });

  for (const optimizer of ["sgd", "adamw"] as const) {
    it(`gives the same bits twice (${optimizer})`, async () => {
      const run = async (): Promise<Float32Array[]> => {
        const tuned = await fineTune(options({ optimizer, learningRate: 0.01 }));
        return [...tuned.model.parameters.values()].map((tensor) => tensor.dataSync() as Float32Array);
      };
      assert.deepEqual(await run(), await run());
    });
  }

  it("can be interrupted, and leaves no tensor behind", async () => {
    const model = tinyRoberta();
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => void (done === 3 && controller.abort());
    await assert.rejects(fineTune(options({ model, signal: controller.signal, onProgress })), /abort/i);
    (await fineTune(options({ model }))).dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses settings that cannot train", async () => {
    await assert.rejects(fineTune(options({ learningRate: -1 })), /learningRate must be positive, not -1/);
    await assert.rejects(fineTune(options({ dev: { sequences: [], labels: [] } })), /dev: 0 prompts and 0 labels/);
  });
});
