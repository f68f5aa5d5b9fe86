import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fittedSlope } from "../../src/behavior/slope";
import {
  copyOf,
  forward,
  gradientsOf,
  linearChange,
  randomNetwork,
  takeStep,
  weightedKernel,
  withNewHead,
  type PerLayer,
  type WideNetwork,
} from "../../src/theory/wide-network";
import { trainWideSteps, type WideTraining, type WideTrainingOptions } from "../../src/theory/wide-training";
import { assertAllclose } from "../support/allclose";

type Weights = Record<keyof PerLayer, number[]>;

/** What make_width_oracle.py computed in float64. */
interface Oracle {
  width: number;
  inputs: number;
  start: Weights;
  x: number[][];
  targets: number[];
  startOutputs: number[];
  trajectories: Record<"sgd" | "signgd", { rates: PerLayer; steps: { outputs: number[]; weights: Weights }[] }>;
  linear: number[];
  kernels: Record<"plain" | "signed", number[]>;
  slope: {
    x: number[];
    y: number[];
    slope: number;
    intercept: number;
    standardError: number;
    groups: number[];
    groupedSlope: number;
    groupedError: number;
  };
}

// No tensor backend is needed here, so that none is loaded.
const oracle = JSON.parse(
  readFileSync(join(__dirname, "../../../test/fixtures/behavior/wide-network.json"), "utf8"),
) as Oracle;

const LAYERS = ["input", "hidden", "output"] as const;
const networkOf = ({ input, hidden, output }: Weights): WideNetwork => ({
  width: oracle.width,
  inputs: oracle.inputs,
  input: Float64Array.from(input),
  hidden: Float64Array.from(hidden),
  output: Float64Array.from(output),
});
const x = oracle.x.map((point) => Float64Array.from(point));
const start = networkOf(oracle.start);
const task = { x, targets: Float64Array.from(oracle.targets) };
// Both sides are float64; only the order of sums differs.
const exact = { relative: 1e-12 };

