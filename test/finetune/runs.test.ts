import assert from "node:assert/strict";
import { it } from "node:test";
import { fineTune } from "../../src/finetune/fine-tune";
import type { TrainingSettings } from "../../src/finetune/training-config";
import { classifierHead, labelWordHead, tanhClassifierHead, type Head } from "../../src/model/head";
import { disposeModel, type Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { oracleRun, withOracleClassifier, withOracleTanhClassifier } from "../support/fine-tuning-oracle";
import { withOracleLora } from "../support/kernel-oracle";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

const {
  train: prompts,
  labels,
  labelWordIds,
} = readJson<{ train: Prompt[]; labels: number[]; labelWordIds: number[] }>("tiny-roberta", "oracle-training.json");
const promptHead = labelWordHead(labelWordIds);
const starts = prompts.map(({ ids }) => ({ ids, maskPosition: 0 }));

interface Case {
  settings: Partial<TrainingSettings> & Pick<TrainingSettings, "optimizer" | "learningRate">;
  model?: () => Model;
  head?: Head;
}
const sgd = { optimizer: "sgd", learningRate: 0.05 } as const;
const adamw = { optimizer: "adamw", learningRate: 1e-3 } as const;
const standard = { model: () => withOracleClassifier(tinyRoberta()), head: classifierHead };
const tanh = { model: () => withOracleTanhClassifier(tinyRoberta()), head: tanhClassifierHead };
const withFactors = { model: () => withOracleLora(tinyRoberta(), "queryValue") };
const cases: Record<string, Case> = {
  sgd: { settings: { ...sgd, warmupSteps: 2, clipNorm: 0.5, weightDecay: 0.1 } },
  signgd: {
    settings: { optimizer: "signgd", learningRate: 1e-3, schedule: "constant", warmupRatio: 0.2, weightDecay: 0.1 },
  },
  adamw: { settings: { ...adamw, weightDecay: 0.1 } },
  adamwBetas: { settings: { ...adamw, beta1: 0.8, beta2: 0.98, epsilon: 1e-4, clipNorm: null, schedule: "constant" } },
  l2: { settings: { ...sgd, loss: "l2" } },
  bitfit: { settings: { optimizer: "adamw", learningRate: 1e-2, parameters: "bitfit" } },
  headOnly: { settings: { ...sgd, clipNorm: null, parameters: "head" } },
  filter: { settings: { ...sgd, parameters: { filter: ["*.layer.1.*", "!biases"] } } },
  lora: { settings: { ...adamw, parameters: { filter: ["lora", "head"] } }, ...withFactors },
  loraOnly: {
    settings: { optimizer: "sgd", learningRate: 0.1, clipNorm: null, parameters: { filter: ["lora"] } },
    ...withFactors,
  },
  classifier: { settings: { optimizer: "sgd", learningRate: 0.02 }, ...standard },
  tanhClassifier: { settings: { optimizer: "sgd", learningRate: 0.02 }, ...tanh },
  tanhHeadOnly: { settings: { optimizer: "adamw", learningRate: 1e-2, loss: "l2", parameters: "head" }, ...tanh },
  classifierBitfit: { settings: { ...adamw, parameters: "bitfit" }, ...standard },
};

onEveryBackend("five steps of fine-tuning equal PyTorch's (float64)", () => {
  const check = async (name: string, batching: Pick<TrainingSettings, "batchSize" | "accumulate">): Promise<void> => {
    const { settings, model: make = tinyRoberta, head = promptHead } = cases[name];
    const expected = oracleRun(name);
    const model = make();
    const sequences = head === promptHead ? prompts : starts;
    const data = { sequences, labels };
    const tuned = await fineTune({
      ...settings,
      ...batching,
      model,
      head,
      train: data,
      dev: data,
      probe: sequences,
      steps: 5,
      evaluateEvery: 1,
      keep: "last",
      seed: 1,
    });
    assert.deepEqual(tuned.trained, expected.trained);
    assert.equal(tuned.history.length, 5);
    tuned.history.forEach((record, t) => {
      const wanted = expected.history[t];
      const what = `${name}, step ${t + 1}`;
      assertAllclose([record.learningRate], [wanted.learningRate], { relative: 1e-12 }, `${what}: learning rate`);
      // float32 against float64; Adam and signs amplify rounding in gradients near zero.
      assertAllclose([record.loss], [wanted.loss], { absolute: 5e-6 }, `${what}: loss`);
      assertAllclose(record.logits!, wanted.logits, { absolute: 3e-5 }, `${what}: logits`);
      assertAllclose([record.distance], [wanted.distance], { absolute: 1e-7, relative: 1e-5 }, `${what}: distance`);
    });
    tuned.dispose();
    disposeModel(model);
  };
  for (const name of Object.keys(cases)) it(name, () => check(name, { batchSize: 4 }));
  it("sgd, its batch accumulated from two halves", () => check("sgd", { batchSize: 2, accumulate: 2 }));
});
