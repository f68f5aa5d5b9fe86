import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readExamples, readFewShot } from "../../src/experiment/inputs";
import { taskByName } from "../../src/tasks/task";

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
