import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelDescent } from "../../src/behavior/kernel-descent";
import { linearize } from "../../src/behavior/linearization";
import {
  answer,
  type EntryAnswer,
  type PromptAnswer,
  type Request,
  type SentenceAnswer,
  type TrainingAnswer,
  type TrainingPoint,
  type TrainingRequest,
} from "../../src/explore/answer";
import { gradientsOf, kernelColumns } from "../../src/explore/columns";
import { tokenPairs } from "../../src/explore/entry";
import { createScene, promptedOf, type Scene } from "../../src/explore/scene";
import { fineTune } from "../../src/finetune/fine-tune";
import { computeKernel } from "../../src/kernels/kernel";
import { tf } from "../../src/model/backend";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy } from "../../src/solvers/metrics";
import { encodePrompt } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";
import { trainingBatches } from "../../src/finetune/batches";
import { assertAllclose } from "../support/allclose";
import { naiveGradients, naiveKernels, type Gradient } from "../support/naive-kernel";
import { smallScene, type SmallScene } from "./scene";

/** float32 products of the two ways. */
const SAME = { relative: 2e-4, absolute: 1e-6 };
const TEXT = "a warm and funny film that never lets go";

async function sceneFor(t: { after(clean: () => void): void }, options: SmallScene = {}): Promise<Scene> {
  const scene = createScene(smallScene(t, options));
  t.after(() => scene.dispose());
  return scene;
}

const ask = async <A>(scene: Scene, request: Request): Promise<A> => (await answer(scene, request)) as A;

const gradient = ({ model, outputs, tokenizer, task }: Scene, texts: string[]): Gradient[] =>
  naiveGradients(model, outputs, encodePrompt({ texts, label: 0 }, task, tokenizer));

test("one sentence: the terms add up to the prediction, which a plain solve of plain gradients gives too", async (t) => {
  const scene = await sceneFor(t);
  const own = scene.train.examples.map(({ texts }) => gradient(scene, texts));
  const train = naiveKernels(own, own).get("sgd")!.values;
  const row = naiveKernels(own, [gradient(scene, [TEXT])]).get("sgd")!.values;
  const {
    kernel,
    train: shown,
    fill,
    zeroShot,
    changed,
  } = await ask<SentenceAnswer>(scene, { kind: "sentence", texts: [TEXT], formula: "sgd" });
  const n = own.length;
  assertAllclose(
    shown.map((one) => one.kernel),
    row,
    SAME,
  );
  const expected = (kept: number[], labels: number[]): number => {
    const values = Float64Array.from(kept.flatMap((i) => kept.map((j) => train[i * n + j])));
    const { values: solved } = solveLeastSquares({
      train: { values, shape: [kept.length, 1, kept.length, 1] },
      evaluate: { values: Float64Array.from(kept, (i) => row[i]), shape: [kept.length, 1, 1, 1] },
      trainLabels: kept.map((i) => labels[i]),
      regularization: 0.01,
    });
    return solved[1];
  };
  const everyone = own.map((_, i) => i);
  assertAllclose(kernel.prediction, [expected(everyone, scene.train.labels)], { relative: 2e-3, absolute: 1e-5 });
  assert.ok(Math.abs(kernel.terms.reduce((a, b) => a + b) + kernel.pretrained[0] - kernel.prediction[0]) < 1e-12);
  assert.equal(changed, undefined);
  assert.ok(Math.abs(zeroShot[0] + zeroShot[1] - 1) < 1e-12);
  // The label words' probabilities over all words stand in the same ratio as over the two alone.
  const words = scene.task.labelWords.map((word) => fill.find((one) => one.word === word)!.probability);
  assert.ok(Math.abs(words[0] / words[1] - zeroShot[0] / zeroShot[1]) < 1e-4 * (words[0] / words[1]));

  const without = await ask<SentenceAnswer>(scene, {
    kind: "sentence",
    texts: [TEXT],
    formula: "sgd",
    changes: [
      { example: 1, label: "out" },
      { example: 2, label: 1 },
    ],
  });
  const labels = scene.train.labels.map((label, i) => (i === 2 ? 1 : label));
  assertAllclose(
    without.changed!.prediction,
    [
      expected(
        everyone.filter((i) => i !== 1),
        labels,
      ),
    ],
    { relative: 2e-3, absolute: 1e-5 },
  );
  assert.equal(without.changed!.terms[1], 0);
  assert.deepEqual(without.kernel, kernel);
});

