import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenizer } from "../../src/model/tokenizer";
import { labelWordIds } from "../../src/tasks/prompt";
import { readSplit } from "../../src/tasks/split";
import { taskByName, taskNames } from "../../src/tasks/task";
import { readTaskFile } from "../../src/tasks/task-file";
import { rowsOf } from "../support/split-rows";
import { root } from "../support/checkout";

const folder = mkdtempSync(join(tmpdir(), "task-file-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "my-task.json");
const written = (content: unknown): string => {
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

const mine = {
  name: "reviews",
  format: "csv",
  header: true,
  columns: { texts: [0, 2], label: "last" },
  labels: ["bad", "good"],
  labelWords: ["terrible", "great"],
  template: "*cls**sent_0*?*mask*,*+sentl_1**sep+*",
};
const without = (field: string): object => Object.fromEntries(Object.entries(mine).filter(([name]) => name !== field));

test("a task of one's own, with the defaults for length and metric", () => {
  assert.deepEqual(readTaskFile(written(mine)), { ...mine, maxLength: 128, metric: "accuracy" });
});

test("it reads its files", () => {
  const task = readTaskFile(written(mine));
  writeFileSync(join(folder, "train.csv"), 'text,date,other,label\n"One, two",1,Three,good\nFour,2,"Five",bad\n');
  assert.deepEqual(rowsOf(folder, "train", task), [
    { texts: ["One, two", "Three"], label: 1 },
    { texts: ["Four", "Five"], label: 0 },
  ]);
});

test("every task of the table can be written as a file", () => {
  for (const name of taskNames) assert.deepEqual(readTaskFile(written(taskByName(name))), taskByName(name), name);
});

test("the example in data/ is a task, its words are tokens of the shipped model, and the sentences of movies-2 are its data", () => {
  const task = readTaskFile(join(root, "data", "example-task.json"));
  labelWordIds(task, loadTokenizer(join(root, "data", "english", "model")));
  assert.equal(readSplit(join(root, "data", "english", "tasks", "movies-2", "16-13"), "train", task).length, 32);
  assert.ok(readFileSync(join(root, "data", "README.md"), "utf8").includes("example-task.json"));
});

const refusals: [what: string, content: unknown, message: RegExp][] = [
  ["what is not JSON", "{name: 1}", /my-task\.json is not valid JSON: /],
  ["no object", [mine], /my-task\.json: the file: expected object, received array/],
  ["a missing name", without("name"), /my-task\.json: name: is missing/],
  ["a name that is a path", { ...mine, name: "../x" }, /name: expected a name of letters, digits/],
  ["a folder that is hidden", { ...mine, folder: ".." }, /folder: expected a name/],
  ["missing columns", without("columns"), /columns: is missing/],
  ["no label column", { ...mine, columns: { texts: [0, 2] } }, /columns\.label: is missing/],
  [
    "a label column that is no column",
    { ...mine, columns: { texts: [0, 2], label: true } },
    /columns\.label: expected a column's number, counted from 0, its name in the header, or "last"/,
  ],
  [
    "columns by number and by name",
    { ...mine, columns: { texts: [0, 2], label: "gold" } },
    /columns: give all columns by number, or all by name/,
  ],
  [
    "names of columns without a header",
    { ...mine, header: false, columns: { texts: ["a", "b"], label: "last" } },
    /columns: columns have names only where header is true/,
  ],
  ["a delimiter of tsv", { ...mine, format: "tsv", delimiter: ";" }, /delimiter: is for csv; a tsv file has tabs/],
  ["an unknown delimiter", { ...mine, delimiter: "::" }, /delimiter: expected one of ","\|";"/],
  ["a negative column", { ...mine, columns: { texts: [0, -1], label: 1 } }, /columns\.texts\[1\]: Too small/],
  ["no text", { ...mine, columns: { texts: [], label: 1 } }, /columns\.texts: Too small/],
  ["another format", { ...mine, format: "json" }, /format: expected one of "tsv"\|"csv"/],
  ["header as a text", { ...mine, header: "yes" }, /header: expected boolean, received string/],
  ["one label", { ...mine, labels: ["good"], labelWords: ["great"] }, /labels: Too small/],
  ["a label that is a number", { ...mine, labels: ["good", 0] }, /labels\[1\]: expected string, received number/],
  ["a label twice", { ...mine, labels: ["good", "good"] }, /labels\[1\]: "good" stands there twice/],
  ["too few label words", { ...mine, labelWords: ["great"] }, /labelWords: 1 words for 2 labels/],
  ["a template without a mask", { ...mine, template: "*cls**sent_0**sep+*" }, /template: template .* has no \*mask\*/],
  [
    "a template without a text",
    { ...mine, template: "*cls*_It_was*mask*.*sep+*" },
    /template: .* has no text of the example, so all prompts would be the same: put \*sent_0\* in it/,
  ],
  [
    "a template that asks for a third text",
    { ...mine, template: "*sent_2**mask*" },
    /template: it asks for text 2, and an example of the task has only texts 0 to 1/,
  ],
  ["a length of 0", { ...mine, maxLength: 0 }, /maxLength: Too small/],
  ["half a token", { ...mine, firstSentenceLimit: 10.5 }, /firstSentenceLimit: expected int/],
  ["another metric", { ...mine, metric: "f2" }, /metric: expected one of "accuracy"\|"f1"/],
  [
    "f1 of three",
    { ...mine, metric: "f1", labels: ["a", "b", "c"], labelWords: ["x", "y", "z"] },
    /metric: f1 is for two labels, here are 3/,
  ],
  [
    "a field that is not known",
    { ...mine, labelWord: [] },
    /unknown field "labelWord"; there are name, folder, format/,
  ],
  ["an unknown column field", { ...mine, columns: { texts: [0, 2], label: 1, id: 3 } }, /unknown field "columns\.id"/],
  ["an unknown split's file", { ...mine, files: { valid: "x" } }, /unknown field "files\.valid"/],
];
for (const [what, content, message] of refusals) {
  test(`refuses ${what}`, () => assert.throws(() => readTaskFile(written(content)), message));
}

test("a file that is not there, and a folder", () => {
  assert.throws(() => readTaskFile(join(folder, "none.json")), /the task file .*none\.json does not exist/);
  assert.throws(() => readTaskFile(folder), /the task file .* cannot be read: /);
});
