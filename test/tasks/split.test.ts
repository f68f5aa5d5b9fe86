import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCsv, parseTsv } from "../../src/tasks/delimited";
import { readSplit } from "../../src/tasks/split";
import { taskByName, taskNames, type Task } from "../../src/tasks/task";

const folder = mkdtempSync(join(tmpdir(), "split-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const sst2 = taskByName("sst-2");

function withFile(name: string, content: string | Uint8Array): string {
  const directory = mkdtempSync(join(folder, "data-"));
  writeFileSync(join(directory, name), content);
  return directory;
}

test("the task table: names in any case, and a clear error for others", () => {
  assert.equal(taskByName("SST-2").name, "sst-2");
  assert.throws(() => taskByName("sst"), /no task "sst"; known: .*sst-2/);
  for (const name of taskNames) {
    const task = taskByName(name);
    assert.equal(task.labels.length, task.labelWords.length, name);
  }
});

test("reads a tab-separated split with its header", () => {
  const directory = withFile("train.tsv", "sentence\tlabel\nit 's \"good\" . \t1\n\"quoted, \t0\n");
  assert.deepEqual(readSplit(directory, "train", sst2), [
    { texts: ["it 's \"good\" . "], label: 1 },
    { texts: ['"quoted, '], label: 0 },
  ]);
});

test("a byte-order mark, Windows line ends and letters of other languages are fine", () => {
  const directory = withFile("dev.tsv", "\ufeffsentence\tlabel\r\nzwölf 映画\t1\r\n\r\n");
  assert.deepEqual(readSplit(directory, "dev", sst2), [{ texts: ["zwölf 映画"], label: 1 }]);
  const bare: Task = { ...sst2, header: false };
  assert.deepEqual(readSplit(withFile("dev.tsv", "\ufeffa\t1"), "dev", bare), [{ texts: ["a"], label: 1 }]);
});

test("reads comma-separated files, without a header where the task has none", () => {
  const mr: Task = { ...sst2, name: "mr", columns: { texts: [1], label: 0 }, header: false };
  const directory = withFile("test.csv", '0,"simple , silly and ""tedious"" ."\n1,plain "inside" text\n');
  assert.deepEqual(readSplit(directory, "test", mr), [
    { texts: ['simple , silly and "tedious" .'], label: 0 },
    { texts: ['plain "inside" text'], label: 1 },
  ]);
});

test("pairs, a label in the last column, and other file names", () => {
  const task: Task = { ...sst2, name: "pairs", labels: ["no", "yes"], columns: { texts: [1, 2], label: "last" }, files: { dev: "dev_matched" } };
  const directory = withFile("dev_matched.tsv", "id\ta\tb\tx\tgold\n7\tone\ttwo\t-\tyes\n8\tthree\tfour\tno\n");
  assert.deepEqual(readSplit(directory, "dev", task), [
    { texts: ["one", "two"], label: 1 },
    { texts: ["three", "four"], label: 0 },
  ]);
});

const refusals: [what: string, content: string | Uint8Array, message: RegExp][] = [
  ["an unknown label", "sentence\tlabel\na\t1\nb\t2\n", /train\.tsv, line 3: label "2" is not one of 0, 1 \(task sst-2\)/],
  ["a label with a space", "sentence\tlabel\na\t1 \n", /line 2: label "1 " is not one of/],
  ["too few columns", "sentence\tlabel\nonly text\n", /train\.tsv, line 2: 1 column\(s\) where task sst-2 needs 2: "only text"/],
  ["an empty line between", "sentence\tlabel\n\na\t1\n", /line 2: 1 column/],
  ["a header only", "sentence\tlabel\n", /train\.tsv has no examples/],
  ["an empty file", "", /train\.tsv has no examples/],
  ["a missing header", "a\t1\nb\t0\n", /train\.tsv, line 1: a line of column names was expected, but its label column holds the label "1"/],
  ["what is not utf-8", Uint8Array.of(0x61, 0xff, 0x09, 0x31), /train\.tsv is not utf-8/],
];
for (const [what, content, message] of refusals) {
  test(`refuses ${what}`, () => assert.throws(() => readSplit(withFile("train.tsv", content), "train", sst2), message));
}

test("a missing file and a missing folder are told apart", () => {
  assert.throws(() => readSplit(withFile("train.tsv", "x"), "test", sst2), /has neither test\.tsv nor test\.csv/);
  assert.throws(() => readSplit(join(folder, "nowhere"), "test", sst2), /the data folder .*nowhere does not exist/);
});

test("a quote that is never closed is an error with its line", () => {
  const mr: Task = { ...sst2, columns: { texts: [1], label: 0 }, header: false };
  assert.throws(() => readSplit(withFile("train.csv", '0,a\n1,"b\n'), "train", mr), /train\.csv, line 2: a quoted cell is not closed/);
});

test("comma-separated records may hold line breaks; lines are counted where records begin", () => {
  assert.deepEqual(parseCsv('a,"b\nc"\r\n\n"",d,\n""\nlast'), [
    { line: 1, cells: ["a", "b\nc"] },
    { line: 4, cells: ["", "d", ""] },
    { line: 5, cells: [""] },
    { line: 6, cells: ["last"] },
  ]);
  assert.deepEqual(parseCsv("a,"), [{ line: 1, cells: ["a", ""] }]);
  assert.deepEqual(parseCsv(""), []);
  assert.throws(() => parseCsv('"a"b,c'), /line 1/);
  const long = "x".repeat(3_000_000);
  assert.equal(parseCsv(`"${long}""",1`)[0].cells[0].length, 3_000_001);
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
  assert.deepEqual(dev[0], { texts: ["it 's a charming and often affecting journey . "], label: 1 });
  assert.equal(readSplit(shared, "train", sst2).length, 67349);
});