test("one sentence of several classes and with pretrained outputs: terms and f(x)/s add up for each output", async (t) => {
  const scene = await sceneFor(t, { task: taskByName("topic"), k: 2, f0: 10 });
  const { kernel, classes } = await ask<SentenceAnswer>(scene, { kind: "sentence", texts: [TEXT], formula: "signgd" });
  const c = classes.length;
  assert.ok(c > 2 && kernel.pretrained.every((value) => value !== 0));
  for (let output = 0; output < c; output++) {
    const sum = kernel.terms.reduce(
      (total, term, k) => total + (k % c === output ? term : 0),
      kernel.pretrained[output],
    );
    assert.ok(Math.abs(sum - kernel.prediction[output]) < 1e-10);
  }
});

test("kernels of several outputs, a few sentences at a time, are those of all at once", async (t) => {
  const scene = await sceneFor(t, { task: taskByName("topic"), k: 1 });
  const train = await gradientsOf(scene, scene.train.sequences);
  t.after(() => train.dispose());
  const evaluate = scene.test.sequences;
  assert.ok(evaluate.length > 8);
  const formulas = ["sgd", "asymmetric_signgd"] as const;
  const columns = await kernelColumns(scene, train, evaluate, formulas);
  const whole = await computeKernel({ ...scene, train: scene.train.sequences, evaluate, formulas });
  assertAllclose(columns.kernels.get("sgd")!.values, whole.kernels.get("sgd")!.values, SAME);
  const [some, all] = [columns, whole].map(({ kernels }) => kernels.get("asymmetric_signgd")!);
  assert.deepEqual(some.shape, all.shape);
  assertAllclose(some.values, all.values, { relative: 2e-3, absolute: 1e-2 });
  assertAllclose(columns.logits.values, whole.evaluateLogits.values, SAME);
});

test("what a page computes is compared with what came along", async (t) => {
  const first = await sceneFor(t);
  const { kernels } = await computeKernel({ ...first, train: first.train.sequences, evaluate: first.train.sequences });
  const sgd = kernels.get("sgd")!;
  const right = await sceneFor(t, { kernels: { sgd } });
  const request: Request = { kind: "sentence", texts: [TEXT], formula: "sgd" };
  assert.ok((await ask<SentenceAnswer>(right, request)).about.disagreement! < 1e-5);
  const values = sgd.values.map((value, i) => (i === 6 ? value * 2 : value));
  const wrong = await sceneFor(t, { kernels: { sgd: { ...sgd, values } } });
  assert.ok((await ask<SentenceAnswer>(wrong, request)).about.disagreement! > 0.01);
  assert.equal((await ask<SentenceAnswer>(first, request)).about.disagreement, undefined);
});

test("one entry: parts add up to plain gradients' products, token pairs to those of weights and tables", async (t) => {
  const scene = await sceneFor(t);
  const right = ["a dull film that never begins"];
  const { values, parts, tokens } = await ask<EntryAnswer>(scene, { kind: "entry", left: [TEXT], right });
  const [g, h] = [gradient(scene, [TEXT]), gradient(scene, right)];
  for (const [formula, { values: expected, undecided }] of naiveKernels([g], [h])) {
    if (formula === "asymmetric_signgd_flipped") continue;
    assert.ok(Math.abs(values[formula]! - expected[0]) <= undecided[0] + 2e-4 * Math.abs(expected[0]), formula);
    const sum = parts.reduce((total, part) => total + (part.values[formula] ?? 0), 0);
    assert.ok(Math.abs(sum - values[formula]!) <= 1e-6 * Math.abs(values[formula]!), formula);
  }
  const dot = (test: (name: string) => boolean): number =>
    [...g[0]]
      .filter(([name]) => test(name))
      .reduce((sum, [name, a]) => sum + a.reduce((s, v, i) => s + v * h[0].get(name)![i], 0), 0);
  const value = parts.find(({ layer, kind }) => layer === "layer 1" && kind === "value")!;
  assertAllclose([value.values.sgd!], [dot((name) => name.includes("layer.0.attention.self.value.weight"))], SAME);
  const isVector = (name: string): boolean => /bias$|LayerNorm\.weight$/.test(name) && name !== "cls.predictions.bias";
  assertAllclose([tokens.rest], [dot(isVector)], SAME);
  const total = tokens.values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total + tokens.rest - values.sgd!) < 1e-5 * Math.abs(values.sgd!));
  assert.equal(tokens.values.length, tokens.left.length * tokens.right.length);
});

