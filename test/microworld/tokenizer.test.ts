import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { byteCharacters, countWords, createFastEncoder, trainBytePairs, type BytePairVocabulary } from "../../src/microworld/pretraining/byte-pair-training";
import { readVocabulary } from "../../src/microworld/pretraining/model-files";
import { corpusBlock } from "../../src/microworld/language/corpus";
import { shippedLanguageSeed, shippedPretraining } from "../../src/microworld/defaults";
import { generalAdjectives } from "../../src/microworld/language/lexicon";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodePrompt, labelWordIds } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";
import { readJson } from "../support/tiny-roberta";

const model = join(__dirname, "../../../data/microworld/model");
const oracle = readJson<{ texts: string[]; ids: number[][]; withSpecialTokens: number[][] }>("microworld", "tokenizer.json");
const vocabularyOf = (): BytePairVocabulary => readVocabulary(model);

test("the byte alphabet is GPT-2's", () => {
  const characters = byteCharacters();
  assert.equal(new Set(characters).size, 256);
  assert.equal(characters[32], "Ġ");
  assert.equal(characters[10], "Ċ");
  assert.equal(characters[65], "A");
});

test("merges are learned from the most frequent pair on", () => {
  const counts = countWords(["low low low low low", "lower lower", "newest newest newest newest newest newest", "widest widest widest"]);
  const { merges, ids } = trainBytePairs(counts, 261 + 4);
  // By hand: "es" and "st" occur 9 times, "es" sorts first; then "est"; then "lo" and "ow" 7 times; then "low".
  assert.deepEqual(merges, [["e", "s"], ["es", "t"], ["l", "o"], ["lo", "w"]]);
  assert.deepEqual(["<s>", "<pad>", "</s>", "<unk>", "<mask>"].map((token) => ids.get(token)), [0, 1, 2, 3, 4]);
  assert.throws(() => trainBytePairs(counts, 100), /below/);
});

test("ids equal those of Python's tokenizers on 600 generated texts", () => {
  assert.ok(oracle.texts.length >= 600);
  const tokenizer = loadTokenizer(model);
  const fast = createFastEncoder(vocabularyOf());
  oracle.texts.forEach((text, i) => {
    assert.deepEqual(tokenizer.encode(text), oracle.ids[i], text);
    if (!text.includes("<mask>")) assert.deepEqual(fast(text), oracle.ids[i], text);
  });
  assert.deepEqual(oracle.withSpecialTokens.map((ids) => [ids[0], ids.at(-1)]), oracle.texts.map(() => [0, 2]));
});

test("label words and all general adjectives are single tokens; nearly all running words are", () => {
  const tokenizer = loadTokenizer(model);
  assert.deepEqual(labelWordIds(taskByName("sst-2"), tokenizer).map((id) => tokenizer.idToToken(id)), ["Ġterrible", "Ġgreat"]);
  const frequent = [...generalAdjectives.positive.slice(0, 8), ...generalAdjectives.negative.slice(0, 8)];
  for (const word of frequent) assert.equal(tokenizer.encode(` ${word}`).length, 1, word);
  const texts = corpusBlock(shippedPretraining.language, shippedLanguageSeed, 1, 2000, new Set()).map((document) => document.join(" "));
  const encode = createFastEncoder(vocabularyOf());
  let single = 0;
  let all = 0;
  for (const [word, count] of countWords(texts)) {
    all += count;
    if (encode(word).length === 1) single += count;
  }
  assert.ok(single / all > 0.93, `${single / all} of the running words are single tokens`);
});

test("the paper's prompt becomes <s> … It was<mask>.</s>", () => {
  const tokenizer = loadTokenizer(model);
  const { ids, maskPosition } = encodePrompt({ texts: ["The plot was gripping."], label: 1 }, taskByName("sst-2"), tokenizer);
  assert.equal(tokenizer.decode(ids), "<s>The plot was gripping. It was<mask>.</s>");
  assert.equal(ids[maskPosition], 4);
});
