import { test } from "node:test";
import assert from "node:assert/strict";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readAuthorsKernels, writeAuthorsKernels } from "../../src/archives/authors-kernels";
import { kernelFile, readKernels, writeKernels } from "../../src/archives/kernel-files";
import { zeroShotAccuracy } from "../../src/experiment/solve-kernels";
import type { SplitKernels } from "../../src/experiment/split-kernels";
import type { Formula } from "../../src/kernels/formula";
import { writeTorchFile } from "../../src/files/torch-file-writer";
import type { StoredTensor } from "../../src/files/safetensors";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy as accuracyOf } from "../../src/solvers/metrics";
import type { Split } from "../../src/tasks/task";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "authors-kernels-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const SPLITS = ["train", "dev", "test"] as const;

interface Described {
  shape: number[];
  values: string[];
}
interface Oracle {
  folders: Record<
    string,
    {
      task: string;
      splits: Record<Split, { kernel: Described; labels: number[]; logits: Described }>;
      solved?: { regularization: number; f0: number | "inf"; accuracy: Record<Split, number> }[];
    }
  >;
}
const oracle = readJson<Oracle>("torch", "oracle.json").folders;
const formulas: Record<string, Formula[]> = {
  sgd: ["sgd"],
  signgd: ["signgd"],
  margin: ["sgd"],
  asymmetric: ["asymmetric_signgd", "asymmetric_signgd_flipped"],
};

/** Accuracy of kernel least squares on a split, from files alone. */
function solvedAccuracy(directory: string, split: Split, formula: Formula, regularization: number, f0: number): number {
  const [train, x] = [readKernels(directory, "train"), readKernels(directory, split)];
  const problem = { train: train.kernels.get(formula)!, trainLabels: train.labels, trainLogits: train.logits };
  return accuracyOf(
    solveLeastSquares({ ...problem, evaluate: x.kernels.get(formula)!, evaluateLogits: x.logits, regularization, f0 }),
    x.labels,
  );
}

for (const [name, { task, splits, solved }] of Object.entries(oracle)) {
  const directory = fixturePath("torch", name);

  test(`reads ${name}/ as PyTorch does, through the reader of all kernels`, () => {
    for (const split of SPLITS) {
      const { kernel, labels, logits } = splits[split];
      const read = readKernels(directory, split);
      assert.deepEqual([...read.kernels.keys()], formulas[name]);
      assert.deepEqual(
        [...read.kernels.values()].flatMap(({ values }) => [...values]),
        kernel.values.map(Number),
      );
      for (const own of read.kernels.values()) assert.deepEqual(own.shape, kernel.shape.slice(-4));
      assert.deepEqual(read.labels, labels, "class indices, also for the margin's ±1");
      assert.deepEqual([read.logits.shape, [...read.logits.values]], [logits.shape, logits.values.map(Number)]);
      assert.equal(read.metadata.task, task);
    }
  });

  for (const { regularization, f0, accuracy } of solved ?? []) {
    test(`solve gives the accuracies of the authors' solver: ${name}, regularization ${regularization}, f0 ${f0}`, () => {
      for (const split of SPLITS)
        assert.equal(
          solvedAccuracy(directory, split, formulas[name][0], regularization, f0 === "inf" ? Infinity : f0),
          accuracy[split],
          split,
        );
    });
  }
}

test("the flipped train kernel of A-SignGD is the transpose of the first", () => {
  const { kernels } = readAuthorsKernels(fixturePath("torch", "asymmetric"), "train");
  const [{ values, shape }, flipped] = [kernels.get("asymmetric_signgd")!, kernels.get("asymmetric_signgd_flipped")!];
  const n = shape[0];
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) assert.equal(values[i * n + j], flipped.values[j * n + i]);
});

test("what we write is what we read, for every formula, and in the authors' types", () => {
  for (const name of Object.keys(oracle)) {
    const { task } = oracle[name];
    const [formula] = formulas[name] as [Exclude<Formula, "asymmetric_signgd_flipped">];
    const to = join(folder, "written", name);
    for (const split of SPLITS) {
      const read = readKernels(fixturePath("torch", name), split);
      const paths = writeAuthorsKernels(to, split, read, { task, formula });
      assert.deepEqual(
        paths.map((path) => basename(path)),
        [`${split}_kernels_${task}.pt`, `${split}_logits_${task}.pt`],
      );
      const { metadata: _, ...again } = readKernels(to, split);
      const { metadata: __, ...before } = read;
      assert.deepEqual(again, before);
    }
    assert.deepEqual(readdirSync(to).sort(), readdirSync(fixturePath("torch", name)).sort());
  }
});

