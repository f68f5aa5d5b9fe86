import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { trainingStateFile } from "../../src/finetune/training-state";
import { tf } from "../../src/model/backend";
import { readCheckpoint, type Weight } from "../../src/model/checkpoint";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodeDocuments } from "../../src/pretraining/documents";
import { forgetPretraining, pretrain, type PretrainingOptions } from "../../src/pretraining/pretrain";
import { DEFAULT_SETTINGS, type PretrainingSettings } from "../../src/pretraining/settings";
import { smallText, untrainedModel } from "../support/tiny-pretraining";

const folder = mkdtempSync(join(tmpdir(), "pretraining-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const from = readCheckpoint(untrainedModel(folder));
const tokenizer = loadTokenizer(from.directory);
const documents = encodeDocuments([smallText(folder)], tokenizer);
/** Few rows of text: a pass over it is 4 steps. */
const few = { ...documents, starts: documents.starts.slice(0, 81), hash: "few" };
const settings: PretrainingSettings = {
  ...DEFAULT_SETTINGS,
  steps: 14,
  headSteps: 4,
  headLearningRate: 0.01,
  learningRate: 0.005,
  warmupSteps: 2,
  rows: 8,
  length: 40,
  reads: 10,
};
const options = (change: Partial<PretrainingOptions> = {}): PretrainingOptions => ({
  from,
  tokenizer,
  documents: few,
  settings,
  recordEvery: 3,
  ...change,
});

const DECODER = "cls.predictions.decoder.weight";
const WORDS = "bert.embeddings.word_embeddings.weight";
const ofHead = (name: string): boolean => name.startsWith("cls.");
const changed = (weights: ReadonlyMap<string, Weight>): string[] =>
  [...weights]
    .filter(([name, { data }]) => data.some((value, i) => value !== from.weights.get(name)!.data[i]))
    .map(([name]) => name);

describe("a pretraining run", () => {
  it("interrupted in either part, between the parts, and after its last step, has the bits of a run that was not", async () => {
    const tensors = tf.memory().numTensors;
    const whole = await pretrain(options());
    assert.ok(whole.finished);
    const stateDirectory = join(folder, "interrupted");
    const stops = [3, 4, 9, 14];
    for (const stopAt of stops) {
      const { finished, curve } = await pretrain(options({ stateDirectory, stopAt }));
      assert.equal(finished, stopAt === 14);
      assert.deepEqual(
        curve,
        whole.curve.filter(({ step }) => step <= stopAt),
        `up to step ${stopAt}`,
      );
    }
    const again = await pretrain(options({ stateDirectory }));
    assert.ok(again.finished);
    assert.deepEqual(again.weights, whole.weights);
    assert.deepEqual([again.curve, again.tokens], [whole.curve, whole.tokens]);
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left");
    forgetPretraining(stateDirectory);
    assert.ok(!existsSync(trainingStateFile(stateDirectory)));
  });

  it("is saved every so many steps, and goes on from there", async () => {
    const stateDirectory = join(folder, "lost");
    const errors = await pretrain(
      options({
        stateDirectory,
        saveEvery: 4,
        recordEvery: 1,
        onProgress: ({ step }) => assert.notEqual(step, 7, "the power is off"),
      }),
    ).catch((error: Error) => error.message);
    assert.match(String(errors), /the power is off/);
    const steps: number[] = [];
    await pretrain(options({ stateDirectory, recordEvery: 1, onProgress: ({ step }) => void steps.push(step) }));
    assert.deepEqual(steps, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it("changes nothing but the head in its first steps, and everything but key biases after them", async () => {
    const { weights: head } = await pretrain(options({ settings: { ...settings, steps: 3, headSteps: 3 } }));
    const names = [...from.weights.keys()];
    assert.deepEqual(changed(head).sort(), names.filter((name) => ofHead(name) && name !== DECODER).sort());
    const { weights: all } = await pretrain(options({ settings: { ...settings, steps: 3, headSteps: 1 } }));
    assert.deepEqual(changed(all).sort(), names.filter((name) => !name.endsWith("self.key.bias")).sort());
    assert.deepEqual(all.get(DECODER), all.get(WORDS), "the decoder is the word embeddings");
    assert.deepEqual([...all.keys()].sort(), names.sort());
  });

  it("is another with another seed", async () => {
    const [one, other] = [
      await pretrain(options({ settings: { ...settings, steps: 1, headSteps: 0 } })),
      await pretrain(options({ settings: { ...settings, steps: 1, headSteps: 0, seed: 2 } })),
    ];
    assert.notDeepEqual(other.weights, one.weights);
  });

  it("learns: the loss falls, on held-out text too", async () => {
    const learning = { ...settings, steps: 80, headSteps: 5, learningRate: 0.02 };
    const { curve, tokens } = await pretrain(options({ documents, settings: learning, recordEvery: 5 }));
    const [first, last] = [curve[0], curve.at(-1)!];
    // 112 tokens, none better than another: what it begins with.
    assert.ok(Math.abs(first.loss - Math.log(112)) < 0.5, `begins at ${first.loss}`);
    assert.ok(last.loss < 0.6 * first.loss, `from ${first.loss} to ${last.loss}`);
    assert.ok(last.heldOutLoss < 0.6 * first.heldOutLoss, `from ${first.heldOutLoss} to ${last.heldOutLoss}`);
    assert.ok(last.tokens === tokens && tokens <= 80 * 8 * 40 && tokens > 0.9 * 80 * 8 * 40, `${tokens} tokens`);
  });
});

describe("what stops a run", () => {
  const stateDirectory = join(folder, "another");

  it("the state of another run: its file and the remedy are named", async () => {
    await pretrain(options({ stateDirectory, stopAt: 1 }));
    const file = trainingStateFile(stateDirectory);
    const message = `${file} is the state of a run with other settings, model or examples: remove it to begin anew, or give this run a folder of its own`;
    const bias = new Map(from.weights).set("cls.predictions.bias", {
      shape: [112],
      data: new Float32Array(112).fill(1),
    });
    for (const change of [
      { settings: { ...settings, weightDecay: 0 } },
      { documents },
      { from: { ...from, weights: bias, hash: "another" } },
    ])
      await assert.rejects(pretrain(options({ stateDirectory, ...change })), { message });
    writeFileSync(file, "damaged");
    await assert.rejects(pretrain(options({ stateDirectory })), (error: Error) => error.message.includes(file));
  });

  it("too little text", async () => {
    const message = `the text (sentences) does not fill a batch of 300 rows of 40 tokens: give more text or fewer rows`;
    await assert.rejects(pretrain(options({ settings: { ...settings, rows: 300 } })), { message });
    const one = { ...documents, starts: documents.starts.slice(0, 2) };
    await assert.rejects(
      pretrain(options({ documents: one, settings: { ...settings, rows: 1 } })),
      /does not fill a batch of 1 rows/,
    );
  });

  it("a setting that cannot be", async () => {
    await assert.rejects(pretrain(options({ settings: { ...settings, length: 41 } })), {
      message: "length 41: expected at most 40, the longest text that the model reads",
    });
  });

  it("a loss that is not finite", async () => {
    await assert.rejects(
      pretrain(options({ settings: { ...settings, headSteps: 0, learningRate: 1e30 } })),
      /^DivergedError: the loss is (NaN|-?Infinity) at step \d+: lower the learning rate$/,
    );
  });
});
