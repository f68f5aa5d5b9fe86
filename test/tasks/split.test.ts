import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatCsvRow, isMissing, parseCsv, parseTsv } from "../../src/files/delimited";
import { readSplit } from "../../src/tasks/split";
import { taskByName, type Task } from "../../src/tasks/task";
import { rowsOf } from "../support/split-rows";
import { readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "split-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const sst2 = taskByName("sst-2");

function withFile(name: string, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(folder, "data-"));
  writeFileSync(join(directory, name), content);
  return directory;
}

test("reads a tab-separated split with its header", () => {
  const directory = withFile("train.tsv", 'sentence\tlabel\nit \'s "good" . \t1\n"quoted, \t0\n');
  assert.deepEqual(rowsOf(directory, "train", sst2), [
    { texts: ['it \'s "good" . '], label: 1 },
    { texts: ['"quoted, '], label: 0 },
  ]);
});

test("a byte-order mark, Windows line ends and letters of other languages are fine", () => {
  const directory = withFile("dev.tsv", "\ufeffsentence\tlabel\r\nzwölf 映画\t1\r\n\r\n");
  assert.deepEqual(rowsOf(directory, "dev", sst2), [{ texts: ["zwölf 映画"], label: 1 }]);
  const bare: Task = { ...sst2, header: false };
  assert.deepEqual(rowsOf(withFile("dev.tsv", "\ufeffa\t1"), "dev", bare), [{ texts: ["a"], label: 1 }]);
});

test("reads comma-separated files, without a header where the task has none", () => {
  const mr = taskByName("mr");
  const directory = withFile("test.csv", '0,"simple , silly and ""tedious"" ."\n1,plain "inside" text\n');
  assert.deepEqual(rowsOf(directory, "test", mr), [
    { texts: ['simple , silly and "tedious" .'], label: 0 },
    { texts: ['plain "inside" text'], label: 1 },
  ]);
});

test("pairs, a label in the last column, and other file names", () => {
  const task: Task = {
    ...sst2,
    name: "pairs",
    labels: ["no", "yes"],
    columns: { texts: [1, 2], label: "last" },
    files: { dev: "dev_matched" },
  };
  const directory = withFile("dev_matched.tsv", "id\ta\tb\tx\tgold\n7\tone\ttwo\t-\tyes\n8\tthree\tfour\tno\n");
  assert.deepEqual(rowsOf(directory, "dev", task), [
    { texts: ["one", "two"], label: 1 },
    { texts: ["three", "four"], label: 0 },
  ]);
});

const refusals: [what: string, content: string | Uint8Array, message: RegExp][] = [
  [
    "an unknown label",
    "sentence\tlabel\na\t1\nb\t2\n",
    /train\.tsv, line 3: label "2" is not one of 0, 1 \(task sst-2\)/,
  ],
  ["a label with a space", "sentence\tlabel\na\t1 \n", /line 2: label "1 " is not one of/],
  [
    "too few columns",
    "sentence\tlabel\nonly text\n",
    /train\.tsv, line 2: 1 column\(s\) where task sst-2 needs 2: "only text"/,
  ],
  ["an empty line between", "sentence\tlabel\n\na\t1\n", /line 2: 1 column/],
  ["a header only", "sentence\tlabel\n", /train\.tsv has no examples/],
  ["an empty file", "", /train\.tsv has no examples/],
  [
    "a missing header",
    "a\t1\nb\t0\n",
    /train\.tsv, line 1: a line of column names was expected, but its label column holds the label "1"/,
  ],
  ["what is not utf-8", Uint8Array.of(0x61, 0xff, 0x09, 0x31), /train\.tsv is not utf-8/],
];
for (const [what, content, message] of refusals) {
  test(`refuses ${what}`, () => assert.throws(() => readSplit(withFile("train.tsv", content), "train", sst2), message));
}

