import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  johnsonLindenstrauss,
  johnsonLindenstraussDimension,
  johnsonLindenstraussError,
} from "../../src/behavior/johnson-lindenstrauss";
import { kernelDistance } from "../../src/behavior/kernel-comparison";
import { randomSubspaceKernels } from "../../src/behavior/random-subspace";
import { fittedSlope } from "../../src/behavior/slope";
import {
  ALL_LORA_TARGETS,
  fullKernel,
  loraGradient,
  loraKernel,
  parameterSubspaceKernel,
} from "../../src/behavior/subspace-kernels";
import { computeKernel } from "../../src/kernels/kernel";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { randomMatrix } from "../../src/kernels/random-matrix";
import { loraNames } from "../../src/model/affine";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { disposeModel } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { kernelOracle } from "../support/kernel-oracle";
import { naiveGradients } from "../support/naive-kernel";
import { tinyRoberta } from "../support/tiny-roberta";

const examples = kernelOracle.train;
const outputs = logitOutputs(labelWordHead([98, 86]), 2);
const margin = marginOutput(labelWordHead([98, 86]));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function product(vectors: readonly Float64Array[]): number[] {
  return vectors.flatMap((u) => vectors.map((v) => u.reduce((sum, value, i) => sum + value * v[i], 0)));
}

describe("kernels of a choice of parameters", () => {
  it("are the filters' kernels, for every formula, and add up to the full one", async () => {
    const model = tinyRoberta();
    const formulas = ["sgd", "signgd", "asymmetric_signgd"] as const;
    const last = `*.encoder.layer.${model.config.layers - 1}.*`;
    const full = await fullKernel({ model, outputs, examples }, formulas);
    for (const filter of [["biases"], ["head"], [last], [last, "head"]]) {
      const expected = await computeKernel({
        model,
        outputs,
        train: examples,
        evaluate: examples,
        formulas,
        parameters: filter,
      });
      for (const formula of formulas) {
        const { kernel, fromFull } = parameterSubspaceKernel(full, filter, formula);
        assertAllclose(
          kernel.values,
          expected.kernels.get(formula)!.values,
          { relative: 1e-6 },
          `${filter.join()} ${formula}`,
        );
        assert.ok(fromFull.relativeError > 0 && fromFull.relativeError < 1);
      }
    }
    const [biases, rest] = [["biases"], ["!biases"]].map((filter) => parameterSubspaceKernel(full, filter));
    assertAllclose(
      biases.kernel.values.map((value, i) => value + rest.kernel.values[i]),
      full.kernels.get("sgd")!.values,
      { relative: 1e-12 },
    );
    assert.equal(
      biases.dimension + rest.dimension,
      [...model.parameters.values()].reduce((sum, { size }) => sum + size, 0),
    );
    assert.equal(parameterSubspaceKernel(full, []).fromFull.relativeError < 1e-12, true);
    assert.throws(
      () => parameterSubspaceKernel(full, [], "asymmetric_signgd_flipped"),
      /computed for sgd, signgd, asymmetric_signgd, not/,
    );
    disposeModel(model);
  });
});

