import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { earlySteps } from "../../src/behavior/early-steps";
import { gradientDistance, gradientDistanceSteps } from "../../src/behavior/gradient-distance";
import { linearizationSteps } from "../../src/behavior/linearization";
import { randomSubspaceSteps } from "../../src/behavior/random-subspace";
import { loraKernel, fullKernel } from "../../src/behavior/subspace-kernels";
import { marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { behaviorOracle, movedModel } from "../support/behavior-oracle";
import { kernelOracle } from "../support/kernel-oracle";
import { tinyRoberta } from "../support/tiny-roberta";

const { train } = kernelOracle;
const outputs = marginOutput(labelWordHead([98, 86]));
const model = tinyRoberta();
const tuned = movedModel(model, behaviorOracle.moves[0]);

/** Ends work after some of its pauses: at the start, within a pass, and late. */
function stopEverywhere(work: () => Generator<undefined, unknown>): void {
  let pauses = 0;
  for (const steps = work(); !steps.next().done;) pauses++;
  assert.ok(pauses > 10, `${pauses} pauses`);
  for (const after of [0, 1, 3, pauses >> 1, pauses - 1]) {
    const before = tf.memory().numTensors;
    const steps = work();
    for (let step = 0; step < after; step++) steps.next();
    steps.return(undefined);
    assert.equal(tf.memory().numTensors, before, `stopped after ${after} of ${pauses} pauses`);
  }
}

describe("stopped work leaves no tensor behind", () => {
  it("linearization", () =>
    stopEverywhere(() => linearizationSteps({ model, outputs, sequences: train, tuned: [tuned], batchSize: 2 })));
  it("gradients' distance", () =>
    stopEverywhere(() => gradientDistanceSteps({ model, tuned, outputs, sequences: train, batchSize: 2 })));
  it("random subspaces", () =>
    stopEverywhere(() =>
      randomSubspaceSteps({ model, outputs, examples: train, dimensions: [4], seed: 1, batchSize: 2 }),
    ));

  it("early steps", async () => {
    const controller = new AbortController();
    const before = tf.memory().numTensors;
    const steps = earlySteps(
      {
        model,
        outputs,
        train: { sequences: train, labels: behaviorOracle.labels },
        evaluate: train,
        optimizer: "adamw",
        rates: Array<number>(100).fill(1e-5),
        batches: Array<number[]>(100).fill([0]),
      },
      controller.signal,
    );
    setTimeout(() => controller.abort(new Error("enough")), 300);
    await assert.rejects(steps, /enough/);
    assert.equal(tf.memory().numTensors, before);
  });

  it("LoRA's kernel", async () => {
    const full = await fullKernel({ model, outputs, examples: train });
    const before = tf.memory().numTensors;
    await assert.rejects(
      loraKernel({ model, outputs, examples: train, signal: AbortSignal.abort(new Error("enough")) }, full, {
        rank: 2,
        alpha: 2,
        seed: 1,
      }),
      /enough/,
    );
    assert.equal(tf.memory().numTensors, before);
  });

  it("also when it fails", async () => {
    const before = tf.memory().numTensors;
    await assert.rejects(
      gradientDistance({ model, tuned, outputs, sequences: train, parameters: ["nothing.*"] }),
      /fits no parameter/,
    );
    assert.equal(tf.memory().numTensors, before);
  });
});
