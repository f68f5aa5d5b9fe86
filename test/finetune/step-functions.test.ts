import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fineTune, type FineTuneOptions } from "../../src/finetune/fine-tune";
import { flatLayout, flatLayouts } from "../../src/finetune/flat-parameters";
import { fusedAdam } from "../../src/finetune/fused-adam";
import { stepRates } from "../../src/finetune/optimizer";
import { packedBatch, planBatches } from "../../src/finetune/packed-batches";
import { crossEntropy, gradientTensors, parameterGradients } from "../../src/finetune/parameter-gradients";
import {
  compiledStepFunctions,
  frozenInputs,
  listed,
  numbered,
  stepFunctions,
  type StepKind,
} from "../../src/finetune/step-functions";
import { headOnReads, stepInputsOf } from "../../src/finetune/step-inputs";
import { disposeState, firstState, fitsGraphs, type Trained } from "../../src/finetune/training-step";
import { parseTrainingConfig, type TrainingSettings } from "../../src/finetune/training-config";
import { backendName, tf, type Tensor } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { labelWordHead, tanhClassifierHead, withTanhClassifier, type Head } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { randomModel, randomSequence, seededRandom } from "../support/random-model";

const SIZES = { layers: 2, headSize: 4, heads: 2, intermediate: 20, vocabulary: 700, longest: 40, padId: 1 };
const random = seededRandom(5);
const sequences = [9, 14, 5, 23, 30, 11, 17, 8].map((length) => randomSequence(random, SIZES, length));
const train = { sequences, labels: [0, 1, 1, 0, 1, 0, 0, 1] };
const wordHead = labelWordHead([40, 650]);

const lengths = sequences.map(({ ids }) => ids.length);
const { shape } = planBatches([lengths], 0).shapeOf(lengths);

onEveryBackend("a packed batch", () => {
  it("has the loss and the gradients that the batch has with every prompt in a row of its own", () => {
    const model = randomModel(SIZES, 3);
    const expected = parameterGradients(model, wordHead, collate(sequences, model.config), crossEntropy(train.labels));
    const kind: StepKind = {
      model,
      head: wordHead,
      layouts: flatLayouts(model, expected.gradients.keys()),
      config: config({}),
    };
    const { tensors } = stepInputsOf({ model, head: wordHead, train, classes: 2, config: config({}) })(
      [...sequences.keys()],
      shape,
      [0],
    );
    const { loss, ...sums } = stepFunctions(kind).gradient({
      ...numbered("theta", firstState({ model, layouts: kind.layouts, config: config({}) }).parameters),
      ...frozenInputs(model, kind.layouts),
      ...tensors,
    });
    assertAllclose(loss.dataSync(), [expected.loss], { absolute: 1e-6 });
    const vector = kind.layouts
      .flatMap(({ names }) => names)
      .flatMap((name) => [...expected.gradients.get(name)!.dataSync()]);
    assertAllclose(
      Object.values(sums).flatMap((sum) => [...sum.dataSync()]),
      vector,
      { relative: 1e-5 },
    );
  });

  it("refuses a text that is too long", () => {
    const model = randomModel({ ...SIZES, longest: 20 }, 3);
    assert.throws(
      () => packedBatch(sequences, model.config, shape),
      /a text has 23 tokens, but the model reads at most 20/,
    );
  });
});

const config = (settings: Partial<TrainingSettings>): ReturnType<typeof parseTrainingConfig> =>
  parseTrainingConfig({ optimizer: "sgd", learningRate: 0.1, batchSize: 8, steps: 20, seed: 2, ...settings });

const cases: Record<string, Partial<TrainingSettings> & { head?: Head }> = {
  "SGD with weight decay": { optimizer: "sgd", weightDecay: 0.1, clipNorm: 0.01 },
  SignGD: { optimizer: "signgd", clipNorm: null },
  "AdamW with weight decay": { optimizer: "adamw", weightDecay: 0.1 },
  "AdamW with dropout, a classifier": { optimizer: "adamw", dropout: 0.3, head: tanhClassifierHead },
  "the squared error": { loss: "l2" },
  "the mean of several words": { head: labelWordHead([[40, 41], [650]]) },
  "several words' summed probabilities": { head: labelWordHead([[40, 41], [650]], { combine: "sum" }) },
};

