import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FORMULAS } from "../../src/kernels/formula";
import { computeKernel } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { selectParameters } from "../../src/kernels/parameter-filter";
import { labelWordHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { bertOracle, tinyBert } from "../support/tiny-bert";

const { train, sequences: evaluate, labelWordIds } = bertOracle;
const margin = (tied: boolean) => marginOutput(labelWordHead(labelWordIds.slice(0, 2), { tied }));

// As in oracle.test.ts: float32 reaches 2e-6 of the largest entry, and no sign of a gradient differs.
const TOLERANCE = { relative: 5e-6 };

onEveryBackend("a BERT's kernels equal PyTorch's per-example Jacobians (float64)", () => {
  for (const tied of [false, true]) {
    for (const blocks of [{}, { trainBlock: 1, evaluateBlock: 1 }]) {
      it(`${tied ? "tied" : "untied"} margin, ${"trainBlock" in blocks ? "unpadded" : "padded"}: every formula`, async () => {
        const { kernels } = await computeKernel({
          model: tinyBert(),
          outputs: margin(tied),
          train,
          evaluate,
          formulas: FORMULAS,
          ...blocks,
        });
        const expected = tied ? bertOracle.tiedKernels : bertOracle.kernels;
        for (const formula of FORMULAS)
          assertAllclose(kernels.get(formula)!.values, expected[formula], TOLERANCE, formula);
      });
    }
  }

  it("the SGD kernel alone, which takes another way", async () => {
    const { kernels } = await computeKernel({ model: tinyBert(), outputs: margin(false), train, evaluate });
    assertAllclose(kernels.get("sgd")!.values, bertOracle.kernels.sgd, TOLERANCE);
  });
});

describe("parameter filters on BERT's names", () => {
  const names = [...withLora(tinyBert(), { rank: 1, alpha: 1, seed: 1 }).parameters.keys()];
  const taken = (...filter: string[]): string[] => [...selectParameters(names, filter)];

  it("take the embeddings, the masked-LM head, biases and LoRA factors", () => {
    assert.deepEqual(
      taken("embeddings"),
      names.filter((name) => name.startsWith("bert.embeddings.")),
    );
    assert.equal(taken("embeddings").length, 5);
    assert.deepEqual(
      taken("head"),
      names.filter((name) => name.startsWith("cls.predictions.")),
    );
    assert.equal(taken("head").length, 6);
    assert.deepEqual(
      taken("biases"),
      names.filter((name) => name.endsWith("bias")),
    );
    assert.deepEqual(
      taken("lora"),
      names.filter((name) => name.includes("lora")),
    );
  });

  it("choose what a kernel's shares are of", async () => {
    const { shares } = await computeKernel({
      model: tinyBert(),
      outputs: logitOutputs(labelWordHead(labelWordIds), 3),
      train,
      evaluate: train,
      parameters: ["head"],
      breakdown: true,
    });
    const found = [...shares.get("sgd")!.keys()];
    assert.ok(found.length === 6 && found.every((name) => name.startsWith("cls.predictions.")), found.join());
  });
});
