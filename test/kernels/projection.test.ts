import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { randomStream } from "../../src/random";
import { backendName, tf, type Tensor } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { passOf, type Factor } from "../../src/kernels/factors";
import { blockSteps, type KernelSettings } from "../../src/kernels/block";
import { FORMULAS, type Formula } from "../../src/kernels/formula";
import { computeKernel, projectionError, type KernelOptions } from "../../src/kernels/kernel";
import { kernelError } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { blockLimits } from "../../src/kernels/plan";
import { projectedSizes } from "../../src/kernels/projected-factor";
import { createProjector, projected, PROJECTION_KINDS, type Projection } from "../../src/kernels/projection";
import { randomMatrix } from "../../src/kernels/random-matrix";
import { keptFactors } from "../../src/kernels/training-side";
import { runSteps } from "../../src/steps";
import { withLora } from "../../src/model/lora";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { temporaryFolder } from "../support/checkout";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

type Kernels = Record<
  "sgd" | "signgdWithoutKeyBias" | "asymmetricSigngdWithoutKeyBias" | "asymmetricSigngdFlippedWithoutKeyBias",
  number[]
>;
const oracle = readJson<
  Record<"untiedTwo" | "untiedMargin", Kernels & { labelWordIds: number[] }> & { train: Prompt[]; evaluate: Prompt[] }
>("tiny-roberta", "oracle-kernels.json");
const { train, evaluate } = oracle;

const head = labelWordHead(oracle.untiedTwo.labelWordIds, { tied: false });
const twoOutputs = logitOutputs(head, 2);
const margin = marginOutput(labelWordHead(oracle.untiedMargin.labelWordIds, { tied: false }));

/** PyTorch's exact kernel. */
const exact = (outputs: Outputs, formula: Formula): number[] => {
  const { sgd, signgdWithoutKeyBias, asymmetricSigngdWithoutKeyBias, asymmetricSigngdFlippedWithoutKeyBias } =
    oracle[outputs === margin ? "untiedMargin" : "untiedTwo"];
  return {
    sgd,
    signgd: signgdWithoutKeyBias,
    asymmetric_signgd: asymmetricSigngdWithoutKeyBias,
    asymmetric_signgd_flipped: asymmetricSigngdFlippedWithoutKeyBias,
  }[formula];
};

async function kernels(
  projection: Projection | undefined,
  options: Partial<KernelOptions> = {},
): Promise<Map<Formula, Float64Array>> {
  const result = await computeKernel({
    model: tinyRoberta(),
    outputs: margin,
    train,
    evaluate,
    formulas: FORMULAS,
    projection,
    ...options,
  });
  return new Map([...result.kernels].map(([formula, { values }]) => [formula, values]));
}

/** Mean and standard error of each entry, and root mean square of the Frobenius errors. */
function statistics(
  samples: readonly Float64Array[],
  expected: ArrayLike<number>,
): { mean: Float64Array; standardError: Float64Array; error: number } {
  const s = samples.length;
  const mean = samples[0].map((_, i) => samples.reduce((sum, values) => sum + values[i], 0) / s);
  const standardError = mean.map((m, i) =>
    Math.sqrt(samples.reduce((sum, values) => sum + (values[i] - m) ** 2, 0) / (s - 1) / s),
  );
  const error = Math.sqrt(samples.reduce((sum, values) => sum + kernelError(values, expected).frobenius ** 2, 0) / s);
  return { mean, standardError, error };
}

