import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { methods } from "../../src/microworld/scores/methods";
import { openScoreFile, readScores, type Score } from "../../src/microworld/scores/score-file";
import { runScores, taskDataFolder, type ScoreRun } from "../../src/microworld/scores/score-run";
import { scoresMarkdown } from "../../src/microworld/scores/score-table";
import { taskByName } from "../../src/tasks/task";
import type { TextEncoder } from "../../src/tasks/text-encoder";
import { temporaryFolder } from "../support/checkout";
import { randomModel } from "../support/random-model";
import { sampleFile } from "../support/sample-data";

/** One token a word, numbered as they come. */
function wordTokenizer(): TextEncoder {
  const ids = new Map(["<s>", "<pad>", "</s>", "<mask>", "?", ",", ".", ":", "No", "Yes", "Maybe"].map((word, id) => [word, id]));
  const idOf = (word: string): number => {
    if (!ids.has(word)) ids.set(word, ids.size);
    return ids.get(word)!;
  };
  return { encode: (text) => (text.match(/\w+|[^\w\s]/g) ?? []).map(idOf), tokenToId: (token) => ids.get(token), clsId: 0, padId: 1, sepId: 2, maskId: 3 };
}

const sizes = { layers: 2, headSize: 4, heads: 2, intermediate: 16, vocabulary: 60, longest: 40, padId: 1 };

/** A pair task with F1 and one with three classes. */
const tasks = ["mrpc", "snli"];

function writeData(folder: string): string {
  const data = join(folder, "data");
  for (const name of tasks) {
    const task = taskByName(name);
    const directory = join(data, task.folder!, "2-13");
    mkdirSync(directory, { recursive: true });
    for (const [split, perLabel] of [["train", 2], ["dev", 2], ["test", 4]] as const) writeFileSync(join(directory, `${split}.${task.format}`), sampleFile(task, perLabel, split));
  }
  return data;
}

const comparable = (scores: readonly Score[]): object[] => scores.map(({ seconds: _, ...others }) => others);

test("an interrupted measurement goes on where it stopped and comes to the same results", async (t) => {
  const folder = temporaryFolder(t);
  const run: ScoreRun = {
    model: randomModel(sizes, 1),
    tokenizer: wordTokenizer(),
    data: writeData(folder),
    out: join(folder, "out"),
    tasks,
    ks: [2],
    seeds: [13],
    methods: methods.map(({ name }) => name),
    testExamples: 8,
    budget: { steps: 2, evaluateEvery: [1, 1], batchSizes: [2, 2], sgdFactors: [0.1, 1], adamwRates: [1e-3] },
  };
  const total = tasks.length * methods.length;

  const controller = new AbortController();
  const stop = new Error("stopped");
  await assert.rejects(
    runScores({ ...run, signal: controller.signal, onProgress: ({ done }) => done === 4 && controller.abort(stop) }),
    (error) => error === stop,
  );
  assert.equal(readScores(run.out).scores.length, 4);
  // What a crash in the middle of writing leaves.
  appendFileSync(join(run.out, "mrpc.jsonl"), '{"task":"mrpc","k":2');

  const reports: number[] = [];
  await runScores({ ...run, onProgress: ({ done, reused, total: all }) => reports.push(done, reused, all) });
  assert.deepEqual(reports.slice(0, 3), [4, 4, total]);
  assert.equal(reports.length, 3 * (1 + total - 4));
  const { scores } = readScores(run.out);
  assert.equal(scores.length, total);

  await runScores({ ...run, out: join(folder, "again") });
  assert.deepEqual(comparable(scores), comparable(readScores(join(folder, "again")).scores));

  const before = readFileSync(join(run.out, "snli.jsonl"), "utf8");
  let calls = 0;
  await runScores({ ...run, onProgress: () => calls++ });
  assert.equal(calls, 1);
  assert.equal(readFileSync(join(run.out, "snli.jsonl"), "utf8"), before);

  for (const score of scores) {
    assert.ok(score.accuracy >= 0 && score.accuracy <= 1, `${score.task} ${score.method}`);
    assert.equal(score.f1 !== undefined, score.task === "mrpc");
    assert.equal(score.testExamples, 8);
  }
  for (const task of tasks) {
    const of = (method: string): number => scores.find((score) => score.task === task && score.method === method)!.accuracy;
    assert.ok(of("best-threshold") >= of("zero-shot"), "biases of zero are among those tried");
  }

  await assert.rejects(runScores({ ...run, model: randomModel(sizes, 2) }), /mrpc\.jsonl holds measurements of another model/);
  await assert.rejects(runScores({ ...run, testExamples: 6 }), /on other examples/);
  await assert.rejects(runScores({ ...run, methods: ["luck"] }), /there is no method "luck"; known: zero-shot, /);
  assert.throws(() => taskDataFolder(run.data, taskByName("trec")), /no data for task trec/);

  const markdown = scoresMarkdown(scores);
  assert.match(markdown, /### k = 2\n\n\| task \| zero-shot \| best threshold \(sees test labels\) \| bag of words \| SGD-FT \|/);
  assert.match(markdown, /\n\| snli \|( \d+\.\d \(0\.0\) \|){11}\n\| mrpc \|( \d+\.\d \(0\.0\) \|){11}\n/);
  assert.match(markdown, /Accuracy where the table has F1:/);
  assert.match(markdown, /- K_SGD reaches at least 90 % of SGD-FT: \d of 2 tasks/);
});

test("a file of measurements that is damaged or something else is refused", (t) => {
  const folder = temporaryFolder(t);
  const of = { model: "hash", protocol: "as ever" };
  writeFileSync(join(folder, "mr.jsonl"), '{"hello":1}\n');
  assert.throws(() => openScoreFile(folder, "mr", of), /mr\.jsonl is not a file of measurements/);
  const file = openScoreFile(folder, "cr", of);
  assert.throws(() => openScoreFile(folder, "cr", { ...of, protocol: "better" }), /other ways to choose hyperparameters/);
  appendFileSync(file.path, "{nonsense\n");
  assert.throws(() => openScoreFile(folder, "cr", of), /cr\.jsonl, line 2 is damaged/);
});
