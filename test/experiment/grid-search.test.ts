import { describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  bestOnDev,
  gridSearch,
  PAPER_GRID,
  settingsOf,
  solveKernels,
  type Solved,
} from "../../src/experiment/solve-kernels";
import type { SplitKernels } from "../../src/experiment/split-kernels";
import type { Formula } from "../../src/kernels/formula";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { randomStream } from "../../src/random";
import { solveAsymmetric } from "../../src/solvers/asymmetric-least-squares";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy, metricScore } from "../../src/solvers/metrics";

/** Kernels of random gradients that lean towards their label, as a model's do. */
function randomSplits(
  examples: Record<"train" | "dev" | "test", number>,
  outputs: number,
  features = 60,
): Record<"train" | "dev" | "test", SplitKernels> {
  const random = randomStream(7);
  const classes = Math.max(outputs, 2);
  const directions = Array.from({ length: classes }, () =>
    Float64Array.from({ length: features }, () => random() - 0.5),
  );
  const draw = (count: number) => ({
    labels: Array.from({ length: count }, (_, i) => i % classes),
    gradients: Array.from({ length: count * outputs }, (_, k) => {
      const label = Math.floor(k / outputs) % classes;
      const lean = outputs === 1 ? 0.2 * (2 * label - 1) : 0.4 * Number(label === k % outputs);
      return directions[outputs === 1 ? 0 : k % outputs].map((value) => random() - 0.5 + lean * value);
    }),
    logits: {
      values: Float32Array.from({ length: count * outputs }, () => 4 * (random() - 0.5)),
      shape: [count, outputs] as [number, number],
    },
  });
  const sets = { train: draw(examples.train), dev: draw(examples.dev), test: draw(examples.test) };
  const n = examples.train;
  const split = (x: keyof typeof sets): SplitKernels => {
    const gram = (left: (v: number) => number, right: (v: number) => number): KernelTensor => {
      const [a, b] = [sets.train.gradients.map((g) => g.map(left)), sets[x].gradients.map((g) => g.map(right))];
      const values = new Float64Array(a.length * b.length);
      a.forEach((g, i) =>
        b.forEach((h, j) => (values[i * b.length + j] = g.reduce((sum, value, p) => sum + value * h[p], 0))),
      );
      return { values, shape: [n, outputs, examples[x], outputs] };
    };
    const same = (value: number): number => value;
    const kernels = new Map<Formula, KernelTensor>([
      ["sgd", gram(same, same)],
      ["asymmetric_signgd", gram(Math.sign, same)],
      ["asymmetric_signgd_flipped", gram(same, Math.sign)],
    ]);
    return { kernels, labels: sets[x].labels, logits: sets[x].logits };
  };
  return { train: split("train"), dev: split("dev"), test: split("test") };
}

