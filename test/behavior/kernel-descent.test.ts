import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreementOf } from "../../src/behavior/kernel-comparison";
import { earlySteps } from "../../src/behavior/early-steps";
import { kernelDescent, type KernelDescentOptions } from "../../src/behavior/kernel-descent";
import { fittedSlope } from "../../src/behavior/slope";
import { computeKernel } from "../../src/kernels/kernel";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { labelWordHead } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { decomposeKernel, predictLeastSquares } from "../../src/solvers/least-squares";
import { encodeTargets } from "../../src/solvers/problem";
import { assertAllclose } from "../support/allclose";
import { behaviorOracle } from "../support/behavior-oracle";
import { kernelOracle } from "../support/kernel-oracle";
import { seededRandom } from "../support/random-model";
import { tinyRoberta } from "../support/tiny-roberta";

const { train, evaluate } = kernelOracle;

/** Full-batch descent on the squared loss grows above 2 / (largest eigenvalue of its second derivative, 2 K / (n · C)). */
const largestStableRate = (largestSingularValue: number, size: number): number => size / largestSingularValue;

/** Kernels G Gᵀ and G Hᵀ of random gradients with `width` numbers, and random outputs to start from. */
function randomProblem(
  n: number,
  m: number,
  c: number,
  width: number,
  seed: number,
): Pick<KernelDescentOptions, "train" | "evaluate"> & { sigma: number } {
  const random = seededRandom(seed);
  const vectors = (count: number): number[][] =>
    Array.from({ length: count * c }, () => Array.from({ length: width }, () => 2 * random() - 1));
  const [g, h] = [vectors(n), vectors(m)];
  const product = (left: number[][], right: number[][], count: number): KernelTensor => ({
    values: Float64Array.from(
      left.flatMap((u) => right.map((v) => u.reduce((sum, value, k) => sum + value * v[k], 0))),
    ),
    shape: [n, c, count, c],
  });
  const start = (count: number): { values: Float64Array; shape: [number, number] } => ({
    values: Float64Array.from({ length: count * c }, () => random() - 0.5),
    shape: [count, c],
  });
  const labels = Array.from({ length: n }, (_, i) => i % Math.max(c, 2));
  const kernel = product(g, g, n);
  return {
    train: { kernel, labels, start: start(n) },
    evaluate: { kernel: product(g, h, m), start: start(m) },
    sigma: decomposeKernel(kernel).largestSingularValue,
  };
}

describe("kernel gradient descent equals training the linearized model in PyTorch (float64)", () => {
  for (const expected of behaviorOracle.descents) {
    it(`${expected.loss}, ${expected.batches[0].length === 3 ? "full batch" : "minibatches"}${expected.clipNorm ? ", clipped" : ""}`, async () => {
      const model = tinyRoberta();
      const outputs = logitOutputs(labelWordHead(behaviorOracle.labelWordIds), 3);
      const own = await computeKernel({ model, outputs, train, evaluate: train });
      const other = await computeKernel({ model, outputs, train, evaluate });
      const { losses, records } = await kernelDescent({
        train: { kernel: own.kernels.get("sgd")!, labels: expected.labels, start: own.trainLogits },
        evaluate: { kernel: other.kernels.get("sgd")!, start: other.evaluateLogits },
        loss: expected.loss,
        rates: expected.rates,
        batches: expected.batches,
        ...(expected.clipNorm ? { clipNorm: expected.clipNorm } : {}),
      });
      // The kernel and f_0 are float32's, 2e-6 of the largest; steps of rate · K up to 1 carry that on.
      assertAllclose(losses, expected.losses, { relative: 2e-5 }, "losses");
      assertAllclose(records[0].train.values, expected.train.flat(), { relative: 2e-5 }, "train");
      assertAllclose(records[0].evaluate.values, expected.evaluate.flat(), { relative: 2e-5 }, "evaluate");
      disposeModel(model);
    });
  }
});