onEveryBackend("LoRA's kernel at B = 0", () => {
  it("is 3 in / rank · Σ ⟨G Aᵀ, G′ Aᵀ⟩ of the adapted weights' gradients", async () => {
    const model = tinyRoberta();
    // Layers with 32 and with 64 inputs: each has its own scale.
    const options = {
      rank: 3,
      alpha: 5,
      targets: ["attention.self.query", "attention.output.dense", "intermediate.dense", "output.dense"],
      seed: 2,
    };
    const full = await fullKernel({ model, outputs, examples });
    const { kernel, raw, target, dimension } = await loraKernel({ model, outputs, examples }, full, options);
    const lora = withLora(model, options);
    const layers = [...model.parameters.keys()]
      .filter((name) => name.endsWith(".weight"))
      .map((name) => name.slice(0, -7))
      .filter((layer) => lora.parameters.has(loraNames(layer).a));
    assert.equal(layers.length, 8);
    const scale = 5 / 3;
    const rows = (scaled: boolean): Float64Array[] =>
      examples.flatMap((example) =>
        naiveGradients(model, outputs, example).map((gradient) =>
          Float64Array.from(
            layers.flatMap((layer) => {
              const g = gradient.get(`${layer}.weight`)!;
              const a = lora.parameters.get(loraNames(layer).a)!.dataSync();
              const inputs = a.length / options.rank;
              const factor = scaled ? Math.sqrt((3 * inputs) / options.rank) : scale;
              return Array.from({ length: (g.length / inputs) * options.rank }, (_, k) => {
                const [o, r] = [Math.floor(k / options.rank), k % options.rank];
                let sum = 0;
                for (let i = 0; i < inputs; i++) sum += g[o * inputs + i] * a[r * inputs + i];
                return factor * sum;
              });
            }),
          ),
        ),
      );
    assertAllclose(kernel.values, product(rows(true)), { relative: 1e-5 }, "scaled");
    assertAllclose(raw.values, product(rows(false)), { relative: 1e-5 }, "raw");
    const expected = await computeKernel({
      model,
      outputs,
      train: examples,
      evaluate: examples,
      parameters: layers.map((layer) => `${layer}.weight`),
    });
    assertAllclose(target.values, expected.kernels.get("sgd")!.values, { relative: 1e-6 }, "target");
    assert.equal(
      dimension,
      layers.reduce(
        (sum, layer) => sum + 3 * model.parameters.get(`${layer}.weight`)!.shape.reduce((a, b) => a + b),
        0,
      ),
    );
    [model, lora].forEach(disposeModel);
  });
});

describe("LoRA's gradient at B = 0", () => {
  it("is s G Aᵀ", () => {
    // numpy: 2 * np.array([[1, 2, 3], [4, 5, 6]]) @ np.array([[1, 0, -1], [2, 1, 0]]).T
    assert.deepEqual([...loraGradient([1, 2, 3, 4, 5, 6], [1, 0, -1, 2, 1, 0], 2, 2)], [-4, 8, -4, 26]);
    assert.throws(() => loraGradient([1, 2, 3, 4], [1, 0, -1, 2, 1, 0], 2, 2), /4 numbers and an A of 6 .* rank 2/);
  });

  it("adapts every weight of the encoder with all targets", () => {
    const model = tinyRoberta();
    const lora = withLora(model, { rank: 1, alpha: 1, targets: ALL_LORA_TARGETS, seed: 1 });
    const weights = [...model.parameters]
      .filter(([name, { rank }]) => name.includes(".encoder.layer.") && rank === 2)
      .map(([name]) => name);
    assert.equal(weights.length, 6 * model.config.layers);
    assert.deepEqual(
      weights.filter((name) => !lora.parameters.has(loraNames(name.slice(0, -7)).a)),
      [],
    );
    disposeModel(lora);
  });
});

