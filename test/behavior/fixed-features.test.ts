import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fixedFeatures, kindOfParameter, layerOfParameter } from "../../src/behavior/fixed-features";
import { gradientDistance } from "../../src/behavior/gradient-distance";
import { kernelChange, kernelTargetAlignment } from "../../src/behavior/kernel-comparison";
import type { Formula } from "../../src/kernels/formula";
import { computeKernel } from "../../src/kernels/kernel";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { behaviorOracle, movedModel } from "../support/behavior-oracle";
import { kernelOracle, withOracleLora } from "../support/kernel-oracle";
import { naiveGradients } from "../support/naive-kernel";
import { randomModel, randomSequence, seededRandom } from "../support/random-model";
import { tinyRoberta } from "../support/tiny-roberta";

const { train, evaluate } = kernelOracle;
const { features, labels, labelWordIds, moves } = behaviorOracle;
const FORMULAS = ["sgd", "signgd", "asymmetric_signgd"] as const;
const outputsOf = (margin: boolean): Outputs =>
  margin ? marginOutput(labelWordHead(labelWordIds.slice(0, 2))) : logitOutputs(labelWordHead(labelWordIds), 3);

onEveryBackend("features before and after equal PyTorch's (float64)", () => {
  for (const expected of features) {
    const outputs = outputsOf(expected.margin);
    it(`kernel entries and their distances, by layer and kind (${expected.margin ? "margin" : "three logits"})`, async () => {
      const model = tinyRoberta();
      const tuned = movedModel(model, moves[expected.move]);
      const { start, changes } = await fixedFeatures({
        model,
        tuned: [tuned],
        outputs,
        examples: train,
        others: evaluate,
        formulas: FORMULAS,
      });
      for (const formula of FORMULAS) {
        const { kernel, whole, layers, kinds } = changes[0].get(formula)!;
        // Rounding, 1e-5 of the largest entry; a sign of a gradient entry that is nearly zero may turn in sign formulas.
        const relative = formula === "sgd" ? 1e-5 : 1e-3;
        assertAllclose(start.get(formula)!.values, expected.kernels[formula].before, { relative }, `${formula} before`);
        assertAllclose(kernel.values, expected.kernels[formula].after, { relative }, `${formula} after`);
        const parts = new Map([["", whole], ...layers, ...kinds]);
        assert.deepEqual([...parts.keys()].sort(), Object.keys(expected.distances[formula]).sort());
        // Entries near zero carry a larger share of rounding, and more of the mean.
        for (const [part, change] of parts)
          assertAllclose(
            [change.mean],
            [expected.distances[formula][part]],
            { relative: formula === "sgd" ? 1e-3 : 1e-2 },
            `${formula} ${part}`,
          );
      }
      [model, tuned].forEach(disposeModel);
    });

    it(`gradients' distances (${expected.margin ? "margin" : "three logits"})`, async () => {
      const model = tinyRoberta();
      const tuned = movedModel(model, moves[expected.move]);
      const before = tf.memory().numTensors;
      const { whole, layers, kinds } = await gradientDistance({
        model,
        tuned,
        outputs,
        sequences: evaluate,
        batchSize: 2,
      });
      assert.equal(tf.memory().numTensors, before);
      const parts = new Map([["", whole], ...layers, ...kinds]);
      assert.deepEqual([...parts.keys()].sort(), Object.keys(expected.gradientDistances).sort());
      // float32 gradients have 1e-6 of their norm as rounding, which adds to distances of about 0.05.
      for (const [part, { distances }] of parts)
        assertAllclose(distances.values, expected.gradientDistances[part], { relative: 1e-4 }, part);
      [model, tuned].forEach(disposeModel);
    });

    it(`kernel–target alignment (${expected.margin ? "margin" : "three logits"})`, async () => {
      const model = tinyRoberta();
      const kernel = (await computeKernel({ model, outputs, train, evaluate: train })).kernels.get("sgd")!;
      assertAllclose([kernelTargetAlignment(kernel, labels)], [expected.alignment.centred], { absolute: 1e-5 });
      assertAllclose([kernelTargetAlignment(kernel, labels, { centred: false })], [expected.alignment.plain], {
        absolute: 1e-5,
      });
      disposeModel(model);
    });
  }
});

