import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeExamples, readExamples, readFewShot } from "../../src/experiment/inputs";
import { loadTokenizer } from "../../src/model/tokenizer";
import { taskByName, type Example, type Task } from "../../src/tasks/task";
import { root } from "../support/checkout";

const task = taskByName("sst-2");
const folder = mkdtempSync(join(tmpdir(), "kernel-view-inputs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function writeSplits(name: string, k: number): void {
  mkdirSync(join(folder, name));
  // Label by label, the positive ones first: the order in the file need not be that of the labels.
  const rows = (split: string): string =>
    [1, 0]
      .flatMap((label) => Array.from({ length: k }, (_, i) => `${split} ${label} number ${i}\t${label}\n`))
      .join("");
  for (const split of ["train", "dev", "test"])
    writeFileSync(join(folder, name, `${split}.tsv`), `sentence\tlabel\n${rows(split)}`);
}
writeSplits("16-13", 16);
writeSplits("64-13", 64);
writeSplits("16-21", 16);

const texts = (examples: { texts: string[] }[]): string[] => examples.map((example) => example.texts[0]);

test("a limit takes examples evenly over the file, in its order", () => {
  const directory = join(folder, "16-13");
  assert.deepEqual(texts(readExamples(directory, "train", task, 4)), [
    "train 1 number 0",
    "train 1 number 8",
    "train 0 number 0",
    "train 0 number 8",
  ]);
  assert.equal(readExamples(directory, "train", task, 99).length, 32);
});

test("k examples per class come from the folder of that size, or from the next larger one", () => {
  const own = readFewShot(folder, task, { k: 16, seed: 13 });
  assert.equal(own.train.length, 32);
  assert.deepEqual(
    own.train.map(({ label }) => label),
    [...Array(16).fill(0), ...Array(16).fill(1)],
  );
  const four = readFewShot(folder, task, { k: 4, seed: 21, testExamples: 10 });
  assert.deepEqual(
    texts(four.train),
    [0, 1].flatMap((label) => [0, 4, 8, 12].map((i) => `train ${label} number ${i}`)),
  );
  assert.equal(four.dev.length, 8);
  assert.equal(four.test.length, 10);
  assert.equal(readFewShot(folder, task, { k: 20, seed: 13 }).train[1].texts[0], "train 0 number 3");
});

test("throws where no folder is large enough, or there is none", () => {
  assert.throws(
    () => readFewShot(folder, task, { k: 64, seed: 21 }),
    /no folder with at least 64 examples per class for seed 21; it has: 16-13, 16-21, 64-13/,
  );
  assert.throws(() => readFewShot(join(folder, "none"), task, { k: 4, seed: 21 }), /data folder .*none does not exist/);
});

const tiny = loadTokenizer(join(root, "test", "fixtures", "tiny-roberta"));

/** What is said of examples when they are encoded. */
function notesOn(examples: Example[], how: Partial<Task> = {}, prompted = true): string[] {
  const notes: string[] = [];
  encodeExamples(examples, { ...task, ...how }, tiny, { prompted, warn: (note) => void notes.push(note) });
  return notes;
}

test("what the model does not see, or cannot tell apart, is said", () => {
  const examples = [
    { texts: ["great film"], label: 1, line: 2 },
    { texts: ["terrible film"], label: 0, line: 3 },
  ];
  assert.deepEqual(notesOn(examples), []);
  assert.deepEqual(notesOn(examples, {}, false), []);

  const doubled = [...examples, { texts: ["great film"], label: 1 }, { texts: ["great film"], label: 0, line: 5 }];
  assert.deepEqual(notesOn(doubled), [
    'task sst-2: 1 of 4 examples are to the model the same as one of another label, first "great film" with label 1 (line 2) and 0 (line 5)',
  ]);

  // Equal by their limits only.
  const long = [
    { texts: ["great film was okay"], label: 1 },
    { texts: ["great film was terrible"], label: 0 },
  ];
  assert.equal(notesOn(long).length, 0);
  const [cut, equal, ...more] = notesOn(long, { firstSentenceLimit: tiny.encode("great film").length });
  assert.match(
    cut,
    /2 of 2 examples are longer than their limit .*, first example 1, "great film was okay": the task's maxLength, firstSentenceLimit and .*--max-length/,
  );
  assert.match(equal, /1 of 2 examples are to the model the same .* label 1 \(example 1\) and 0 \(example 2\)/);
  assert.deepEqual(more, []);
  assert.match(notesOn(long, { maxLength: 4 }, false)[0], /2 of 2 examples are longer/);

  assert.deepEqual(notesOn([...examples, { texts: [" "], label: 0, line: 9 }]), [
    "task sst-2: 1 of 3 examples have an empty text, first line 9",
  ]);
});

test("label words in another case are told apart from the task's own", () => {
  const examples = [{ texts: ["great film"], label: 1 }];
  assert.deepEqual(notesOn(examples, { labelWords: ["terrible", "great"] }), []);
  assert.deepEqual(notesOn(examples, { labelWords: ["It", "okay"] }), []);
  assert.deepEqual(notesOn(examples, { labelWords: ["terrible", "Great"] }), [
    'task sst-2: the label word "Great" is another token than "great", the task\'s own',
  ]);
});

test("a class without examples is refused, one with too few is said", () => {
  const directory = join(folder, "8-13");
  mkdirSync(directory);
  const write = (split: string, rows: string): void =>
    writeFileSync(join(directory, `${split}.tsv`), `sentence\tlabel\n${rows}`);
  const both = "a\t0\nb\t1\n".repeat(8);
  for (const split of ["train", "dev", "test"]) write(split, both);
  const told: string[] = [];
  const read = (): unknown => readFewShot(folder, task, { k: 8, seed: 13, warn: (note) => void told.push(note) });
  read();
  assert.equal(told.length, 0);
  write("dev", "a\t0\nb\t1\n");
  read();
  assert.deepEqual(
    told.map((note) => note.slice(note.lastIndexOf("/") + 1)),
    ["dev.tsv has 1 of 8 examples of label 0", "dev.tsv has 1 of 8 examples of label 1"],
  );
  write("train", "a\t0\n".repeat(8));
  assert.throws(read, /train\.tsv has 0 of 8 examples of label 1: every class needs some/);
});