describe("LoRA's kernel", () => {
  it("converges to the adapted weights' kernel like 1/√rank, and not to the full one", async (t) => {
    const model = tinyRoberta();
    const ranks = [4, 16, 64, 256];
    const full = await fullKernel({ model, outputs: margin, examples });
    const before = tf.memory().numTensors;
    const errors: number[] = [];
    const fromFull: number[] = [];
    for (const rank of ranks) {
      const kernels = [];
      for (let seed = 0; seed < 6; seed++)
        kernels.push(
          await loraKernel({ model, outputs: margin, examples }, full, { rank, alpha: 2 * rank, seed: 100 * seed }),
        );
      // Root mean square over seeds: its relative standard error is about 1/√(2 · 6 · the kernel's independent directions), 0.2 at most.
      errors.push(Math.sqrt(mean(kernels.map(({ fromTarget }) => fromTarget.relativeError ** 2))));
      fromFull.push(mean(kernels.map(({ fromFull: distance }) => distance.relativeError)));
    }
    assert.equal(tf.memory().numTensors, before);
    const slope = fittedSlope(ranks, errors).slope;
    t.diagnostic(
      `errors ${errors.map((error) => error.toFixed(4)).join(", ")}, slope ${slope.toFixed(3)}; from the full kernel ${fromFull.map((error) => error.toFixed(3)).join(", ")}`,
    );
    // Errors of 0.2 at both ends of a factor 64 move the slope by 0.3 / ln 64 ≈ 0.07 on average; 0.2 allows for three times that.
    assert.ok(Math.abs(slope + 0.5) < 0.2, `slope ${slope}`);
    assert.ok(errors.at(-1)! < 0.1 && fromFull.at(-1)! > 0.5);
    disposeModel(model);
  });

  it("does not depend on α but for the raw kernel's scale", async () => {
    const model = tinyRoberta();
    const full = await fullKernel({ model, outputs: margin, examples });
    const [one, two] = [
      await loraKernel({ model, outputs: margin, examples }, full, { rank: 2, alpha: 2, seed: 1 }),
      await loraKernel({ model, outputs: margin, examples }, full, { rank: 2, alpha: 6, seed: 1 }),
    ];
    assertAllclose(two.kernel.values, one.kernel.values, { relative: 1e-6 });
    assertAllclose(
      two.raw.values,
      one.raw.values.map((value) => 9 * value),
      { relative: 1e-6 },
    );
    disposeModel(model);
  });
});

onEveryBackend("random subspaces", () => {
  it("K_d is that of Pᵀ∇f, P with one row for each number of every parameter", async () => {
    const model = tinyRoberta();
    const before = tf.memory().numTensors;
    const dimensions = [5, 2];
    const kernels = await randomSubspaceKernels({ model, outputs, examples, dimensions, seed: 3, batchSize: 2 });
    assert.equal(tf.memory().numTensors, before);
    assert.deepEqual([...kernels.keys()], dimensions);
    const coordinates = examples.flatMap((example) =>
      naiveGradients(model, outputs, example).map((gradient) => {
        const z = new Float64Array(5);
        for (const [name, values] of gradient) {
          if (name.endsWith("self.key.bias")) continue;
          // The head's bias is read row by row, as a table; other vectors are one row.
          const width = name === "lm_head.bias" ? 1 : model.parameters.get(name)!.shape.at(-1)!;
          for (let row = 0; row < values.length / width; row++) {
            const part = values.subarray(row * width, (row + 1) * width);
            if (part.every((value) => value === 0)) continue;
            const random = randomMatrix("rademacher", 3, [name, row, 5], width * 5);
            part.forEach((value, i) => z.forEach((_, k) => (z[k] += value * random[i * 5 + k])));
          }
        }
        return z;
      }),
    );
    for (const d of dimensions)
      assertAllclose(
        kernels.get(d)!.values,
        product(coordinates.map((z) => z.subarray(0, d))).map((value) => value / d),
        { relative: 1e-5 },
        `dimension ${d}`,
      );
    disposeModel(model);
  });
});

