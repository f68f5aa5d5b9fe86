import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outputGradient } from "../../src/experiment/outputs";
import type { SignRounding } from "../../src/kernels/contract";
import { passOf, type Factor } from "../../src/kernels/factors";
import { computeKernel } from "../../src/kernels/kernel";
import { ROUNDING } from "../../src/kernels/sign-count";
import { isKeyBias } from "../../src/model/architecture";
import type { Sequence } from "../../src/model/batch";
import { erfcOf } from "../../src/model/erfc";
import { disposeModel, parameter, type Model } from "../../src/model/model";
import { onEveryBackend } from "../support/backends";
import { kernelOracle, oracleModel, oracleOutputs } from "../support/kernel-oracle";
import { temporaryFolder } from "../support/checkout";

const { train, evaluate } = kernelOracle;
const oracle = kernelOracle.cases["GELU far below zero"];
const all = oracleOutputs(oracle);
/** One output is enough. */
const outputs = { ...all, combine: all.combine.slice(0, 1) };
const tailOf = (model: Model, signs: SignRounding): Model =>
  signs === "exact" ? model : { ...model, geluTail: "rounded" };

/** x [T, in] and δ [T, out] of each weight and table of one example, as numbers; a table's x is one-hot. */
function read(model: Model, example: Sequence): Map<string, { x: number[][]; delta: number[][] }> {
  const found = new Map<string, { x: number[][]; delta: number[][] }>();
  const rows = (values: ArrayLike<number>, width: number): number[][] =>
    Array.from({ length: values.length / width }, (_, t) =>
      Array.from({ length: width }, (__, k) => values[t * width + k]),
    );
  for (const step of passOf(model, outputs, new Set(model.parameters.keys()))([example])) {
    const factor: Factor | undefined = step && "factor" in step ? step.factor : undefined;
    if (factor?.kind === "matrix")
      found.set((step as { parameter: string }).parameter, {
        x: rows(factor.input.dataSync(), factor.input.shape[2]!),
        delta: rows(factor.delta.dataSync(), factor.delta.shape[3]!),
      });
  }
  return found;
}

/** Σ_t δ_to x_ti, [out · in], in float64. */
const summed = (delta: number[][], x: number[][], of = (value: number): number => value): number[] =>
  delta[0].flatMap((_, o) => x[0].map((__, i) => delta.reduce((sum, row, t) => sum + of(row[o] * x[t][i]), 0)));

