import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fixedFeatures } from "../../src/behavior/fixed-features";
import { kernelTargetAlignment } from "../../src/behavior/kernel-comparison";
import { kernelBehavior } from "../../src/behavior/verdicts";
import { kernelDescent } from "../../src/behavior/kernel-descent";
import { linearizationTest } from "../../src/behavior/linearization-test";
import { behaviorRun } from "../../src/sweep/behavior-run";
import type { BehaviorRunOptions } from "../../src/sweep/behavior-settings";
import { encodeExamples } from "../../src/experiment/inputs";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { promptOutputs } from "../../src/experiment/outputs";
import { gridSearch } from "../../src/experiment/solve-kernels";
import { splitKernels } from "../../src/experiment/split-kernels";
import { trainingBatches } from "../../src/finetune/batches";
import { evaluateAccuracy, fineTune } from "../../src/finetune/fine-tune";
import { linearSchedule } from "../../src/finetune/optimizer";
import { computeKernel } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { classifierHead, withClassifier } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { accuracy, asPredictions } from "../../src/solvers/metrics";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { LETTERS, PHRASES } from "../support/few-shot";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-behavior-"));
const task = taskByName("sst-2");
/** Places of the splits' examples among the words. */
const [train, dev, test] = [0, 1, 2];
const training = { optimizer: "sgd", steps: 6, batchSize: 5, evaluateEvery: 2, clipNorm: 0.5, seed: 3 } as const;

