import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sweepCsv, type SweepRow } from "../../src/experiment/sweep-table";
import { compareScores } from "../../src/microworld/scores/measure-again";
import { addScore, openScoreFile, type Score } from "../../src/microworld/scores/score-file";
import { readResults, scoreTable, type ScoreRow } from "../../src/microworld/scores/score-rows";
import { methodGaps, taskGains } from "../../src/microworld/scores/task-gains";
import { temporaryFolder } from "../support/checkout";

const score = (task: string, method: string, seed: number, accuracy: number, others: Partial<Score> = {}): Score => ({ task, k: 16, seed, method, accuracy, chosen: {}, testExamples: 1000, examples: "hash", seconds: 1, ...others });

test("a folder of scores becomes rows in the paper's order, with chance and kind of method", (t) => {
  const folder = temporaryFolder(t);
  for (const task of ["mrpc", "trec"]) {
    const file = openScoreFile(folder, task, { model: "hash", protocol: "as ever" });
    addScore(file, score(task, "unprompted-k-sgd", 13, 0.4, task === "mrpc" ? { f1: 0.5 } : {}));
    addScore(file, score(task, "k-sgd", 21, 0.7));
    addScore(file, score(task, "k-sgd", 13, 0.8));
    addScore(file, score(task, "zero-shot", 13, 0.5));
  }
  const { rows, scores, model } = readResults(folder);
  assert.equal(model, "hash");
  assert.equal(scores.length, 8);
  assert.deepEqual(
    rows.slice(0, 4).map(({ task, chance, method, family, seed, accuracy }) => [task, chance, method, family, seed, accuracy]),
    [
      ["trec", 1 / 6, "zero-shot", "no training", 13, 0.5],
      ["trec", 1 / 6, "k-sgd", "kernel", 13, 0.8],
      ["trec", 1 / 6, "k-sgd", "kernel", 21, 0.7],
      ["trec", 1 / 6, "unprompted-k-sgd", "without a prompt", 13, 0.4],
    ],
  );
  assert.deepEqual(scoreTable(rows)[1], { task: "mrpc", "zero-shot": "50.0 (0.0) *", K_SGD: "75.0 (5.0)", "unprompted K_SGD": "40.0 (0.0) *" });
  assert.deepEqual(scoreTable(rows, "f1"), [{ task: "mrpc", "zero-shot": "", K_SGD: "", "unprompted K_SGD": "50.0 (0.0) *" }]);
  assert.throws(() => readResults(join(folder, "none")), /no results in .*none; this makes them.*npm run score -- --model MODEL --out/);
});

test("of a sweep each seed's best row on dev counts, and a run that diverged does not", (t) => {
  const row = (method: string, dev: number | undefined, testAccuracy: number | undefined, setting: SweepRow["setting"]): SweepRow => ({ task: "subj", k: 16, seed: 13, method, setting, dev, test: testAccuracy, testAccuracy });
  const file = join(temporaryFolder(t), "results.csv");
  writeFileSync(
    file,
    sweepCsv([
      row("prompt-based SGD", 0.7, 0.9, { learningRate: 0.1 }),
      row("prompt-based SGD", 0.9, 0.8, { learningRate: 0.01 }),
      row("prompt-based SGD", 0.9, 0.7, { learningRate: 0.001 }),
      row("prompt-based SGD", undefined, undefined, { learningRate: 10 }),
      row("SGD kernel", 0.5, 0.6, { formula: "sgd", f0: "inf" }),
      row("zero-shot", 0.5, 0.5, {}),
    ]),
  );
  const { rows, scores } = readResults(file);
  assert.deepEqual(scores, []);
  assert.deepEqual(
    rows.map(({ method, family, accuracy }) => [method, family, accuracy]),
    [["zero-shot", "no training", 0.5], ["prompt-based SGD", "fine-tuning", 0.8], ["SGD kernel", "kernel", 0.6]],
  );
});

/** Rows of one task: accuracies over seeds 1, 2, … by method. */
const rowsOf = (task: string, methods: Record<string, number[]>): ScoreRow[] =>
  Object.entries(methods).flatMap(([method, accuracies]) => accuracies.map((accuracy, i) => ({ task, k: 16, seed: i + 1, method, title: `the ${method}`, family: "kernel" as const, accuracy })));

