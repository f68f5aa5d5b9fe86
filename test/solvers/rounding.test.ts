/** Contradicting copies of examples whose kernel entries differ by float32's rounding: no solver fits the rounding. */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { prepareSolver, type Solver, type SolverSetting } from "../../src/solvers/solver";
import { randomStream } from "../../src/random";

const random = randomStream(11);
const draw = (count: number): number[] => Array.from({ length: count }, () => 2 * random() - 1);
const FEATURES = 60;
const COPIED = 9;

/** Gradients [examples][outputs][features]: each of the first examples comes twice, the copy with its features moved by `apart`. */
function gradients(outputs: number, apart: number): number[][][] {
  const own = Array.from({ length: COPIED }, () => Array.from({ length: outputs }, () => draw(FEATURES)));
  return [...own, ...own.map((example) => example.map((g) => g.map((value) => value + apart * (2 * random() - 1))))];
}

/** ⟨left, right⟩ with rounding errors of `share` of each entry; symmetric ones for the same list on both sides. */
function kernel(left: number[][][], right: number[][][], sign: boolean, share: number): KernelTensor {
  const [rows, columns] = [left.flat(), right.flat()];
  const values = Float64Array.from({ length: rows.length * columns.length }, (_, k) => {
    const [a, b] = [rows[Math.floor(k / columns.length)], columns[k % columns.length]];
    return a.reduce((sum, g, p) => sum + (sign ? Math.sign(g) : g) * b[p], 0) * (1 + share * (2 * random() - 1));
  });
  if (left === right && !sign)
    for (let i = 0; i < rows.length; i++)
      for (let j = 0; j < i; j++) values[i * rows.length + j] = values[j * rows.length + i];
  return { values, shape: [left.length, left[0].length, right.length, right[0].length] };
}

function transposed({ values, shape: [n, c, m, d] }: KernelTensor): KernelTensor {
  const [rows, columns] = [n * c, m * d];
  return {
    values: Float64Array.from(
      { length: rows * columns },
      (_, k) => values[(k % rows) * columns + Math.floor(k / rows)],
    ),
    shape: [m, d, n, c],
  };
}

const ROUNDING = 1e-7;

// Of predictions' size: near-duplicates, and a γ of 1e4, magnify what is rounded a thousand times; fitted rounding moves a
// prediction by a quarter of its size to 10⁵ times it.
const LIMIT = 0.05;

/** How much the predictions for unseen examples move when the entries are rounded, and their size. */
function moved(solver: Solver, setting: SolverSetting, outputs: number, apart: number): { by: number; size: number } {
  const train = gradients(outputs, apart);
  const unseen = Array.from({ length: 4 }, () => Array.from({ length: outputs }, () => draw(FEATURES)));
  const classes = Math.max(2, outputs);
  const labels = train.map((_, i) => (i < COPIED ? i : i + 1) % classes);
  const [exact, rounded] = [0, ROUNDING].map((share) => {
    const sign = solver === "asym";
    const prepared = prepareSolver(solver, { kernel: kernel(train, train, sign, share), labels });
    const flipped = transposed(kernel(unseen, train, true, share));
    return [...prepared.fit(setting)({ kernel: kernel(train, unseen, sign, share), flipped }).values];
  });
  return {
    by: exact.reduce((most, value, i) => Math.max(most, Math.abs(value - rounded[i])), 0),
    size: exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
}

const settings: [Solver, SolverSetting][] = [
  ["lstsq", { regularization: 0 }],
  ["svr", { regularization: 0 }],
  ["svc", { regularization: 0 }],
  ["logistic", { regularization: 0 }],
  // 1/γ among the ordinary singular values, and where those of rounding are: the system is singular at 1/γ = σ.
  ...[1e-3, 1, 1e4, 1e5, 2e5, 1e6, 1e9].map((gamma): [Solver, SolverSetting] => [
    "asym",
    { regularization: 0, gamma, lambda: 0.5 },
  ]),
];

for (const [solver, setting] of settings)
  for (const outputs of [1, 2, 3])
    test(`${solver} ${JSON.stringify(setting)}, outputs: ${outputs}`, () => {
      const copies = moved(solver, setting, outputs, 0);
      assert.ok(copies.by < LIMIT * Math.max(1, copies.size), `copies: moved by ${copies.by} of ${copies.size}`);
      // Near-duplicates are apart by 1 % of their features, far above rounding: what is fitted is them.
      const near = moved(solver, setting, outputs, 1e-2);
      assert.ok(near.by < LIMIT * Math.max(1, near.size), `near-duplicates: moved by ${near.by} of ${near.size}`);
    });