describe("training examples of one block that are run in several passes", () => {
  const sorted = [...train, ...evaluate].sort((a, b) => a.ids.length - b.ids.length);
  const model = tinyRoberta();
  const parameters = new Set(model.parameters.keys());

  // 24 projects everything, 1000 leaves some gradients as they are, 20000 all weights.
  for (const dimension of [24, 1000, 20000])
    it(`have the kernel of one pass (dimension ${dimension})`, async () => {
      const projector = createProjector({ dimension, kind: "rademacher", seed: 1 }, true);
      const settings: KernelSettings = {
        model,
        outputs: twoOutputs,
        formulas: FORMULAS,
        parameters,
        signs: "exact",
        breakdown: false,
        projection: { dimension, kind: "rademacher", seed: 1 },
      };
      const pass = projected(passOf(model, twoOutputs, parameters), projector);
      const before = tf.memory().numTensors;
      const [whole, parts] = await Promise.all(
        [undefined, { examples: 2 }].map(async (limits) => {
          const side = await runSteps(keptFactors(pass, sorted, limits));
          const { kernels, trainLogits } = await runSteps(blockSteps(settings, side, evaluate, pass));
          for (const factor of side.factors.values())
            if (factor.kind === "matrix")
              assert.ok(
                !factor.tokens.owners?.isDisposed && !factor.tokens.places?.isDisposed,
                "the tokens live as long as the factors",
              );
          // By itself, SGD multiplies gradients that are never formed.
          const alone = await runSteps(blockSteps({ ...settings, formulas: ["sgd"] }, side, evaluate, pass));
          side.dispose();
          return { kernels, trainLogits, sgd: alone.kernels.get("sgd")! };
        }),
      );
      assertAllclose(parts.trainLogits, whole.trainLogits, { relative: 1e-5 });
      for (const formula of FORMULAS)
        assertAllclose(parts.kernels.get(formula)!, whole.kernels.get(formula)!, { relative: 1e-5 }, formula);
      assertAllclose(parts.sgd, whole.sgd, { relative: 1e-5 }, "SGD alone");
      projector.dispose();
      assert.ok(tf.memory().numTensors <= before);
    });

  it("are as many as fit, and all of TREC's 384 at 1,024 numbers a parameter", () => {
    const limits = (outputs: number, dimension?: number) => {
      const shapes = [
        ["roberta.embeddings.word_embeddings.weight", 50265 * 768],
        ...Array.from({ length: 12 }, (_, l) =>
          [
            ["query", 768 * 768],
            ["key", 768 * 768],
            ["value", 768 * 768],
            ["dense", 768 * 768],
            ["up", 768 * 3072],
            ["down", 768 * 3072],
          ].map(([part, size]) => [`${l}.${part}`, size]),
        ).flat(),
      ] as [string, number][];
      const base = {
        config: { ...model.config, hiddenSize: 768, intermediateSize: 3072, layers: 12 },
        hash: "",
        parameters: new Map(shapes.map(([name, size]) => [name, { size } as Tensor])),
      };
      const row = [...Array<number>(outputs).keys()].map((i) =>
        [...Array<number>(outputs).keys()].map((j) => Number(i === j)),
      );
      return blockLimits({
        model: base,
        outputs: { ...twoOutputs, combine: row },
        formulas: ["sgd"],
        parameters: new Set(base.parameters.keys()),
        projection: dimension ? { dimension, kind: "rademacher", seed: 0 } : undefined,
      });
    };
    assert.ok(limits(6).train.tokens! < 64 * 20, "without a projection a few dozen");
    assert.ok(limits(6, 1024).train.examples >= 384);
    assert.deepEqual(limits(6, 1024).pass, limits(6).pass);
  });
});