const options = { kernel: "k-sgd", fineTuning: "sgd-ft", smallestGain: 0.05, reached: 0.9 };
const near = (actual: number | undefined, expected: number): void => assert.ok(Math.abs(actual! - expected) < 1e-12, `${actual}, not ${expected}`);

test("gains are means over the splits that all have, and a share is a ratio of means", () => {
  const [trec, mr, subj, cr] = taskGains(
    [
      // Seed 3 lacks its kernel: it counts for nothing.
      ...rowsOf("trec", { "zero-shot": [0.5, 0.3, 0.1], "best-threshold": [0.5, 0.4, 0.1], "sgd-ft": [0.9, 0.5, 0.1], "k-sgd": [0.8, 0.6] }),
      ...rowsOf("mr", { "zero-shot": [0.5], "sgd-ft": [0.52], "k-sgd": [0.9] }),
      ...rowsOf("subj", { "zero-shot": [0.5], "best-threshold": [0.68], "sgd-ft": [0.7], "k-sgd": [0.62] }),
      ...rowsOf("cr", { "zero-shot": [0.5], "sgd-ft": [0.7], "k-sgd": [0.5] }),
      ...rowsOf("rte", { "zero-shot": [0.5] }),
    ],
    options,
  );
  assert.equal(trec.seeds, 2);
  near(trec.gain, 0.3);
  near(trec.gainStd, 0.1);
  near(trec.kernelGain, 0.3);
  near(trec.kernelGainStd, 0);
  near(trec.thresholdGain, 0.05);
  near(trec.share, 1);
  near(trec.ratio, 1);
  assert.deepEqual([trec.needsLearning, trec.verdict], [true, "explained"]);
  assert.deepEqual([mr.share, mr.needsLearning, mr.verdict], [undefined, undefined, "no gain"]);
  near(subj.share, 0.6);
  assert.deepEqual([subj.needsLearning, subj.verdict], [false, "in part"]);
  assert.deepEqual([cr.share, cr.verdict], [0, "not explained"]);
  assert.throws(() => taskGains(rowsOf("mr", { "zero-shot": [0.5], "k-sgd": [0.5] }), options), /no results of "sgd-ft"; there are: zero-shot, k-sgd/);
});

test("the gap of two methods is over the tasks that have both", () => {
  const rows = [...rowsOf("mr", { a: [0.5, 0.7], b: [0.5] }), ...rowsOf("cr", { a: [0.5], b: [0.52] }), ...rowsOf("subj", { a: [0.5] })];
  const [gap, ...others] = methodGaps(rows, [["a", "b"], ["a", "c"]], 0.03);
  assert.deepEqual(others, []);
  assert.deepEqual([gap.first, gap.second, gap.tasks, gap.near], ["the a", "the b", 2, 1]);
  near(gap.difference, (-0.1 + 0.02) / 2);
  near(gap.distance, (0.1 + 0.02) / 2);
});

test("what was measured again is compared with what is stored, by what dev chose and in standard errors", () => {
  const stored = [
    score("mr", "k-sgd", 13, 0.8, { dev: { accuracy: 0.75 }, chosen: { regularization: 0.1 } }),
    score("mr", "sgd-ft", 13, 0.8, { dev: { accuracy: 0.75 }, chosen: { learningRate: 0.012345678 } }),
    score("mr", "zero-shot", 13, 1),
    score("mr", "k-sgd", 21, 0.1),
  ];
  const now = [
    score("mr", "k-sgd", 13, 0.9, { dev: { accuracy: 0.75 }, chosen: { regularization: 1 }, testExamples: 100 }),
    score("mr", "sgd-ft", 13, 0.72, { dev: { accuracy: 0.75 }, chosen: { learningRate: 0.012345679 }, testExamples: 100 }),
    score("mr", "zero-shot", 13, 1, { testExamples: 100 }),
    score("mr", "bag-of-words", 13, 0.9, { testExamples: 100 }),
  ];
  const compared = compareScores(stored, now);
  assert.deepEqual(compared.map(({ method, sameChoice }) => [method, sameChoice]), [["k-sgd", false], ["sgd-ft", true], ["zero-shot", undefined]]);
  near(compared[0].standardErrors, 0.1 / 0.04);
  near(compared[1].standardErrors, -0.08 / 0.04);
  assert.deepEqual([compared[2].standardErrors, compared[2].storedExamples, compared[2].nowExamples], [undefined, 1000, 100]);
});