describe("kernel gradient descent on the squared loss", () => {
  for (const c of [1, 3]) {
    it(`has the closed form y + (I − 2ηK/(nC))ᵀ (f_0 − y) after any number of steps (${c} outputs)`, async () => {
      const { sigma, ...problem } = randomProblem(5, 2, c, 40, c);
      const size = 5 * c;
      const rate = 0.7 * largestStableRate(sigma, size);
      const { records } = await kernelDescent({
        ...problem,
        loss: "l2",
        rates: Array<number>(9).fill(rate),
        record: [0, 4, 9],
      });
      const y = encodeTargets(problem.train.labels, 5, c);
      for (const {
        step,
        train: { values },
      } of records) {
        let error = Float64Array.from(problem.train.start!.values, (value, i) => value - y[i]);
        for (let t = 0; t < step; t++)
          error = error.map(
            (value, i) =>
              value -
              ((2 * rate) / size) *
                error.reduce((sum, other, j) => sum + problem.train.kernel.values[i * size + j] * other, 0),
          );
        assertAllclose(
          values,
          error.map((value, i) => value + y[i]),
          { relative: 1e-12 },
          `after ${step}`,
        );
      }
      assert.deepEqual(
        records.map(({ step }) => step),
        [0, 4, 9],
      );
    });

    it(`ends at kernel regression without regularization (${c} outputs)`, async () => {
      const { sigma, ...problem } = randomProblem(5, 4, c, 60, 10 + c);
      const rates = Array<number>(4000).fill(0.9 * largestStableRate(sigma, 5 * c));
      const { records, coefficients } = await kernelDescent({ ...problem, loss: "l2", rates });
      const logits = (table: typeof problem.train.start): { values: Float32Array; shape: [number, number] } => ({
        values: table!.values as unknown as Float32Array,
        shape: table!.shape,
      });
      const expected = predictLeastSquares(decomposeKernel(problem.train.kernel), {
        evaluate: problem.evaluate.kernel,
        trainLabels: problem.train.labels,
        trainLogits: logits(problem.train.start),
        evaluateLogits: logits(problem.evaluate.start),
        regularization: 0,
        f0: 1,
      });
      // The margin p comes back from the solver as [−p, p].
      const values = c === 1 ? Float64Array.from(expected.values.filter((_, i) => i % 2 === 1)) : expected.values;
      // The slowest direction shrinks by 1 − 1.8 λ_min/λ_max a step; the condition number is below 200 here.
      assertAllclose(records[0].evaluate.values, values, { relative: 1e-9 });
      assertAllclose(records[0].train.values, encodeTargets(problem.train.labels, 5, c), { absolute: 1e-9 });
      assert.ok(records[0].loss < 1e-16);
      const again = Float64Array.from(
        problem.evaluate.start!.values,
        (value, j) =>
          value + coefficients.reduce((sum, a, i) => sum + a * problem.evaluate.kernel.values[i * 4 * c + j], 0),
      );
      assertAllclose(again, records[0].evaluate.values, { relative: 1e-10 }, "f_0 + Kᵀ α");
    });
  }

  it("grows above the largest stable rate and not below", async () => {
    const { sigma, ...problem } = randomProblem(6, 1, 2, 50, 3);
    const lossAfter = async (factor: number): Promise<number> =>
      (
        await kernelDescent({
          ...problem,
          loss: "l2",
          rates: Array<number>(200).fill(factor * largestStableRate(sigma, 12)),
        })
      ).records[0].loss;
    assert.ok((await lossAfter(0.99)) < 0.5 && (await lossAfter(1.05)) > 10);
    await assert.rejects(
      kernelDescent({ ...problem, loss: "l2", rates: Array<number>(3000).fill(3 * largestStableRate(sigma, 12)) }),
      /rates .* too large/,
    );
  });
});

