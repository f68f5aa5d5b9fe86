import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreementOf } from "../../src/behavior/kernel-comparison";
import { earlySteps, type EarlyStepsOptions } from "../../src/behavior/early-steps";
import { lossOfOutputs } from "../../src/behavior/output-loss";
import { fittedSlope } from "../../src/behavior/slope";
import { crossEntropy, squaredError } from "../../src/finetune/parameter-gradients";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { behaviorOracle } from "../support/behavior-oracle";
import { kernelOracle } from "../support/kernel-oracle";
import { tinyRoberta } from "../support/tiny-roberta";

const { train, evaluate } = kernelOracle;
const { labels, labelWordIds, order, trajectories } = behaviorOracle;
const head = labelWordHead(labelWordIds.slice(0, 2));
const common = { outputs: marginOutput(head), train: { sequences: train, labels }, evaluate };
const norm = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

onEveryBackend("early steps equal PyTorch's (float64)", () => {
  for (const { optimizer, learningRate, steps } of trajectories) {
    it(optimizer, async () => {
      const model = tinyRoberta();
      const before = tf.memory().numTensors;
      const result = await earlySteps({
        ...common,
        model,
        optimizer,
        rates: steps.map(() => learningRate),
        batches: order.map((i) => [i]),
      });
      assert.equal(tf.memory().numTensors, before);
      // Signs of gradients that are nearly zero differ between float32 and float64 once the parameters do, and move f by up to
      // 2 η |∂f/∂θ| each; Adam divides by them. SGD stays at float32 rounding, 1e-6 of f, amplified by the steps.
      const relative = optimizer === "sgd" ? 2e-5 : 5e-4;
      steps.forEach((expected, t) => {
        assertAllclose(result[t].change, expected.change, { relative, absolute: 5e-6 }, `change after step ${t + 1}`);
        for (const [formula, { predicted, agreement }] of result[t].predictions) {
          assertAllclose(
            predicted,
            expected.predicted[formula],
            { relative: formula === "sgd" ? 1e-4 : 1e-5 },
            `${formula} after step ${t + 1}`,
          );
          assert.deepEqual(agreement, agreementOf(predicted, result[t].change));
        }
      });
      disposeModel(model);
    });
  }
});

describe("to first order the kernels are exact", () => {
  const slopes: {
    title: string;
    options: Pick<EarlyStepsOptions, "optimizer" | "outputs" | "batches" | "loss">;
    formula: "sgd" | "asymmetric_signgd";
    rates: number[];
  }[] = [
    {
      title: "K_SGD for a step of SGD",
      options: { optimizer: "sgd", outputs: common.outputs, batches: [[0]] },
      formula: "sgd",
      rates: [8e-4, 4e-4, 2e-4, 1e-4],
    },
    {
      title: "K_SGD for a batch and three logits",
      options: { optimizer: "sgd", outputs: logitOutputs(labelWordHead(labelWordIds), 3), batches: [[2, 0, 1]] },
      formula: "sgd",
      rates: [8e-4, 4e-4, 2e-4, 1e-4],
    },
    {
      title: "K_SGD with squared loss",
      options: { optimizer: "sgd", outputs: common.outputs, batches: [[2, 1]], loss: "l2" },
      formula: "sgd",
      rates: [5e-5, 2.5e-5, 1.25e-5],
    },
    {
      title: "K_A-SignGD for a step of SignGD",
      options: { optimizer: "signgd", outputs: common.outputs, batches: [[1]] },
      formula: "asymmetric_signgd",
      rates: [1.6e-4, 8e-5, 4e-5, 2e-5],
    },
    {
      title: "K_A-SignGD for Adam's first step, which is one of SignGD",
      options: { optimizer: "adamw", outputs: common.outputs, batches: [[1]] },
      formula: "asymmetric_signgd",
      rates: [8e-5, 4e-5, 2e-5],
    },
  ];
  for (const { title, options, formula, rates } of slopes) {
    it(title, async (t) => {
      const model = tinyRoberta();
      const [errors, relativeErrors]: number[][] = [[], []];
      for (const rate of rates) {
        const [{ change, predictions }] = await earlySteps({ ...common, ...options, model, rates: [rate] });
        const { predicted, agreement } = predictions.get(formula)!;
        errors.push(norm(predicted.map((value, i) => value - change[i])));
        relativeErrors.push(agreement.relativeError);
      }
      // The first neglected term is η² g ∇²f g / 2: the absolute error has slope 2 and the relative one slope 1. The rates keep
      // the third-order term below a tenth of it, and the rounding of the moved parameters to float32 too, hence 0.15.
      const slope = fittedSlope(rates, errors).slope;
      const relativeSlope = fittedSlope(rates, relativeErrors).slope;
      t.diagnostic(
        `slopes ${slope.toFixed(3)} and ${relativeSlope.toFixed(3)}; errors ${errors.map((error) => error.toExponential(2)).join(", ")}; relative ${relativeErrors.map((error) => error.toExponential(2)).join(", ")}`,
      );
      assert.ok(Math.abs(slope - 2) < 0.15, `slope of the error ${slope}`);
      assert.ok(Math.abs(relativeSlope - 1) < 0.15, `slope of the relative error ${relativeSlope}`);
      disposeModel(model);
    });
  }

  it("the wrong kernel has an error that does not fall", async () => {
    const model = tinyRoberta();
    const rates = [8e-5, 4e-5, 2e-5];
    const errors: number[] = [];
    for (const rate of rates) {
      const [{ predictions }] = await earlySteps({
        ...common,
        model,
        optimizer: "signgd",
        batches: [[1]],
        rates: [rate],
      });
      errors.push(predictions.get("sgd")!.agreement.relativeError);
    }
    assert.ok(
      Math.abs(fittedSlope(rates, errors).slope) < 0.1 && errors.every((error) => error > 0.1),
      errors.join(", "),
    );
    disposeModel(model);
  });
});