describe("gradientDistance", () => {
  const sizes = { layers: 2, headSize: 4, heads: 2, intermediate: 12, vocabulary: 12, longest: 14, padId: 1 };

  it("equals whole gradients' distances, with a tied decoder and tokens that repeat", async () => {
    const model = randomModel(sizes, 5);
    const tuned = movedModel(model, { scale: 0.05, phase: 1 });
    const random = seededRandom(5);
    const sequences = [3, 14, 9].map((length) => randomSequence(random, sizes, length));
    const outputs = logitOutputs(labelWordHead([4, 9], { tied: true }), 2);
    for (const parameters of [[], ["embeddings"], ["biases"]]) {
      const takes = (name: string): boolean =>
        !name.endsWith("self.key.bias") &&
        (parameters[0] !== "embeddings" || name.includes("embed")) &&
        (parameters[0] !== "biases" || name.includes("bias"));
      const expected = sequences.flatMap((example) => {
        const [from, to] = [model, tuned].map((each) => naiveGradients(each, outputs, example));
        return from.map((gradient, a) => {
          let [difference, start] = [0, 0];
          for (const [name, values] of gradient)
            if (takes(name))
              values.forEach((value, i) => {
                difference += (to[a].get(name)![i] - value) ** 2;
                start += value ** 2;
              });
          return Math.sqrt(difference / start);
        });
      });
      const { whole } = await gradientDistance({ model, tuned, outputs, sequences, parameters });
      assertAllclose(whole.distances.values, expected, { relative: 1e-5 }, String(parameters));
    }
    [model, tuned].forEach(disposeModel);
  });

  it("keeps the digits of a small difference", async () => {
    const model = tinyRoberta();
    const distanceAt = async (scale: number): Promise<number> => {
      const tuned = movedModel(model, { scale, phase: 0 });
      const { whole } = await gradientDistance({ model, tuned, outputs: outputsOf(true), sequences: evaluate });
      disposeModel(tuned);
      return whole.mean;
    };
    // Proportional to the step; squares subtracted from each other would leave nothing below 3e-4.
    const [large, small] = [await distanceAt(1e-3), await distanceAt(1e-5)];
    assert.ok(small < 3e-4 && Math.abs(large / small - 100) < 5, `${large} and ${small}`);
    disposeModel(model);
  });

  it("is 0 but for rounding for the same model, and not a number where there is no gradient", async () => {
    const model = withOracleLora(tinyRoberta(), "queryValue");
    const { whole } = await gradientDistance({
      model,
      tuned: { ...model },
      outputs: outputsOf(true),
      sequences: evaluate,
    });
    assert.ok(whole.mean < 1e-6, `mean ${whole.mean}`);
    assert.equal(whole.fixed, true);
    const unused = await gradientDistance({
      model,
      tuned: model,
      outputs: outputsOf(true),
      sequences: evaluate,
      parameters: ["*.layer.0.attention.self.key.bias"],
    });
    assert.ok(
      unused.whole.distances.values.every(Number.isNaN) && Number.isNaN(unused.whole.mean) && !unused.whole.fixed,
    );
    disposeModel(model);
  });
});

const tensorOf = (...values: number[]): KernelTensor => ({
  values: Float64Array.from(values),
  shape: [1, 1, values.length, 1],
});