describe("kernel gradient descent and fine-tuning at equal time", () => {
  it("part in proportion to the learning rate, step for step", async (t) => {
    const model = tinyRoberta();
    const outputs = logitOutputs(labelWordHead(behaviorOracle.labelWordIds), 3);
    const [labels, batches] = [
      [2, 0, 1],
      [[0, 2], [1], [2, 1], [0]],
    ];
    const own = await computeKernel({ model, outputs, train, evaluate: train });
    const other = await computeKernel({ model, outputs, train, evaluate });
    const rates = [4e-4, 2e-4, 1e-4];
    const errors: number[] = [];
    for (const rate of rates) {
      const all = batches.map(() => rate);
      const steps = await earlySteps({
        model,
        outputs,
        train: { sequences: train, labels },
        evaluate,
        optimizer: "sgd",
        rates: all,
        batches,
      });
      const { records } = await kernelDescent({
        train: { kernel: own.kernels.get("sgd")!, labels, start: own.trainLogits },
        evaluate: { kernel: other.kernels.get("sgd")! },
        loss: "cross-entropy",
        rates: all,
        batches,
        record: [1, 2, 3, 4],
      });
      errors.push(agreementOf(records[3].evaluate.values, steps[3].change).relativeError);
    }
    t.diagnostic(`relative errors after 4 steps ${errors.map((error) => error.toExponential(2)).join(", ")}`);
    // As for one step: 1 but for the next order.
    assert.ok(Math.abs(fittedSlope(rates, errors).slope - 1) < 0.15, errors.join(", "));
    disposeModel(model);
  });
});

describe("kernel gradient descent with signs", () => {
  it("is what K_A-SignGD predicts for the steps of SignGD, when χ keeps its sign", async () => {
    const model = tinyRoberta();
    const outputs = marginOutput(labelWordHead(behaviorOracle.labelWordIds.slice(0, 2)));
    const [batches, rates, labels] = [[[0], [1], [2]], [1e-4, 2e-4, 1e-4], behaviorOracle.labels];
    const steps = await earlySteps({
      model,
      outputs,
      train: { sequences: train, labels },
      evaluate,
      optimizer: "signgd",
      rates,
      batches,
    });
    const formulas = ["asymmetric_signgd"] as const;
    const own = await computeKernel({ model, outputs, train, evaluate: train, formulas });
    const other = await computeKernel({ model, outputs, train, evaluate, formulas });
    const { records } = await kernelDescent({
      train: { kernel: own.kernels.get("asymmetric_signgd")!, labels, start: own.trainLogits },
      evaluate: { kernel: other.kernels.get("asymmetric_signgd")! },
      loss: "cross-entropy",
      rates,
      batches,
      direction: "sign",
    });
    assertAllclose(records[0].evaluate.values, steps[2].predictions.get("asymmetric_signgd")!.predicted, {
      relative: 1e-5,
    });
    disposeModel(model);
  });
});

describe("kernelDescent", () => {
  it("names what does not fit", async () => {
    const { sigma: _, ...problem } = randomProblem(3, 2, 2, 20, 1);
    const run = (options: Partial<KernelDescentOptions>): Promise<unknown> =>
      kernelDescent({ ...problem, loss: "cross-entropy", rates: [0.1], ...options });
    await assert.rejects(run({ rates: [-1] }), /learning rate .* -1/);
    await assert.rejects(run({ batches: [] }), /1 learning rates, but only 0 batches/);
    await assert.rejects(run({ batches: [[3]] }), /batch 0 .* example 3; there are 3/);
    await assert.rejects(run({ batches: [[]] }), /batch 0 .* empty/);
    await assert.rejects(run({ record: [2] }), /after step 2: there are 1/);
    await assert.rejects(run({ direction: "sign" }), /one output and one example/);
    await assert.rejects(run({ clipNorm: 0 }), /clipNorm must be above 0/);
    await assert.rejects(run({ train: { ...problem.train, labels: [0, 1, 2] } }), /label 2 is 2/);
    await assert.rejects(
      run({ train: { ...problem.train, start: problem.evaluate.start } }),
      /train outputs .* \[3, 2\] like the kernel, not \[2, 2\]/,
    );
    await assert.rejects(
      run({ evaluate: { ...problem.evaluate, kernel: problem.train.kernel, start: problem.evaluate.start } }),
      /evaluation outputs .* \[3, 2\]/,
    );
  });

  it("stops when asked to", async () => {
    const { sigma: _, ...problem } = randomProblem(3, 2, 2, 20, 1);
    await assert.rejects(
      kernelDescent({ ...problem, loss: "l2", rates: [0.1] }, AbortSignal.abort(new Error("enough"))),
      /enough/,
    );
  });
});