describe("a kernel of projected gradients", () => {
  const seeds = Array.from({ length: 60 }, (_, seed) => seed);
  for (const kind of PROJECTION_KINDS)
    it(`has the exact kernel as its mean over seeds, for every formula (${kind})`, async (t: TestContext) => {
      const model = tinyRoberta();
      // Shorter than the hidden size, so that weights, tables and vectors are all projected.
      const runs = [];
      for (const seed of seeds) runs.push(await kernels({ dimension: 24, kind, seed }, { model }));
      for (const formula of FORMULAS) {
        const expected = exact(margin, formula);
        const { mean, standardError, error } = statistics(
          runs.map((run) => run.get(formula)!),
          expected,
        );
        const deviations = mean.map((m, i) => (m - expected[i]) / standardError[i]);
        const squares = deviations.reduce((sum, z) => sum + z * z, 0) / deviations.length;
        const ofMean = kernelError(mean, expected).frobenius;
        t.diagnostic(
          `${formula}: error ${error.toFixed(3)} of one, ${ofMean.toFixed(3)} of the mean of ${seeds.length}; mean square of (mean − exact) / standard error ${squares.toFixed(2)}`,
        );
        // Were a single entry biased by five standard errors, chance would not explain it; the squares' mean is 1 for an unbiased mean.
        assert.ok(
          deviations.every((z) => Math.abs(z) < 5),
          `${formula}: ${deviations.join(", ")}`,
        );
        assert.ok(squares < 3, `${formula}: ${squares}`);
        // The error of a mean of n independent kernels is 1/√n of one's, up to chance.
        assert.ok(
          ofMean < (2.5 * error) / Math.sqrt(seeds.length),
          `${formula}: ${ofMean} of the mean, ${error} of one`,
        );
      }
    });

  it("is the exact one when no gradient is longer than the dimension", async () => {
    for (const kind of PROJECTION_KINDS)
      for (const outputs of [margin, twoOutputs]) {
        const found = await kernels({ dimension: 120 * 32, kind, seed: 1 }, { outputs });
        const without = await kernels(undefined, { outputs });
        for (const formula of FORMULAS) assert.deepEqual(found.get(formula), without.get(formula));
      }
  });

  it("is close to the exact one at a moderate dimension, with several outputs too", async (t: TestContext) => {
    for (const kind of PROJECTION_KINDS) {
      const found = await kernels({ dimension: 512, kind, seed: 0 }, { outputs: twoOutputs });
      for (const formula of FORMULAS) {
        const { frobenius, largest } = kernelError(found.get(formula)!, exact(twoOutputs, formula));
        t.diagnostic(
          `${kind}, ${formula}: ${frobenius.toFixed(3)} in Frobenius norm, ${largest.toFixed(3)} of the largest entry`,
        );
        assert.ok(frobenius < 0.2 && frobenius > 1e-6, `${kind}, ${formula}: ${frobenius}`);
      }
    }
  });

  it("is symmetric and positive semi-definite on one set of examples", async () => {
    const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
    for (const kind of PROJECTION_KINDS) {
      const found = await kernels(
        { dimension: 100, kind, seed: 3 },
        { evaluate: train, outputs: twoOutputs, trainBlock: 2 },
      );
      const size = 2 * train.length;
      for (const formula of ["sgd", "signgd"] as const) {
        const values = found.get(formula)!;
        assertAllclose(
          values,
          values.map((_, at) => values[(at % size) * size + Math.floor(at / size)]),
          { relative: 1e-6 },
        );
        const matrix = new Matrix(
          Array.from({ length: size }, (_, i) => [...values.subarray(i * size, (i + 1) * size)]),
        );
        const eigenvalues = new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues;
        assert.ok(
          Math.min(...eigenvalues) > -1e-6 * Math.max(...eigenvalues),
          `${formula}: smallest eigenvalue ${Math.min(...eigenvalues)}`,
        );
      }
      const transposed = found
        .get("asymmetric_signgd")!
        .map((_, at, values) => values[(at % size) * size + Math.floor(at / size)]);
      assertAllclose(found.get("asymmetric_signgd_flipped")!, transposed, { relative: 1e-6 });
    }
  });

  it("does not depend on block sizes or on the formulas asked for", async () => {
    const projection: Projection = { dimension: 100, kind: "rademacher", seed: 5 };
    const whole = await kernels(projection, { outputs: twoOutputs });
    const parts = await kernels(projection, { outputs: twoOutputs, trainBlock: 1, evaluateBlock: 2 });
    for (const formula of FORMULAS)
      assertAllclose(parts.get(formula)!, whole.get(formula)!, { relative: formula === "sgd" ? 1e-6 : 1e-4 });
    const alone = await kernels(projection, { outputs: twoOutputs, formulas: ["sgd"] });
    assertAllclose(alone.get("sgd")!, whole.get("sgd")!, { relative: 1e-6 });
  });

  it("takes prompts of one token on either side", async () => {
    const short = train.map(({ ids, maskPosition }) => ({ ids: [ids[maskPosition]], maskPosition: 0 }));
    for (const sides of [
      { train: short, evaluate },
      { train, evaluate: short },
      { train: short, evaluate: short },
    ]) {
      const [found, without] = [
        await kernels({ dimension: 512, kind: "rademacher", seed: 0 }, sides),
        await kernels(undefined, sides),
      ];
      for (const formula of FORMULAS) {
        const { frobenius } = kernelError(found.get(formula)!, without.get(formula)!);
        // Gradients of one token have rank one, the worst case for blocks.
        assert.ok(frobenius < 0.5 && frobenius > 1e-6, `${formula}: ${frobenius}`);
      }
    }
  });

  it("does not depend on the backend", async () => {
    const projection: Projection = { dimension: 24, kind: "gaussian", seed: 0 };
    const native = await kernels(projection, { outputs: twoOutputs });
    const name = backendName();
    void tf.setBackend("cpu");
    try {
      const plain = await kernels(projection, { outputs: twoOutputs });
      for (const formula of FORMULAS)
        assertAllclose(plain.get(formula)!, native.get(formula)!, { relative: 1e-4 }, formula);
    } finally {
      void tf.setBackend(name);
    }
  });

  it("comes with its error on some examples", async () => {
    const projection: Projection = { dimension: 256, kind: "rademacher", seed: 0 };
    const model = tinyRoberta();
    const errors = await projectionError({
      model,
      outputs: margin,
      examples: train.slice(0, 3),
      formulas: ["sgd", "signgd"],
      projection,
    });
    assert.deepEqual([...errors.keys()], ["sgd", "signgd"]);
    const [found, without] = [
      await kernels(projection, { evaluate: train }),
      await kernels(undefined, { evaluate: train }),
    ];
    const corner = (values: Float64Array): Float64Array =>
      values.filter((_, at) => at % train.length < 3 && at < 3 * train.length);
    for (const [formula, { frobenius, largest }] of errors) {
      const expected = kernelError(corner(found.get(formula)!), corner(without.get(formula)!));
      assertAllclose([frobenius, largest], [expected.frobenius, expected.largest], { relative: 1e-3 });
    }
    const none = await projectionError({
      model,
      outputs: margin,
      examples: train.slice(0, 3),
      projection: { ...projection, dimension: 120 * 32 },
    });
    assert.deepEqual(none.get("sgd"), { frobenius: 0, largest: 0 });
  });

  it("adds up over parameters, those of LoRA too", async () => {
    const model = withLora(tinyRoberta(), { rank: 4, alpha: 8, seed: 0 });
    const { kernels: totals, shares } = await computeKernel({
      model,
      outputs: margin,
      train,
      evaluate,
      formulas: FORMULAS,
      breakdown: true,
      projection: { dimension: 64, kind: "gaussian", seed: 0 },
    });
    for (const formula of FORMULAS) {
      const sum = totals
        .get(formula)!
        .values.map((_, i) => [...shares.get(formula)!.values()].reduce((total, { values }) => total + values[i], 0));
      assertAllclose(sum, totals.get(formula)!.values, { relative: 1e-10 });
    }
    const lora = [...shares.get("sgd")!.keys()].filter((name) => name.includes("lora_B"));
    assert.ok(lora.length > 0);
  });

  it("is kept on disk apart from others", async (t) => {
    const options = { model: tinyRoberta(), outputs: margin, train, evaluate, store: temporaryFolder(t) };
    const projection: Projection = { dimension: 64, kind: "rademacher", seed: 0 };
    const reused = async (change?: Projection): Promise<number> =>
      (await computeKernel({ ...options, projection: change })).progress.reused;
    assert.equal(await reused(projection), 0);
    assert.equal(await reused(projection), 1);
    for (const change of [
      undefined,
      { ...projection, seed: 1 },
      { ...projection, dimension: 65 },
      { ...projection, kind: "gaussian" as const },
    ])
      assert.equal(await reused(change), 0);
  });

  it("leaves no tensor behind, also when it is interrupted", async () => {
    const options = {
      model: tinyRoberta(),
      outputs: twoOutputs,
      train,
      formulas: FORMULAS,
      projection: { dimension: 24, kind: "gaussian", seed: 0 } as const,
    };
    const before = tf.memory().numTensors;
    await computeKernel({ ...options, evaluate, trainBlock: 2 });
    await computeKernel({ ...options, evaluate: train });
    assert.equal(tf.memory().numTensors, before);
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    await assert.rejects(
      computeKernel({ ...options, evaluate, trainBlock: 1, signal: controller.signal, onProgress: stop }),
      /abort/i,
    );
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses a dimension, kind or seed out of range", async () => {
    const good: Projection = { dimension: 64, kind: "rademacher", seed: 0 };
    for (const [change, message] of [
      [{ dimension: 0 }, /dimension must be a whole number from 2 to 65536, not 0/],
      [{ dimension: 1.5 }, /not 1\.5/],
      [{ dimension: 1e6 }, /not 1000000: where more are needed, compute without/],
      [{ kind: "cauchy" as never }, /one of rademacher, gaussian, not "cauchy"/],
      [{ seed: -1 }, /seed must be a whole number of at least 0, not -1/],
    ] as const)
      await assert.rejects(kernels({ ...good, ...change }), message);
  });
});