describe("which models have graphs", () => {
  it("is decided by all parameters of a model, whatever part of its vocabulary a run needs", () => {
    const { config } = randomModel(SIZES, 3);
    const ofSize = (size: number): Model => ({
      config,
      hash: "",
      parameters: new Map([["weights", { size } as Tensor]]),
    });
    assert.equal(fitsGraphs(ofSize(22.7e6)), true);
    assert.equal(fitsGraphs(ofSize(124.7e6)), false);
  });
});

describe("a step as a graph", { skip: backendName() !== "tensorflow" && "plain JavaScript has none" }, () => {
  for (const [name, { head = wordHead, ...settings }] of Object.entries(cases)) {
    it(`is the step operation by operation (${name}), with the same bits at every call`, () => {
      const model =
        head === tanhClassifierHead ? withTanhClassifier(randomModel(SIZES, 3), 2, 1) : randomModel(SIZES, 3);
      const run = config(settings);
      const { gradients } = gradientTensors(
        model,
        headOnReads(head, collate(sequences, model.config)),
        collate(sequences, model.config),
        crossEntropy(train.labels),
      );
      const layouts = flatLayouts(
        model,
        [...gradients.keys()].filter((each) => !each.includes("layer.0")),
      );
      const state = firstState({ model, layouts, config: run });
      const { tensors } = stepInputsOf({ model, head, train, classes: 2, config: run })(
        [...sequences.keys()],
        shape,
        [0],
      );
      const rates = { stepSize: tf.scalar(0.1), decay: tf.scalar(0.01) };
      const inputs = {
        ...numbered("theta", state.parameters),
        ...numbered("moment", state.moments),
        ...frozenInputs(model, layouts),
        ...tensors,
        ...rates,
      };
      const kind: StepKind = { model, head, layouts, config: run };
      const [expected, found, again] = [
        stepFunctions(kind).whole(inputs),
        compiledStepFunctions(kind).whole(inputs),
        compiledStepFunctions(kind).whole(inputs),
      ];
      assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
      for (const key of Object.keys(expected)) {
        assert.deepEqual(found[key].dataSync(), again[key].dataSync(), key);
        // A sign, or AdamW's first step, is all or nothing where a gradient is nothing but rounding.
        const near = [...found[key].dataSync()].filter(
          (value, i) => Math.abs(value - expected[key].dataSync()[i]) < 1e-5,
        ).length;
        assert.ok(
          near >= (run.optimizer === "sgd" ? 1 : 0.995) * expected[key].size,
          `${key}: ${near} of ${expected[key].size}`,
        );
      }
    });
  }
});

describe(
  "AdamW's update by TensorFlow's own operation",
  { skip: backendName() !== "tensorflow" && "plain JavaScript has none" },
  () => {
    it("is the update operation by operation, step after step", () => {
      const model = randomModel(SIZES, 3);
      const run = config({ optimizer: "adamw", clipNorm: 0.5, beta2: 0.99 });
      const layouts = ["layer.0", "layer.1"].map((part) =>
        flatLayout(
          model,
          [...model.parameters.keys()].filter((name) => name.includes(part)),
        ),
      );
      const before = tf.memory().numTensors;
      const fused = fusedAdam(layouts, run)!;
      const plain = stepFunctions({ model, head: wordHead, layouts, config: run });
      let states = [fused, plain].map(() => firstState({ model, layouts, config: run }));
      for (let step = 1; step <= 3; step++) {
        const sums = numbered(
          "sum",
          states[0].parameters.map((vector, i) => tf.randomNormal(vector.shape, 0, 0.1, "float32", 10 * step + i)),
        );
        const stepSize = tf.scalar(stepRates("adamw", run, step, 0.01).stepSize);
        const inputsOf = (state: Trained) => ({
          ...numbered("theta", state.parameters),
          ...numbered("moment", state.moments),
          ...sums,
          stepSize,
          decay: stepSize,
        });
        const after = [fused, plain].map(({ update }, i) => update(inputsOf(states[i])));
        states.forEach(disposeState);
        states = after.map((results) => ({ parameters: listed("theta", results), moments: listed("moment", results) }));
        tf.dispose([...Object.values(sums), stepSize]);
        for (const part of ["parameters", "moments"] as const)
          states[0][part].forEach((vector, i) =>
            assertAllclose(
              vector.dataSync(),
              states[1][part][i].dataSync(),
              { relative: 1e-6 },
              `${part} ${i} after step ${step}`,
            ),
          );
      }
      states.forEach(disposeState);
      fused.dispose();
      assert.equal(tf.memory().numTensors, before);
    });

    it("is not taken where the update is another one", () => {
      const layouts = flatLayouts(randomModel(SIZES, 3), ["roberta.embeddings.word_embeddings.weight"]);
      for (const settings of [
        { optimizer: "sgd" },
        { optimizer: "adamw", weightDecay: 0.1 },
        { optimizer: "adamw", accumulate: 2 },
      ] as const)
        assert.equal(fusedAdam(layouts, config(settings)), undefined);
    });
  },
);

