import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { loadLoraAdapter, saveLoraAdapter } from "../../src/finetune/lora-adapter";
import { readCheckpoint } from "../../src/model/checkpoint";
import { modelFromCheckpoint } from "../../src/model/model";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodeDocuments } from "../../src/pretraining/documents";
import { pretrain, type PretrainingOptions } from "../../src/pretraining/pretrain";
import { DEFAULT_SETTINGS } from "../../src/pretraining/settings";
import { temporaryFolder } from "../support/checkout";
import { fixturePath } from "../support/tiny-roberta";

const from = readCheckpoint(fixturePath("tiny-bert"));
const settings = {
  ...DEFAULT_SETTINGS,
  steps: 12,
  headSteps: 0,
  learningRate: 0.02,
  warmupSteps: 1,
  rows: 4,
  length: 32,
  reads: 8,
  loraRank: 2,
};

function options(t: TestContext): PretrainingOptions {
  const text = path.join(temporaryFolder(t), "text.txt");
  const films = ["a story of the end", "the end of a story", "this film is it", "it is a film and a story"];
  writeFileSync(
    text,
    Array.from({ length: 400 }, (_, i) => `${films[i % 4]}. It was ${i % 2 === 0 ? "great" : "terrible"}.\n`).join(""),
  );
  const tokenizer = loadTokenizer(from.directory);
  return { from, tokenizer, documents: encodeDocuments([text], tokenizer), settings, recordEvery: 4 };
}

test("with a rank, pretraining trains LoRA factors and nothing else, and the adapter is the model that came out", async (t) => {
  const { weights, curve } = await pretrain(options(t));
  const factors = [...weights.keys()].filter((name) => !from.weights.has(name));
  // Six linear layers in each of two layers, two factors each.
  assert.equal(factors.length, 24);
  for (const [name, { data }] of from.weights)
    if (!name.endsWith("decoder.weight")) assert.deepEqual(weights.get(name)!.data, data, name);
  assert.ok(factors.every((name) => weights.get(name)!.data.some((value) => value !== 0)));
  assert.ok(curve.at(-1)!.loss < curve[0].loss - 0.1, `${curve.map(({ loss }) => loss)}`);

  const folder = temporaryFolder(t);
  saveLoraAdapter(
    folder,
    { ...modelFromCheckpoint({ ...from, weights }), loraScale: 1 },
    { baseModel: from.directory },
  );
  const { model } = loadLoraAdapter(folder, modelFromCheckpoint(from));
  assert.equal(model.loraScale, 1);
  for (const name of factors) assert.deepEqual(model.parameters.get(name)!.dataSync(), weights.get(name)!.data);
});

test("an interrupted run goes on to the same factors; a head to train beside them is refused", async (t) => {
  const [given, stateDirectory] = [options(t), temporaryFolder(t)];
  const straight = await pretrain(given);
  await pretrain({ ...given, stateDirectory, stopAt: 5 });
  const resumed = await pretrain({ ...given, stateDirectory });
  for (const [name, { data }] of straight.weights) assert.deepEqual(resumed.weights.get(name)!.data, data, name);
  await assert.rejects(
    pretrain({ ...given, settings: { ...settings, headSteps: 3 } }),
    /LoRA factors leave the head as it is: train them with headSteps 0/,
  );
});