type Matrix = Extract<Factor, { kind: "matrix" }>;

/** A weight's factor with random numbers. */
function randomFactor([c, b, t, outputs, inputs]: number[], seed: number): Matrix {
  const random = randomStream(seed);
  const numbers = (shape: number[]): Tensor =>
    tf.tensor(
      Float32Array.from({ length: shape.reduce((p, s) => p * s) }, () => random() - 0.5),
      shape,
    );
  return { kind: "matrix", input: numbers([b, t, inputs]), delta: numbers([c, b, t, outputs]), tokens: {} };
}

/** Σ_t δ_t x_tᵀ, [C·B, out, in]. */
const formed = ({ input, delta }: Matrix): Tensor => {
  const [c, b, t, outputs] = delta.shape as number[];
  return tf.matMul(delta.reshape([c * b, t, outputs]), tf.tile(input, [c, 1, 1]), true, false);
};

function project(projection: Projection, factor: Factor, signs = false): Factor | undefined {
  const projector = createProjector(projection, signs);
  const work = projector.project("weight", factor);
  let step = work.next();
  while (!step.done) step = work.next();
  projector.dispose();
  return step.value;
}

const numbersOf = (factor: Factor | undefined): Float32Array =>
  (factor as { gradient: Tensor }).gradient.dataSync() as Float32Array;

