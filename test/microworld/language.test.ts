import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { corpusBlock, sentenceKey } from "../../src/microworld/language/corpus";
import { shippedLanguageSeed, shippedPretraining } from "../../src/microworld/defaults";
import { allDomains, taskDomain } from "../../src/microworld/language/opinions/domains";
import { generalAdjectives } from "../../src/microworld/language/lexicon";
import type { LanguageSettings } from "../../src/microworld/language/settings";
import type { OpinionKind, Polarity } from "../../src/microworld/language/opinions/meaning";
import { createRandom, deriveSeed, draw, shuffled, zipf } from "../../src/microworld/language/random";
import { taskSizes, writeSamples } from "../../src/microworld/sample-files";
import { heldOutKeys, splitFile, splitSeeds, taskSplits, type TaskSentence } from "../../src/microworld/analogues/task-data";
import { createVocabulary, wordStatement } from "../../src/microworld/language/opinions/wording";
import { readSplit } from "../../src/tasks/split";
import { taskByName } from "../../src/tasks/task";

const shipped = join(__dirname, "../../../data/microworld");
const language = shippedPretraining.language;
const splits = taskSplits(language, shippedLanguageSeed, taskSizes);
const heldOut = heldOutKeys(splits);
const block = corpusBlock(language, shippedLanguageSeed, 0, 20000, heldOut);
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? [];

test("random numbers are those of the published algorithm and repeat for a seed", () => {
  const random = createRandom(42);
  // First outputs of mulberry32(42), as in its reference implementation.
  assert.deepEqual([random.uint32(), random.uint32(), random.uint32()], [2581720956, 1925393290, 3661312704]);
  assert.notEqual(deriveSeed(1, "test"), deriveSeed(1, "train"));
  assert.notEqual(deriveSeed(1, 23), deriveSeed(12, 3));
  assert.deepEqual([...shuffled(createRandom(5), [1, 2, 3, 4, 5])].sort(), [1, 2, 3, 4, 5]);
});

test("Zipf's law: rank r is drawn in proportion to 1/r", () => {
  const random = createRandom(3);
  const table = zipf(["a", "b", "c", "d"], 1);
  const counts: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
  for (let i = 0; i < 20000; i += 1) counts[draw(random, table)] += 1;
  const expected = [1, 1 / 2, 1 / 3, 1 / 4].map((w) => (20000 * w) / (25 / 12));
  Object.values(counts).forEach((count, i) => assert.ok(Math.abs(count - expected[i]) < 4 * Math.sqrt(expected[i]), `rank ${i + 1}: ${count}`));
  assert.throws(() => zipf(["a"], 0.3), /multiple of 0.5/);
});

test("the same seed gives the same bytes, and another seed others", () => {
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
  const corpus = (seed: number): string => hash(JSON.stringify(corpusBlock(language, seed, 3, 500, heldOut)));
  assert.equal(corpus(7), "97c8e6a7b28ca59a");
  assert.notEqual(corpus(7), corpus(8));
  assert.equal(hash(splitFile(splits.test)), "22bd0715d023e7a6");
});

