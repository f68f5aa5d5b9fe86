/** Files of one's own as spreadsheets write them. */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatExamples } from "../../src/tasks/format-examples";
import { kShotSplit, readOriginal } from "../../src/tasks/k-shot";
import { writeSplitFolder } from "../../src/tasks/split-folder";
import { readSplit } from "../../src/tasks/split";
import { parseTask } from "../../src/tasks/task-file";
import { rowsOf } from "../support/split-rows";
import { temporaryFolder } from "../support/checkout";

const fields = {
  name: "reviews",
  format: "csv",
  header: true,
  columns: { texts: ["text"], label: "label" },
  labels: ["0", "1"],
  labelWords: ["bad", "good"],
  template: "*cls**sent_0*_It_was*mask*.*sep+*",
};
const own = parseTask(fields);
const tsv = parseTask({ ...fields, format: "tsv" });

function withFile(t: TestContext, content: string, name = "train.csv"): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, name), content);
  return folder;
}
const EXPECTED = [
  { texts: ["good, or not; who knows"], label: 1 },
  { texts: ["awful"], label: 0 },
];

test("columns are found by name, wherever they stand, with any of the delimiters", (t) => {
  for (const delimiter of [",", ";", "\t", "|"]) {
    const lines = [
      ["\ufeffid", " label", "text"],
      ["7", "1", '"good, or not; who knows"'],
      ["8", "0", "awful"],
    ];
    const folder = withFile(t, lines.map((cells) => cells.join(delimiter)).join("\r\n"));
    assert.deepEqual(rowsOf(folder, "train", own), EXPECTED, delimiter);
    const named = parseTask({ ...fields, delimiter });
    assert.deepEqual(rowsOf(folder, "train", named), EXPECTED, delimiter);
  }
  const folder = withFile(t, "label\ttext\n1\tgood, or not; who knows\n0\tawful\n", "train.tsv");
  assert.deepEqual(rowsOf(folder, "train", tsv), EXPECTED);
});

test("without a header a delimiter is found by the columns and labels of the first line; commas come first", (t) => {
  const numbered = parseTask({ ...fields, header: false, columns: { texts: [0], label: 1 } });
  assert.deepEqual(rowsOf(withFile(t, "good, or not; who knows\t1\nawful\t0\n"), "train", numbered), EXPECTED);
  assert.deepEqual(rowsOf(withFile(t, '"good, or not; who knows";1\nawful;0\n'), "train", numbered), EXPECTED);
  assert.deepEqual(rowsOf(withFile(t, "a;1,0\n"), "train", numbered), [{ texts: ["a;1"], label: 0 }]);
});

test("a column that the header does not have, or has twice, is named with those that it has", (t) => {
  assert.throws(
    () => readSplit(withFile(t, "sentence;label\na;1\n"), "train", own),
    /train\.csv, line 1: the header has no column "text"; its columns are "sentence;label"/,
  );
  assert.throws(
    () => readSplit(withFile(t, "text,label,text\na,1,b\n"), "train", own),
    /the header has more than one column "text"; its columns are "text", "label", "text"/,
  );
  assert.throws(
    () =>
      readSplit(withFile(t, "x,1\n", "train.tsv"), "train", {
        ...tsv,
        header: false,
        columns: { texts: [0], label: 1 },
      }),
    /line 1: 1 column\(s\) where task reviews needs 2: "x,1"; a tsv file has tabs between its columns, csv is for others/,
  );
});

test("labels that differ in form only are refused with what to write", (t) => {
  const cases: [content: string, message: RegExp][] = [
    [
      "a,1.0\nb,0.0\nc,1.0\n",
      /line 2: label "1\.0" is not one of 0, 1 \(task reviews\); labels are "1\.0" and "0\.0"; the task names "0" and "1", which differ in spaces, capital letters or digits after the point: write them in "labels" as the files have them$/,
    ],
    ["a, 1\nb, 0\n", /line 2: label " 1" is not one of .*; labels are " 1" and " 0"; .*which differ in spaces/],
    ["a,1\nb,2\n", /line 3: label "2" is not one of 0, 1 .*; labels are "1" and "2"; the task names "0" and "1"$/],
    [
      Array.from({ length: 11 }, (_, i) => `a,word ${i}\n`).join(""),
      /label "word 0" is not one of .*; its column has 11 different values: is it the one with the labels\?$/,
    ],
  ];
  for (const [rows, message] of cases) {
    const folder = withFile(t, `text,label\n${rows}`);
    assert.throws(() => readSplit(folder, "train", own), message);
    writeFileSync(join(folder, "test.csv"), `text,label\n${rows}`);
    assert.throws(() => readOriginal(folder, own), new RegExp(message.source.replace("line", "row")));
  }
});

test("examples are written under the columns' names, and splits drawn from such files are read as they are", (t) => {
  const examples = Array.from({ length: 12 }, (_, i) => ({ texts: [`one; two, ${i}`], label: i % 2 }));
  for (const delimiter of [undefined, ";" as const]) {
    const task = { ...own, delimiter };
    const text = formatExamples(examples, task);
    assert.equal(text.split("\n")[0], delimiter === ";" ? "text;label" : "text,label");
    const folder = join(temporaryFolder(t), "full");
    mkdirSync(folder);
    // The full files have semicolons in both cases: found in the first, named in the second.
    for (const name of ["train", "test"])
      writeFileSync(join(folder, `${name}.csv`), formatExamples(examples, { ...task, delimiter: ";" }));
    assert.match(readFileSync(join(folder, "train.csv"), "utf8"), /^text;label\n"one; two, 0";0\n/);
    assert.deepEqual(rowsOf(folder, "train", task), examples);
    const split = kShotSplit(readOriginal(folder, task), task, { k: 3, seed: 13 });
    const drawn = rowsOf(writeSplitFolder(join(folder, "3-13"), split.files), "train", task);
    assert.equal(drawn.length, 6);
    for (const row of drawn)
      assert.ok(
        examples.some(({ texts }) => texts[0] === row.texts[0]),
        row.texts[0],
      );
  }
});
