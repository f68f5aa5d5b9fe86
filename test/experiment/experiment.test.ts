import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layerOfParameter } from "../../src/behavior/fixed-features";
import { fillMask, promptText } from "../../src/experiment/fill-mask";
import { fineTuningRun } from "../../src/experiment/fine-tuning-run";
import { encodeExamples } from "../../src/experiment/inputs";
import { readKernels, writeKernels } from "../../src/archives/kernel-files";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { newHeadOutputs, outputGradient, promptOutputs } from "../../src/experiment/outputs";
import { settingsGrid, solveKernels, zeroShotAccuracy } from "../../src/experiment/solve-kernels";
import { firstColumns, splitKernels, type SplitKernels } from "../../src/experiment/split-kernels";
import { evaluateAccuracy, fineTune } from "../../src/finetune/fine-tune";
import { computeOutputs } from "../../src/kernels/outputs";
import { disposeModel } from "../../src/model/model";
import { withClassifier } from "../../src/model/head";
import { readSafetensors, writeSafetensors } from "../../src/files/safetensors";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { fixturePath } from "../support/tiny-roberta";

const task = taskByName("sst-2");
const folder = mkdtempSync(join(tmpdir(), "kernel-view-experiment-"));
const sentences = ["it is a great film", "okay it was great", "great ham", "the film is ham", "a film", "the end"];
const examples = sentences.map((text, i) => ({ texts: [text], label: i < 3 ? 1 : 0 }));