describe("the count of signs that rounding decides", () => {
  for (const signs of ["exact", "float32"] as const)
    it(`equals a naive one of weights and biases: ${signs}`, async () => {
      const model = tailOf(oracleModel(oracle), signs);
      const names = [...model.parameters.keys()].filter(
        (name) => /layer\.\d.*\.dense\.weight|self\..*/.test(name) && !isKeyBias(name),
      );
      const [example] = train;
      const factors = read(model, example);
      const gradient = outputGradient(model, outputs, example);
      const expected = { numbers: 0, rounded: 0 };
      for (const name of names) {
        // A bias has the δ of its weight, and ones for x.
        const { x, delta } = factors.get(name.replace(/bias$/, "weight"))!;
        const terms = summed(delta, name.endsWith("bias") ? x.map(() => [1]) : x, Math.abs);
        gradient.get(name)!.forEach((g, p) => {
          expected.numbers++;
          if (Math.abs(g) <= ROUNDING * terms[p]) expected.rounded++;
        });
      }
      const options = { model, outputs, train: [example], evaluate: [example], parameters: names, signs };
      const { signCount } = await computeKernel({ ...options, formulas: ["signgd"] });
      assert.deepEqual(signCount, expected);
      assert.ok(signs === "exact" ? expected.rounded < 5 : expected.rounded > 100, `${expected.rounded}`);
      assert.equal((await computeKernel(options)).signCount, undefined, "SGD takes no signs");
      disposeModel(model);
    });

  it("has nearly all of key biases, where their noise is asked for", async () => {
    const model = oracleModel(oracle);
    const options = {
      model,
      outputs,
      train,
      evaluate: train,
      parameters: ["*.key.bias"],
      formulas: ["signgd"] as const,
    };
    const { signCount } = await computeKernel({ ...options, signs: "float32" });
    assert.ok(signCount!.numbers > 0 && signCount!.rounded > 0.8 * signCount!.numbers, JSON.stringify(signCount));
    assert.deepEqual((await computeKernel(options)).signCount, { numbers: 0, rounded: 0 });
    disposeModel(model);
  });

  it("is of the sides whose signs count, and the same when it is read from disk", async (t) => {
    const model = oracleModel(oracle);
    const options = { model, outputs, train: [train[0]], evaluate: [evaluate[0]], store: temporaryFolder(t) };
    const count = async (formula: "asymmetric_signgd" | "asymmetric_signgd_flipped" | "signgd") =>
      (await computeKernel({ ...options, formulas: [formula] })).signCount;
    const alone = async (example: Sequence) =>
      (await computeKernel({ ...options, train: [example], evaluate: [example], formulas: ["signgd"] })).signCount;
    assert.deepEqual(await count("asymmetric_signgd"), await alone(train[0]));
    assert.deepEqual(await count("asymmetric_signgd_flipped"), await alone(evaluate[0]));
    const first = await count("signgd");
    assert.ok(first && first.numbers > 0);
    assert.deepEqual(await count("signgd"), first);
    // Rows of tables that the example does not use have no gradient to count.
    const parameters = ["roberta.embeddings.word_embeddings.weight"];
    const table = await computeKernel({ ...options, parameters, formulas: ["asymmetric_signgd"] });
    assert.deepEqual(table.signCount, { numbers: new Set(train[0].ids).size * model.config.hiddenSize, rounded: 0 });
    disposeModel(model);
  });
});

onEveryBackend("signs behind GELU", () => {
  for (const tail of ["exact", "rounded"] as const)
    it(`${tail === "exact" ? "are" : "are not, rounded as in the authors' code,"} those of a feed-forward layer in float64`, () => {
      const model: Model = { ...oracleModel(oracle), geluTail: tail };
      let [different, behindTail] = [0, 0];
      for (const example of train) {
        const [factors, gradient] = [read(model, example), outputGradient(model, outputs, example)];
        for (let layer = 0; layer < model.config.layers; layer++) {
          const [up, down] = ["intermediate", "output"].map((part) => `roberta.encoder.layer.${layer}.${part}.dense`);
          const { x } = factors.get(`${up}.weight`)!;
          const { delta } = factors.get(`${down}.weight`)!;
          const [weight, bias] = [parameter(model, `${up}.weight`), parameter(model, `${up}.bias`)];
          const [w, b, back] = [
            weight.arraySync() as number[][],
            bias.arraySync() as number[],
            parameter(model, `${down}.weight`).arraySync() as number[][],
          ];
          const u = x.map((row) => w.map((own, i) => row.reduce((sum, value, k) => sum + value * own[k], b[i])));
          const cdf = (value: number): number => erfcOf(-value / Math.SQRT2) / 2;
          const output = u.map((row) => row.map((value) => value * cdf(value)));
          const slope = (value: number): number =>
            cdf(value) + (value * Math.exp(-(value ** 2) / 2)) / Math.sqrt(2 * Math.PI);
          const inner = u.map((row, t) =>
            row.map((value, i) => slope(value) * delta[t].reduce((sum, d, o) => sum + d * back[o][i], 0)),
          );
          for (const [name, g, terms] of [
            [down, summed(delta, output), summed(delta, output, Math.abs)],
            [up, summed(inner, x), summed(inner, x, Math.abs)],
          ] as const)
            gradient.get(`${name}.weight`)!.forEach((found, p) => {
              // What float32 itself leaves undecided may turn.
              if (Math.abs(g[p]) > 1e-5 * terms[p] && Math.sign(found) !== Math.sign(g[p])) different++;
            });
          behindTail += u.flat().filter((value) => value < -5.6).length;
        }
      }
      assert.ok(behindTail > 0);
      if (tail === "exact") assert.equal(different, 0);
      else assert.ok(different > 100, `${different}`);
      disposeModel(model);
    });
});