test("pairs of tokens are those of inputs and derivatives, in plain loops", async (t) => {
  const scene = await sceneFor(t);
  const prompts = [TEXT, "funny"].map((text) => encodePrompt({ texts: [text], label: 0 }, scene.task, scene.tokenizer));
  const [l, r] = [await gradientsOf(scene, [prompts[0]]), await gradientsOf(scene, [prompts[1]])];
  t.after(() => [l, r].forEach((one) => one.dispose()));
  const [rows, columns] = prompts.map(({ ids }) => ids.length);
  const expected = new Float64Array(rows * columns);
  for (const [name, factor] of l.factors) {
    const other = r.factors.get(name)!;
    const place = (i: number, j: number, all: boolean): number =>
      all ? i * columns + j : prompts[0].maskPosition * columns + prompts[1].maskPosition;
    const lines = (x: { arraySync(): unknown }): number[][] => (x.arraySync() as number[][][]).flat();
    const deltas = [factor, other].map((one) => ("delta" in one ? lines(tf.squeeze(one.delta, [0]) as never) : []));
    const product = (a: number[], b: number[]): number => a.reduce((sum, v, k) => sum + v * b[k], 0);
    deltas[0].forEach((d, i) =>
      deltas[1].forEach((e, j) => {
        if (factor.kind === "matrix" && other.kind === "matrix")
          expected[place(i, j, deltas[0].length === rows)] +=
            product(d, e) * product(lines(factor.input)[i], lines(other.input)[j]);
        if (factor.kind === "table" && other.kind === "table") {
          const same = factor.rows.dataSync()[i] === other.rows.dataSync()[j];
          if (same) expected[place(i, j, name.includes(".embeddings."))] += product(d, e);
        }
      }),
    );
  }
  assertAllclose(tokenPairs(l, r, prompts[0], prompts[1]).values, expected, SAME);
});

test("another prompt: kernel, accuracy and alignment are those of the whole computation", async (t) => {
  const scene = await sceneFor(t);
  const change = { template: "*cls**sent_0*_All_in_all,_it_was*mask*.*sep+*", labelWords: ["bad", "good"] };
  const seen: number[] = [];
  const { now, before, shown } = (await answer(
    scene,
    { kind: "prompt", ...change, formula: "sgd" },
    ({ done, total }) => seen.push(done / total),
  )) as PromptAnswer;
  const other = promptedOf(
    { ...scene.task, ...change },
    { train: scene.train.examples, test: scene.test.examples },
    scene.tokenizer,
  );
  const [train, evaluate] = [other.train.sequences, other.test.sequences];
  const own = await computeKernel({ model: scene.model, outputs: other.outputs, train, evaluate: train });
  const tests = await computeKernel({ model: scene.model, outputs: other.outputs, train, evaluate });
  assertAllclose(now.matrix, own.kernels.get("sgd")!.values, SAME);
  const predictions = solveLeastSquares({
    train: own.kernels.get("sgd")!,
    evaluate: tests.kernels.get("sgd")!,
    trainLabels: other.train.labels,
    regularization: 0.01,
  });
  assert.equal(now.kernel, accuracy(predictions, other.test.labels));
  assert.match(shown, /all in all, it was \[MASK\]/);
  assert.deepEqual(before.labelWords, scene.task.labelWords);
  assert.ok(Math.max(...now.matrix.map((value, k) => Math.abs(value - before.matrix[k]))) > 0.01 * now.matrix[0]);
  assert.ok(seen.length > 10 && seen.every((share) => share > 0 && share <= 1));
  assert.deepEqual((await ask<PromptAnswer>(scene, { kind: "prompt", formula: "sgd" })).now, before);
});