onEveryBackend("a run with graphs", (backend) => {
  const options = (model: Model, change: Partial<FineTuneOptions>): FineTuneOptions => ({
    model,
    head: wordHead,
    train,
    dev: train,
    probe: sequences.slice(0, 3),
    optimizer: "sgd",
    learningRate: 0.05,
    batchSize: 3,
    steps: 24,
    evaluateEvery: 8,
    keep: "last",
    seed: 4,
    ...change,
  });
  const steps = backend === "cpu" ? 3 : 48;

  it("moves the rows of tokens that occur, and no others, as a run on the whole vocabulary does", async () => {
    const { renumbered: _, words: __, ...wholeVocabularyHead } = wordHead;
    const model = randomModel(SIZES, 3);
    const [part, whole] = [
      await fineTune(options(model, { steps })),
      await fineTune(options(model, { steps, head: wholeVocabularyHead })),
    ];
    part.history.forEach((record, i) => {
      assertAllclose(record.logits!, whole.history[i].logits!, { absolute: 2e-4 });
      assertAllclose([record.loss, record.distance], [whole.history[i].loss, whole.history[i].distance], {
        absolute: 2e-4,
      });
    });
    assert.deepEqual(part.trained, whole.trained);
    const occurring = new Set(sequences.flatMap(({ ids }) => ids));
    const table = "roberta.embeddings.word_embeddings.weight";
    const [start, tuned, expected] = [model, part.model, whole.model].map(
      (each) => parameter(each, table).arraySync() as number[][],
    );
    assert.deepEqual(parameter(part.model, table).shape, [700, 8]);
    start.forEach((row, id) =>
      occurring.has(id)
        ? assertAllclose(tuned[id], expected[id], { absolute: 2e-4 })
        : assert.deepEqual(tuned[id], row, `token ${id}`),
    );
  });

  it("goes on to the same bits after an interruption, and leaves no tensor behind", async () => {
    const stateDirectory = mkdtempSync(join(tmpdir(), "kernel-view-graph-run-"));
    try {
      const model = randomModel(SIZES, 3);
      const change = { optimizer: "adamw", steps } as const;
      const whole = await fineTune(options(model, change));
      const before = tf.memory().numTensors;
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }): void =>
        void (done === Math.floor(steps / 3) && controller.abort(new Error("enough")));
      await assert.rejects(
        fineTune(options(model, { ...change, stateDirectory, signal: controller.signal, onProgress })),
        /enough/,
      );
      const resumed = await fineTune(options(model, { ...change, stateDirectory }));
      assert.deepEqual(resumed.history, whole.history);
      resumed.dispose();
      assert.equal(tf.memory().numTensors, before);
    } finally {
      rmSync(stateDirectory, { recursive: true });
    }
  });

  it("gives the same bits twice, with several batches a step and dropout too", async () => {
    const bits = async (): Promise<unknown> =>
      (
        await fineTune(
          options(randomModel(SIZES, 3), {
            steps: Math.min(steps, 30),
            optimizer: "adamw",
            accumulate: 2,
            dropout: 0.1,
          }),
        )
      ).history;
    assert.deepEqual(await bits(), await bits());
  });
});

onEveryBackend("labels", () => {
  it("that the head has no logit for are refused", async () => {
    const wrong = { ...train, labels: [0, 1, 2, 0, 1, 0, 0, 1] };
    await assert.rejects(
      fineTune({
        model: randomModel(SIZES, 3),
        head: wordHead,
        train: wrong,
        dev: train,
        optimizer: "sgd",
        learningRate: 0.05,
        batchSize: 3,
        steps: 2,
        seed: 4,
      }),
      /train: label 2, but the head has 2 logits/,
    );
  });
});