describe("kernelChange", () => {
  it("averages relative distances and has the median beside", () => {
    const change = kernelChange(tensorOf(1, -2, 4, 0, 0), tensorOf(1.5, 4, 5, 0, 1));
    assert.deepEqual([...change.distances.values], [0.5, 3, 0.25, 0, Infinity]);
    assert.equal(change.mean, 1.25);
    assert.equal(change.median, 0.5);
    assert.equal(change.fromZero, 1);
    assert.equal(change.fixed, true);
    assertAllclose([change.frobenius], [Math.sqrt((0.25 + 36 + 1 + 1) / 21)], { absolute: 1e-15 });
    assertAllclose([kernelChange(tensorOf(1, 2), tensorOf(3, 6)).cosine], [1], { absolute: 1e-15 });
  });

  it("calls features fixed below 2.0 only", () => {
    assert.equal(kernelChange(tensorOf(1), tensorOf(3)).fixed, false);
    assert.equal(kernelChange(tensorOf(1), tensorOf(2.99)).fixed, true);
    const nothing = kernelChange(tensorOf(0), tensorOf(1));
    assert.ok(Number.isNaN(nothing.mean) && !nothing.fixed);
    assert.throws(
      () => kernelChange(tensorOf(1), tensorOf(1, 2)),
      /shape \[1, 1, 1, 1\] before and \[1, 1, 2, 1\] after/,
    );
  });

  it("median of an even number of entries", () => {
    assert.equal(kernelChange(tensorOf(1, 1, 1, 1), tensorOf(1, 2, 4, 101)).median, 2);
  });
});

describe("kernelTargetAlignment", () => {
  it("is 1 for the target's own kernel, and does not see a scale; centred, not what all examples share", () => {
    const y = [1, -1, -1, 1];
    const kernelOf = (shared: number): KernelTensor => ({
      values: Float64Array.from({ length: 16 }, (_, k) => 3 * y[k >> 2] * y[k & 3] + shared),
      shape: [4, 1, 4, 1],
    });
    const labelsOf = [1, 0, 0, 1];
    assertAllclose(
      [kernelTargetAlignment(kernelOf(0), labelsOf, { centred: false }), kernelTargetAlignment(kernelOf(50), labelsOf)],
      [1, 1],
      { absolute: 1e-12 },
    );
    assert.ok(kernelTargetAlignment(kernelOf(50), labelsOf, { centred: false }) < 0.1);
  });
});

describe("fixedFeatures", () => {
  it("reports progress and gives every formula along a history", async (t) => {
    const model = tinyRoberta();
    const tuned = moves.map((move) => movedModel(model, move));
    const seen: number[] = [];
    const formulas: Formula[] = ["sgd", "asymmetric_signgd_flipped"];
    const { changes } = await fixedFeatures({
      model,
      tuned,
      outputs: outputsOf(true),
      examples: train,
      formulas,
      onProgress: ({ done, total }) => seen.push(done, total),
    });
    assert.deepEqual(seen, [1, 3, 2, 3, 3, 3]);
    assert.deepEqual(
      changes.map((each) => [...each.keys()]),
      [formulas, formulas],
    );
    const [small, large] = changes.map((each) => each.get("sgd")!.whole.frobenius);
    assert.ok(small < large);
    t.diagnostic(`Frobenius distances ${small} and ${large}`);
    [model, ...tuned].forEach(disposeModel);
  });
});

describe("parts of the model", () => {
  it("every parameter has a layer and a kind", () => {
    const model = withOracleLora(tinyRoberta(), "all");
    const kinds = new Set([...model.parameters.keys()].map(kindOfParameter));
    assert.deepEqual([...kinds].sort(), [
      "LoRA A",
      "LoRA B",
      "attention output",
      "biases",
      "embeddings",
      "feed-forward in",
      "feed-forward out",
      "head",
      "key",
      "norm scales",
      "query",
      "value",
    ]);
    assert.deepEqual([...new Set([...model.parameters.keys()].map(layerOfParameter))].sort(), [
      "embeddings",
      "head",
      "layer 1",
      "layer 2",
    ]);
    assert.equal(kindOfParameter("cls.predictions.transform.LayerNorm.weight"), "norm scales");
    assert.equal(kindOfParameter("cls.predictions.bias"), "biases");
    assert.equal(kindOfParameter("classifier.weight"), "head");
    disposeModel(model);
  });
});
