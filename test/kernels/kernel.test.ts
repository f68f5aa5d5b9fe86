import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tf, type Tensor } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { classifierHead, labelWordHead, withClassifier } from "../../src/model/head";
import type { Model } from "../../src/model/model";
import { encoderForward } from "../../src/model/encoder";
import { FORMULAS, type Formula } from "../../src/kernels/formula";
import { computeKernel, type KernelOptions } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { readJson, tinyRoberta, tinyRobertaTied, type Prompt } from "../support/tiny-roberta";

type Case = {
  labelWordIds: number[];
  margin: boolean;
  shape: number[];
  trainLogits: number[];
  evaluateLogits: number[];
  sgd: number[];
  sgdTrainTrain: number[];
  signgdWithoutKeyBias: number[];
  asymmetricSigngdWithoutKeyBias: number[];
  asymmetricSigngdFlippedWithoutKeyBias: number[];
  sgdByParameter?: Record<string, number[]>;
};
type Oracle = Record<"untiedTwo" | "untiedThree" | "untiedMargin" | "tiedTwo" | "tiedMargin", Case> & {
  train: Prompt[];
  evaluate: Prompt[];
};

const oracle = readJson<Oracle>("tiny-roberta", "oracle-kernels.json");
const cases = ["untiedTwo", "untiedThree", "untiedMargin", "tiedTwo", "tiedMargin"] as const;

const outputsOf = (name: (typeof cases)[number]): Outputs => {
  const { labelWordIds, margin } = oracle[name];
  const head = labelWordHead(labelWordIds, { tied: name.startsWith("tied") });
  return margin ? marginOutput(head) : logitOutputs(head, labelWordIds.length);
};
const modelOf = (name: string): Model => (name.startsWith("tied") ? tinyRobertaTied() : tinyRoberta());
const { train, evaluate } = oracle;

async function kernelOf(
  options: Omit<KernelOptions, "train" | "evaluate"> & Partial<KernelOptions>,
  formula: Formula = "sgd",
): Promise<Float64Array> {
  const { kernels } = await computeKernel({ train, evaluate, formulas: [formula], ...options });
  return kernels.get(formula)!.values;
}

onEveryBackend("kernels equal PyTorch's per-example Jacobians (float64)", () => {
  for (const name of cases) {
    it(`${name}: SGD, with its outputs`, async () => {
      const options = { model: modelOf(name), outputs: outputsOf(name), train, evaluate };
      const { kernels, trainLogits, evaluateLogits } = await computeKernel(options);
      assert.deepEqual(kernels.get("sgd")!.shape, oracle[name].shape);
      assertAllclose(kernels.get("sgd")!.values, oracle[name].sgd, { relative: 5e-6 });
      assertAllclose(trainLogits.values, oracle[name].trainLogits, { absolute: 1e-5 });
      assertAllclose(evaluateLogits.values, oracle[name].evaluateLogits, { absolute: 1e-5 });
    });

    it(`${name}: all formulas from one pass`, async () => {
      const { kernels } = await computeKernel({
        model: modelOf(name),
        outputs: outputsOf(name),
        train,
        evaluate,
        formulas: FORMULAS,
      });
      const expected = oracle[name];
      assertAllclose(kernels.get("sgd")!.values, expected.sgd, { relative: 5e-6 });
      // Signs of gradients that are zero up to rounding may differ: none does here.
      assertAllclose(kernels.get("signgd")!.values, expected.signgdWithoutKeyBias, { relative: 1e-3 });
      assertAllclose(kernels.get("asymmetric_signgd")!.values, expected.asymmetricSigngdWithoutKeyBias, {
        relative: 1e-4,
      });
      assertAllclose(kernels.get("asymmetric_signgd_flipped")!.values, expected.asymmetricSigngdFlippedWithoutKeyBias, {
        relative: 1e-4,
      });
    });
  }
});

