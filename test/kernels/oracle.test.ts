import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outputGradient } from "../../src/experiment/outputs";
import type { SignRounding } from "../../src/kernels/contract";
import { FORMULAS } from "../../src/kernels/formula";
import { computeKernel } from "../../src/kernels/kernel";
import { marginOutput } from "../../src/kernels/outputs";
import { selectParameters } from "../../src/kernels/parameter-filter";
import { disposeModel } from "../../src/model/model";
import { labelWordHead } from "../../src/model/head";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import {
  kernelOracle,
  oracleModel,
  oracleNumbers,
  oracleOutputs,
  oracleShares,
  oracleSigns,
} from "../support/kernel-oracle";
import { tinyRoberta } from "../support/tiny-roberta";

const { train, evaluate, cases } = kernelOracle;
const isKeyBias = (parameter: string): boolean => parameter.endsWith("attention.self.key.bias");

// Shares of the largest entry. float32 with about ten layers of operations reaches 2e-6; the sign kernels would differ
// by whole numbers if a sign did, but none does in these examples (see the last test), so they are as close. If faster
// code turns a sign of a gradient that is nearly zero, 1e-3 is right for SignGD and 1e-4 for A-SignGD.
const TOLERANCE = { relative: 5e-6 };

/** All in one padded block, and every pair of examples in a block of its own, without padding. */
const BLOCKS = { padded: {}, unpadded: { trainBlock: 1, evaluateBlock: 1 } };

/** Plain JavaScript takes its time: a case of each kind. */
const ON_PLAIN_JAVASCRIPT = [
  "untied 3",
  "tied margin",
  "untied biases",
  "all parameters of a model with LoRA",
  "GELU far below zero",
];

onEveryBackend("kernels equal PyTorch's float64 Jacobians, one example at a time", (backend) => {
  for (const [name, oracle] of Object.entries(cases)) {
    if (backend === "cpu" && !ON_PLAIN_JAVASCRIPT.includes(name)) continue;
    for (const [padding, blocks] of Object.entries(BLOCKS)) {
      it(`${name}, ${padding}: every formula, alone and in one pass`, async () => {
        const model = oracleModel(oracle);
        const options = {
          model,
          outputs: oracleOutputs(oracle),
          train,
          evaluate,
          parameters: oracle.filter,
          ...blocks,
        };
        const all = await computeKernel({ ...options, formulas: FORMULAS });
        // Where GELU lies low, one sign of 27,384 turns in plain JavaScript, and natively on some processors.
        const tolerance = oracle.low ? { relative: 1e-3 } : TOLERANCE;
        for (const formula of FORMULAS)
          assertAllclose(all.kernels.get(formula)!.values, oracleNumbers(`${name}/${formula}`), tolerance, formula);
        // The SGD kernel alone need not form gradients, and takes another way.
        const alone = await computeKernel(options);
        assertAllclose(alone.kernels.get("sgd")!.values, oracleNumbers(`${name}/sgd`), TOLERANCE, "sgd alone");
        assertAllclose(alone.trainLogits.values, oracleNumbers(`${name}/trainLogits`), { absolute: 1e-5 });
        assertAllclose(alone.evaluateLogits.values, oracleNumbers(`${name}/evaluateLogits`), { absolute: 1e-5 });
        disposeModel(model);
      });
    }
  }
});

describe("signs that float32 rounds", () => {
  it("are lost where the authors' float32 is asked for", async () => {
    const oracle = cases["GELU far below zero"];
    const model = oracleModel(oracle);
    const options = {
      model,
      outputs: oracleOutputs(oracle),
      train,
      evaluate: train,
      formulas: ["signgd"] as const,
      breakdown: true,
    };
    const counted = async (signs: SignRounding, parameter: string): Promise<number> =>
      (await computeKernel({ ...options, signs })).shares.get("signgd")!.get(parameter)?.values[0] ?? 0;
    const [behind, keyBias] = ["output.dense.weight", "attention.self.key.bias"].map(
      (part) => `roberta.encoder.layer.1.${part}`,
    );
    assert.equal(
      await counted("exact", behind),
      model.config.hiddenSize * model.config.intermediateSize,
      "each counts 1 in an example's product with itself",
    );
    assert.ok((await counted("float32", behind)) < 0.6 * model.config.hiddenSize * model.config.intermediateSize);
    assert.equal(await counted("exact", keyBias), 0);
    assert.ok((await counted("float32", keyBias)) > 0);
    disposeModel(model);
  });
});

describe("parameter filters", () => {
  for (const [name, oracle] of Object.entries(cases)) {
    it(`${JSON.stringify(oracle.filter)} takes the parameters that the authors' test on names takes: ${name}`, () => {
      const model = oracleModel(oracle);
      // The checkpoint of a tied model gives the decoder as a parameter of its own too, which a tied head does not reach.
      const reached = [...selectParameters(model.parameters.keys(), oracle.filter)].filter(
        (parameter) => !oracle.tied || parameter !== "lm_head.decoder.weight",
      );
      assert.deepEqual(reached.sort(), [...oracle.parameters].sort());
      disposeModel(model);
    });
  }
});

describe("the breakdown", () => {
  it("equals PyTorch's products parameter by parameter, in every formula, and adds up to the kernel", async () => {
    const [name, oracle] = Object.entries(cases).find(([, { breakdown }]) => breakdown)!;
    const model = oracleModel(oracle);
    const { kernels, shares } = await computeKernel({
      model,
      outputs: oracleOutputs(oracle),
      train,
      evaluate,
      formulas: FORMULAS,
      breakdown: true,
    });
    for (const formula of FORMULAS) {
      const found = shares.get(formula)!;
      const expected = oracleShares(name, formula);
      assert.deepEqual(
        [...found.keys()].filter((parameter) => !expected.includes(parameter) && !isKeyBias(parameter)),
        [],
      );
      const size = kernels.get(formula)!.values.length;
      const sum = new Float64Array(size);
      for (const parameter of expected) {
        const share = found.get(parameter)?.values ?? new Float64Array(size);
        // Key biases' gradients are rounding noise, in both computations.
        assertAllclose(
          share,
          oracleNumbers(`${name}/${formula}/${parameter}`),
          { relative: 1e-5, absolute: 1e-9 },
          `${formula} ${parameter}`,
        );
        share.forEach((value, at) => (sum[at] += value));
      }
      assertAllclose(sum, kernels.get(formula)!.values, { relative: 1e-12 }, formula);
    }
    disposeModel(model);
  });
});

describe("signs of gradients", () => {
  it("in float32 are those in PyTorch's float64, but for key biases, whose gradients are rounding noise", () => {
    const model = tinyRoberta();
    const outputs = marginOutput(labelWordHead(cases["untied margin"].labelWordIds));
    const expected = oracleSigns();
    const names = [...cases["untied margin"].parameters].sort();
    let differ = 0;
    train.forEach((example, i) => {
      const gradient = outputGradient(model, outputs, example);
      let at = 0;
      for (const name of names) {
        const size = model.parameters.get(name)!.size;
        const values = gradient.get(name) ?? new Float32Array(size);
        for (const value of values) {
          const sign = expected[i][at++];
          if (!isKeyBias(name) && Math.sign(value) !== sign) differ++;
        }
      }
    });
    // The smallest that is not zero is 2e-7 of its parameter's largest: arithmetic in another order could turn it.
    assert.equal(differ, 0);
    disposeModel(model);
  });
});
