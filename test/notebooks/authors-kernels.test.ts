import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { writeAuthorsKernels } from "../../src/archives/authors-kernels";
import type { SplitKernels } from "../../src/experiment/split-kernels";
import { randomStream } from "../../src/random";
import { temporaryFolder } from "../support/checkout";
import { executedNotebook, type CellOutputs } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

const warned = (cells: Map<string, CellOutputs>): string[] =>
  [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id);

test("the notebook writes files like the authors', and reads the same numbers", async (t) => {
  const small = [
    `model=${smallEnglishModel(t)}`,
    "seeds=[13]",
    "k=8",
    "testExamples=12",
    "regularizations=[0.01,1]",
    "f0s=[100]",
    "lambdas=[1]",
    "speedShape=[8,3,10]",
  ];
  const { cells, seconds } = await executedNotebook(t, "C-authors-kernels", small);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(warned(cells), []);
  assert.match(cell("write").printed, /^Written: 3 folders of the authors' layout, 1 draw in 3 formulas\.\n$/);
  // Each of 3 folders holds 16 × (16 + 16 + 12) entries, A-SignGD's twice as many, with 44 logits and as many labels.
  assert.match(
    cell("read").printed,
    new RegExp(
      `with ${4 * 16 * 44} kernel entries, of K \\(SGD\\), K \\(SignGD\\), K \\(A-SignGD\\)\\.\nOf ${4 * 16 * 44 + 3 * 88} numbers written, 0 came back different\\.\n$`,
    ),
  );
  const [contents] = cell("contents").tables;
  assert.match(contents, /K \(SGD\) .*test_kernels_movies-2\.pt .* kernel +float64 +16 × 1 × 12 × 1/);
  assert.match(contents, /K \(A-SignGD\) .*test_kernels_movies-2\.pt .* kernel +float64 +2 × 16 × 1 × 12 × 1/);
  assert.match(contents, /labels +float32 +12 +-1, 1/);
  assert.match(
    cell("contents").printed,
    /The 16 training labels change 1 time along the file: they are grouped by class\.\n$/,
  );
  // Single gradients in float32 against the batch's: where one is nearly 0, its sign may differ (1.7e-3 in all on a
  // processor without AVX-512, less with it).
  assert.ok(
    Number(/difference: (\S+) of the largest entry/.exec(cell("entry").printed)![1]) < 5e-3,
    cell("entry").printed,
  );
  assert.match(cell("speed").printed, /^0\.00576 MB of kernel entries/);
  assert.match(
    cell("asymmetry").printed,
    /^K \(SGD\): asymmetry 0, and 0 without .*bit\.\nK \(SignGD\): asymmetry 0, .*bit\.\nK \(A-SignGD\): asymmetry 0\.\d+, and [01]\.\d+ without/,
  );
  const rounding = Number(/has the asymmetry (\S+);/.exec(cell("rounding").printed)![1]);
  assert.ok(rounding < 1e-5, `${rounding}: rounding of float32 products`);
  assert.match(cell("numbers").tables[0], /K \(SignGD\) +100 +100 /);
  assert.match(
    cell("numbers").printed,
    /\d+ key biases and to GELU's tail, the entries of K \(SignGD\) change by \d+ at most/,
  );
  const figures = { formulas: 3, grids: 3, accuracies: 1, answers: 1 };
  for (const [id, count] of Object.entries(figures)) assert.equal(cell(id).charts.length, count, id);
  assert.match(
    cell("accuracies").printed,
    /^K \(SGD\): (?:\w+ \d+\.\d %( · )?){4}\.\nK \(SignGD\): .*\nK \(A-SignGD\): .*asym, γ = 1 \d.*\nZero-shot: \d+\.\d %/,
  );
  assert.match(
    cell("answers").printed,
    /All 12 say the same of \d+ of 12 examples, and are right about \d+ of these\.\n$/,
  );
});

/** A kernel of random features in which the class counts, [n, C, m, C]; logits that are not known. */
function randomKernels(train: number[], labels: number[], classes: number): SplitKernels {
  const features = (of: number[], seed: number): number[][] => {
    const random = randomStream(seed);
    return of.flatMap((label) =>
      Array.from({ length: classes }, (_, output) =>
        Array.from({ length: 20 }, (_, d) => random() - 0.5 + (d === label && output === label ? 1.5 : 0)),
      ),
    );
  };
  const [rows, columns] = [features(train, 1), features(labels, train === labels ? 1 : 2)];
  const values = Float64Array.from(
    rows.flatMap((row) => columns.map((column) => row.reduce((sum, value, d) => sum + value * column[d], 0))),
  );
  const shape: [number, number, number, number] = [train.length, classes, labels.length, classes];
  return {
    kernels: new Map([["sgd", { values, shape }]]),
    labels,
    logits: { values: new Float32Array(labels.length * classes).fill(NaN), shape: [labels.length, classes] },
  };
}

test("the same notebook reads an archive: three classes, two draws, no logits, no model", async (t) => {
  const archive = path.join(temporaryFolder(t), "prompt-sgd-8-shot");
  const train = Array.from({ length: 24 }, (_, i) => Math.floor(i / 8));
  const others = Array.from({ length: 10 }, (_, i) => i % 3);
  for (const draw of ["8-13", "8-21"]) {
    const directory = path.join(archive, "snli", draw);
    writeAuthorsKernels(directory, "train", randomKernels(train, train, 3), { task: "snli", formula: "sgd" });
    for (const split of ["dev", "test"] as const)
      writeAuthorsKernels(directory, split, randomKernels(train, others, 3), { task: "snli", formula: "sgd" });
  }
  const settings = [
    `kernels=${archive}`,
    "taskName=snli",
    'labelWords=["No","Yes","Maybe"]',
    "model=nowhere",
    "data=nowhere",
    "regularizations=[0.01,1]",
    "speedShape=[8,3,10]",
  ];
  const { cells, seconds } = await executedNotebook(t, "C-authors-kernels", settings);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(warned(cells), []);
  assert.match(cell("write").printed, /^Nothing was computed or written/);
  assert.match(
    cell("read").printed,
    new RegExp(
      `^2 folders read in .* with ${2 * 9 * 24 * (24 + 20)} kernel entries, of K \\(SGD\\)\\.\n.*nothing to compare them with\\.\n$`,
    ),
  );
  assert.match(cell("contents").tables[0], /test_kernels_snli\.pt .* kernel +float64 +24 × 3 × 10 × 3/);
  assert.match(cell("contents").tables[0], /labels +int64 +10 +0, 1, 2/);
  assert.match(
    cell("accuracies").printed,
    /^K \(SGD\): (?:\w+ \d+\.\d %( · )?){4}\.\nZero-shot: not known, there are no logits\. With 10 test examples/,
  );
  assert.match(cell("answers").printed, /All 4 say the same of \d+ of 20 examples/);
  assert.equal(cell("answers").charts.length, 1);
});