function train(options: Partial<WideTrainingOptions>): WideTraining {
  const steps = trainWideSteps(start, task, {
    rates: oracle.trajectories.sgd.rates,
    sign: false,
    until: { fitted: 0.9 },
    maxSteps: 3,
    ...options,
  });
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

describe("a wide network equals PyTorch's (float64)", () => {
  it("outputs", () => assertAllclose(forward(start, x).outputs, oracle.startOutputs, exact));

  for (const optimizer of ["sgd", "signgd"] as const) {
    it(`steps of ${optimizer}`, () => {
      const { rates, steps } = oracle.trajectories[optimizer];
      steps.forEach(({ outputs, weights }, t) => {
        const { network, steps: taken } = train({ rates, sign: optimizer === "signgd", maxSteps: t + 1 });
        assert.equal(taken, t + 1);
        assertAllclose(forward(network, x).outputs, outputs, exact, `outputs after step ${t + 1}`);
        for (const layer of LAYERS)
          assertAllclose(network[layer], weights[layer], exact, `${layer} after step ${t + 1}`);
      });
    });
  }

  it("the linearization's change (jvp)", () => {
    const { activations, derivatives } = gradientsOf(start, x);
    assertAllclose(
      linearChange(start, networkOf(oracle.trajectories.sgd.steps[2].weights), activations, derivatives),
      oracle.linear,
      exact,
    );
  });

  it("kernels with a rate for each weight", () => {
    const gradients = gradientsOf(start, x);
    const { rates } = oracle.trajectories.sgd;
    assertAllclose(weightedKernel(gradients, gradients, rates), oracle.kernels.plain, exact);
    assertAllclose(weightedKernel(gradients, gradients, rates, true), oracle.kernels.signed, exact);
  });
});

describe("a wide network", () => {
  it("has the gradients of finite differences", () => {
    const step = 1e-5;
    const { activations, derivatives } = gradientsOf(start, x);
    x.forEach((_, k) => {
      // A step with χ = 1 for one example and a rate of 1 moves each weight by minus its derivative.
      const moved = copyOf(start);
      takeStep(
        moved,
        activations,
        derivatives,
        x.map((__, other) => (other === k ? 1 : 0)),
        { input: 1, hidden: 1, output: 1 },
        false,
      );
      for (const layer of LAYERS) {
        const expected = Array.from(start[layer], (_value, i) => {
          const at = (change: number): number => {
            const network = copyOf(start);
            network[layer][i] += change;
            return forward(network, [x[k]]).outputs[0];
          };
          return (at(step) - at(-step)) / (2 * step);
        });
        // Central differences are off by step² / 6 of the third derivative, about 1e-10, and by rounding / step, 1e-11.
        assertAllclose(
          start[layer].map((value, i) => value - moved[layer][i]),
          expected,
          { absolute: 1e-9 },
          `${layer} of example ${k}`,
        );
      }
    });
  });

  it("is drawn anew by seed, width and head only", () => {
    const deviations = { input: 0.5, hidden: 0.1, output: 0.01 };
    const network = randomNetwork(100, 4, deviations, 7);
    assert.deepEqual(network, randomNetwork(100, 4, deviations, 7));
    assert.notDeepEqual(network.hidden, randomNetwork(100, 4, deviations, 8).hidden);
    const deviation = (values: Float64Array): number =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    // 10,000 normal numbers have their deviation within 0.7 %, standard error; five of them.
    assert.ok(Math.abs(deviation(network.hidden) / 0.1 - 1) < 0.035);
    const headed = withNewHead(network, 0.01, 7);
    assert.deepEqual([headed.input, headed.hidden], [network.input, network.hidden]);
    assert.notDeepEqual(headed.output, network.output);
    assert.throws(() => randomNetwork(1.5, 4, deviations, 1), /width of a network .* 1\.5/);
  });

  it("training stops where it should: at a share of the residual, a residual, or the last step", () => {
    for (const fitted of [0.01, 0.2, 0.4]) {
      const half = train({ until: { fitted }, maxSteps: 1000 });
      assert.ok(Math.abs(half.fitted - fitted) <= 1e-4, `${half.fitted}`);
      const change = forward(half.network, x).outputs.map((f, k) => f - oracle.startOutputs[k]);
      const wanted = oracle.targets.map((y, k) => y - oracle.startOutputs[k]);
      const share =
        change.reduce((sum, value, k) => sum + value * wanted[k], 0) /
        wanted.reduce((sum, value) => sum + value * value, 0);
      assertAllclose([half.fitted], [share], exact);
    }
    const loose = train({ until: { residual: 0.7 }, maxSteps: 1000 });
    assert.ok(loose.residual <= 0.7 && loose.residual > 0.6, `${loose.residual}`);
    assert.ok(train({ maxSteps: 2 }).fitted < 0.9);
    assert.throws(
      () => train({ rates: { input: 1e300, hidden: 1e300, output: 1e300 }, maxSteps: 9 }),
      /smaller learning rate/,
    );
    const fits = trainWideSteps(
      start,
      { x, targets: forward(start, x).outputs },
      { rates: oracle.trajectories.sgd.rates, sign: false, until: { fitted: 0.5 }, maxSteps: 1 },
    );
    assert.throws(() => fits.next(), /already fits/);
  });
});

describe("fittedSlope", () => {
  const { x: widths, y, slope, intercept, standardError, groups, groupedSlope, groupedError } = oracle.slope;

  it("equals numpy's, also with an intercept for each group", () => {
    const fit = fittedSlope(widths, y);
    assertAllclose([fit.slope, fit.intercept, fit.standardError], [slope, intercept, standardError], {
      absolute: 1e-12,
    });
    const grouped = fittedSlope(widths, y, groups);
    assertAllclose([grouped.slope, grouped.standardError], [groupedSlope, groupedError], { absolute: 1e-12 });
  });

  it("refuses what has no slope", () => {
    assert.ok(Number.isNaN(fittedSlope([1, 2], [3, 4]).standardError));
    assert.throws(() => fittedSlope([64, 64], [1, 2]), /two different x/);
    assert.throws(() => fittedSlope([64, 128], [1, 2], ["a", "b"]), /two different x/);
    assert.throws(() => fittedSlope([64, 128], [1, 0]), /above 0, not 0/);
    assert.throws(() => fittedSlope([64], [1, 2]), /as many x as y/);
  });
});
