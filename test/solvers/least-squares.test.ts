import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  decomposeKernel,
  leastSquaresLoss,
  predictLeastSquares,
  solveLeastSquares,
  symmetrized,
} from "../../src/solvers/least-squares";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";

interface StoredCase {
  name: string;
  train: { shape: KernelTensor["shape"]; values: number[] };
  evaluate: { shape: KernelTensor["shape"]; values: number[] };
  labels: number[];
  trainLogits: number[];
  evaluateLogits: number[];
  solutions: { regularization: number; f0: number | null; torch: number[]; numpy: number[] }[];
}

const fixture = join(__dirname, "../../../test/fixtures/solvers/least-squares.json");
const cases: StoredCase[] = JSON.parse(readFileSync(fixture, "utf8"));

const problemOf = (stored: StoredCase) => {
  const [n, c, m] = stored.evaluate.shape;
  return {
    train: { shape: stored.train.shape, values: Float64Array.from(stored.train.values) },
    evaluate: { shape: stored.evaluate.shape, values: Float64Array.from(stored.evaluate.values) },
    trainLabels: stored.labels,
    trainLogits: { values: Float32Array.from(stored.trainLogits), shape: [n, c] as [number, number] },
    evaluateLogits: { values: Float32Array.from(stored.evaluateLogits), shape: [m, c] as [number, number] },
  };
};

const relativeDifference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assert.equal(a.length, b.length);
  const differences = Array.from(a, (value, i) => Math.abs(value - b[i]));
  return Math.max(...differences) / Math.max(...Array.from(b, Math.abs));
};

for (const stored of cases) {
  test(`least squares agrees with numpy and torch.linalg.lstsq: ${stored.name}`, () => {
    const problem = problemOf(stored);
    // Both libraries take the kernel's numbers for float64.
    const decomposition = decomposeKernel(problem.train, "float64");
    for (const { regularization, f0, torch, numpy } of stored.solutions) {
      const settings = { ...problem, regularization, f0: f0 ?? Infinity };
      const once = predictLeastSquares(decomposition, settings);
      // Where the two libraries part ways on an ill-conditioned kernel, no one answer is right to more digits.
      const tolerance = 1e-11 + 30 * relativeDifference(torch, numpy);
      const where = `regularization ${regularization}, f0 ${f0 ?? "infinite"}`;
      for (const [library, expected] of Object.entries({ torch, numpy })) {
        const difference = relativeDifference(once.values, expected);
        assert.ok(difference < tolerance, `${where}: ${difference} from ${library}, allowed ${tolerance}`);
      }
      assert.deepEqual(solveLeastSquares({ ...settings, precision: "float64" }), once);
    }
  });
}

test("the fixture has cases whose answer is not numerically certain, and cases where it is", () => {
  const spread = cases.map((stored) => Math.max(...stored.solutions.map((s) => relativeDifference(s.torch, s.numpy))));
  assert.ok(Math.min(...spread) < 1e-13 && Math.max(...spread) > 1e-6, String(spread));
});

test("a margin is predicted as two opposite logits, against targets of ±1", () => {
  const identity: KernelTensor = { values: Float64Array.from([2, 0, 0, 2]), shape: [2, 1, 2, 1] };
  const { values, shape } = solveLeastSquares({
    train: identity,
    evaluate: identity,
    trainLabels: [0, 1],
    regularization: 0,
  });
  assert.deepEqual(shape, [2, 2]);
  assert.deepEqual(Array.from(values), [1, -1, -1, 1]);
});

test("an all-zero kernel with no regularization predicts the pretrained logits over f0", () => {
  const zero: KernelTensor = { values: new Float64Array(4), shape: [1, 2, 1, 2] };
  const logits = { values: Float32Array.from([3, -1]), shape: [1, 2] as [number, number] };
  const { values } = solveLeastSquares({
    train: zero,
    evaluate: zero,
    trainLabels: [1],
    trainLogits: logits,
    evaluateLogits: logits,
    f0: 10,
    regularization: 0,
  });
  assert.deepEqual(Array.from(values), [3 / 10, -1 / 10]);
});

