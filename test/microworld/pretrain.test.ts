import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultLanguage } from "../../src/microworld/language/settings";
import { maskBatch, maskingProbabilities, packBatches } from "../../src/microworld/pretraining/masked-batches";
import { toHalfBits } from "../../src/microworld/pretraining/model-files";
import { pretrain, pretrainingRate, type PretrainingSettings } from "../../src/microworld/pretraining/pretrain";
import { createRandom } from "../../src/microworld/language/random";
import { tf } from "../../src/model/backend";
import { toFloat32 } from "../../src/model/safetensors";

const small: PretrainingSettings = {
  language: defaultLanguage,
  languageSeed: 3,
  seed: 5,
  size: { vocabularySize: 900, hiddenSize: 32, layers: 2, heads: 2, maxTokens: 64 },
  sampleDocuments: 1500,
  documentsPerBlock: 200,
  batch: { rows: 8, length: 64, reads: 16 },
  masking: { commonFrequency: 0.004, commonShare: 0.1, contentShare: 0.3, labelWordShare: 0.8 },
  steps: 240,
  learningRate: 3e-3,
  warmupSteps: 5,
  decayFrom: 0.5,
  weightDecay: 0.01,
  clipNorm: 1,
};

test("the loss falls, and a resumed run equals the uninterrupted one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pretrain-"));
  const options = { settings: small, heldOut: new Set<string>(), saveEvery: 40, recordEvery: 20 };
  try {
    const before = tf.memory().numTensors;
    const whole = await pretrain(options);
    assert.equal(tf.memory().numTensors, before, "tensors are left behind");
    assert.ok(whole.finished);
    const [first, last] = [whole.curve[0].loss, whole.curve.at(-1)!.loss];
    assert.ok(first < Math.log(900) + 0.5, `loss ${first} at first`);
    assert.ok(last < first - 0.5, `loss fell from ${first} to ${last} only`);

    // Stopped in the middle of a block, then again, as interruptions would.
    const stopped = await pretrain({ ...options, stateDirectory: folder, stopAt: 110 });
    assert.ok(!stopped.finished);
    await pretrain({ ...options, stateDirectory: folder, stopAt: 170 });
    const resumed = await pretrain({ ...options, stateDirectory: folder });
    assert.ok(resumed.finished);
    assert.deepEqual(resumed.curve, whole.curve);
    assert.equal(resumed.tokens, whole.tokens);
    for (const [name, { data }] of whole.weights) assert.deepEqual(resumed.weights.get(name)?.data, data, name);

    const other = { ...small, learningRate: 1e-3 };
    await assert.rejects(pretrain({ ...options, settings: other, stateDirectory: folder }), /other settings/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a second stage goes on from a model, with a head that compares, and resumes like the first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pretrain-"));
  const size = { ...small.size, hiddenSize: 64 };
  try {
    const first = await pretrain({ settings: { ...small, size, steps: 20 }, heldOut: new Set() });
    const checkpoint = { config: first.config, weights: first.weights, hash: "first", directory: "" };
    const from = { checkpoint, vocabulary: first.vocabulary };
    const settings: PretrainingSettings = {
      ...small,
      size,
      steps: 40,
      from: "first",
      language: { ...defaultLanguage, events: { ...defaultLanguage.events, weights: { ...defaultLanguage.events.weights, replies: 2 } } },
      masking: { ...small.masking, furtherWords: ["Indeed", "Wrong"] },
      comparisonHead: { head: 1, sharpness: 0.3 },
    };
    const options = { settings, from, heldOut: new Set<string>(), recordEvery: 20 };
    const whole = await pretrain(options);
    await pretrain({ ...options, stateDirectory: folder, stopAt: 15 });
    const resumed = await pretrain({ ...options, stateDirectory: folder });
    assert.deepEqual(resumed.curve, whole.curve);
    for (const [name, { data }] of whole.weights) assert.deepEqual(resumed.weights.get(name)?.data, data, name);
    const without = await pretrain({ ...options, settings: { ...settings, comparisonHead: undefined } });
    assert.notDeepEqual(without.curve, whole.curve);
    await assert.rejects(pretrain({ ...options, settings: { ...settings, from: "another" } }), /not the one that the settings name/);
    await assert.rejects(pretrain({ ...options, settings: { ...settings, comparisonHead: { head: 2, sharpness: 0.3 } } }), /heads 0 to 1/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the learning rate warms up, stays, and falls to 2 %", () => {
  const settings = { ...small, steps: 1000, learningRate: 1, warmupSteps: 10 };
  assert.equal(pretrainingRate(settings, 0), 0.1);
  assert.equal(pretrainingRate(settings, 400), 1);
  assert.ok(Math.abs(pretrainingRate(settings, 750) - 0.5) < 1e-12);
  assert.equal(pretrainingRate(settings, 999), 0.02);
});

test("packing: every document once, whole and between <s> and </s>, in rows of one length", () => {
  const random = createRandom(1);
  const documents = Array.from({ length: 400 }, (_, i) => [1000 + i, ...Array.from({ length: 10 + random.below(30) }, () => 10 + random.below(50))]);
  const shape = { rows: 4, length: 64, reads: 64 };
  const batches = packBatches(documents, shape, 2);
  const packed = batches.flat().flatMap(({ ids, starts }) => starts.map((start, i) => ids.slice(start, starts[i + 1])));
  assert.ok(batches.every((rows) => rows.length === 4 && rows.every(({ ids }) => ids.length <= 64)));
  assert.ok(packed.length > 380, `${400 - packed.length} documents lie in the rest that fills no batch`);
  for (const [bos, ...ids] of packed) {
    assert.equal(bos, 0);
    assert.equal(ids.at(-1), 2);
    assert.deepEqual(ids.slice(0, -1), documents[ids[0] - 1000]);
  }
  assert.equal(new Set(packed.map((ids) => ids[1])).size, packed.length);
  const tokens = packed.reduce((sum, ids) => sum + ids.length, 0);
  assert.ok(tokens / (batches.length * 4 * 64) > 0.85, `rows are ${tokens / (batches.length * 4 * 64)} full`);
  const long = packBatches([Array.from({ length: 100 }, (_, i) => 10 + i)], { ...shape, rows: 1 }, 2);
  assert.deepEqual(long[0][0].ids, [0, ...Array.from({ length: 62 }, (_, i) => 10 + i), 2]);
});

test("masking: 80 % <mask>, 10 % random, 10 % kept; never <s> or </s>; no more than a row's share", () => {
  const random = createRandom(1);
  const documents = Array.from({ length: 400 }, () => Array.from({ length: 20 + random.below(20) }, () => 10 + random.below(50)));
  const shape = { rows: 4, length: 64, reads: 64 };
  const probabilities = maskingProbabilities(documents, 100, { commonFrequency: 1, commonShare: 0, contentShare: 0.5, labelWordShare: 0.5 }, []);
  let [predicted, masked, kept, total] = [0, 0, 0, 0];
  for (const rows of packBatches(documents, shape, 2)) {
    const batch = maskBatch(rows, probabilities, shape.reads, 7 + total);
    batch.places.forEach((places, r) => {
      const [before, after] = [rows[r].ids, batch.rows[r].ids];
      places.forEach((place, i) => {
        assert.equal(batch.targets[r][i], before[place]);
        assert.ok(before[place] >= 10);
        predicted += 1;
        if (after[place] === 4) masked += 1;
        else if (after[place] === before[place]) kept += 1;
      });
      assert.deepEqual(after.filter((id, t) => !places.includes(t) && id !== before[t]), []);
      total += before.length - 2 * rows[r].starts.length;
    });
    const limited = maskBatch(rows, probabilities, 5, 7);
    assert.ok(limited.places.every((places) => places.length === 5 && new Set(places).size === 5));
  }
  assert.ok(Math.abs(predicted / total - 0.5) < 0.02, `${predicted / total} predicted`);
  assert.ok(Math.abs(masked / predicted - 0.8) < 0.02, `${masked / predicted} masked`);
  assert.ok(Math.abs(kept / predicted - 0.1) < 0.015, `${kept / predicted} kept`);
});

test("float16: nearest value, ties to even, subnormals, overflow", () => {
  const cases: [number, number][] = [
    [0, 0], [-0, 0x8000], [1, 0x3c00], [-2, 0xc000], [65504, 0x7bff], [65520, 0x7c00], [2 ** -24, 1], [2 ** -25, 0], [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [1023.75, 0x6400], [0.1, 0x2e66], [2 ** -14 - 2 ** -25, 0x0400],
  ];
  for (const [value, bits] of cases) assert.equal(toHalfBits(value), bits, String(value));
  const random = createRandom(9);
  for (let i = 0; i < 5000; i += 1) {
    const value = Math.fround((random.below(2000001) / 1e6 - 1) * 2 ** (random.below(30) - 20));
    const [back] = toFloat32({ dtype: "F16", shape: [1], data: Uint16Array.of(toHalfBits(value)) });
    assert.ok(Math.abs(back - value) <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25), `${value} became ${back}`);
  }
});
