import assert from "node:assert/strict";
import { test } from "node:test";
import { randomStream } from "../../src/random";
import { wordKernel, wordsOf } from "../../src/microworld/scores/bag-of-words";
import { bestBiases, bestThresholdF1, withBiases } from "../../src/microworld/scores/best-biases";
import { classOutputs } from "../../src/microworld/scores/class-kernels";
import { areaUnderCurve } from "../../src/microworld/scores/prompt-use";
import { chooseRegression, type ClassProblem } from "../../src/microworld/scores/regression";
import type { Score } from "../../src/microworld/scores/score-file";
import { scoresMarkdown, verdicts } from "../../src/microworld/scores/score-table";
import { climb } from "../../src/microworld/scores/tuning";
import { classifierHead } from "../../src/model/head";
import { bestThreshold } from "../../src/solvers/best-threshold";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy, predictedClasses, type Predictions } from "../../src/solvers/metrics";
import { assertAllclose } from "../support/allclose";

test("best biases of two classes are the best threshold", () => {
  const random = randomStream(1);
  for (let round = 0; round < 20; round++) {
    const labels = Array.from({ length: 30 }, () => Math.floor(2 * random()));
    const margins = labels.map((label) => label + 2 * random() + 5);
    const scores: Predictions = { values: Float64Array.from(margins.flatMap((margin) => [0, margin])), shape: [30, 2] };
    const found = bestBiases(scores, labels);
    assert.equal(found.accuracy, bestThreshold(margins, labels).accuracy);
    assert.equal(accuracy(withBiases(scores, found.biases), labels), found.accuracy);
  }
});

test("best biases of three classes undo a shift of each class's scores", () => {
  // Class c wins by 1 at its own examples; then class 1 is shifted by 10 and class 2 by -10.
  const labels = [0, 1, 2, 0, 1, 2];
  const values = Float64Array.from(labels.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0) + [0, 10, -10][c])));
  const scores: Predictions = { values, shape: [6, 3] };
  assert.deepEqual(predictedClasses(scores), [1, 1, 1, 1, 1, 1]);
  assert.equal(bestBiases(scores, labels).accuracy, 1);
});

test("best biases by hand: an example that no bias can save", () => {
  // The last example has the scores of the first but another label: five of six is the most.
  const values = Float64Array.from([3, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 0, 0, 1, 0, 3, 0, 0]);
  assert.equal(bestBiases({ values, shape: [6, 3] }, [0, 1, 2, 0, 1, 2]).accuracy, 5 / 6);
  assert.throws(() => bestBiases({ values, shape: [6, 3] }, [0]), /6 rows of scores and 1 labels/);
});

test("best F1 of a threshold by hand", () => {
  // From the top: 1, 0, 1, 0. Two above the cut: 2·1/(2+2); three: 2·2/(3+2).
  assert.equal(bestThresholdF1([4, 3, 2, 1], [1, 0, 1, 0]), 0.8);
  // Ties cannot be cut apart.
  assert.equal(bestThresholdF1([1, 1, 1, 1], [1, 0, 0, 0]), 2 / 5);
});

test("area under the ROC curve, by hand", () => {
  assert.equal(areaUnderCurve([1, 2, 3, 4], [false, false, true, true]), 1);
  assert.equal(areaUnderCurve([4, 3, 2, 1], [false, false, true, true]), 0);
  // Pairs (positive, negative): 2>1 wins, 2=2 half, 0<1 and 0<2 lose.
  assert.equal(areaUnderCurve([2, 0, 1, 2], [true, true, false, false]), 1.5 / 4);
});

test("words of an example: once each, small letters, marked by side in pairs", () => {
  assert.deepEqual([...wordsOf({ texts: ["The film, the FILM isn't good-natured."], label: 0 })], ["the", "film", "isn't", "good-natured"]);
  assert.deepEqual([...wordsOf({ texts: ["Ann left.", "Ann left?"], label: 0 })], ["0 ann", "0 left", "1 ann", "1 left"]);
  const [a, b] = ["it was good", "it was bad today"].map((text) => wordsOf({ texts: [text], label: 0 }));
  assert.deepEqual(wordKernel([a, b], [a, b]), { values: Float64Array.of(4, 3, 3, 5), shape: [2, 1, 2, 1] });
});

test("bag of words learns a word that tells the classes apart, by hand", () => {
  const words = (texts: string[]): Set<string>[] => texts.map((text) => wordsOf({ texts: [text], label: 0 }));
  const train = words(["red cat", "blue cat", "red dog", "blue dog"]);
  const to = (texts: string[]): { kernel: ReturnType<typeof wordKernel> } => ({ kernel: wordKernel(train, words(texts)) });
  const problem: ClassProblem = { train: { kernel: wordKernel(train, train) }, dev: to(["red fish", "blue fish"]), test: to(["red red", "a blue cat", "some blue thing"]) };
  const labels = { train: [1, 0, 1, 0], dev: [1, 0], test: [1, 0, 0] };
  const settings = [{ regularization: 0.1, f0: Infinity }];
  assert.deepEqual(chooseRegression([problem], { solver: "lstsq", settings, labels, metric: "accuracy" }).test, { accuracy: 1 });
  // K = [3 2 2 1; 2 3 1 2; 2 1 3 2; 1 2 2 3] has the eigenvector y = (1, -1, 1, -1) with eigenvalue 2 and σ_max 8: "red fish"
  // shares two features with the red ones and one with the blue ones, so that p = (2 - 1) · 2 / (2 + 0.1 · 8).
  const direct = solveLeastSquares({ train: problem.train.kernel, evaluate: problem.dev.kernel, trainLabels: labels.train, regularization: 0.1 });
  assertAllclose([...direct.values], [-1 / 1.4, 1 / 1.4, 1 / 1.4, -1 / 1.4], { absolute: 1e-12 }, "predictions");
});