for (const optimizer of ["sgd", "signgd", "adamw"] as const)
  test(`training with ${optimizer}: f_t is fine-tuning's, f_lin the linearization, the kernel's line its descent`, async (t) => {
    const scene = await sceneFor(t);
    const [learningRate, batchSize, seed, steps] = [
      optimizer === "sgd" ? 0.05 : 1e-3,
      optimizer === "sgd" ? 2 : 1,
      5,
      4,
    ];
    const request: TrainingRequest = { kind: "training", optimizer, learningRate, batchSize, seed, steps };
    const { points, followed } = await ask<TrainingAnswer>(scene, request);
    const sequences = followed.map(({ texts }) => encodePrompt({ texts, label: 0 }, scene.task, scene.tokenizer));
    const linear: number[][] = [];
    const run = await fineTune({
      model: scene.model,
      head: scene.outputs.head,
      train: scene.train,
      dev: scene.test,
      probe: sequences,
      optimizer,
      learningRate,
      batchSize,
      seed,
      steps,
      evaluateEvery: 1,
      schedule: "constant",
      clipNorm: null,
      keep: "last",
      onEvaluate: async ({ model }) => {
        const { linearized } = await linearize({
          model: scene.model,
          outputs: scene.outputs,
          sequences,
          tuned: [model],
        });
        linear.push([...linearized[0].values]);
      },
    });
    run.dispose();
    const margins = (logits: number[]): number[] => followed.map((_, i) => logits[2 * i + 1] - logits[2 * i]);
    const close = { relative: 1e-3, absolute: 1e-4 };
    run.history.forEach(({ logits }, i) => assertAllclose(points[i + 1].trained, margins(logits!), close));
    linear.forEach((expected, i) => assertAllclose(points[i + 1].linear, expected, close));
    assert.notDeepEqual(points[4].linear, points[4].trained);
    const formula = optimizer === "sgd" ? "sgd" : "asymmetric_signgd";
    const kernels = { ...scene, train: scene.train.sequences, formulas: [formula] as const };
    const own = await computeKernel({ ...kernels, evaluate: scene.train.sequences });
    const others = await computeKernel({ ...kernels, evaluate: sequences });
    const order = trainingBatches({ examples: scene.train.labels.length, batchSize, accumulate: 1, seed });
    const { records } = await kernelDescent({
      train: { kernel: own.kernels.get(formula)!, labels: scene.train.labels, start: own.trainLogits },
      evaluate: { kernel: others.kernels.get(formula)!, start: others.evaluateLogits },
      loss: "cross-entropy",
      rates: Array<number>(steps).fill(learningRate),
      batches: Array.from({ length: steps }, () => (order.next().value as number[][])[0]),
      direction: optimizer === "sgd" ? "gradient" : "sign",
    });
    assertAllclose(points[steps].kernel, records[0].evaluate.values, { relative: 1e-2, absolute: 1e-3 });
  });

test("a run that is stopped goes on from there, to the same numbers", async (t) => {
  const request: TrainingRequest = {
    kind: "training",
    optimizer: "sgd",
    learningRate: 0.05,
    batchSize: 2,
    seed: 5,
    steps: 5,
  };
  const whole = await ask<TrainingAnswer>(await sceneFor(t), request);
  const scene = await sceneFor(t);
  const stop = new AbortController();
  const seen: TrainingPoint[] = [];
  const stopped = answer(
    scene,
    request,
    ({ point }) => {
      if (point) seen.push(point);
      if (point?.step === 2) stop.abort();
    },
    stop.signal,
  );
  await assert.rejects(stopped, { name: "AbortError" });
  assert.deepEqual(seen, whole.points.slice(0, 3));
  const rest: number[] = [];
  const resumed = (await answer(scene, request, ({ point }) => point && rest.push(point.step))) as TrainingAnswer;
  assert.deepEqual(resumed.points, whole.points);
  assert.deepEqual(rest, [0, 1, 2, 3, 4, 5]);
});

test("what cannot be used is refused in the library's words", async (t) => {
  const scene = await sceneFor(t);
  const refused = (request: Request, message: RegExp): Promise<void> => assert.rejects(answer(scene, request), message);
  await refused({ kind: "sentence", texts: [" "], formula: "sgd" }, /the text is empty/);
  await refused(
    { kind: "sentence", texts: ["word ".repeat(500)], formula: "sgd" },
    /longer than its limit|the mask is at token/,
  );
  await refused({ kind: "prompt", template: "*cls**sent_0*_It_was.*sep+*", formula: "sgd" }, /has no \*mask\*/);
  await refused(
    { kind: "prompt", labelWords: ["bad", "supercalifragilistic"], formula: "sgd" },
    /tokens in this vocabulary/,
  );
  await refused(
    { kind: "training", optimizer: "sgd", learningRate: 0, steps: 1, batchSize: 1, seed: 1 },
    /learning rate/,
  );
  await refused(
    { kind: "training", optimizer: "signgd", learningRate: 1e-3, steps: 1, batchSize: 2, seed: 1 },
    /one example per step/,
  );
  const changes = [...scene.train.labels.keys()].map((example) => ({ example, label: "out" as const }));
  await refused({ kind: "sentence", texts: [TEXT], formula: "sgd", changes }, /every training example is taken out/);
});

test("a disposed scene leaves no tensors", async (t) => {
  const before = tf.memory().numTensors;
  const scene = createScene(smallScene(t));
  await answer(scene, { kind: "sentence", texts: [TEXT], formula: "signgd" });
  await answer(scene, { kind: "entry", left: [TEXT], right: ["funny"] });
  await answer(scene, { kind: "training", optimizer: "adamw", learningRate: 1e-3, batchSize: 1, seed: 5, steps: 2 });
  scene.dispose();
  assert.equal(tf.memory().numTensors, before);
});