describe("a projected gradient", () => {
  for (const kind of PROJECTION_KINDS)
    it(`has an error that falls like 1/√dimension, whatever the gradient's rank (${kind})`, (t) => {
      // The gradient of one token takes 200 + 240 numbers, and is exact from there on.
      for (const [rank, dimensions] of [
        [1, [20, 80, 320]],
        [2, [256, 1024, 4096]],
        [4, [256, 1024, 4096]],
        [32, [256, 1024, 4096]],
      ] as const)
        tf.tidy(() => {
          const factor = randomFactor([1, 6, rank, 200, 240], rank);
          const products = (of: Factor): Float32Array => {
            const x = (of.kind === "matrix" ? formed(of) : (of as { gradient: Tensor }).gradient).reshape([6, -1]);
            return tf.matMul(x, x, false, true).dataSync() as Float32Array;
          };
          const expected = products(factor);
          const errorAt = (dimension: number): number => {
            const errors = Array.from({ length: 40 }, (_, seed) =>
              tf.tidy(() => kernelError(products(project({ dimension, kind, seed }, factor)!), expected).frobenius),
            );
            return Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
          };
          const errors = dimensions.map(errorAt);
          t.diagnostic(
            `rank ${rank}: error ${errors.map((error) => error.toFixed(4)).join(", ")} at dimension ${dimensions.join(", ")}`,
          );
          // 16 times the dimension: a quarter of the error. Forty seeds leave it within about 15 %.
          const ratio = errors[0] / errors[2];
          assert.ok(ratio > 3 && ratio < 5.3, `rank ${rank}: the error falls by ${ratio} for 16 times the dimension`);
        });
    });

  for (const [outputs, inputs, name] of [
    [70, 1100, "both sides projected"],
    [8, 9000, "few outputs, kept whole"],
    [9000, 8, "few inputs, kept whole"],
  ] as const)
    it(`of signs is that of the whole gradient's signs, slice by slice: ${name}`, () => {
      tf.tidy(() => {
        const factor = randomFactor([2, 2, 3, outputs, inputs], 1);
        const projection: Projection = { dimension: 600, kind: "gaussian", seed: 2 };
        const sign = (project(projection, factor, true) as Extract<Factor, { kind: "projected" }>).sign;
        // The same matrix as a factor of as many "tokens" as it has columns (or rows), each with a unit vector: Σ_t s_t e_tᵀ.
        const signs = tf.sign(formed(factor)).reshape([2, 2, outputs, inputs]);
        const perOutput = [0, 1].map((c) => {
          const own = tf.slice(signs, [c, 0, 0, 0], [1, 2, outputs, inputs]);
          const unit = (size: number): Tensor => tf.tile(tf.eye(size).expandDims(0), [2, 1, 1]);
          const asFactor: Matrix =
            inputs < outputs || inputs < 2000
              ? { kind: "matrix", input: unit(inputs), delta: tf.transpose(own, [0, 1, 3, 2]), tokens: {} }
              : {
                  kind: "matrix",
                  input: own.reshape([2, outputs, inputs]),
                  delta: unit(outputs).expandDims(0),
                  tokens: {},
                };
          return numbersOf(project(projection, asFactor));
        });
        assertAllclose(numbersOf(sign), [...perOutput[0], ...perOutput[1]], { relative: 1e-5 });
      });
    });

  it("has at most as many numbers as the dimension, and nearly as many", () => {
    for (const [outputs, inputs] of [
      [768, 768],
      [3072, 768],
      [8, 768],
      [768, 1],
      [17, 4096],
    ])
      for (const dimension of [2, 3, 15, 100, 256, 500, 1000, 4096, 65536]) {
        const sizes = projectedSizes(outputs, inputs, dimension);
        if (!sizes) assert.ok(outputs * inputs <= dimension);
        else {
          const kept =
            sizes.blocks * (sizes.out === "whole" ? outputs : sizes.out) * (sizes.in === "whole" ? inputs : sizes.in);
          assert.ok(kept <= dimension && kept > 0.5 * dimension, `${outputs} × ${inputs} at ${dimension}: ${kept}`);
        }
      }
  });
});

