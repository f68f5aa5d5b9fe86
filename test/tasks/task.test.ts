import { test } from "node:test";
import assert from "node:assert/strict";
import { taskByName, taskNames } from "../../src/tasks/task";
import { parseTemplate } from "../../src/tasks/template";

test("the paper's fourteen tasks, under names in any case, and a clear error for others", () => {
  assert.deepEqual(taskNames, [
    "sst-2",
    "sst-5",
    "mr",
    "cr",
    "mpqa",
    "subj",
    "trec",
    "ag_news",
    "mnli",
    "snli",
    "qnli",
    "rte",
    "mrpc",
    "qqp",
  ]);
  assert.equal(taskByName("SST-2").name, "sst-2");
  assert.throws(() => taskByName("sst"), /no task "sst"; known: .*sst-2/);
});

for (const name of taskNames) {
  test(`${name} is a whole row: a word for each label, a template that asks for the texts it has`, () => {
    const task = taskByName(name);
    assert.equal(task.labels.length, task.labelWords.length);
    assert.equal(new Set(task.labels).size, task.labels.length);
    assert.equal(new Set(task.labelWords).size, task.labels.length);
    const asked = parseTemplate(task.template).flatMap((part) => (part.kind === "sentence" ? [part.index] : []));
    assert.deepEqual(
      asked,
      task.columns.texts.map((_, i) => i),
    );
  });
}

// Written down a second time, from the authors' run script, so that a slip in the table shows.
const limits: Record<string, [maxLength: number, first?: number, other?: number]> = {
  "sst-2": [128],
  "sst-5": [128],
  mr: [128, 110, 50],
  cr: [128, 110, 50],
  mpqa: [128, 110],
  subj: [128, 110, 50],
  trec: [128, 110],
  ag_news: [256, 240],
  mnli: [256, 240],
  snli: [256],
  qnli: [128],
  rte: [256, 240],
  mrpc: [128],
  qqp: [128],
};
test("lengths: 256 where the run script says --max_seq_len 256, and the sentence limits", () => {
  for (const name of taskNames) {
    const { maxLength, firstSentenceLimit, otherSentenceLimit } = taskByName(name);
    assert.deepEqual(
      [maxLength, firstSentenceLimit, otherSentenceLimit],
      [...limits[name], undefined, undefined].slice(0, 3),
      name,
    );
  }
});

test("F1 is for MRPC and QQP", () => {
  assert.deepEqual(
    taskNames.filter((name) => taskByName(name).metric === "f1"),
    ["mrpc", "qqp"],
  );
});

test("pair tasks have two texts", () => {
  assert.deepEqual(
    taskNames.filter((name) => taskByName(name).columns.texts.length === 2),
    ["mnli", "snli", "qnli", "rte", "mrpc", "qqp"],
  );
});
