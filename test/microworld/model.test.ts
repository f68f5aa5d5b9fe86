import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readCheckpoint } from "../../src/model/checkpoint";
import { labelWordHead, vocabularyHead } from "../../src/model/head";
import { modelFromCheckpoint } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodePrompt, labelWordIds } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { readJson } from "../support/tiny-roberta";

interface LogitsOracle {
  sentences: { text: string; ids: number[]; logits: number[]; label_logits: number[] }[];
}

const folder = join(__dirname, "../../../data/microworld/model");

test("the shipped model's logits at the mask are transformers'", () => {
  const oracle = readJson<LogitsOracle>("microworld", "logits.json");
  const model = modelFromCheckpoint(readCheckpoint(folder));
  const tokenizer = loadTokenizer(folder);
  const task = taskByName("sst-2");
  const prompts = oracle.sentences.map(({ text }) => encodePrompt({ texts: [text], label: 0 }, task, tokenizer));
  prompts.forEach(({ ids }, i) => assert.deepEqual(ids, oracle.sentences[i].ids));
  const logits = predictLogits(model, vocabularyHead, prompts);
  const size = model.config.vocabSize;
  oracle.sentences.forEach((sentence, i) => {
    // The oracle keeps every tenth logit.
    const own = Array.from(logits.subarray(i * size, (i + 1) * size)).filter((_, id) => id % 10 === 0);
    assertAllclose(own, sentence.logits, { absolute: 1e-4 }, sentence.text);
  });
  const words = predictLogits(model, labelWordHead(labelWordIds(task, tokenizer)), prompts);
  assertAllclose(words, oracle.sentences.flatMap((sentence) => sentence.label_logits), { absolute: 1e-4 }, "label words");
});

test("the shipped model takes the side of what it reads", () => {
  const model = modelFromCheckpoint(readCheckpoint(folder));
  const tokenizer = loadTokenizer(folder);
  const task = taskByName("sst-2");
  const head = labelWordHead(labelWordIds(task, tokenizer));
  const margin = (text: string): number => {
    const [terrible, great] = predictLogits(model, head, [encodePrompt({ texts: [text], label: 0 }, task, tokenizer)]);
    return great - terrible;
  };
  assert.ok(margin("The phone was fast and reliable.") > margin("The phone was slow and fragile."));
  assert.ok(margin("The hotel is clean and quiet.") > margin("The hotel is dirty and noisy."));
});

test("the shipped model compares two texts", () => {
  const model = modelFromCheckpoint(readCheckpoint(folder));
  const tokenizer = loadTokenizer(folder);
  const task = taskByName("snli");
  const head = labelWordHead(labelWordIds(task, tokenizer));
  /** Yes less No. */
  const margin = (first: string, second: string): number => {
    const logits = predictLogits(model, head, [encodePrompt({ texts: [first, second], label: 0 }, task, tokenizer)]);
    return logits[task.labelWords.indexOf("Yes")] - logits[task.labelWords.indexOf("No")];
  };
  for (const [same, other] of [["man", "woman"], ["dog", "horse"], ["park", "kitchen"]]) {
    const first = "A man is feeding a dog in the park.";
    assert.ok(margin(first, first) > margin(first, first.replace(same, other)), `${same}, ${other}`);
  }
});