test("a CSV text that pandas takes for a missing value is empty in the paper's tasks, and stays in one's own", () => {
  const directory = withFile("train.csv", '0,NA\n1,"null"\n0,\n1,nan\n0,None\n1, NA\n0\n');
  assert.deepEqual(
    readSplit(directory, "train", taskByName("mr")).map(({ texts: [text] }) => text),
    ["", "", "", "", "None", " NA", ""],
  );
  const told: string[] = [];
  readSplit(directory, "train", taskByName("mr"), (message) => void told.push(message));
  assert.equal(told.length, 1);
  assert.match(told[0], /train\.csv: 3 text\(s\) such as "NA" \(line 1\) are read as empty, as the authors' code does/);
  const own = { ...taskByName("mr"), missingValues: undefined };
  assert.deepEqual(
    readSplit(directory, "train", own, assert.fail).map(({ texts: [text] }) => text),
    ["NA", "null", "", "nan", "None", " NA", ""],
  );
  assert.deepEqual(rowsOf(withFile("train.tsv", "sentence\tlabel\nNA\t1\n"), "train", sst2), [
    { texts: ["NA"], label: 1 },
  ]);
});

test("a row longer than the first one is refused in CSV, as pandas does", () => {
  assert.throws(
    () => readSplit(withFile("train.csv", "0,a\n1,b,c\n"), "train", taskByName("mr")),
    /train\.csv, line 2: 3 columns where the first row has 2/,
  );
});

test("rows of QQP with too few columns are left out; elsewhere they are refused", () => {
  const lines =
    "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t1\t2\tA?\tB?\t1\n2\t1\t2\tC?\n\n3\t1\t2\tD?\tE?\t0\n";
  const qqp = taskByName("qqp");
  assert.deepEqual(rowsOf(withFile("train.tsv", lines), "train", qqp), [
    { texts: ["A?", "B?"], label: 1 },
    { texts: ["D?", "E?"], label: 0 },
  ]);
  assert.throws(
    () => readSplit(withFile("train.tsv", lines), "train", { ...qqp, skipShortRows: false }),
    /line 3: 4 column\(s\) where task qqp needs 6/,
  );
  assert.throws(
    () => readSplit(withFile("train.tsv", lines.split("\n").slice(0, 1).join("\n")), "train", qqp),
    /has no examples/,
  );
});

test("AG News: the description is the text, the title is not; label 1 is class 0", () => {
  const directory = withFile("test.csv", '"3","A title","A description, \\with ""quotes"""\n1,Other title,NA\n');
  assert.deepEqual(rowsOf(directory, "test", taskByName("ag_news")), [
    { texts: ['A description, \\with "quotes"'], label: 2 },
    { texts: [""], label: 0 },
  ]);
});

test("QNLI and RTE: class 0 is entailment, from the last column; quotes are ordinary", () => {
  for (const name of ["qnli", "rte"]) {
    const directory = withFile(
      "dev.tsv",
      'index\ta\tb\tlabel\n0\t"One\ttwo"\tnot_entailment\n1\tThree\t"four\tentailment\n',
    );
    assert.deepEqual(rowsOf(directory, "dev", taskByName(name)), [
      { texts: ['"One', 'two"'], label: 1 },
      { texts: ["Three", '"four'], label: 0 },
    ]);
  }
});

test("MNLI reads dev_matched and test_matched, columns 8 and 9, and the last label of several", () => {
  const header = Array.from({ length: 12 }, (_, i) => `c${i}`).join("\t");
  const row = "0\t1\t1n\tfiction\t-\t-\t-\t-\tA premise.\tA hypothesis.\tentailment\tneutral\n";
  for (const split of ["dev", "test"] as const) {
    const directory = withFile(`${split}_matched.tsv`, `${header}\n${row}`);
    assert.deepEqual(rowsOf(directory, split, taskByName("MNLI")), [
      { texts: ["A premise.", "A hypothesis."], label: 2 },
    ]);
  }
});

test("MRPC: the label stands first, the texts in columns 3 and 4", () => {
  const directory = withFile("train.tsv", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tOne .\tTwo .\n");
  assert.deepEqual(rowsOf(directory, "train", taskByName("mrpc")), [{ texts: ["One .", "Two ."], label: 1 }]);
});

test("a missing file and a missing folder are told apart", () => {
  assert.throws(
    () => readSplit(withFile("train.tsv", "x"), "test", sst2),
    /has no test\.tsv, which task sst-2 is read from/,
  );
  assert.throws(() => readSplit(join(folder, "nowhere"), "test", sst2), /the data folder .*nowhere does not exist/);
});

test("a quote that is never closed is an error with its line", () => {
  const mr = taskByName("mr");
  assert.throws(
    () => readSplit(withFile("train.csv", '0,a\n1,"b\n'), "train", mr),
    /train\.csv, line 2: a quoted cell is not closed/,
  );
});

test("comma-separated records may hold line breaks; lines are counted where records begin", () => {
  assert.deepEqual(parseCsv('a,"b\nc"\r\n\n"",d\n""\nlast'), [
    { line: 1, cells: ["a", "b\nc"] },
    { line: 4, cells: ["", "d"] },
    { line: 5, cells: ["", ""] },
    { line: 6, cells: ["last", ""] },
  ]);
  assert.deepEqual(parseCsv("a,"), [{ line: 1, cells: ["a", ""] }]);
  assert.deepEqual(parseCsv(""), []);
  assert.throws(() => parseCsv("a,b\n\n1,2,3\n"), /line 3: 3 columns where the first row has 2/);
  const long = "x".repeat(3_000_000);
  assert.equal(parseCsv(`"${long}""",1`)[0].cells[0].length, 3_000_001);
});

const oracle = readJson<{
  csv: { text: string; rows: string[][]; written: string }[];
  csvRefused: string[];
  tsv: { text: string; rows: string[][] }[];
}>("tasks", "cells.json");

test("odd CSV texts are cut, emptied and written as pandas does", () => {
  for (const { text, rows, written } of oracle.csv) {
    const own = parseCsv(text.replace(/^\ufeff/, "")).map(({ cells }) =>
      cells.map((cell) => (isMissing(cell) ? "" : cell)),
    );
    assert.deepEqual(own, rows, JSON.stringify(text));
    assert.equal(own.map((cells) => formatCsvRow(cells)).join(""), written, JSON.stringify(text));
  }
  for (const text of oracle.csvRefused)
    assert.throws(() => parseCsv(text), /^InputError: line \d+: /, JSON.stringify(text));
  assert.ok(oracle.csv.length >= 34 && oracle.csvRefused.length === 4);
});

test("what is written as CSV reads back, a lone carriage return too", () => {
  const cells = ["a\rb", 'say "x"', "c,d", "e\r\nf", " ", ""];
  assert.deepEqual(parseCsv(formatCsvRow(cells)), [{ line: 1, cells }]);
});

test("odd TSV texts are cut as Python's csv module does without a quote character", () => {
  for (const { text, rows } of oracle.tsv) {
    assert.deepEqual(
      parseTsv(text.replace(/^\ufeff/, "")).map(({ cells }) => cells),
      rows,
      JSON.stringify(text),
    );
  }
  assert.ok(oracle.tsv.length >= 11);
});

test("tab-separated lines keep their quotes and empty cells", () => {
  assert.deepEqual(parseTsv('"a\t\tb"\n\nc\n\n'), [
    { line: 1, cells: ['"a', "", 'b"'] },
    { line: 2, cells: [""] },
    { line: 3, cells: ["c"] },
  ]);
});

const shared = join(__dirname, "../../../../shared/data/original/SST-2");
test("reads GLUE's SST-2", { skip: existsSync(shared) ? false : "../shared/data is not there" }, () => {
  const dev = readSplit(shared, "dev", sst2);
  assert.equal(dev.length, 872);
  assert.equal(dev.filter(({ label }) => label === 1).length, 444);
  assert.deepEqual(dev[0], { texts: ["it 's a charming and often affecting journey . "], label: 1, line: 2 });
  assert.equal(readSplit(shared, "train", sst2).length, 67349);
});
