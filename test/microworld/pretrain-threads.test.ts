import "../../src/microworld/scores/one-thread";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { flatten, withFlatParameters } from "../../src/finetune/flat-parameters";
import { createRandom } from "../../src/microworld/language/random";
import { defaultLanguage } from "../../src/microworld/language/settings";
import { createGradientThreads } from "../../src/microworld/pretraining/gradient-threads";
import type { MaskedBatch } from "../../src/microworld/pretraining/masked-batches";
import { maskedGradient, pretrainedLayout } from "../../src/microworld/pretraining/masked-gradient";
import { countPlaces } from "../../src/microworld/pretraining/masked-loss";
import { initialWeights, modelConfig, normals } from "../../src/microworld/pretraining/model-start";
import { pretrain, type Pretrained, type PretrainingSettings } from "../../src/microworld/pretraining/pretrain";
import { tf } from "../../src/model/backend";
import { modelFromCheckpoint, parameter } from "../../src/model/model";

const small: PretrainingSettings = {
  language: defaultLanguage,
  languageSeed: 3,
  seed: 5,
  size: { vocabularySize: 400, hiddenSize: 32, layers: 2, heads: 2, maxTokens: 64 },
  sampleDocuments: 300,
  documentsPerBlock: 100,
  batch: { rows: 4, length: 64, reads: 16 },
  shards: 3,
  masking: { commonFrequency: 0.004, commonShare: 0.1, contentShare: 0.3, labelWordShare: 0.8 },
  steps: 8,
  learningRate: 3e-3,
  warmupSteps: 2,
  decayFrom: 0.5,
  weightDecay: 0.01,
  clipNorm: 1,
};
const options = { settings: small, heldOut: new Set<string>(), recordEvery: 2 };

function assertSame(actual: Pretrained, expected: Pretrained): void {
  assert.deepEqual(actual.curve, expected.curve);
  assert.equal(actual.tokens, expected.tokens);
  for (const [name, { data }] of expected.weights) assert.deepEqual(actual.weights.get(name)?.data, data, name);
}

test("three shards: the same bits on any number of threads, and when resumed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pretrain-threads-"));
  try {
    const before = tf.memory().numTensors;
    const alone = await pretrain(options);
    for (const threads of [2, 5]) assertSame(await pretrain({ ...options, threads }), alone);
    assert.equal(tf.memory().numTensors, before, "tensors are left behind");
    // Not the run of one batch a step: the shards count.
    const single = await pretrain({ ...options, settings: { ...small, shards: 1 } });
    assert.ok(alone.tokens > 2.5 * single.tokens, `${alone.tokens} tokens against ${single.tokens}`);

    const stopped = await pretrain({ ...options, threads: 2, stateDirectory: folder, stopAt: 3 });
    assert.ok(!stopped.finished);
    assertSame(await pretrain({ ...options, threads: 3, stateDirectory: folder }), alone);
    const other = { ...small, shards: 2 };
    await assert.rejects(pretrain({ ...options, settings: other, stateDirectory: folder }), /other settings/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A tiny model with two batches of unequal numbers of places. */
function tiny() {
  const config = modelConfig({ vocabularySize: 50, hiddenSize: 16, layers: 2, heads: 2, maxTokens: 16 });
  const random = createRandom(4);
  const start = { config, weights: initialWeights(config, 3, normals(random, 50 * 16).map((value) => 0.1 * value)), hash: "", directory: "" };
  const shape = { rows: 2, length: 12, reads: 4 };
  const batch = (places: number[][]): MaskedBatch => {
    const rows = places.map(() => ({ ids: [0, ...Array.from({ length: 10 }, () => 5 + random.below(45)), 2], starts: [0] }));
    return { rows, places, targets: places.map((row) => row.map(() => 5 + random.below(45))), tokens: 24 };
  };
  const model = modelFromCheckpoint(start);
  const layout = pretrainedLayout(model);
  return { start, shape, layout, model, vector: flatten(layout, (name) => parameter(model, name)), shards: [batch([[1, 2, 3, 4], [5, 7, 9]]), batch([[6], []])] };
}

test("shards: loss and gradient are those of one batch with all their rows", async () => {
  const { start, shape, layout, model, vector, shards } = tiny();
  const joined: MaskedBatch = {
    rows: shards.flatMap(({ rows }) => rows),
    places: shards.flatMap(({ places }) => places),
    targets: shards.flatMap(({ targets }) => targets),
    tokens: 48,
  };
  const expected = maskedGradient(model, layout, joined, { ...shape, rows: 4 }, countPlaces(joined));
  const threads = createGradientThreads({ start, layout, shape, shards: 2, threads: 2 });
  try {
    const check = async (): Promise<void> => {
      const { loss, gradient } = await threads.gradient(model, vector, shards);
      assert.ok(Math.abs(loss - expected.loss) < 1e-6 * expected.loss, `loss ${loss}, of one batch ${expected.loss}`);
      // Sums of float32 in another order.
      const [apart, size] = [tf.norm(tf.sub(gradient, expected.gradient)), tf.norm(expected.gradient)].map((norm) => norm.dataSync()[0]);
      assert.ok(apart < 1e-6 * size, `gradients ${apart} apart, of norm ${size}`);
      gradient.dispose();
    };
    await check();
    // A thread must take the new parameters, not keep those of the step before.
    const moved = tf.add(vector, 0.01);
    const other = withFlatParameters(model, layout, moved);
    const { loss } = await threads.gradient(other, moved, shards);
    assert.ok(Math.abs(loss - expected.loss) > 1e-3, `loss ${loss} with other parameters`);
    const alone = createGradientThreads({ start, layout, shape, shards: 2, threads: 1 });
    assert.equal((await alone.gradient(other, moved, shards)).loss, loss);
    await check();
  } finally {
    await threads.close();
  }
});

test("a thread that fails is one clear error, then and at every later step", async () => {
  const { start, shape, layout, model, vector, shards } = tiny();
  const bad = { ...shards[1], targets: [[6], [6, 6, 6, 6, 6]] };
  const threads = createGradientThreads({ start, layout, shape, shards: 2, threads: 2 });
  try {
    const before = tf.memory().numTensors;
    await assert.rejects(threads.gradient(model, vector, [shards[0], bad]), /thread 1 failed: offset is out of bounds/);
    await assert.rejects(threads.gradient(model, vector, shards), /thread 1 failed: offset is out of bounds/);
    assert.equal(tf.memory().numTensors, before, "tensors are left behind");
    await assert.rejects(threads.gradient(model, vector, [bad, shards[1]]), /^RangeError: offset/);
  } finally {
    await threads.close();
  }
  assert.throws(() => createGradientThreads({ start, layout, shape, shards: 2, threads: 0 }), /threads is 0/);
  await assert.rejects(pretrain({ ...options, settings: { ...small, shards: 1.5 } }), /shards is 1.5/);
});
