import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DivergedError } from "../../src/errors";
import { fineTuningRun, type FineTuningRunOptions } from "../../src/experiment/fine-tuning-run";
import { gainsSideBySide } from "../../src/experiment/side-by-side";
import {
  classifierHead,
  headFromDescription,
  labelWordHead,
  tanhClassifierHead,
  vocabularyHead,
} from "../../src/model/head";
import { tinyRoberta } from "../support/tiny-roberta";
import { kernelOracle } from "../support/kernel-oracle";

const sequences = [...kernelOracle.train, ...kernelOracle.evaluate];
const prompts = { sequences, labels: sequences.map((_, i) => i % 2) };
const head = labelWordHead([98, 86]);
const options: FineTuningRunOptions = {
  model: tinyRoberta(),
  head,
  train: prompts,
  dev: prompts,
  test: prompts,
  probe: sequences,
  optimizer: "sgd",
  learningRates: [],
  steps: 20,
  batchSize: 2,
  evaluateEvery: 5,
  seed: 1,
};
const withRates = (learningRates: number[], more: Partial<FineTuningRunOptions> = {}) =>
  fineTuningRun({ ...options, learningRates, ...more });

const workers = (): number =>
  execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes("run-worker.js")).length;

describe(
  "learning rates side by side",
  { skip: !gainsSideBySide(options.model, head) && "only one core, or plain JavaScript" },
  () => {
    it("have the bits that each has alone, and the first best on dev counts", async () => {
      const rates = [1e-3, 0.1, 0.3];
      const alone = [];
      for (const rate of rates) alone.push(await withRates([rate]));
      const progress: { done: number; total: number }[] = [];
      const together = await withRates(rates, { onProgress: ({ done, total }) => progress.push({ done, total }) });
      assert.ok(workers() > 0, "processes of their own");
      assert.deepEqual(
        together,
        alone.reduce((best, run) => (run.devScore > best.devScore ? run : best)),
      );
      assert.deepEqual(progress.at(-1), { done: 60, total: 60 });
      assert.ok(
        progress.every(({ done }, i) => i === 0 || done >= progress[i - 1].done),
        "forwards only",
      );
    });

    it("one that diverges leaves the others alone; where all do, its error keeps its class", async () => {
      const told: string[] = [];
      const how = { clipNorm: null, warn: (line: string) => void told.push(line) };
      const alone = await withRates([1e-3], how);
      assert.deepEqual(await withRates([1e30, 1e-3], how), alone);
      assert.match(told.join(), /^learning rate 1e\+30 is left out: the training loss is NaN at step \d+: lower/);
      await assert.rejects(withRates([1e30, 1e31], how), DivergedError);
    });

    it("an error in one ends the others", async () => {
      const seven = { ...prompts, labels: prompts.labels.map(() => 7) };
      await assert.rejects(withRates([1e-3, 2e-3], { train: seven, steps: 100_000 }), /label/i);
    });

    it("an interrupt ends the processes within a second", async () => {
      const [controller, reason] = [new AbortController(), new Error("interrupted")];
      const stopped = assert.rejects(
        withRates([1e-3, 2e-3], { steps: 100_000, signal: controller.signal }),
        (error) => error === reason,
      );
      await sleep(1500);
      const before = workers();
      const start = performance.now();
      controller.abort(reason);
      await stopped;
      assert.equal(before, 2);
      assert.ok(performance.now() - start < 1000);
      await sleep(200);
      assert.equal(workers(), 0);
    });
  },
);

describe("heads by their descriptions", () => {
  it("are the heads", () => {
    for (const each of [
      head,
      labelWordHead([3, 5, 7], { tied: true }),
      vocabularyHead,
      classifierHead,
      tanhClassifierHead,
    ])
      assert.equal(headFromDescription(each.description).description, each.description);
    assert.deepEqual(headFromDescription(head.description).words, [98, 86]);
    assert.throws(() => headFromDescription("my own"), /no head is described by "my own"/);
  });
});
