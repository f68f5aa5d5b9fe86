import assert from "node:assert/strict";
import { it } from "node:test";
import { fineTune } from "../../src/finetune/fine-tune";
import { flatLayout, flatten, withFlatParameters } from "../../src/finetune/flat-parameters";
import { clipByNorm, createOptimizer, linearSchedule } from "../../src/finetune/optimizer";
import { crossEntropy, parameterGradients } from "../../src/finetune/parameter-gradients";
import { tf, type Tensor } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { labelWordHead } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { bertOracle, tinyBert } from "../support/tiny-bert";

const head = labelWordHead(bertOracle.labelWordIds.slice(0, 2));
const lossOf = (model: Model): ReturnType<typeof parameterGradients> =>
  parameterGradients(model, head, collate(bertOracle.train, model.config), crossEntropy(bertOracle.labels));
const normOf = (x: Tensor): number => tf.norm(x).dataSync()[0];
const isKeyBias = (name: string): boolean => name.endsWith("attention.self.key.bias");

onEveryBackend("training a BERT equals PyTorch (float64)", () => {
  it("the loss and its gradient with respect to every parameter", () => {
    const { loss, gradients } = lossOf(tinyBert());
    assertAllclose([loss], [bertOracle.loss], { absolute: 1e-6 });
    const expected = Object.keys(bertOracle.gradientNorms).filter((name) => !isKeyBias(name));
    assert.deepEqual([...gradients.keys()].sort(), expected.sort());
    for (const name of expected)
      assertAllclose(
        [normOf(gradients.get(name)!)],
        [bertOracle.gradientNorms[name]],
        { absolute: 1e-6, relative: 1e-5 },
        name,
      );
    for (const [name, values] of Object.entries(bertOracle.gradients)) {
      assertAllclose(gradients.get(name)!.dataSync(), values, { absolute: 1e-6, relative: 1e-5 }, name);
    }
  });

  for (const name of ["sgd", "adamw", "signgd"] as const) {
    it(`one step of ${name}, clipped`, () => {
      const model = tinyBert();
      const { learningRate, totalSteps, lossAfter, parameterNormsAfter } = bertOracle[name];
      const { gradients } = lossOf(model);
      const layout = flatLayout(model, gradients.keys());
      const gradient = clipByNorm(
        flatten(layout, (parameterName) => gradients.get(parameterName)!),
        1,
      );
      const before = flatten(layout, (parameterName) => parameter(model, parameterName));
      const after = withFlatParameters(
        model,
        layout,
        createOptimizer(name).update(before, gradient, linearSchedule(learningRate, 0, totalSteps)),
      );
      // Adam and signs amplify rounding in gradients near zero.
      assertAllclose([lossOf(after).loss], [lossAfter], { absolute: 1e-5 }, "loss after");
      for (const [parameterName, norm] of Object.entries(parameterNormsAfter)) {
        if (!isKeyBias(parameterName))
          assertAllclose([normOf(parameter(after, parameterName))], [norm], { absolute: 1e-4 }, parameterName);
      }
    });
  }

  it("learns four examples by heart", async () => {
    const data = { sequences: bertOracle.train, labels: bertOracle.labels };
    const tuned = await fineTune({
      model: tinyBert(),
      head,
      train: data,
      dev: data,
      optimizer: "sgd",
      learningRate: 0.05,
      steps: 20,
      batchSize: 2,
      seed: 3,
    });
    assert.equal(tuned.best.devAccuracy, 1);
    assert.ok(tuned.history.at(-1)!.loss < tuned.history[0].loss);
  });
});
