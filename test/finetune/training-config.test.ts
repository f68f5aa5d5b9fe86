import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { trainingBatches } from "../../src/finetune/batches";
import { scheduledRate } from "../../src/finetune/optimizer";
import { parseTrainingConfig, runLength, type TrainingSettings } from "../../src/finetune/training-config";

const settings: TrainingSettings = { optimizer: "adamw", learningRate: 1e-3, steps: 10, batchSize: 4, seed: 1 };

describe("settings of a run", () => {
  it("get the authors' defaults", () => {
    const {
      schedule,
      clipNorm,
      loss,
      dropout,
      evaluateEvery,
      keep,
      weightDecay,
      accumulate,
      parameters,
      beta1,
      beta2,
      epsilon,
    } = parseTrainingConfig(settings);
    assert.deepEqual(
      [schedule, clipNorm, loss, dropout, evaluateEvery, keep],
      ["linear", 1, "cross-entropy", false, "epoch", "best"],
    );
    assert.deepEqual([weightDecay, accumulate, parameters, beta1, beta2, epsilon], [0, 1, "all", 0.9, 0.999, 1e-8]);
  });

  it("name the field at fault, and its value", () => {
    const wrong: [object, RegExp][] = [
      [{ learningRate: -1 }, /^InputError: training settings: learningRate must be positive, not -1$/],
      [{ learningRate: "0.1" }, /learningRate must be a number, not "0.1"/],
      [{ optimizer: "adam" }, /optimizer must be one of sgd, signgd, adamw, not "adam"/],
      [{ batchSize: 0 }, /batchSize must be at least 1, not 0/],
      [{ batchSize: 2.5 }, /batchSize must be a whole number, not 2.5/],
      [{ batchSize: undefined }, /batchSize is missing/],
      [{ steps: undefined }, /steps is missing: give steps or epochs/],
      [{ epochs: 2 }, /epochs is given beside steps/],
      [{ warmupSteps: 1, warmupRatio: 0.1 }, /warmupRatio is given beside warmupSteps/],
      [{ warmupRatio: 1 }, /warmupRatio must be below 1, not 1/],
      [{ evaluateEvery: "step" }, /evaluateEvery must be a number of steps or "epoch", not "step"/],
      [{ clipNorm: 0 }, /clipNorm must be positive, not 0/],
      [{ momentum: 0.9 }, /unknown setting momentum; there are optimizer, learningRate/],
      [{ parameters: "some" }, /parameters must be "all", "head", "bitfit", .* not "some"/],
      [{ parameters: { lora: { rank: 0, alpha: 1 } } }, /parameters.lora.rank must be at least 1, not 0/],
      [{ parameters: { lora: { rank: 2 } } }, /parameters.lora.alpha is missing/],
    ];
    for (const [change, message] of wrong)
      assert.throws(() => parseTrainingConfig({ ...settings, ...change }), message, JSON.stringify(change));
    assert.throws(
      () => parseTrainingConfig({ ...settings, seed: 0.5 }, "sweep.json"),
      /^InputError: sweep.json: seed must be a whole number, not 0.5$/,
    );
  });

  it("give the length of the run in steps", () => {
    const length = (change: Partial<TrainingSettings>, examples: number) =>
      runLength(parseTrainingConfig({ ...settings, ...change }), examples);
    assert.deepEqual(length({}, 10), { steps: 10, perEpoch: 3, warmup: 0, evaluateEvery: 3 });
    assert.deepEqual(length({ steps: undefined, epochs: 3, warmupRatio: 0.25 }, 10), {
      steps: 9,
      perEpoch: 3,
      warmup: 3,
      evaluateEvery: 3,
    });
    assert.deepEqual(length({ steps: undefined, epochs: 2, accumulate: 2, evaluateEvery: 5 }, 10), {
      steps: 2,
      perEpoch: 1,
      warmup: 0,
      evaluateEvery: 5,
    });
    assert.equal(length({ accumulate: 8 }, 10).perEpoch, 1);
  });
});

describe("learning rates", () => {
  it("warm up, then fall to 0 or stay", () => {
    const rates = (schedule: "linear" | "constant") =>
      Array.from({ length: 6 }, (_, t) => scheduledRate(schedule, 4, t, 6, 2));
    assert.deepEqual(rates("linear"), [0, 2, 4, 3, 2, 1]);
    assert.deepEqual(rates("constant"), [0, 2, 4, 4, 4, 4]);
  });
});

describe("batches", () => {
  const take = (count: number, options: Parameters<typeof trainingBatches>[0]): number[][][] => {
    const batches = trainingBatches(options);
    return Array.from({ length: count }, () => batches.next().value as number[][]);
  };
  const sizes = (steps: number[][][]): number[][] => steps.map((step) => step.map((batch) => batch.length));

  it("go through every example once an epoch, in a new order each time", () => {
    const steps = take(6, { examples: 5, batchSize: 2, accumulate: 1, seed: 3 });
    assert.deepEqual(sizes(steps), [[2], [2], [1], [2], [2], [1]]);
    const [first, second] = [steps.slice(0, 3), steps.slice(3)].map((epoch) => epoch.flat(2));
    assert.deepEqual([...first].sort(), [0, 1, 2, 3, 4]);
    assert.deepEqual([...second].sort(), [0, 1, 2, 3, 4]);
    assert.notDeepEqual(first, second);
    assert.deepEqual(take(6, { examples: 5, batchSize: 2, accumulate: 1, seed: 3 }), steps);
  });

  it("left over at an epoch's end count with the next step, as in the authors' trainer", () => {
    assert.deepEqual(sizes(take(3, { examples: 5, batchSize: 2, accumulate: 2, seed: 3 })), [
      [2, 2],
      [1, 2, 2],
      [1, 2, 2],
    ]);
  });

  it("of an epoch shorter than the accumulation are one step", () => {
    assert.deepEqual(sizes(take(2, { examples: 5, batchSize: 2, accumulate: 4, seed: 3 })), [
      [2, 2, 1],
      [2, 2, 1],
    ]);
  });
});
