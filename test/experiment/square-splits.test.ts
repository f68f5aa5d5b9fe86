import assert from "node:assert/strict";
import { test } from "node:test";
import { computeKernel } from "../../src/kernels/kernel";
import { computeOutputs, logitOutputs } from "../../src/kernels/outputs";
import { labelWordHead } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { splitKernels } from "../../src/experiment/split-kernels";
import { squareSplits } from "../../src/experiment/split-kernels";
import { assertAllclose } from "../support/allclose";
import { kernelOracle } from "../support/kernel-oracle";
import { tinyRoberta } from "../support/tiny-roberta";

const outputs = logitOutputs(labelWordHead([98, 86]), 2);
const sequences = [...kernelOracle.train, ...kernelOracle.evaluate];
const part = (from: number, to?: number) => ({
  sequences: sequences.slice(from, to),
  labels: sequences.slice(from, to).map((_, i) => (from + i) % 2),
});

test("the splits of a square kernel are those that are computed split by split", async () => {
  const model = tinyRoberta();
  // The training examples may stand anywhere.
  const splits = { dev: part(0, 1), train: part(1, 3), test: part(3) };
  assert.ok(splits.test.labels.length > 0);
  const { kernels } = await computeKernel({ model, outputs, train: sequences, evaluate: sequences });
  const logits = computeOutputs(model, outputs, sequences);
  const cut = squareSplits({ kernel: kernels.get("sgd")!, logits, splits });
  const expected = await splitKernels({ model, outputs, train: splits.train, splits });
  for (const name of ["dev", "train", "test"] as const) {
    const [own, direct] = [cut[name].kernels.get("sgd")!, expected[name].kernels.get("sgd")!];
    assert.deepEqual(own.shape, direct.shape);
    // float32 sums in another order.
    assertAllclose(own.values, direct.values, { relative: 1e-5 }, name);
    assert.deepEqual(cut[name].labels, splits[name].labels);
    assertAllclose(cut[name].logits.values, expected[name].logits.values, { relative: 1e-5 }, `${name}, outputs`);
    assert.deepEqual(cut[name].logits.shape, expected[name].logits.shape);
  }
  assert.deepEqual(
    [...squareSplits({ kernel: kernels.get("sgd")!, logits, splits, formula: "signgd" }).train.kernels.keys()],
    ["signgd"],
  );
  disposeModel(model);
});

test("a kernel of other examples is refused", () => {
  const kernel = { values: new Float64Array(4), shape: [2, 1, 2, 1] as [number, number, number, number] };
  const logits = { values: new Float32Array(2), shape: [2, 1] as [number, number] };
  const splits = { train: { labels: [0, 1] }, test: { labels: [1] } };
  assert.throws(
    () => squareSplits({ kernel, logits, splits }),
    /splits of 3 examples .* shape \[2, 1, 2, 1\], the outputs \[2, 1\]/,
  );
});
