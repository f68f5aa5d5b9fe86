import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { factorsOfPass } from "../../src/kernels/factors";
import { FORMULAS } from "../../src/kernels/formula";
import { computeKernel, type KernelOptions } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead, type Head } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { kernelOracle } from "../support/kernel-oracle";
import { randomModel, randomSequence, seededRandom } from "../support/random-model";
import { tinyRoberta } from "../support/tiny-roberta";

const { train, evaluate } = kernelOracle;
const model = tinyRoberta();
const head = labelWordHead([98, 86]);
const options: KernelOptions = {
  model,
  outputs: logitOutputs(head, 2),
  train,
  evaluate,
  formulas: FORMULAS,
  trainBlock: 2,
  evaluateBlock: 2,
};

/** Runs something that must leave as many tensors as there were. */
async function leavesNothing(run: () => unknown): Promise<void> {
  const before = tf.memory().numTensors;
  await run();
  assert.equal(tf.memory().numTensors, before, "tensors left");
}

/** A head that calls `hook` at its n-th pass, forward or backward. */
function withHook(way: "forward" | "backward", pass: number, hook: () => void): Head {
  let passes = 0;
  const count = (): void => void (++passes === pass && hook());
  return {
    ...head,
    forward: (...args) => (way === "forward" && count(), head.forward(...args)),
    backward: (...args) => (way === "backward" && count(), head.backward(...args)),
  };
}

describe("a kernel that is stopped", () => {
  // Pass 1 is the first training block's, 2 and 4 are evaluation blocks, and 3 counts the signs of the first.
  for (const pass of [1, 2, 3, 4]) {
    for (const way of ["forward", "backward"] as const) {
      it(`in the middle of pass ${pass} (${way}) gives the signal's reason and leaves no tensor`, () =>
        leavesNothing(async () => {
          const controller = new AbortController();
          const reason = new Error("enough");
          let finished = 0;
          const stopping = withHook(way, pass, () => controller.abort(reason));
          const work = computeKernel({
            ...options,
            outputs: logitOutputs(stopping, 2),
            signal: controller.signal,
            onProgress: () => finished++,
          });
          await assert.rejects(work, (error) => error === reason);
          assert.equal(finished, Math.max(0, pass - 3), "no block is finished after the signal");
        }));

      it(`by a throwing hook in pass ${pass} (${way}) throws its error and leaves no tensor`, () =>
        leavesNothing(async () => {
          const failing = withHook(way, pass, () => {
            throw new Error("a hook failed");
          });
          await assert.rejects(computeKernel({ ...options, outputs: logitOutputs(failing, 2) }), /a hook failed/);
        }));
    }
  }

  it("before it begins computes nothing", () =>
    leavesNothing(async () => {
      const counted = withHook("forward", 1, () => assert.fail("a forward pass ran"));
      await assert.rejects(
        computeKernel({ ...options, outputs: logitOutputs(counted, 2), signal: AbortSignal.abort() }),
        { name: "AbortError" },
      );
    }));

  it("by a throwing onProgress throws its error and leaves no tensor", () =>
    leavesNothing(async () => {
      const onProgress = ({ done }: { done: number }): void => {
        if (done === 2) throw new Error("the display is gone");
      };
      await assert.rejects(computeKernel({ ...options, onProgress }), /the display is gone/);
    }));

  it("because its store is no folder leaves no tensor", () =>
    leavesNothing(() => assert.rejects(computeKernel({ ...options, store: __filename }))));

  it(
    "by a timer within its only block answers within 2 s, also if the block would take longer",
    { timeout: 60_000 },
    async () => {
      const sizes = { layers: 6, heads: 4, headSize: 64, intermediate: 1024, vocabulary: 500, longest: 64, padId: 1 };
      const large = randomModel(sizes, 1, 0.02);
      const random = seededRandom(2);
      const texts = Array.from({ length: 24 }, () => randomSequence(random, sizes, 64));
      const block = {
        model: large,
        outputs: marginOutput(labelWordHead([3, 4])),
        train: texts.slice(0, 12),
        evaluate: texts.slice(12),
        formulas: FORMULAS,
      };
      const warm = { ...block, train: texts.slice(0, 1), evaluate: texts.slice(1, 2), formulas: ["sgd"] as const };
      await leavesNothing(() => computeKernel(warm));
      await leavesNothing(async () => {
        const controller = new AbortController();
        const work = assert.rejects(computeKernel({ ...block, signal: controller.signal }), { name: "AbortError" });
        await sleep(150);
        const asked = performance.now();
        controller.abort();
        await work;
        const took = performance.now() - asked;
        assert.ok(took < 2000, `answered after ${Math.round(took)} ms`);
      });
      disposeModel(large);
    },
  );
});

describe("a pass whose consumer stops early", () => {
  const parameters = new Set(model.parameters.keys());
  const pass = (): ReturnType<typeof factorsOfPass> => factorsOfPass(model, options.outputs, [...train], parameters);
  const steps = [...pass()].length;

  it("leaves no tensor, at whichever step", async () => {
    assert.ok(steps > 40, `${steps} steps`);
    for (let stop = 0; stop < steps; stop += 3) {
      await leavesNothing(() => {
        let step = 0;
        for (const _ of pass()) if (step++ === stop) break;
      });
    }
  });

  it("leaves no tensor when the consumer throws", () =>
    leavesNothing(() =>
      assert.throws(() => {
        for (const step of pass()) if (step && "parameter" in step) throw new Error("stop here");
      }, /stop here/),
    ));

  it("leaves no tensor when it runs to its end", () => leavesNothing(() => [...pass()]));
});
