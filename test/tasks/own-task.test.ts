/** What somebody with data and a task of their own goes through, on disk. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { taskByName, taskNames, type Example, type Task } from "../../src/tasks/task";
import { formatExamples } from "../../src/tasks/format-examples";
import { kShotRows, kShotSplit, readOriginal } from "../../src/tasks/k-shot";
import { splitOverlaps } from "../../src/tasks/split";
import { originalFolder, writeSplitFolder } from "../../src/tasks/split-folder";
import { parseTask, readTaskFile } from "../../src/tasks/task-file";
import { rowsOf } from "../support/split-rows";
import { temporaryFolder } from "../support/checkout";

const examplesOf = (task: Task, texts: readonly string[]): Example[] =>
  texts.map((text, i) => ({
    texts: task.columns.texts.map((_, column) => `${text}${column > 0 ? ` (${column})` : ""}`),
    label: i % task.labels.length,
  }));

test("examples written in every task's layout are read back as they were", (t) => {
  for (const task of taskNames.map(taskByName)) {
    const folder = temporaryFolder(t);
    // What quoting could spoil; a csv cell may have line breaks too, and may be empty.
    const texts = [
      'a "quoted" word',
      "one, two",
      "  spaces kept ",
      "naïve ☃ 𝒳",
      ...(task.format === "csv" ? ["two\nlines", "", '"'] : ["null", "NA", ""]),
    ];
    const examples = examplesOf(task, texts);
    for (const split of ["train", "dev", "test"] as const)
      writeFileSync(join(folder, `${task.files?.[split] ?? split}.${task.format}`), formatExamples(examples, task));
    assert.deepEqual(rowsOf(folder, "train", task), examples, task.name);
  }
});

test("what a format cannot hold is refused, and named", () => {
  const [tsv, csv, pair] = ["sst-2", "mr", "mnli"].map(taskByName);
  assert.throws(
    () =>
      formatExamples(
        [
          { texts: ["a"], label: 0 },
          { texts: ["a\tb"], label: 0 },
        ],
        tsv,
      ),
    /example 1 of task sst-2: "a\\tb" has a tab or a line break/,
  );
  assert.throws(
    () => formatExamples([{ texts: ["null"], label: 0 }], csv),
    /example 0 of task mr: a csv file's "null" is read as a missing value/,
  );
  assert.equal(formatExamples([{ texts: ["null"], label: 0 }], { ...csv, missingValues: undefined }), "0,null\n");
  assert.throws(
    () => formatExamples([{ texts: ["a"], label: 0 }], pair),
    /example 0 of task mnli has 1 texts, and the task's files have columns for 2/,
  );
  assert.throws(
    () => formatExamples([{ texts: ["a"], label: 2 }], tsv),
    /label 2 is not a class of the task; they are 0 to 1 \(0, 1\)/,
  );
});

const fields = {
  name: "foods",
  format: "csv",
  header: false,
  columns: { texts: [1], label: 0 },
  labels: ["0", "1"],
  labelWords: ["food", "sport"],
  template: "*cls**sent_0*_This_is_about*mask*.*sep+*",
};

test("a task as an object is checked like a task in a file", (t) => {
  const file = join(temporaryFolder(t), "task.json");
  writeFileSync(file, JSON.stringify(fields));
  assert.deepEqual(parseTask(fields), readTaskFile(file));
  assert.throws(
    () => parseTask({ ...fields, template: "*cls**sent_0**sep+*" }),
    /^InputError: the task: template: template "\*cls\*\*sent_0\*\*sep\+\*" has no \*mask\*/,
  );
  assert.throws(
    () => parseTask({ ...fields, labelWords: ["food"] }, "my cell"),
    /^InputError: my cell: labelWords: 1 words for 2 labels/,
  );
});

test("the rows of a split are those that its files have, in their order, and no row is in train and dev", (t) => {
  const task = parseTask(fields);
  const folder = temporaryFolder(t);
  const examples = Array.from({ length: 40 }, (_, i) => ({ texts: [`sentence ${i}`], label: i % 3 === 0 ? 1 : 0 }));
  for (const name of ["train", "test"]) writeFileSync(join(folder, `${name}.csv`), formatExamples(examples, task));
  const original = readOriginal(folder, task);
  for (const seed of [13, 21]) {
    const rows = kShotRows(original, { k: 4, seed });
    const split = writeSplitFolder(join(folder, `4-${seed}`), kShotSplit(original, task, { k: 4, seed }).files);
    for (const name of ["train", "dev"] as const)
      assert.deepEqual(
        rowsOf(split, name, task),
        rows[name].map((row) => examples[row]),
      );
    assert.equal(new Set([...rows.train, ...rows.dev]).size, 16);
  }
  assert.notDeepEqual(kShotRows(original, { k: 4, seed: 13 }), kShotRows(original, { k: 4, seed: 21 }));
});

test("a split's folder is written whole, left alone when equal, and never overwritten", (t) => {
  const folder = join(temporaryFolder(t), "deep", "4-13");
  const files = new Map([
    ["train.csv", Buffer.from("0,a\n")],
    ["test.csv", Buffer.from("1,b\n")],
  ]);
  assert.equal(writeSplitFolder(folder, files), folder);
  assert.equal(writeSplitFolder(folder, files), folder);
  assert.deepEqual(readdirSync(folder).sort(), ["test.csv", "train.csv"]);
  assert.throws(
    () => writeSplitFolder(folder, new Map([["train.csv", Buffer.from("1,a\n")]])),
    /4-13 is there already with another train\.csv: remove it, or choose another folder/,
  );
  assert.equal(readFileSync(join(folder, "train.csv"), "utf8"), "0,a\n");
  assert.deepEqual(readdirSync(join(folder, "..")), ["4-13"], "no temporary folder is left");
});

test("a task's full data is found in its own folder, in `original` there, or in the folder itself", (t) => {
  const folder = temporaryFolder(t);
  const task = taskByName("sst-2");
  assert.equal(originalFolder(folder, task), undefined);
  writeFileSync(join(folder, "train.tsv"), "");
  assert.equal(originalFolder(folder, task), folder);
  mkdirSync(join(folder, "SST-2", "original"), { recursive: true });
  assert.equal(originalFolder(folder, task), folder);
  writeFileSync(join(folder, "SST-2", "original", "train.tsv"), "");
  assert.equal(originalFolder(folder, task), join(folder, "SST-2", "original"));
  writeFileSync(join(folder, "SST-2", "train.tsv"), "");
  assert.equal(originalFolder(folder, task), join(folder, "SST-2"));
});

test("texts in two splits are found whatever their labels", () => {
  const [a, b, c] = ["a", "b", "c"].map((text, label) => ({ texts: [text], label }));
  const again = { texts: ["a"], label: 2 };
  assert.deepEqual(splitOverlaps({ train: [a, b], dev: [c], test: [again, again, c] }), [
    { first: "train", second: "dev", shared: [] },
    { first: "train", second: "test", shared: [again, again] },
    { first: "dev", second: "test", shared: [c] },
  ]);
  assert.deepEqual(
    splitOverlaps({
      train: [{ texts: ["a", "b"], label: 0 }],
      test: [
        { texts: ["ab"], label: 0 },
        { texts: ["b", "a"], label: 0 },
      ],
    })[0].shared,
    [],
  );
});
