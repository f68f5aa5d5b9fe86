import assert from "node:assert/strict";
import { test } from "node:test";
import { cr } from "../../src/microworld/analogues/cr";
import { mpqa } from "../../src/microworld/analogues/mpqa";
import { mr } from "../../src/microworld/analogues/mr";
import { sst2 } from "../../src/microworld/analogues/sst-2";
import { sst5 } from "../../src/microworld/analogues/sst-5";
import { subj } from "../../src/microworld/analogues/subj";
import type { Analogue, DrawnExample } from "../../src/microworld/language/document";
import { generalAdjectives } from "../../src/microworld/language/lexicon";
import { opinionDocuments } from "../../src/microworld/language/opinions/documents";
import { film, gadget } from "../../src/microworld/language/opinions/domains/all";
import { affairFillers } from "../../src/microworld/language/opinions/words/affair-fillers";
import { mildAdverbs, strongAdverbs } from "../../src/microworld/language/opinions/words/intensity";
import { createRandom } from "../../src/microworld/language/random";
import { defaultLanguage } from "../../src/microworld/language/settings";
import { taskByName } from "../../src/tasks/task";

const analogues: readonly Analogue[] = [sst2, sst5, mr, cr, mpqa, subj];
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];

function drawMany(analogue: Analogue, count: number, seed = 1): DrawnExample[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => analogue.draw(random, defaultLanguage));
}