test("the loss is the mean squared error per kernel output", () => {
  const predictions = { values: Float64Array.from([0.5, 0, 0, 1]), shape: [2, 2] as [number, number] };
  assert.equal(leastSquaresLoss(predictions, [0, 1], 2), 0.25 / 4);
  const margins = { values: Float64Array.from([-0.5, 0.5, 2, -2]), shape: [2, 2] as [number, number] };
  assert.equal(leastSquaresLoss(margins, [1, 0], 1), (0.25 + 1) / 2);
});

test("symmetrizing removes rounding and leaves a symmetric kernel alone", () => {
  const stored = cases.find(({ name }) => name === "not symmetric");
  assert.ok(stored);
  const { train } = problemOf(stored);
  const once = symmetrized(train);
  const size = train.shape[0] * train.shape[1];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      assert.equal(once.values[i * size + j], (train.values[i * size + j] + train.values[j * size + i]) / 2);
    }
  }
  assert.deepEqual(symmetrized(once), once);
});

test("bad input is refused with its cause", () => {
  const train: KernelTensor = { values: Float64Array.from([2, 1, 1, 2]), shape: [2, 1, 2, 1] };
  const problem = { train, evaluate: train, trainLabels: [0, 1], regularization: 0.1 };
  const logits = { values: Float32Array.from([1, 1]), shape: [2, 1] as [number, number] };
  const cases: [object, RegExp][] = [
    [{ train: { ...train, shape: [4, 1, 1, 1] } }, /square, \[n, C, n, C\]; its shape is \[4, 1, 1, 1\]/],
    [{ train: { ...train, values: new Float64Array(3) } }, /train kernel .* needs 4 values and has 3/],
    [
      { train: { ...train, values: Float64Array.from([2, NaN, 1, 2]) } },
      /train kernel has the value NaN at flat index 1/,
    ],
    [
      { evaluate: { values: new Float64Array(3), shape: [3, 1, 1, 1] } },
      /evaluation kernel must have shape \[2, 1, m, 1\]/,
    ],
    [{ evaluate: { values: new Float64Array(0), shape: [2, 1, 0, 1] } }, /evaluation kernel is empty/],
    [
      { evaluate: { ...train, values: Float64Array.from([2, 1, 1, Infinity]) } },
      /evaluation kernel has the value Infinity/,
    ],
    [{ trainLabels: [0] }, /2 training examples, but there are 1 labels/],
    [{ trainLabels: [0, 2] }, /label 1 is 2; it must be a class index from 0 to 1/],
    [{ trainLabels: [-1, 1] }, /label 0 is -1/],
    [{ regularization: -0.1 }, /regularization must be a number of at least 0, not -0.1/],
    [{ regularization: NaN }, /regularization .* NaN/],
    [{ f0: 0, trainLogits: logits, evaluateLogits: logits }, /f0 must be above 0/],
    [{ f0: 10 }, /finite f0 needs the train logits/],
    [{ f0: 10, trainLogits: logits }, /finite f0 needs the evaluation logits/],
    [
      { f0: 10, trainLogits: { ...logits, shape: [1, 2] }, evaluateLogits: logits },
      /train logits must have shape \[2, 1\]/,
    ],
    [
      { f0: 10, trainLogits: { ...logits, values: Float32Array.from([1, NaN]) }, evaluateLogits: logits },
      /train logits have the value NaN at flat index 1/,
    ],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => solveLeastSquares({ ...problem, ...change }), message);
  }
});

test("what float32 leaves of a singular kernel is not fitted, unless the kernel's numbers are float64", () => {
  // Two equal examples with contradicting labels, their rows apart by a rounding error.
  const values = Float64Array.from([1, 1 + 2e-8, 0.5, 1 + 2e-8, 1 + 1e-8, 0.5, 0.5, 0.5, 1]);
  const train: KernelTensor = { values, shape: [3, 1, 3, 1] };
  const problem = { train, evaluate: train, trainLabels: [1, 0, 1], regularization: 0 };
  const [, first, , second] = solveLeastSquares(problem).values;
  assert.ok(Math.abs(first) < 1e-6 && Math.abs(second) < 1e-6, `${first}, ${second}: the mean of both labels`);
  const exact = solveLeastSquares({ ...problem, precision: "float64" }).values;
  assert.ok(Math.abs(exact[1] - 1) < 1e-6 && Math.abs(exact[3] + 1) < 1e-6, "fitted, as by torch.linalg.lstsq");
});