describe("a measurement of kernel behaviour", () => {
  let lm: LanguageModel;
  let common: Pick<BehaviorRunOptions, "model" | "outputs" | "train" | "dev" | "test">;
  const splitOf = (place: number, classes = 2) => {
    const examples = PHRASES.map((text, i) => ({
      texts: [`${text} ${LETTERS[(i * 5 + place) % 12]}`],
      label: Math.floor((i * classes) / PHRASES.length),
    }));
    return encodeExamples(examples, task, lm.tokenizer);
  };
  before(async () => {
    lm = await loadLanguageModel(fixturePath("tiny-roberta"));
    common = {
      model: lm.model,
      outputs: promptOutputs(task, lm.tokenizer, "margin"),
      train: splitOf(train),
      dev: splitOf(dev),
      test: splitOf(test),
    };
  });
  after(() => {
    disposeModel(lm.model);
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the numbers of its parts by themselves", async () => {
    const { model, outputs } = common;
    const { head } = outputs;
    const tensors = tf.memory().numTensors;
    const progress: { done: number; total: number }[] = [];
    const run = await behaviorRun({
      ...common,
      ...training,
      learningRates: [0.02, 0.3],
      featureExamples: 5,
      featuresAlong: true,
      onProgress: (state) => void progress.push(state),
    });
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind");
    assert.deepEqual(progress.at(-1), { done: 5, total: 5 });
    assert.ok(progress.every(({ done }, i) => i === 0 || done >= progress[i - 1].done));

    const rates = run.tried.map(({ dev: score }) => score!);
    assert.equal(run.learningRate, [0.02, 0.3][rates[1] > rates[0] ? 1 : 0]);
    const options = { model, head, train: common.train, dev: common.dev, ...training, learningRate: run.learningRate };
    const tuned = await fineTune(options);
    const { step } = tuned.best;
    assert.deepEqual(run.tuned, {
      step,
      distance: tuned.best.distance,
      dev: tuned.best.devScore,
      devAccuracy: tuned.best.devAccuracy,
      test: evaluateAccuracy(tuned.model, head, common.test),
      testAccuracy: evaluateAccuracy(tuned.model, head, common.test),
    });
    assert.equal(run.start, evaluateAccuracy(model, head, common.test));

    const { sequences, labels } = common.test;
    const [linearization] = await linearizationTest({ model, outputs, sequences, labels, tuned: [tuned.model] });
    // One group of checkpoints or one checkpoint alone: the same products, in the same order.
    assert.deepEqual(run.linearization, {
      test: linearization.linearized,
      gain: linearization.gain,
      error: linearization.error,
      ...(linearization.share === undefined ? {} : { share: linearization.share }),
    });
    const { startOutputs, tunedOutputs, linearizedOutputs } = linearization;
    const sixDigits = { relative: 5e-6, absolute: 1e-30 };
    assertAllclose(run.testOutputs.start, startOutputs.values, sixDigits);
    assertAllclose(run.testOutputs.tuned, tunedOutputs.values, sixDigits);
    assertAllclose(run.testOutputs.linearized, linearizedOutputs.values, sixDigits);
    const { changes } = await fixedFeatures({
      model,
      tuned: [tuned.model],
      outputs,
      examples: common.train.sequences,
      others: [0, 2, 4, 7, 9].map((i) => sequences[i]),
    });
    const { whole, layers, kinds } = changes[0].get("sgd")!;
    assert.deepEqual(
      run.features.map(({ formula, mean, median }) => [formula, mean, median]),
      [["sgd", whole.mean, whole.median]],
    );
    assert.deepEqual(
      Object.entries(run.features[0].layers).map(([name, { mean }]) => [name, mean]),
      [...layers].map(([name, { mean }]) => [name, mean]),
    );
    assert.deepEqual(Object.keys(run.features[0].kinds), [...kinds.keys()]);
    assert.equal(run.checkpoints.find((each) => each.step === step)!.featureDistance, whole.mean);

    const splits = await splitKernels({
      model,
      outputs,
      train: common.train,
      splits: { train: common.train, dev: common.dev, test: common.test },
    });
    const { best } = gridSearch<"test">(splits, {
      regularizations: [0, 0.001, 0.01, 0.1, 1],
      f0s: [10, 100, 1000, 10000, Infinity],
    });
    assert.deepEqual(run.kernel, {
      formula: "sgd",
      solver: "lstsq",
      setting: { regularization: best.regularization, f0: best.f0 === Infinity ? "inf" : best.f0 },
      dev: best.scores.dev.accuracy,
      test: best.scores.test.accuracy,
    });
    const order = trainingBatches({ examples: PHRASES.length, batchSize: 5, accumulate: 1, seed: 3 });
    const kernelOf = (name: "train" | "test") => ({
      kernel: splits[name].kernels.get("sgd")!,
      labels: splits[name].labels,
      start: splits[name].logits,
    });
    const { records } = await kernelDescent({
      train: kernelOf("train"),
      evaluate: kernelOf("test"),
      loss: "cross-entropy",
      rates: [0, 1, 2, 3, 4, 5].map((t) => linearSchedule(run.learningRate, t, 6)),
      batches: [0, 1, 2, 3, 4, 5].map(() => (order.next().value as number[][])[0]),
      clipNorm: 0.5,
      record: [0, 2, 4, 6],
    });
    assert.deepEqual(
      run.checkpoints.map((each) => each.step),
      [0, 2, 4, 6],
    );
    assert.deepEqual(
      run.checkpoints.map(({ descent }) => descent),
      records.map(({ evaluate }) => accuracy(asPredictions(evaluate), labels)),
    );
    assert.equal(run.descent!.test, run.checkpoints.find((each) => each.step === step)!.descent);
    const after = (
      await computeKernel({
        model: tuned.model,
        outputs,
        train: common.train.sequences,
        evaluate: common.train.sequences,
      })
    ).kernels.get("sgd")!;
    assert.deepEqual(run.alignment, {
      start: kernelTargetAlignment(splits.train.kernels.get("sgd")!, common.train.labels),
      tuned: kernelTargetAlignment(after, common.train.labels),
    });
    const verdicts = kernelBehavior({
      kernelScore: best.scores.test.accuracy,
      tunedScore: run.tuned.test,
      linearized: linearization.passed,
      featureDistance: whole.mean,
    });
    assert.deepEqual(
      run.verdicts,
      Object.fromEntries(Object.entries(verdicts).filter(([, verdict]) => verdict !== undefined)),
    );
    tuned.dispose();
  });

  it("finds no difference where the model is linear in what is trained: a new head", async () => {
    const cases: {
      classes: number;
      margin: boolean;
      rate?: number;
      settings: Pick<BehaviorRunOptions, "optimizer" | "batchSize" | "warmupSteps" | "clipNorm" | "loss" | "schedule">;
    }[] = [
      { classes: 3, margin: false, settings: { optimizer: "sgd", batchSize: 5, warmupSteps: 2, clipNorm: 0.3 } },
      { classes: 3, margin: false, settings: { optimizer: "sgd", batchSize: 4, loss: "l2", clipNorm: null } },
      { classes: 2, margin: true, settings: { optimizer: "sgd", batchSize: 12, schedule: "constant" } },
      // Small steps: at saturation float32 rounds one of the two logits' derivatives to 0, which has another sign.
      { classes: 2, margin: true, rate: 0.003, settings: { optimizer: "signgd", batchSize: 1 } },
    ];
    for (const { classes, margin, settings, rate = 0.3 } of cases) {
      const model = withClassifier(lm.model, classes, 1);
      const options = {
        model,
        train: splitOf(train, classes),
        dev: splitOf(dev, classes),
        test: splitOf(test, classes),
      };
      const outputs = margin ? marginOutput(classifierHead) : logitOutputs(classifierHead, classes);
      const kernels = [{ formula: "sgd", solver: "lstsq", regularizations: [0.01] }] as const;
      const run = await behaviorRun({
        ...options,
        outputs,
        ...settings,
        parameters: { filter: ["classifier.*"] },
        steps: 8,
        evaluateEvery: 4,
        seed: 5,
        learningRates: [rate],
        kernels,
      });
      for (const { linearizationError, descentError, tuned, linearized, descent } of run.checkpoints.slice(1)) {
        // Parameters in float32, and sums of their changes in float64.
        assert.ok(
          linearizationError! < 1e-5 && descentError! < 1e-4,
          `${JSON.stringify(settings)}: errors ${linearizationError} and ${descentError}`,
        );
        assert.deepEqual([linearized, descent], [tuned, tuned]);
      }
      assert.equal(run.features[0].mean, 0);
      assert.equal(run.verdicts.fixedFeatures, true);
      if (run.linearization.share !== undefined) assert.equal(run.linearization.share, 1);
      options.model.parameters.forEach((tensor, name) => lm.model.parameters.has(name) || tensor.dispose());
    }
  });

  it("says why there is no descent, and solves the optimizer's kernels", async () => {
    const run = await behaviorRun({ ...common, ...training, optimizer: "adamw", learningRates: [0.001] });
    assert.match(run.noDescent!, /one example with one output/);
    assert.ok(!("descent" in run) && run.checkpoints.every((each) => !("descent" in each)));
    assert.deepEqual(
      run.kernels.map(({ formula, solver }) => [formula, solver]),
      [
        ["asymmetric_signgd", "asym"],
        ["signgd", "lstsq"],
      ],
    );
    assert.deepEqual(run.kernel, run.kernels[run.kernels[1].dev > run.kernels[0].dev ? 1 : 0]);
    assert.deepEqual(
      run.features.map(({ formula }) => formula),
      ["sgd", "asymmetric_signgd"],
    );
    const distance = run.features[1].mean!;
    assert.equal(run.verdicts.fixedFeatures, distance < 2);
  });

  it("lets the kernel count what is trained", async () => {
    const kinds = async (change: Partial<BehaviorRunOptions>): Promise<string[]> => {
      const kernels = [{ formula: "sgd", solver: "lstsq", regularizations: [0.01] }] as const;
      const tensors = tf.memory().numTensors;
      const run = await behaviorRun({ ...common, ...training, steps: 2, learningRates: [0.05], kernels, ...change });
      assert.equal(tf.memory().numTensors, tensors);
      return Object.keys(run.features[0].kinds).sort();
    };
    assert.deepEqual(await kinds({ parameters: "bitfit" }), ["biases"]);
    assert.deepEqual(await kinds({ parameters: { lora: { rank: 2, alpha: 4, head: false } } }), ["LoRA A", "LoRA B"]);
    assert.deepEqual(await kinds({ parameters: { filter: ["*.query.weight"] } }), ["query"]);
  });

  it("has cells for each layer and kind, which are kernels of their own", async () => {
    const { outputs, model } = common;
    const tuned = await fineTune({
      model,
      head: outputs.head,
      train: common.train,
      dev: common.dev,
      ...training,
      learningRate: 0.3,
    });
    const options = { model, tuned: [tuned.model], outputs, examples: common.train.sequences };
    const { cells } = (await fixedFeatures(options)).changes[0].get("sgd")!;
    const [layer, kind] = ["layer 2", "value"];
    const own = (
      await fixedFeatures({ ...options, parameters: ["*.layer.1.attention.self.value.weight"] })
    ).changes[0].get("sgd")!;
    assert.equal(cells.find((cell) => cell.layer === layer && cell.kind === kind)!.change.mean, own.whole.mean);
    assert.equal(new Set(cells.map((cell) => `${cell.layer} ${cell.kind}`)).size, cells.length);
    tuned.dispose();
  });

  it("is kept in the store, and notes learning rates that diverge", async () => {
    const store = join(folder, "store");
    const options = { ...common, ...training, steps: 4, clipNorm: null, learningRates: [1e30, 0.02], store };
    const first = await behaviorRun(options);
    assert.match(first.tried[0].error!, /the training loss is NaN/);
    assert.equal(first.learningRate, 0.02);
    const files = readdirSync(store).length;
    const progress: { done: number; total: number; reused?: number }[] = [];
    const onProgress = (state: (typeof progress)[0]): void => void progress.push(state);
    assert.deepEqual(await behaviorRun({ ...options, onProgress }), first);
    assert.deepEqual(progress, [{ done: 5, total: 5, reused: 5 }]);
    assert.equal(readdirSync(store).length, files);
    await behaviorRun({ ...options, featureExamples: 4, onProgress });
    assert.deepEqual(progress.at(-1), { done: 5, total: 5 }, "another number of examples is another measurement");
    await assert.rejects(behaviorRun({ ...options, learningRates: [1e30, 1e31] }), {
      name: "DivergedError",
      message: /every learning rate diverged/,
    });
  });

  it("stops when asked to, and releases what it has", async () => {
    const tensors = tf.memory().numTensors;
    for (const stopAt of [0.1, 1.2, 2.5]) {
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }): void =>
        void (done >= stopAt && controller.abort(new Error("enough")));
      await assert.rejects(
        behaviorRun({ ...common, ...training, learningRates: [0.02, 0.1], onProgress, signal: controller.signal }),
        /enough/,
      );
      assert.equal(tf.memory().numTensors, tensors);
    }
  });

  it("refuses a run without learning rates or with a wrong setting", async () => {
    await assert.rejects(behaviorRun({ ...common, ...training, learningRates: [] }), /at least one learning rate/);
    await assert.rejects(behaviorRun({ ...common, ...training, batchSize: 0, learningRates: [0.1] }), /batchSize/);
  });
});