test("every task's examples have its labels in equal shares, one finished sentence each", () => {
  for (const analogue of analogues) {
    const { labels } = taskByName(analogue.task);
    const examples = drawMany(analogue, 5000);
    labels.forEach((_, label) => {
      const share = examples.filter((example) => example.label === label).length / examples.length;
      assert.ok(Math.abs(share - 1 / labels.length) < 0.03, `${analogue.task}: label ${label} has ${share}`);
    });
    for (const { texts } of examples) {
      assert.equal(texts.length, 1);
      assert.match(texts[0], /^[A-Z][A-Za-z ,;:'-]*[.!]$/);
      assert.doesNotMatch(texts[0], / {2}| [,;:]|[,;:]{2}|,\.|undefined|\b[Aa] [aeio]|\b[Aa]n [^aeiouhAEIOUH]/, texts[0]);
    }
    const noise = analogue.labelNoise(defaultLanguage);
    assert.ok(noise >= 0.03 && noise <= 0.06, `${analogue.task}: ${noise}`);
  }
});

test("there are examples enough, and few are drawn twice", () => {
  for (const analogue of analogues) {
    const distinct = new Set<string>();
    const wanted = analogue === mpqa ? 6000 : 20000;
    for (const { texts } of drawMany(analogue, 26000, 2)) distinct.add(texts[0]);
    assert.ok(distinct.size >= wanted, `${analogue.task}: ${distinct.size}`);
  }
});

test("every word of the examples occurs in the pretraining text", () => {
  const random = createRandom(3);
  const known = new Set(opinionDocuments.flatMap(({ draw }) =>
    Array.from({ length: 6000 }, () => draw(random, defaultLanguage)).flatMap((document) => document.flatMap(wordsOf))));
  for (const analogue of analogues) {
    const unknown = new Set(drawMany(analogue, 4000, 4).flatMap(({ texts }) => wordsOf(texts[0])).filter((word) => !known.has(word)));
    assert.deepEqual([...unknown], [], analogue.task);
  }
});

test("plain sentences hold words of their polarity, negated ones those of the other", () => {
  const check = (analogue: Analogue, lists: readonly { positive: readonly string[]; negative: readonly string[] }[]): void => {
    const positive = new Set(lists.flatMap((list) => list.positive));
    const negative = new Set(lists.flatMap((list) => list.negative));
    let checked = 0;
    for (const { texts, label, kind } of drawMany(analogue, 4000, 5)) {
      if (kind !== "plain" && kind !== "negation") continue;
      const signs = wordsOf(texts[0]).flatMap((word) => (positive.has(word) ? [1] : negative.has(word) ? [-1] : []));
      const wanted = (label === 1 ? 1 : -1) * (kind === "plain" ? 1 : -1);
      assert.ok(signs.every((sign) => sign === wanted), `${kind}: ${texts[0]}`);
      if (signs.length > 0) checked += 1;
      if (kind === "negation") assert.match(texts[0], /\b(not|never|hardly|far from|anything but|neither|nobody|nothing|by no means|no|cannot)\b/i);
    }
    assert.ok(checked > 500, `${analogue.task}: ${checked} checked`);
  };
  check(sst2, [film.adjectives, generalAdjectives]);
  check(cr, [gadget.adjectives, generalAdjectives]);
});

/** The polarity of a phrase as the product of its words' signs, up to the first "and" or "nor". */
function signOfPhrase(text: string): number {
  const signs = new Map<string, number>();
  const add = (sign: number, ...slots: string[]): void => {
    for (const slot of slots) for (const word of affairFillers[slot]) signs.set(word.split(" ")[0], sign);
  };
  add(1, "good", "backing", "fair", "increase", "increased", "support", "supported", "supports", "hoped", "hopes");
  add(-1, "bad", "blame", "unjust", "reduce", "reduced", "condemn", "condemned", "condemns", "feared", "fears");
  for (const word of ["interest", "consent", "blessing"]) signs.set(word, 1);
  for (const word of ["not", "never", "refused", "failed", "nothing", "hardly", "neither", "no", "but", "lack", "loss", "absence", "end", "decline",
    "less", "little", "threat", "blow", "obstacle", "attack", "without", "free", "empty", "lacking", "against", "expense"]) signs.set(word, -1);
  const clause = text.toLowerCase().replace(/[.!]$/, "").replace("turned against", "turned").replace("turns against", "turns").split(/ (?:and|nor) /)[0];
  return wordsOf(clause).reduce((product, word) => product * (signs.get(word) ?? 1), 1);
}

test("MPQA: labels are what the words of the phrase come to, and both polarities share their words", () => {
  const examples = drawMany(mpqa, 6000, 6);
  for (const { texts, label, kind } of examples) assert.equal(signOfPhrase(texts[0]), label === 1 ? 1 : -1, `${kind}: ${texts[0]}`);
  assert.ok(examples.every(({ texts }) => texts[0].split(" ").length <= 8));
  assert.ok(examples.filter(({ texts }) => texts[0].split(" ").length <= 5).length / examples.length > 0.9);
});

test("SST-5: words of degree fit the degree", () => {
  const mild = new Set(mildAdverbs.filter((word) => !word.includes(" ")));
  const strong = new Set(strongAdverbs);
  let [strongWithStrong, strongCount, mildWithMild, mildCount] = [0, 0, 0, 0];
  for (const { texts, label } of drawMany(sst5, 6000, 7)) {
    const words = wordsOf(texts[0]);
    if (label === 0 || label === 4) {
      strongCount += 1;
      if (words.some((word) => strong.has(word))) strongWithStrong += 1;
    } else if (label !== 2) {
      mildCount += 1;
      if (words.some((word) => mild.has(word))) mildWithMild += 1;
    }
  }
  assert.ok(strongWithStrong / strongCount > 0.35, `${strongWithStrong / strongCount}`);
  assert.ok(mildWithMild / mildCount > 0.3, `${mildWithMild / mildCount}`);
});

test("about the set share of the sentences mentions the side matter, independently of the label", () => {
  for (const analogue of [sst2, cr]) {
    const examples = drawMany(analogue, 5000, 8);
    const share = (label: number): number => {
      const own = examples.filter((example) => example.label === label);
      return own.filter(({ kind }) => kind.endsWith("with side")).length / own.length;
    };
    for (const label of [0, 1]) assert.ok(Math.abs(share(label) - defaultLanguage.opinions.taskSideShare) < 0.04, `${analogue.task}: ${share(label)}`);
    const frightened = examples.filter(({ texts }) => /\b(ghost|murderer|vampire|demon|witch|werewolf|zombie|corpse|late|rain|postage|twice the|too much)\b/.test(texts[0]));
    const positive = frightened.filter(({ label }) => label === 1).length / frightened.length;
    assert.ok(frightened.length > 200 && Math.abs(positive - 0.5) < 0.1, `${analogue.task}: ${positive} of ${frightened.length}`);
  }
});

/** Accuracy of naive Bayes on the presence of words. */
function bagOfWords(analogue: Analogue, perClass: number, seed: number): number {
  const classes = taskByName(analogue.task).labels.length;
  const random = createRandom(seed);
  const counts = Array.from({ length: classes }, () => new Map<string, number>());
  const sizes = new Array<number>(classes).fill(0);
  while (sizes.some((size) => size < perClass)) {
    const { texts, label } = analogue.draw(random, defaultLanguage);
    if (sizes[label] >= perClass) continue;
    sizes[label] += 1;
    for (const word of new Set(wordsOf(texts[0]))) counts[label].set(word, (counts[label].get(word) ?? 0) + 1);
  }
  let right = 0;
  const tests = 1000;
  for (let i = 0; i < tests; i += 1) {
    const { texts, label } = analogue.draw(random, defaultLanguage);
    const scores = counts.map((count) =>
      [...new Set(wordsOf(texts[0]))].reduce((sum, word) => sum + Math.log(((count.get(word) ?? 0) + 0.5) / (perClass + 1)), 0));
    if (scores.indexOf(Math.max(...scores)) === label) right += 1;
  }
  return right / tests;
}

test("a bag of words with 16 examples a class does badly", () => {
  const mean = (analogue: Analogue): number => [11, 12, 13, 14, 15].reduce((sum, seed) => sum + bagOfWords(analogue, 16, seed) / 5, 0);
  // Measured: .53, .52, .53, .51 of two classes; .32 of five; .76 for Subj, the easy one.
  for (const analogue of [sst2, mr, cr, mpqa]) assert.ok(mean(analogue) < 0.6, `${analogue.task}: ${mean(analogue)}`);
  assert.ok(mean(sst5) < 0.4, `${mean(sst5)}`);
  assert.ok(mean(subj) < 0.85, `${mean(subj)}`);
});