onEveryBackend("random matrices", () => {
  it("are the same on every machine", () => {
    const digest = (values: Float32Array): string =>
      createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex").slice(0, 16);
    const name = ["roberta.encoder.layer.0.intermediate.dense.weight", "in", 7, 11];
    assert.equal(digest(randomMatrix("rademacher", 1, name, 77)), "7f6df2e8018a7995");
    assert.equal(digest(randomMatrix("gaussian", 1, name, 77)), "f0c2789775fb7926");
  });

  it("have entries of mean 0 and variance 1, other ones for another name or seed", () => {
    for (const kind of PROJECTION_KINDS) {
      const size = 100_001;
      const values = randomMatrix(kind, 0, ["a"], size);
      const mean = values.reduce((sum, value) => sum + value, 0) / size;
      const variance = values.reduce((sum, value) => sum + value ** 2, 0) / size;
      const fourth = values.reduce((sum, value) => sum + value ** 4, 0) / size;
      // Four standard errors.
      assert.ok(Math.abs(mean) < 4 / Math.sqrt(size), `${kind}: mean ${mean}`);
      assert.ok(Math.abs(variance - 1) < 4 * Math.sqrt(2 / size), `${kind}: variance ${variance}`);
      assert.ok(
        Math.abs(fourth - (kind === "gaussian" ? 3 : 1)) < 4 * Math.sqrt(96 / size),
        `${kind}: fourth moment ${fourth}`,
      );
      const correlation = (other: Float32Array): number =>
        Math.abs(values.reduce((sum, value, i) => sum + value * other[i], 0) / size);
      assert.ok(correlation(randomMatrix(kind, 1, ["a"], size)) < 4 / Math.sqrt(size));
      assert.ok(correlation(randomMatrix(kind, 0, ["b"], size)) < 4 / Math.sqrt(size));
    }
  });
});
