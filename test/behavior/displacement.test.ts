import assert from "node:assert/strict";
import { it } from "node:test";
import { linearize } from "../../src/behavior/linearization";
import { withModelBetween } from "../../src/behavior/displacement";
import { computeOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import type { Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { behaviorOracle, movedModel } from "../support/behavior-oracle";
import { kernelOracle } from "../support/kernel-oracle";
import { tinyRoberta } from "../support/tiny-roberta";

const { evaluate } = kernelOracle;

it("the line from θ_0 to θ_t begins and ends at the two models, has the slope that f_lin has, and leaves no tensors", async () => {
  const start = tinyRoberta();
  const tuned = movedModel(start, behaviorOracle.moves[0], () => true);
  const outputs = marginOutput(labelWordHead([5, 7]));
  const f = (model: Model): ArrayLike<number> => computeOutputs(model, outputs, evaluate).values;
  const before = tf.memory().numTensors;
  const between = (share: number): ArrayLike<number> => withModelBetween(start, tuned, share, f);
  // The same forward pass on the same numbers, but for the rounding of θ_0 + (θ_t − θ_0).
  assertAllclose(between(0), f(start), { absolute: 1e-6 }, "share 0");
  assertAllclose(between(1), f(tuned), { absolute: 1e-5 }, "share 1");
  const [ahead, behind] = [between(0.01), between(-0.01)];
  assert.equal(tf.memory().numTensors, before);
  const linear = await linearize({ model: start, outputs, sequences: evaluate, tuned: [tuned] });
  const changes = linear.linearized[0].values.map((value, i) => value - linear.start.values[i]);
  const largest = changes.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  // float32 outputs near 1 have errors near 1e-7, over 0.02; the third derivative adds 1e-4 of f‴ / 6.
  assertAllclose(
    Array.from(ahead, (value, i) => (value - behind[i]) / 0.02),
    changes,
    { absolute: 1e-4 + 0.01 * largest },
    "slope",
  );
  assert.throws(
    () =>
      withModelBetween(start, start, 0.5, () => {
        throw new Error("inside");
      }),
    /inside/,
  );
});