describe("earlySteps", () => {
  it("trains and predicts the filter's parameters only", async () => {
    const model = tinyRoberta();
    const [{ predictions, change }] = await earlySteps({
      ...common,
      model,
      optimizer: "sgd",
      batches: [[0]],
      rates: [1e-4],
      parameters: ["biases"],
    });
    const whole = await earlySteps({ ...common, model, optimizer: "sgd", batches: [[0]], rates: [1e-4] });
    assert.ok(predictions.get("sgd")!.agreement.relativeError < 0.02);
    assert.ok(norm(change) < 0.5 * norm(whole[0].change));
    disposeModel(model);
  });

  it("names what does not fit", async () => {
    const model = tinyRoberta();
    const run = (options: Partial<EarlyStepsOptions>): Promise<unknown> =>
      earlySteps({ ...common, model, optimizer: "sgd", batches: [[0]], rates: [1e-4], ...options });
    await assert.rejects(
      run({ batches: [[0, 1]], formulas: ["asymmetric_signgd"] }),
      /asymmetric_signgd kernel predicts steps on one example/,
    );
    await assert.rejects(
      run({ outputs: logitOutputs(head, 2), formulas: ["signgd"] }),
      /signgd kernel predicts .* one output/,
    );
    await assert.rejects(run({ rates: [1, 1] }), /2 learning rates and 1 batches/);
    await assert.rejects(run({ batches: [[3]] }), /training example 3; there are 3/);
    await assert.rejects(run({ batches: [[]] }), /batch 0 .* is empty/);
    await assert.rejects(run({ train: { sequences: train, labels: [1] } }), /3 prompts and 1 labels/);
    disposeModel(model);
  });
});

describe("lossOfOutputs", () => {
  it("has the trainer's losses and derivatives for logits", () => {
    const values = [0.3, -1.2, 2, 0.1, 0.4, -3];
    const classes = [2, 0];
    for (const [name, reference] of [
      ["cross-entropy", crossEntropy(classes)],
      ["l2", squaredError(classes)],
    ] as const) {
      const { loss, derivative } = lossOfOutputs(name, values, classes);
      const expected = reference(tf.tensor2d(values, [2, 3]));
      assertAllclose([loss], expected.loss.dataSync(), { relative: 1e-6 });
      assertAllclose(derivative, expected.delta.dataSync(), { relative: 1e-6 });
    }
  });

  it("the margin's cross-entropy is that of its two logits, also far out", () => {
    for (const margin of [-800, -2, 0, 0.5, 800]) {
      const one = lossOfOutputs("cross-entropy", [margin], [1]);
      const two = lossOfOutputs("cross-entropy", [0, margin], [1]);
      assertAllclose(
        [one.loss, one.derivative[0]],
        [two.loss, two.derivative[1]],
        { absolute: 1e-14 },
        `margin ${margin}`,
      );
    }
    assert.deepEqual(lossOfOutputs("l2", [0.5, 2], [1, 0]), {
      loss: (0.25 + 9) / 2,
      derivative: Float64Array.of(-0.5, 3),
    });
  });
});

describe("agreementOf", () => {
  it("has correlation, relative error and the best factor", () => {
    const right = agreementOf([2, 4, 6], [1, 2, 3]);
    assertAllclose([right.correlation, right.relativeError, right.scale, right.scaledError], [1, 1, 0.5, 0], {
      absolute: 1e-7,
    });
    const shifted = agreementOf([1, 2, 3], [2, 3, 4]);
    assertAllclose([shifted.correlation, shifted.relativeError ** 2, shifted.scale], [1, 3 / 29, 20 / 14], {
      absolute: 1e-12,
    });
    assert.ok(Number.isNaN(agreementOf([0, 0], [1, 2]).scale));
    assert.throws(() => agreementOf([1], [1, 2]), /1 numbers .* 2/);
  });
});