test("our own files come first, and are read as before", () => {
  const own = join(folder, "own");
  const read = readKernels(fixturePath("torch", "sgd"), "train");
  const path = writeKernels(own, "train", read, { note: "ours" });
  assert.equal(kernelFile(own, "train"), path);
  assert.deepEqual(readKernels(own, "train"), { ...read, metadata: { note: "ours" } });
  assert.throws(
    () => readKernels(own, "dev"),
    /own.dev\.safetensors does not exist: write it with kernel-view compute --out/,
  );
  assert.throws(() => readKernels(join(folder, "nowhere"), "train"), /nowhere.train\.safetensors does not exist/);
});

/** A copy of the sgd folder with something changed. */
function changed(name: string, change: (directory: string) => void): string {
  const directory = join(folder, name);
  cpSync(fixturePath("torch", "sgd"), directory, { recursive: true });
  change(directory);
  return directory;
}
const kernel = (shape: number[], value = 0.5): StoredTensor => ({
  dtype: "F64",
  shape,
  data: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});
const labels = (...values: number[]): StoredTensor => ({
  dtype: "I64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const withDev = (name: string, ...tensors: StoredTensor[]): string =>
  changed(name, (directory) => writeTorchFile(join(directory, "dev_kernels_sst-2.pt"), tensors));
const withDevLogits = (name: string, ...tensors: StoredTensor[]): string =>
  changed(name, (directory) => writeTorchFile(join(directory, "dev_logits_sst-2.pt"), tensors));

const dev: number[] = oracle.sgd.splits.dev.labels;
const bad: [string, () => string, RegExp][] = [
  [
    "three axes",
    () => withDev("axes", kernel([6, 2, 12]), labels(...dev)),
    /dev_kernels_sst-2\.pt: the shape of its kernel is \[6, 2, 12\], expected \[n, C, m, C\]/,
  ],
  [
    "three stacked kernels",
    () => withDev("stacked", kernel([3, 6, 1, 6, 1]), labels(...dev)),
    /expected \[n, C, m, C\], or two stacked ones/,
  ],
  [
    "different numbers of logits",
    () => withDev("outputs", kernel([6, 2, 4, 3]), labels(0, 1, 0, 1)),
    /is \[6, 2, 4, 3\], expected \[n, C, m, C\] with the same C twice/,
  ],
  ["no examples", () => withDev("none", kernel([6, 2, 0, 2]), labels()), /none of them 0/],
  [
    "NaN",
    () => withDev("nan", kernel([6, 2, 6, 2], NaN), labels(...dev)),
    /dev_kernels_sst-2\.pt: its kernel has NaN at flat index 0/,
  ],
  [
    "infinity in the logits",
    () => withDevLogits("infinity", kernel([6, 2], Infinity), labels(...dev)),
    /dev_logits_sst-2\.pt: its tensor of logits has Infinity/,
  ],
  [
    "whole numbers as kernel",
    () => withDev("type", { dtype: "I32", shape: [6, 2, 1, 2], data: new Int32Array(24) }, labels(0)),
    /its kernel has type I32, expected F64 or F32/,
  ],
  [
    "too few labels",
    () => withDev("few", kernel([6, 2, 6, 2]), labels(0, 1)),
    /has 2 labels for a kernel with 6 examples/,
  ],
  [
    "a label that is no class",
    () => withDev("class", kernel([6, 2, 2, 2]), labels(0, 2)),
    /dev_kernels_sst-2\.pt: label 1 is 2, expected a class index from 0 to 1/,
  ],
  [
    "labels -1 with two logits",
    () => withDev("sign", kernel([6, 2, 2, 2]), labels(-1, 1)),
    /label 0 is -1, expected a class index from 0 to 1/,
  ],
  [
    "labels of two axes",
    () => withDev("table", kernel([6, 2, 2, 2]), { ...labels(0, 1, 0, 1), shape: [2, 2] }),
    /the shape of its labels is \[2, 2\]/,
  ],
  [
    "logits of another split",
    () =>
      changed("other", (directory) =>
        copyFileSync(join(directory, "test_logits_sst-2.pt"), join(directory, "dev_logits_sst-2.pt")),
      ),
    /dev_logits_sst-2\.pt: the shape of its logits is \[25, 2\], expected \[6, 2\]/,
  ],
  [
    "logits of other data",
    () => withDevLogits("data", kernel([6, 2]), labels(...dev.map((label) => 1 - label))),
    /goes with other data than the kernel beside it: its label 0 is 1, not 0/,
  ],
  [
    "one tensor only",
    () => withDev("one", kernel([6, 2, 6, 2])),
    /dev_kernels_sst-2\.pt does not hold a tuple \(kernel, labels\)/,
  ],
  [
    "no kernel",
    () => changed("foreign", (directory) => writeFileSync(join(directory, "dev_kernels_sst-2.pt"), "<html>")),
    /dev_kernels_sst-2\.pt is not a valid zip archive/,
  ],
];
for (const [what, make, message] of bad)
  test(`refuses ${what}`, () => assert.throws(() => readKernels(make(), "dev"), message));

test("labels in rows of their own, and class indices with a margin", () => {
  const rows = withDev("rows", kernel([6, 2, 2, 2]), { ...labels(0, 1), shape: [2, 1] });
  rmSync(join(rows, "dev_logits_sst-2.pt"));
  assert.deepEqual(readKernels(rows, "dev").labels, [0, 1]);
  const margin = withDev("indices", kernel([6, 1, 2, 1]), labels(0, 1));
  rmSync(join(margin, "dev_logits_sst-2.pt"));
  assert.deepEqual(readKernels(margin, "dev").labels, [0, 1]);
});

test("several tasks in one folder: the one to read is asked for", () => {
  const directory = changed("several", (path) => {
    for (const split of SPLITS)
      for (const what of ["kernels", "logits"])
        copyFileSync(
          join(fixturePath("torch", "margin"), `${split}_${what}_cr.pt`),
          join(path, `${split}_${what}_cr.pt`),
        );
  });
  assert.throws(
    () => readKernels(directory, "train"),
    /has the kernels of several tasks \(cr, sst-2\): give a folder with those of one/,
  );
  assert.deepEqual(readAuthorsKernels(directory, "dev", { task: "cr" }).logits.shape, [6, 1]);
  assert.throws(() => readAuthorsKernels(directory, "dev", { task: "mr" }), /dev_kernels_mr\.pt does not exist/);
  assert.throws(() => readAuthorsKernels(join(folder, "empty"), "dev"), /has no file train_kernels_TASK\.pt/);
});

test("both MNLI test sets go with the one training set", () => {
  const directory = join(folder, "mnli");
  cpSync(fixturePath("torch", "signgd"), directory, { recursive: true });
  for (const split of SPLITS)
    for (const what of ["kernels", "logits"])
      copyFileSync(
        join(directory, `${split}_${what}_trec.pt`),
        join(directory, split === "train" ? `train_${what}_mnli.pt` : `${split}_${what}_mnli-mm.pt`),
      );
  const train = readAuthorsKernels(directory, "train", { task: "mnli-mm" });
  assert.deepEqual(
    [train.labels.length, readAuthorsKernels(directory, "test", { task: "mnli-mm" }).labels.length],
    [6, 25],
  );
});

test("without logits, f0 = inf solves and a finite f0 is refused", () => {
  const directory = changed("no-logits", (path) => {
    for (const split of SPLITS) rmSync(join(path, `${split}_logits_sst-2.pt`));
  });
  const { accuracy } = oracle.sgd.solved!.find((one) => one.f0 === "inf" && one.regularization === 0.001)!;
  assert.equal(solvedAccuracy(directory, "test", "sgd", 0.001, Infinity), accuracy.test);
  assert.ok(Number.isNaN(zeroShotAccuracy(readKernels(directory, "test"))), "no accuracy of logits that are not there");
  assert.throws(() => solvedAccuracy(directory, "test", "sgd", 0.001, 2), /logits have the value NaN/);
  const written = writeAuthorsKernels(join(folder, "still-none"), "dev", readKernels(directory, "dev"), {
    task: "sst-2",
    formula: "sgd",
  });
  assert.deepEqual(
    written.map((path) => basename(path)),
    ["dev_kernels_sst-2.pt"],
  );
});

test("a kernel that was not computed is not written", () => {
  const split: SplitKernels = readKernels(fixturePath("torch", "sgd"), "dev");
  assert.throws(
    () => writeAuthorsKernels(folder, "dev", split, { task: "sst-2", formula: "asymmetric_signgd" }),
    /the asymmetric_signgd kernel was not computed, so dev_kernels_sst-2\.pt cannot be written; there is: sgd/,
  );
});