describe("random subspaces", () => {
  it("converge to the full kernel like 1/√dimension, within the Johnson–Lindenstrauss bound", async (t) => {
    const model = tinyRoberta();
    const { kernels: exact } = await fullKernel({ model, outputs: margin, examples });
    const dimensions = [8, 32, 128, 512];
    const seeds = [1, 2, 3, 4, 5, 6];
    const distances = new Map(dimensions.map((d) => [d, [] as ReturnType<typeof kernelDistance>[]]));
    for (const seed of seeds) {
      const kernels = await randomSubspaceKernels({ model, outputs: margin, examples, dimensions, seed });
      for (const [d, kernel] of kernels) distances.get(d)!.push(kernelDistance(kernel, exact.get("sgd")!));
    }
    const errors = dimensions.map((d) =>
      Math.sqrt(mean(distances.get(d)!.map(({ relativeError }) => relativeError ** 2))),
    );
    const slope = fittedSlope(dimensions, errors).slope;
    t.diagnostic(
      `errors ${errors.map((error) => error.toFixed(4)).join(", ")}, slope ${slope.toFixed(3)}; largest normalized ${dimensions.map((d) => Math.max(...distances.get(d)!.map(({ largestNormalized }) => largestNormalized)).toFixed(3)).join(", ")}`,
    );
    // As for LoRA, with a spread of 0.2 at both ends.
    assert.ok(Math.abs(slope + 0.5) < 0.2, `slope ${slope}`);
    const bound = johnsonLindenstraussError(512, examples.length)!;
    assert.ok(
      distances.get(512)!.every(({ largestNormalized }) => largestNormalized <= bound),
      `bound ${bound}`,
    );
    // E‖K_d − K‖² is about 2 ‖K‖² / d where gradients are nearly parallel.
    assert.ok(errors.at(-1)! < 3 * Math.sqrt(2 / 512), `error ${errors.at(-1)}`);
    disposeModel(model);
  });

  it("names what does not fit", async () => {
    const model = tinyRoberta();
    const run = (change: object): Promise<unknown> =>
      randomSubspaceKernels({ model, outputs, examples, dimensions: [2], seed: 1, ...change });
    await assert.rejects(run({ dimensions: [2.5] }), /whole numbers of at least 1, not 2.5/);
    await assert.rejects(run({ dimensions: [] }), /not none at all/);
    await assert.rejects(run({ seed: -1 }), /seed .* -1/);
    await assert.rejects(run({ kind: "other" }), /"other"/);
    await assert.rejects(run({ examples: [] }), /at least one example/);
    disposeModel(model);
  });
});

describe("the Johnson–Lindenstrauss bound", () => {
  it("is 1 − 4 N² exp(−(ε² − ε³) d / 4), and nothing below 0", () => {
    // Python: 1 - 4 * 50**2 * math.exp(-(0.3**2 - 0.3**3) * 1000 / 4)
    assertAllclose([johnsonLindenstrauss(0.3, 1000, 50)], [0.9985550197538907], { absolute: 1e-12 });
    assert.equal(johnsonLindenstrauss(0.1, 100, 50), 0);
  });

  it("its inverses agree with it", () => {
    for (const [d, n] of [
      [500, 3],
      [2000, 64],
      [10000, 400],
    ]) {
      const epsilon = johnsonLindenstraussError(d, n, 0.9)!;
      assertAllclose([johnsonLindenstrauss(epsilon, d, n)], [0.9], { absolute: 1e-9 });
      assert.ok(
        johnsonLindenstraussDimension(epsilon * (1 + 1e-9), n, 0.9) <= d &&
          johnsonLindenstrauss(epsilon, d - 1, n) < 0.9,
      );
    }
    assert.equal(johnsonLindenstraussError(100, 64), undefined);
    assert.throws(() => johnsonLindenstraussDimension(0.7, 3), /at most 2\/3, not 0.7/);
    assert.throws(() => johnsonLindenstrauss(1, 3, 3), /between 0 and 1, not 1/);
    assert.throws(() => johnsonLindenstraussError(0, 3), /dimension/);
    assert.throws(() => johnsonLindenstraussError(3, 0), /vectors/);
    assert.throws(() => johnsonLindenstraussError(3, 3, 1), /probability/);
  });
});

describe("kernelDistance", () => {
  it("compares entries, with the norms of gradients as units", () => {
    const tensor = (values: number[]): KernelTensor => ({ values: Float64Array.from(values), shape: [2, 1, 2, 1] });
    const distance = kernelDistance(tensor([5, 3, 3, 16]), tensor([4, 2, 2, 16]));
    assert.equal(distance.largestNormalized, 0.25);
    assertAllclose([distance.relativeError ** 2], [3 / 280], { relative: 1e-12 });
    assert.throws(
      () => kernelDistance({ values: Float64Array.of(1), shape: [1, 1, 1, 1] }, tensor([1, 0, 0, 1])),
      /\[1, 1, 1, 1\] and \[2, 1, 2, 1\]/,
    );
  });
});