describe("experiment", () => {
  let lm: LanguageModel;
  before(async () => {
    lm = await loadLanguageModel(fixturePath("tiny-roberta"));
  });
  after(() => {
    disposeModel(lm.model);
    rmSync(folder, { recursive: true, force: true });
  });
  const inputs = (prompted = true) => encodeExamples(examples, task, lm.tokenizer, { prompted });

  test("contradicting copies of one text cannot be told apart, with any solver and no regularization", async () => {
    const copies = ["great ham", "great ham", "great ham", "great ham", "it is a great film", "the end"];
    const labels = [1, 0, 1, 0, 1, 0];
    const doubled = copies.map((text, i) => ({ texts: [text], label: labels[i] }));
    const { sequences } = encodeExamples(doubled, task, lm.tokenizer, { warn: () => {} });
    for (const kind of ["logits", "margin"] as const) {
      const outputs = promptOutputs(task, lm.tokenizer, kind);
      const split = { sequences, labels };
      const formulas = ["sgd", "signgd"] as const;
      const { train } = await splitKernels({
        model: lm.model,
        outputs,
        train: split,
        splits: { train: split },
        formulas,
      });
      for (const formula of formulas)
        for (const solver of ["lstsq", "svr"] as const) {
          const { accuracy } = solveKernels({ train }, settingsGrid([0, 1e-3], [Infinity]), formula, { solver })[0]
            .scores.train;
          assert.equal(accuracy, 4 / 6, `${kind}, ${formula}, ${solver}: two of four copies, and the other two texts`);
        }
    }
  });

  test("a kernel entry is the inner product of two output gradients, summed over parameters", async () => {
    const { sequences } = inputs();
    for (const kind of ["logits", "margin"] as const) {
      const outputs = promptOutputs(task, lm.tokenizer, kind);
      const pair = { sequences: sequences.slice(0, 2), labels: [1, 1] };
      const { train } = await splitKernels({ model: lm.model, outputs, train: pair, splits: { train: pair } });
      const count = kind === "margin" ? 1 : 2;
      const gradients = pair.sequences.flatMap((sequence) =>
        Array.from({ length: count }, (_, c) => outputGradient(lm.model, outputs, sequence, c)),
      );
      const dot = (a: Map<string, Float32Array>, b: Map<string, Float32Array>): number =>
        [...a].reduce(
          (sum, [name, values]) => sum + values.reduce((part, value, i) => part + value * b.get(name)![i], 0),
          0,
        );
      const expected = gradients.flatMap((a) => gradients.map((b) => dot(a, b)));
      assertAllclose(train.kernels.get("sgd")!.values, expected, { relative: 1e-5 });
    }
  });

  test("the margin's kernel and logits follow from those of the logits", async () => {
    const all = inputs();
    const both = await Promise.all(
      (["logits", "margin"] as const).map((kind) =>
        splitKernels({
          model: lm.model,
          outputs: promptOutputs(task, lm.tokenizer, kind),
          train: all,
          splits: { train: all },
        }),
      ),
    );
    const [logits, margin] = both.map(({ train }) => train);
    const n = examples.length;
    const k = logits.kernels.get("sgd")!.values;
    const at = (i: number, a: number, j: number, b: number): number => k[((i * 2 + a) * n + j) * 2 + b];
    const expected = Array.from({ length: n * n }, (_, p) => {
      const [i, j] = [Math.floor(p / n), p % n];
      return at(i, 1, j, 1) - at(i, 1, j, 0) - at(i, 0, j, 1) + at(i, 0, j, 0);
    });
    assertAllclose(margin.kernels.get("sgd")!.values, expected, { relative: 1e-5 });
    assertAllclose(
      margin.logits.values,
      examples.map((_, i) => logits.logits.values[2 * i + 1] - logits.logits.values[2 * i]),
      { absolute: 1e-5 },
    );
    assert.equal(zeroShotAccuracy(margin), zeroShotAccuracy(logits));
  });

  test("progress counts blocks of all splits, and they are used again", async () => {
    const all = inputs();
    const outputs = promptOutputs(task, lm.tokenizer);
    const run = async () => {
      const seen: { done: number; total: number; reused: number }[] = [];
      const splits = { train: all, test: { sequences: all.sequences.slice(0, 2), labels: [1, 1] } };
      const result = await splitKernels({
        model: lm.model,
        outputs,
        train: all,
        splits,
        store: join(folder, "blocks"),
        trainBlock: 3,
        evaluateBlock: 2,
        onProgress: (p) => seen.push(p),
      });
      return { result, last: seen[seen.length - 1] };
    };
    const [first, second] = [await run(), await run()];
    assert.deepEqual(first.last, { done: 5, total: 5, reused: 0 }, "three of the triangle, two of the other split");
    assert.deepEqual(second.last, { done: 5, total: 5, reused: 5 });
    assert.deepEqual(second.result, first.result);
  });

  test("kernel files give back what was written, and refuse what does not fit", async () => {
    const all = inputs();
    const { train } = await splitKernels({
      model: lm.model,
      outputs: promptOutputs(task, lm.tokenizer),
      train: all,
      splits: { train: all },
      formulas: ["sgd", "asymmetric_signgd"],
    });
    const path = writeKernels(join(folder, "files"), "train", train, { task: "sst-2" });
    const { metadata, ...read } = readKernels(join(folder, "files"), "train");
    // The count of signs is told in words, by the command line's metadata.
    const { signCount, ...kept } = train;
    assert.ok(signCount!.numbers > 0);
    assert.deepEqual(read, kept);
    assert.deepEqual(metadata, { task: "sst-2" });

    const { tensors } = readSafetensors(path);
    const broken = (change: (of: typeof tensors) => void): void => {
      const copy = new Map([...tensors].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
      change(copy as typeof tensors);
      writeSafetensors(path, copy as typeof tensors);
    };
    const refused: [(of: typeof tensors) => void, RegExp][] = [
      [(of) => of.delete("labels"), /no tensor "labels"; it has/],
      [
        (of) => of.set("labels", { dtype: "F32", shape: [6], data: new Float32Array(6) }),
        /"labels" has type F32, expected I64/,
      ],
      [
        (of) => of.set("labels", { dtype: "I64", shape: [5], data: new BigInt64Array(5) }),
        /"labels" has shape \[5\], expected 6 of them/,
      ],
      [
        (of) => of.set("sgd", { dtype: "F64", shape: [6, 1, 6, 1], data: new Float64Array(36) }),
        /"sgd" has shape \[6, 1, 6, 1\], expected \[train examples, 2, 6, 2\]/,
      ],
      [(of) => ((of.get("sgd")!.data as Float64Array)[7] = NaN), /"sgd" holds NaN at flat index 7/],
    ];
    for (const [change, message] of refused) {
      broken(change);
      assert.throws(() => readKernels(join(folder, "files"), "train"), message);
    }
  });

  test("the kernel of the training examples with themselves is exactly symmetric, over blocks too", async () => {
    const all = inputs();
    for (const trainBlock of [undefined, 4, 1]) {
      const outputs = promptOutputs(task, lm.tokenizer);
      const { train } = await splitKernels({
        model: lm.model,
        outputs,
        train: all,
        splits: { train: all },
        formulas: ["sgd", "signgd"],
        trainBlock,
      });
      for (const { values } of train.kernels.values()) {
        const size = 2 * examples.length;
        assert.deepEqual(
          values,
          values.map((_, k) => values[(k % size) * size + Math.floor(k / size)]),
        );
      }
    }
  });

  test("kernel files keep each parameter's share, and refuse ones that do not fit", async () => {
    const all = inputs();
    const options = { model: lm.model, outputs: promptOutputs(task, lm.tokenizer), train: all, splits: { train: all } };
    const { train } = await splitKernels({ ...options, parameters: ["*.layer.0.output.*"], breakdown: true });
    const directory = join(folder, "shares");
    const path = writeKernels(directory, "train", train, { task: "sst-2" });
    const { metadata, ...read } = readKernels(directory, "train");
    assert.deepEqual(read, train);
    const names = [...train.shares!.get("sgd")!.keys()].sort();
    assert.deepEqual(
      names,
      ["LayerNorm.bias", "LayerNorm.weight", "dense.bias", "dense.weight"].map(
        (name) => `roberta.encoder.layer.0.output.${name}`,
      ),
    );
    assert.deepEqual(JSON.parse(metadata.breakdown), names);
    const { tensors } = readSafetensors(path);
    assert.deepEqual(tensors.get("sgd_by_parameter")!.shape, [4, 6, 2, 6, 2]);
    writeSafetensors(path, tensors, { task: "sst-2" });
    assert.throws(
      () => readKernels(directory, "train"),
      /train\.safetensors: the metadata's "breakdown" is not a JSON list of parameter names/,
    );
    writeSafetensors(path, tensors, { breakdown: '["a"]' });
    assert.throws(
      () => readKernels(directory, "train"),
      /"sgd_by_parameter" has shape \[4, 6, 2, 6, 2\], expected \[1, 6, 2, 6, 2\]/,
    );
  });

  test("a grid of settings is solved with one decomposition, and each as on its own", async () => {
    const all = inputs();
    const { train } = await splitKernels({
      model: lm.model,
      outputs: promptOutputs(task, lm.tokenizer),
      train: all,
      splits: { train: all },
    });
    const splits: Record<"train" | "test", SplitKernels> = { train, test: train };
    const solved = solveKernels(splits, settingsGrid([0, 0.1], [10, Infinity]));
    assert.deepEqual(
      solved.map(({ regularization, f0 }) => [regularization, f0]),
      [
        [0, 10],
        [0.1, 10],
        [0, Infinity],
        [0.1, Infinity],
      ],
    );
    for (const one of solved) {
      assert.deepEqual(solveKernels(splits, [one])[0], one);
      assert.deepEqual(one.scores.train, one.scores.test);
    }
    assert.equal(solved[0].scores.train.accuracy, 1, "without regularization the labels are fitted");
    assert.ok(solved[0].scores.train.loss < 1e-6 && solved[1].scores.train.loss > solved[0].scores.train.loss);
    assert.throws(
      () => solveKernels(splits, [{ regularization: 0 }], "signgd"),
      /signgd kernel was not computed; there is: sgd/,
    );
  });

  test("mask filling ranks the vocabulary and always shows the label words", () => {
    const fills = fillMask(lm, { texts: [sentences[0]] }, task, 5);
    assert.ok(fills.length >= 5 && fills.length <= 7);
    assert.deepEqual(
      fills
        .filter(({ isLabelWord }) => isLabelWord)
        .map(({ word }) => word)
        .sort(),
      ["great", "terrible"],
    );
    fills.forEach(({ probability }, i) =>
      assert.ok(probability > 0 && probability < 1 && (i === 0 || probability <= fills[i - 1].probability)),
    );
    const total = fillMask(lm, { texts: [sentences[0]] }, task, lm.tokenizer.vocabSize).reduce(
      (sum, { probability }) => sum + probability,
      0,
    );
    assert.ok(Math.abs(total - 1) < 1e-9);
    const margin = computeOutputs(lm.model, promptOutputs(task, lm.tokenizer, "margin"), inputs().sequences.slice(0, 1))
      .values[0];
    const probability = (wanted: string): number => fills.find(({ word }) => word === wanted)!.probability;
    assert.ok(
      Math.abs(Math.log(probability("great") / probability("terrible")) - margin) < 1e-4,
      "the same head as the prompt's outputs",
    );
    assert.equal(promptText({ texts: [sentences[0]] }, task, lm.tokenizer), "it is a great film It was <mask>.");
    const pair = { ...task, template: "*cls**sent_0*?*mask*,*+sentl_1**sep+*" };
    assert.match(promptText({ texts: sentences.slice(0, 2) }, pair, lm.tokenizer), /^it is a great film\? <mask>, \S/);
  });

  test("a new head gives other kernels for another seed, and needs two classes for a margin", async () => {
    const all = inputs(false);
    const outputs = newHeadOutputs(task, "margin");
    const kernelOf = async (seed: number) => {
      const model = withClassifier(lm.model, 2, seed);
      const { train } = await splitKernels({ model, outputs, train: all, splits: { train: all } });
      return train.kernels.get("sgd")!.values;
    };
    const [one, again, other] = [await kernelOf(1), await kernelOf(1), await kernelOf(2)];
    assert.deepEqual(again, one);
    assert.notDeepEqual(other, one);
    assert.throws(
      () => newHeadOutputs({ ...task, labels: ["a", "b", "c"] }, "margin"),
      /two classes, and task sst-2 has 3/,
    );
  });

  test("fine-tuning takes the learning rate that dev likes best, and finished runs come from disk", async () => {
    const all = inputs();
    const head = promptOutputs(task, lm.tokenizer).head;
    const options = {
      model: lm.model,
      head,
      train: all,
      dev: all,
      test: all,
      optimizer: "sgd" as const,
      learningRates: [1e-6, 0.5],
      steps: 6,
      batchSize: 3,
      seed: 1,
    };
    let progress = { done: 0, total: 0, reused: 0 };
    const onProgress = (state: typeof progress): void => void (progress = state);
    const run = await fineTuningRun({ ...options, store: join(folder, "runs"), onProgress });
    assert.deepEqual(progress, { done: 12, total: 12, reused: 0 });
    const single = await Promise.all(
      options.learningRates.map((learningRate) => fineTune({ ...options, learningRate })),
    );
    const best = single[1].best.devAccuracy > single[0].best.devAccuracy ? 1 : 0;
    assert.deepEqual(
      [run.learningRate, run.devAccuracy, run.bestStep],
      [options.learningRates[best], single[best].best.devAccuracy, single[best].best.step],
    );
    assert.equal(run.testAccuracy, evaluateAccuracy(single[best].model, head, all));
    single.forEach((tuned) => tuned.dispose());

    const files = readdirSync(join(folder, "runs"));
    assert.equal(files.length, 2);
    const { optimizer, ...otherOptions } = options;
    const again = await fineTuningRun({ store: join(folder, "runs"), ...otherOptions, optimizer, onProgress });
    assert.deepEqual(again, run);
    assert.deepEqual(progress, { done: 12, total: 12, reused: 12 });
    await fineTuningRun({ ...options, learningRates: [0.25, 0.5], store: join(folder, "runs"), onProgress });
    assert.deepEqual(progress, { done: 12, total: 12, reused: 6 }, "a new rate is computed, the other comes from disk");
    await fineTuningRun({ ...options, seed: 2, store: join(folder, "runs") });
    assert.equal(readdirSync(join(folder, "runs")).length, 5, "another seed is another run");
    await assert.rejects(fineTuningRun({ ...options, learningRates: [] }), /at least one learning rate/);

    const told: string[] = [];
    const rates = (learningRates: number[]) =>
      fineTuningRun({ ...options, clipNorm: null, learningRates, warn: (line) => void told.push(line) });
    assert.equal((await rates([1e30, 0.5])).learningRate, 0.5, "a rate that diverges leaves the others alone");
    assert.equal(told.length, 1);
    assert.match(told[0], /^learning rate 1e\+30 is left out: .*is NaN at step \d/);
    await assert.rejects(rates([1e30, 1e31]), { name: "DivergedError", message: /is NaN at step \d/ });
  });

  test("parameters belong to embeddings, layers or the head", () => {
    const groups = new Set([...lm.model.parameters.keys()].map(layerOfParameter));
    assert.deepEqual([...groups].sort(), [
      "embeddings",
      "head",
      ...Array.from({ length: lm.model.config.layers }, (_, i) => `layer ${i + 1}`),
    ]);
  });

  test("the first columns of a kernel", () => {
    const kernel = {
      values: Float64Array.from({ length: 24 }, (_, i) => i),
      shape: [2, 2, 3, 2] as [number, number, number, number],
    };
    const { values, shape } = firstColumns(kernel, 2);
    assert.deepEqual(shape, [2, 2, 2, 2]);
    assert.deepEqual(Array.from(values), [0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, 21]);
    assert.deepEqual(firstColumns(kernel, 9), kernel);
  });

  test("zero-shot accuracy is that of the outputs", () => {
    const all = inputs();
    const logits = computeOutputs(lm.model, promptOutputs(task, lm.tokenizer), all.sequences);
    assert.equal(
      zeroShotAccuracy({ logits, labels: all.labels }),
      evaluateAccuracy(lm.model, promptOutputs(task, lm.tokenizer).head, all),
    );
  });
});