test("of several classes the one with the largest prediction wins; the settings are chosen on dev", () => {
  // Each example shares features with its own class alone.
  const labels = { train: [0, 1, 2, 0, 1, 2], dev: [2, 1, 0], test: [1, 2, 0, 0] };
  const kernel = (columns: readonly number[]): ClassProblem["dev"] => ({
    kernel: { values: Float64Array.from(labels.train.flatMap((a) => columns.map((b) => (a === b ? 1 : 0)))), shape: [6, 1, columns.length, 1] },
    logits: { values: Float32Array.from(columns, () => 0), shape: [columns.length, 1] },
  });
  const problems = [0, 1, 2].map((c): ClassProblem => {
    const of = (columns: readonly number[]): ClassProblem["dev"] => ({ ...kernel(columns), logits: { values: Float32Array.from(columns, (label) => ((label + 1) % 3 === c ? 10 : -5)), shape: [columns.length, 1] } });
    return { train: of(labels.train), dev: of(labels.dev), test: of(labels.test) };
  });
  const settings = [{ regularization: 1e6, f0: 1 }, { regularization: 0.01, f0: Infinity }];
  const found = chooseRegression(problems, { solver: "lstsq", settings, labels, metric: "accuracy" });
  assert.deepEqual(found, { setting: settings[1], dev: { accuracy: 1 }, test: { accuracy: 1 } });
  assert.equal(chooseRegression(problems, { solver: "lstsq", settings: settings.slice(0, 1), labels, metric: "accuracy" }).test.accuracy, 0);
});

test("what is linearized: the margin for two classes, a class against the mean of the others for more", () => {
  assert.deepEqual(classOutputs(classifierHead, 2).map(({ combine }) => combine), [[[-1, 1]]]);
  assert.deepEqual(classOutputs(classifierHead, 3).map(({ combine }) => combine), [[[1, -0.5, -0.5]], [[-0.5, 1, -0.5]], [[-0.5, -0.5, 1]]]);
});

test("learning rates are tried from the middle: upward while that helps, else downward", async () => {
  const tried = async (rates: number[], best: number): Promise<number[]> => {
    const own: number[] = [];
    let nearest = Infinity;
    await climb(rates, (rate) => {
      own.push(rate);
      const better = Math.abs(rate - best) < nearest;
      if (better) nearest = Math.abs(rate - best);
      return Promise.resolve(better);
    });
    return own;
  };
  assert.deepEqual(await tried([1, 2, 3], 3), [2, 3]);
  assert.deepEqual(await tried([1, 2, 3], 2), [2, 3, 1]);
  assert.deepEqual(await tried([1, 2, 3], 1), [2, 3, 1]);
  assert.deepEqual(await tried([1, 2], 1), [1, 2]);
  assert.deepEqual(await tried([1, 2, 3, 4, 5], 1), [3, 4, 2, 1]);
  assert.deepEqual(await tried([7], 7), [7]);
});

test("the table has means and standard deviations and marks what lacks a split; counts judge means", () => {
  const score = (task: string, method: string, seed: number, value: number): Score => ({ task, k: 16, seed, method, accuracy: value, chosen: { majority: 0.5 }, testExamples: 100, examples: "e", seconds: 1 });
  const scores = [
    ...[13, 21].flatMap((seed) => [score("mr", "zero-shot", seed, 0.6), score("mr", "best-threshold", seed, 0.65), score("mr", "sgd-ft", seed, seed === 13 ? 0.7 : 0.8), score("mr", "k-sgd", seed, 0.74)]),
    score("sst-2", "zero-shot", 13, 0.7),
    score("sst-2", "sgd-ft", 13, 0.75),
    score("sst-2", "k-sgd", 13, 0.6),
  ];
  const markdown = scoresMarkdown(scores);
  assert.ok(markdown.indexOf("| sst-2 |") < markdown.indexOf("| mr |"), "tasks in the paper's order");
  assert.ok(markdown.includes("| sst-2 | 70.0 (0.0) * |  | 75.0 (0.0) * | 60.0 (0.0) * |"), markdown);
  assert.ok(markdown.includes("| mr | 60.0 (0.0) | 65.0 (0.0) | 75.0 (5.0) | 74.0 (0.0) |"), markdown);
  const found = Object.fromEntries(verdicts(scores).map(({ text, holds, of }) => [text, [holds.join(), of]]));
  assert.deepEqual(found["SGD-FT gains at least 8 points over zero-shot"], ["mr", 2]);
  assert.deepEqual(found["SGD-FT gains at least 8 points over the best threshold"], ["mr", 1]);
  assert.deepEqual(found["K_SGD reaches at least 90 % of SGD-FT"], ["mr", 2]);
  assert.deepEqual(found["K_SGD recovers at least 90 % of SGD-FT's gain over zero-shot, where that is at least 8 points"], ["mr", 1]);
  assert.deepEqual(found["Zero-shot accuracy lies above always answering the commonest label"], ["sst-2,mr", 2]);
  assert.deepEqual(found["AdamW-FT gains at least 8 points over zero-shot"], ["", 0]);
});