describe("the SGD kernel", () => {
  it("equals PyTorch's parameter by parameter", async () => {
    const { shares } = await computeKernel({
      model: tinyRoberta(),
      outputs: outputsOf("untiedTwo"),
      train,
      evaluate,
      breakdown: true,
    });
    const found = shares.get("sgd")!;
    const byParameter = oracle.untiedTwo.sgdByParameter!;
    for (const [name, expected] of Object.entries(byParameter)) {
      const values = found.get(name)?.values ?? new Float64Array(expected.length);
      assertAllclose(values, expected, { absolute: 1e-6, relative: 1e-5 }, name);
    }
    assert.deepEqual(
      [...found.keys()].filter((name) => !(name in byParameter)),
      [],
    );
  });

  it("equals one that tfjs' own differentiation gives, example by example", async () => {
    const model = tinyRoberta();
    const outputs = outputsOf("untiedMargin");
    const gradients = (list: Prompt[]): Float32Array[] =>
      list.map((prompt) => autodiffGradient(model, outputs, prompt));
    const [left, right] = [gradients(train), gradients(evaluate)];
    const naive = left.flatMap((g) => right.map((h) => g.reduce((sum, value, p) => sum + value * h[p], 0)));
    assertAllclose(await kernelOf({ model, outputs }), naive, { relative: 1e-5 });
  });

  it("does not depend on block sizes, order or padding", async () => {
    // float32 products of other shapes are summed in another order: 1.5e-6 on a processor without AVX-512, less with it.
    const rounding = { relative: 3e-6 };
    const model = tinyRoberta();
    const outputs = outputsOf("untiedTwo");
    const whole = await kernelOf({ model, outputs });
    assertAllclose(await kernelOf({ model, outputs, trainBlock: 1, evaluateBlock: 2 }), whole, rounding);
    assertAllclose(await kernelOf({ model, outputs, trainBlock: 3, evaluateBlock: 1 }), whole, rounding);
    const reversed = await kernelOf({ model, outputs, evaluate: [...evaluate].reverse() });
    const [n, c, m] = [train.length, 2, evaluate.length];
    const restored = new Float64Array(whole.length);
    for (let i = 0; i < n * c; i++)
      for (let j = 0; j < m; j++)
        for (let b = 0; b < c; b++) restored[(i * m + (m - 1 - j)) * c + b] = reversed[(i * m + j) * c + b];
    assertAllclose(restored, whole, rounding);
  });

  it("is symmetric and positive semi-definite on one set of examples", async () => {
    const values = await kernelOf({ model: tinyRoberta(), outputs: outputsOf("untiedTwo"), evaluate: train });
    const size = 2 * train.length;
    assertAllclose(values, oracle.untiedTwo.sgdTrainTrain, { relative: 5e-6 });
    const transposed = values.map((_, at) => values[(at % size) * size + Math.floor(at / size)]);
    assertAllclose(values, transposed, { relative: 1e-6 });
    const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
    const matrix = new Matrix(Array.from({ length: size }, (_, i) => [...values.subarray(i * size, (i + 1) * size)]));
    const eigenvalues = new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues;
    assert.ok(
      Math.min(...eigenvalues) > -1e-6 * Math.max(...eigenvalues),
      `smallest eigenvalue ${Math.min(...eigenvalues)}`,
    );
  });

  it("of a new head has the head's own gradients: ⟨h, h′⟩ for its weight and 1 for its bias, of equal outputs", async () => {
    const model = withClassifier(tinyRoberta(), 2, 7);
    const { shares } = await computeKernel({
      model,
      outputs: logitOutputs(classifierHead, 2),
      train,
      evaluate: train,
      breakdown: true,
    });
    const equalOutputs = (value: (i: number, j: number) => number): number[] =>
      train.flatMap((_, i) =>
        [0, 1].flatMap((a) => train.flatMap((_, j) => [0, 1].map((b) => (a === b ? value(i, j) : 0)))),
      );
    const hidden = train.map(
      (prompt) => encoderForward(model, collate([prompt], model.config)).hidden.dataSync() as Float32Array,
    );
    const product = (i: number, j: number): number =>
      hidden[i].reduce((sum, value, h) => sum + value * hidden[j][h], 0);
    assertAllclose(shares.get("sgd")!.get("classifier.weight")!.values, equalOutputs(product), { relative: 1e-5 });
    assertAllclose(
      shares.get("sgd")!.get("classifier.bias")!.values,
      equalOutputs(() => 1),
      { absolute: 1e-6 },
    );
  });

  it("refuses an empty side", async () => {
    await assert.rejects(
      kernelOf({ model: tinyRoberta(), outputs: outputsOf("untiedTwo"), train: [] }),
      /at least one example/,
    );
  });

  it("leaves no tensor behind", async () => {
    const model = tinyRoberta();
    const options = { model, outputs: outputsOf("tiedTwo"), formulas: FORMULAS };
    const before = tf.memory().numTensors;
    await computeKernel({ ...options, train, evaluate });
    assert.equal(tf.memory().numTensors, before);
  });
});

/** ∇f of one example over all parameters, by tfjs' automatic differentiation: shares no code with the backward pass. */
function autodiffGradient(model: Model, { head, combine }: Outputs, prompt: Prompt): Float32Array {
  const names = [...model.parameters.keys()];
  const f = (...values: Tensor[]): Tensor => {
    const current = { ...model, parameters: new Map(names.map((name, i) => [name, values[i]])) };
    const { logits } = head.forward(current, encoderForward(current, collate([prompt], model.config)).hidden);
    return tf.sum(tf.mul(logits, tf.tensor(combine)));
  };
  const gradients = tf.grads(f as never)(names.map((name) => model.parameters.get(name)!));
  return tf.concat(gradients.map((g) => g.reshape([-1]))).dataSync() as Float32Array;
}
