import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { authorsFileParts, authorsFolders } from "../../src/archives/authors-folders";
import { readAuthorsKernels } from "../../src/archives/authors-kernels";
import { compareSplitKernels } from "../../src/experiment/split-kernels";
import { predictClasses, solveKernels } from "../../src/experiment/solve-kernels";
import type { SplitKernels } from "../../src/experiment/split-kernels";
import { writeTorchFile } from "../../src/files/torch-file-writer";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "authors-folders-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const fixture = (name: string, split: "train" | "dev" | "test" = "test"): SplitKernels =>
  readAuthorsKernels(fixturePath("torch", name), split);

test("an archive's folders are found at any depth, a task's alone when asked for", () => {
  const archive = join(folder, "archive");
  for (const seed of ["16-13", "16-21"])
    for (const name of ["sgd", "margin"])
      cpSync(fixturePath("torch", name), join(archive, "kernels", seed), { recursive: true });
  cpSync(fixturePath("torch", "signgd"), join(archive, "trec"), { recursive: true });
  const found = authorsFolders(archive).map(({ directory, task }) => [directory.slice(archive.length + 1), task]);
  assert.deepEqual(
    found,
    [
      ["kernels/16-13", "cr"],
      ["kernels/16-13", "sst-2"],
      ["kernels/16-21", "cr"],
      ["kernels/16-21", "sst-2"],
      ["trec", "trec"],
    ].map(([path, task]) => [join(...path.split("/")), task]),
  );
  const [, own] = authorsFolders(archive, "sst-2");
  assert.deepEqual(own, { directory: join(archive, "kernels", "16-21"), task: "sst-2" });
  // What is found is what the reader takes.
  assert.deepEqual([...readAuthorsKernels(own.directory, "train", { task: own.task }).kernels.keys()], ["sgd"]);
  assert.throws(() => authorsFolders(archive, "mr"), /archive has no kernels of mr; it has those of: cr, sst-2, trec$/);
  const empty = join(folder, "empty");
  mkdirSync(empty);
  assert.throws(() => authorsFolders(empty), /has no file train_kernels_TASK\.pt, nor has a folder in it/);
  assert.throws(() => authorsFolders(join(folder, "nowhere")), /nowhere does not exist: download an archive/);
});

test("the parts of files that PyTorch wrote: types, shapes, and the labels' values", () => {
  interface Oracle {
    folders: Record<
      string,
      { task: string; splits: Record<"test", { kernel: { shape: number[] }; logits: { shape: number[] } }> }
    >;
  }
  const { folders } = readJson<Oracle>("torch", "oracle.json");
  for (const [name, { task, splits }] of Object.entries(folders)) {
    const file = join(fixturePath("torch", name), `test_kernels_${task}.pt`);
    const [kernel, labels] = authorsFileParts(file);
    assert.deepEqual(
      [kernel.part, kernel.type, kernel.shape, kernel.bytes],
      ["kernel", "float64", splits.test.kernel.shape, statSync(file).size],
    );
    const outputs = kernel.shape.at(-1)!;
    const classes = outputs === 1 ? [-1, 1] : Array.from({ length: outputs }, (_, c) => c);
    assert.deepEqual([labels.part, labels.shape], ["labels", [kernel.shape.at(-2)]]);
    assert.ok(
      labels.values!.every((value) => classes.includes(value)) && labels.values!.length > 1,
      `${name}: ${labels.values!.join()}`,
    );
    const [logits] = authorsFileParts(join(fixturePath("torch", name), `test_logits_${task}.pt`));
    assert.deepEqual([logits.part, logits.type, logits.shape], ["logits", "float32", splits.test.logits.shape]);
  }
  const one = join(folder, "one.pt");
  writeTorchFile(one, [{ dtype: "F32", shape: [1], data: new Float32Array(1) }]);
  assert.throws(() => authorsFileParts(one), /one\.pt does not hold a tuple \(kernel, labels\)/);
});

test("comparing numbers: bits, not values, and every part", () => {
  const read = fixture("margin");
  const count = [...read.kernels.values()][0].values.length + read.logits.values.length + read.labels.length;
  assert.deepEqual(compareSplitKernels(read, fixture("margin")), { numbers: count, different: 0 });
  const other = fixture("margin");
  const values = other.kernels.get("sgd")!.values;
  values[1] = values[1] * (1 + Number.EPSILON) + Number.MIN_VALUE;
  other.labels[0] = 1 - other.labels[0];
  other.logits.values[2] += 1;
  assert.deepEqual(compareSplitKernels(read, other), { numbers: count, different: 3 });
  const zeros = (value: number): SplitKernels => ({
    kernels: new Map([["sgd", { values: Float64Array.of(value), shape: [1, 1, 1, 1] }]]),
    labels: [0],
    logits: { values: Float32Array.of(NaN), shape: [1, 1] },
  });
  assert.deepEqual(
    compareSplitKernels(zeros(0), zeros(-0)),
    { numbers: 3, different: 1 },
    "NaN equals NaN, 0 is not −0",
  );
  assert.throws(
    () => compareSplitKernels(fixture("signgd"), read),
    /a kernel signgd was read that was not written; there was: sgd/,
  );
  assert.throws(
    () => compareSplitKernels(fixture("margin", "dev"), read),
    /kernel sgd that was read has shape \[.*\], not \[/,
  );
});

test("the predicted classes have the accuracies that the grid reports, for every solver", () => {
  const splitsOf = (name: string) => ({
    train: fixture(name, "train"),
    dev: fixture(name, "dev"),
    test: fixture(name, "test"),
  });
  const cases = [
    ["margin", "lstsq", { regularization: 0.01, f0: 100 }],
    ["margin", "svr", { regularization: 0.1 }],
    ["margin", "svc", { regularization: 0.1 }],
    ["sgd", "lstsq", { regularization: 0.1, f0: 10 }],
    ["signgd", "lstsq", { regularization: 0.1 }],
    ["asymmetric", "asym", { regularization: 0.1, gamma: 1e-3, lambda: 0.5 }],
  ] as const;
  for (const [name, solver, setting] of cases) {
    const splits = splitsOf(name);
    const formula = [...splits.train.kernels.keys()][0];
    const [{ scores }] = solveKernels(splits, [setting], formula, { solver });
    const classes = predictClasses(splits, setting, formula, { solver });
    for (const split of ["train", "dev", "test"] as const) {
      const right = classes[split].filter((own, i) => own === splits[split].labels[i]).length;
      assert.equal(right / splits[split].labels.length, scores[split].accuracy, `${name}, ${solver}, ${split}`);
    }
  }
});