test("the shipped samples are what the generator writes now", () => {
  const folder = mkdtempSync(join(tmpdir(), "samples-"));
  try {
    writeSamples(folder, language, shippedLanguageSeed);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(tsv|txt)$/.test(name));
    assert.equal(files.length, 16);
    for (const file of files) assert.equal(readFileSync(join(folder, file), "utf8"), readFileSync(join(shipped, file), "utf8"), file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the task readers read the samples: 16 a class, and a test set that no other split touches", () => {
  const task = taskByName("sst-2");
  for (const seed of splitSeeds) {
    const folder = join(shipped, "sst-2", `16-${seed}`);
    const [train, dev, held] = (["train", "dev", "test"] as const).map((split) => readSplit(folder, split, task));
    for (const examples of [train, dev]) {
      assert.equal(examples.length, 32);
      assert.equal(examples.filter(({ label }) => label === 1).length, 16);
    }
    assert.equal(held.length, 500);
    const keys = [train, dev, held].flat().map(({ texts }) => sentenceKey(texts[0]));
    assert.equal(new Set(keys).size, keys.length, `seed ${seed}: a sentence occurs twice`);
  }
});

test("no sentence of the task's files occurs in the pretraining text", () => {
  // The 20,000 documents here hold hundreds of the held-out sentences when nothing is held out.
  const inText = (documents: string[][]): number => documents.flat().filter((sentence) => heldOut.has(sentenceKey(sentence))).length;
  assert.equal(inText(block), 0);
  assert.ok(inText(corpusBlock(language, shippedLanguageSeed, 0, 20000, new Set())) > 20);
});

test("sixteen examples a class show only part of the opinion words", () => {
  const adjectives = new Set([...Object.values(taskDomain.adjectives), ...Object.values(generalAdjectives)].flat());
  const adjectivesOf = ({ texts }: TaskSentence): string[] => wordsOf(texts[0]).filter((word) => adjectives.has(word));
  const opinionated = splits.test.map(adjectivesOf).filter((list) => list.length > 0);
  for (const { seed, train } of splits.fewShot) {
    const seen = new Set(train.flatMap(adjectivesOf));
    const covered = opinionated.filter((list) => list.every((word) => seen.has(word))).length / opinionated.length;
    assert.ok(covered < 0.45, `seed ${seed}: ${covered} of the test sentences hold no new adjective`);
    const types = new Set(opinionated.flat());
    const typeShare = [...types].filter((word) => seen.has(word)).length / types.size;
    assert.ok(typeShare < 0.5, `seed ${seed}: ${typeShare} of the test set's adjectives are in the training set`);
  }
});

/** Polarity of every adjective of the domain in a text. */
function adjectivePolarities(text: string, lists: { positive: readonly string[]; negative: readonly string[] }): Polarity[] {
  return wordsOf(text).flatMap((word): Polarity[] =>
    lists.positive.includes(word) ? [1] : lists.negative.includes(word) ? [-1] : [],
  );
}

test("negation flips the label by construction, plain statements keep it, contrasts have both", () => {
  const vocabulary = createVocabulary(language);
  const random = createRandom(11);
  for (const domain of allDomains) {
    const overlap = domain.adjectives.positive.filter((word) => domain.adjectives.negative.includes(word));
    assert.deepEqual(overlap, [], `${domain.name}: adjectives of both polarities`);
    for (let i = 0; i < 400; i += 1) {
      const polarity: Polarity = i % 2 === 0 ? 1 : -1;
      const say = (kind: OpinionKind): string =>
        wordStatement(random, vocabulary, domain, domain.items[0], { kind, polarity, register: "own" });
      const plain = say("plain");
      assert.ok(adjectivePolarities(plain, domain.adjectives).every((p) => p === polarity), plain);
      const negated = say("negation");
      assert.ok(adjectivePolarities(negated, domain.adjectives).every((p) => p === -polarity), negated);
      assert.match(negated, /\b(not|never|hardly|far from|anything but|neither|nobody|nothing|by no means|no|cannot)\b/i);
    }
  }
});

test("labels follow the polarity but for the noise", () => {
  const flipped = splits.test.filter(({ label, polarity }) => (label === 1) !== (polarity === 1)).length / splits.test.length;
  assert.ok(Math.abs(flipped - language.opinions.labelNoise) < 0.02, `${flipped} of the labels are flipped`);
  const clean = taskSplits({ ...language, opinions: { ...language.opinions, labelNoise: 0 } }, 1, { test: 100, k: 2 });
  assert.ok(clean.test.every(({ label, polarity }) => (label === 1) === (polarity === 1)));
});

test("naturalness is the share of reviews with a verdict of the prompt's form", () => {
  const share = (settings: LanguageSettings): number => {
    const reviews = corpusBlock({ ...settings, opinions: { ...settings.opinions, neutralShare: 0 } }, 5, 0, 4000, new Set());
    return reviews.filter((document) => document.some((sentence) => /^(Overall, it|All in all, it|It) was [a-z ]+\.$/.test(sentence))).length / reviews.length;
  };
  // A few implicit statements look alike ("It was silent …" does not), so the share is compared with that of p = 0.
  const none = share({ ...language, naturalness: 0 });
  assert.ok(none < 0.03, `${none} at naturalness 0`);
  for (const naturalness of [0.1, 0.3, 0.8]) {
    const found = share({ ...language, naturalness }) - none;
    assert.ok(Math.abs(found - naturalness) < 0.04, `${found} at naturalness ${naturalness}`);
  }
});

test("reviews agree with themselves, and have one to five sentences of 64 tokens at most", () => {
  assert.ok(block.every((document) => document.length >= 1 && document.length <= 5));
  const types = new Set(block.flat().flatMap(wordsOf));
  assert.ok(types.size > 1000 && types.size < 1800, `${types.size} word types`);
  for (const document of block.slice(0, 3000)) {
    for (const sentence of document) assert.match(sentence, /^[A-Z][A-Za-z ,;]*[.!?]$/, sentence);
  }
});