describe("grid search", () => {
  const splits = randomSplits({ train: 16, dev: 16, test: 40 }, 1);

  test("settings are every combination, f0 by f0", () => {
    assert.deepEqual(settingsOf({ regularizations: [0, 1] }), [
      { regularization: 0, f0: Infinity },
      { regularization: 1, f0: Infinity },
    ]);
    assert.deepEqual(settingsOf({ regularizations: [0], f0s: [1, 2], lambdas: [0, 1] }), [
      { regularization: 0, f0: 1, lambda: 0 },
      { regularization: 0, f0: 1, lambda: 1 },
      { regularization: 0, f0: 2, lambda: 0 },
      { regularization: 0, f0: 2, lambda: 1 },
    ]);
    assert.equal(settingsOf({ ...PAPER_GRID, gammas: [1, 2], lambdas: [0, 0.5, 1] }).length, 150);
  });

  test("every cell of the grid is the solution of its setting alone, whatever was shared", () => {
    const { train, test: x } = splits;
    const { grid } = gridSearch(splits, PAPER_GRID);
    assert.equal(grid.length, 25);
    for (const { regularization, f0, scores } of grid) {
      const predictions = solveLeastSquares({
        ...{ train: train.kernels.get("sgd")!, evaluate: x.kernels.get("sgd")!, regularization, f0 },
        ...{ trainLabels: train.labels, trainLogits: train.logits, evaluateLogits: x.logits },
      });
      assert.equal(scores.test.accuracy, accuracy(predictions, x.labels));
      assert.equal(scores.test.f1, metricScore("f1", predictions, x.labels));
    }
    const asym = gridSearch(
      splits,
      { regularizations: [0, 0.1], f0s: [10, Infinity], gammas: [0.5, 2], lambdas: [0, 0.5, 1] },
      { solver: "asym" },
    );
    assert.equal(asym.grid.length, 24);
    for (const { scores, ...setting } of asym.grid) {
      const predictions = solveAsymmetric(
        { kernel: train.kernels.get("asymmetric_signgd")!, labels: train.labels, logits: train.logits },
        {
          kernel: x.kernels.get("asymmetric_signgd")!,
          flipped: x.kernels.get("asymmetric_signgd_flipped")!,
          logits: x.logits,
        },
        { ...setting, lambda: setting.lambda! },
      );
      assert.equal(scores.test.accuracy, accuracy(predictions, x.labels), JSON.stringify(setting));
    }
    assert.ok(new Set(asym.grid.map(({ scores }) => scores.test.accuracy)).size > 2, "the settings matter");
  });

  test("dev selects, the first setting on ties, and the test examples have no say", () => {
    const cell = (regularization: number, dev: number, own: number): Solved<"dev" | "test"> => {
      const scores = (value: number) => ({
        accuracy: value,
        f1: 1 - value,
        "macro-f1": 0,
        mcc: 0,
        loss: 0,
        examples: 4,
      });
      return { regularization, f0: Infinity, scores: { dev: scores(dev), test: scores(own) } };
    };
    const grid = [cell(0, 0.5, 0.9), cell(1, 0.75, 0.1), cell(2, 0.75, 1)];
    assert.equal(bestOnDev(grid), grid[1]);
    assert.equal(bestOnDev(grid, "f1"), grid[0]);
    assert.throws(() => bestOnDev([]), /no setting to choose from/);
    assert.throws(
      () => bestOnDev([{ ...grid[0], scores: { test: grid[0].scores.test } } as never]),
      /chosen on the development examples: there are none/,
    );
    const { grid: own, best } = gridSearch(splits, PAPER_GRID);
    assert.equal(
      best,
      own.find(({ scores }) => scores.dev.accuracy === Math.max(...own.map((one) => one.scores.dev.accuracy))),
    );
  });

  test("every solver scores better than guessing on a task that leans to its labels", () => {
    for (const outputs of [1, 3]) {
      const own = randomSplits({ train: 30, dev: 15, test: 90 }, outputs);
      for (const solver of ["lstsq", "asym", "logistic", "svc", "svr"] as const) {
        // 1/γ well above the kernel's singular values: among them, the asymmetric system is nearly singular.
        const [{ scores }] = solveKernels(
          own,
          [{ regularization: 0.01, ...(solver === "asym" ? { gamma: 0.001, lambda: 1 } : {}) }],
          undefined,
          { solver },
        );
        const guessing = 1 / Math.max(outputs, 2);
        assert.ok(scores.test.accuracy > guessing + 0.1, `${solver}, ${outputs} outputs: ${scores.test.accuracy}`);
        assert.ok(
          Number.isFinite(scores.test.loss) && scores.train.loss < scores.test.loss,
          `${solver}: losses ${scores.train.loss}, ${scores.test.loss}`,
        );
      }
    }
  });

  test("solvers and kernels that do not go together are refused", () => {
    const setting = [{ regularization: 0, lambda: 1 }];
    assert.throws(
      () => solveKernels(splits, setting, "sgd", { solver: "asym" }),
      /asym is for the asymmetric_signgd kernel, not sgd/,
    );
    assert.throws(
      () => solveKernels(splits, [{ regularization: 0 }], "asymmetric_signgd", { solver: "svr" }),
      /svr needs a symmetric kernel, which asymmetric_signgd is not/,
    );
    const half = { ...splits, test: { ...splits.test, kernels: new Map([...splits.test.kernels].slice(0, 2)) } };
    assert.throws(
      () => solveKernels(half, setting, undefined, { solver: "asym" }),
      /asymmetric_signgd_flipped kernel was not computed; there is: sgd, asymmetric_signgd/,
    );
  });

  test("the paper's grid on 32 × 1,000 takes less than a second of processor time", () => {
    const large = randomSplits({ train: 32, dev: 32, test: 1000 }, 2);
    const start = process.cpuUsage();
    const { grid } = gridSearch(large, PAPER_GRID);
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.equal(grid.length, 25);
    assert.ok(seconds < 1, `${seconds} s`);
  });
});
