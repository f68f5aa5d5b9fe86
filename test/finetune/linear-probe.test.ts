import assert from "node:assert/strict";
import { it } from "node:test";
import { evaluateAccuracy, fineTune } from "../../src/finetune/fine-tune";
import { linearProbe } from "../../src/finetune/linear-probe";
import { tf } from "../../src/model/backend";
import { classifierHead, labelWordHead, vocabularyHead, type Head } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { oracleProbe, probeLabels, probeSequences, withOracleClassifier } from "../support/fine-tuning-oracle";
import { readJson, tinyRoberta } from "../support/tiny-roberta";

const { labelWordIds: words } = readJson<{ labelWordIds: number[] }>("tiny-roberta", "oracle.json");

onEveryBackend("linear probing", () => {
  const model = withOracleClassifier(tinyRoberta());
  const mask = model.config.vocabSize - 1;
  const data = (classes: number, prompted: boolean) => {
    const chosen = probeLabels.map((_, i) => i).filter((i) => probeLabels[i] < classes);
    const sequences = chosen.map((i) => ({
      ids: probeSequences[i],
      maskPosition: prompted ? probeSequences[i].indexOf(mask) : 0,
    }));
    return { sequences, labels: chosen.map((i) => probeLabels[i]) };
  };
  const rowsOf = (tuned: Model, name: string, rows: number[]): number[] =>
    rows.flatMap((row) => [...tf.tidy(() => tf.gather(parameter(tuned, name), [row]).dataSync())]);

  const check = (name: string, head: Head, classes: number, [weight, bias]: [string, string], rows: number[]): void => {
    const expected = oracleProbe(name);
    const train = data(classes, head !== classifierHead);
    const probe = linearProbe(model, head, train);
    assertAllclose([probe.inversePenalty], [expected.inversePenalty], { relative: 1e-9 }, "inverse penalty");
    // float32 features against float64, and scikit-learn's optimum against Newton's.
    assertAllclose(rowsOf(probe.model, weight, rows), expected.weights, { relative: 2e-4 }, "weights");
    assertAllclose(rowsOf(probe.model, bias, rows), expected.biases, { absolute: 1e-4, relative: 2e-4 }, "biases");
    assertAllclose(predictLogits(probe.model, head, train.sequences), expected.logits, { relative: 2e-4 }, "logits");
    probe.dispose();
  };
  const decoder: [string, string] = ["lm_head.decoder.weight", "lm_head.bias"];
  it("fits two label words as scikit-learn does", () =>
    check("promptTwo", labelWordHead(words.slice(0, 2)), 2, decoder, words.slice(0, 2)));
  it("fits three label words as scikit-learn does", () =>
    check("promptThree", labelWordHead(words), 3, decoder, words));
  it("fits a new head on <s> as scikit-learn does", () =>
    check("classifierTwo", classifierHead, 2, ["classifier.weight", "classifier.bias"], [0, 1]));

  it("leaves the other rows and parameters, and the given model, as they are", () => {
    const before = tf.memory().numTensors;
    const head = labelWordHead(words);
    const probe = linearProbe(model, head, data(3, true));
    for (const [name, tensor] of model.parameters) {
      if (!decoder.includes(name)) assert.equal(parameter(probe.model, name), tensor, name);
    }
    const others = Array.from({ length: model.config.vocabSize }, (_, i) => i).filter((i) => !words.includes(i));
    for (const name of decoder) assert.deepEqual(rowsOf(probe.model, name, others), rowsOf(model, name, others));
    assert.notEqual(probe.model.hash, model.hash);
    probe.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("is where standard fine-tuning may begin", async () => {
    const train = data(2, false);
    const probe = linearProbe(model, classifierHead, train);
    const tuned = await fineTune({
      model: probe.model,
      head: classifierHead,
      train,
      dev: train,
      probe: train.sequences,
      optimizer: "sgd",
      learningRate: 1e-4,
      steps: 2,
      batchSize: 8,
      seed: 1,
    });
    assertAllclose(tuned.initialLogits!, oracleProbe("classifierTwo").logits, { relative: 2e-4 });
    assert.ok(tuned.best.devAccuracy >= evaluateAccuracy(model, classifierHead, train));
    tuned.dispose();
  });

  it("refuses a head without a final layer of classes", () => {
    assert.throws(() => linearProbe(model, vocabularyHead, data(2, true)), /"vocabulary tied" has not/);
  });
});
