import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLanguage } from "../../src/microworld/language/settings";
import { corpusBlock } from "../../src/microworld/language/corpus";
import { documentKeys, sentenceKey, textKeys } from "../../src/microworld/language/text-keys";
import { pairKey, seenTexts, wordRuns } from "../../src/microworld/seen-texts";

test("a text is found as it stands, behind a reply's first word, and on both sides of a question with its answer", () => {
  assert.ok(textKeys("A duck sleeps.").includes("a duck sleeps"));
  assert.ok(textKeys("On the contrary, a duck sleeps.").includes("a duck sleeps"));
  const both = textKeys("Does a duck sleep? Yes, a duck sleeps.");
  for (const key of ["does a duck sleep", "a duck sleeps"]) assert.ok(both.includes(key), key);
  for (const sentence of ["Number: a duck sleeps.", "It may be that a duck sleeps.", "Does it? Anna asked: a duck sleeps.", "Does it? So a duck sleeps."]) assert.ok(textKeys(sentence).includes("a duck sleeps"), sentence);
  assert.ok(!textKeys("Yesterday a duck slept.").includes("a duck slept"));
  assert.ok(documentKeys(["It rains.", "A duck", "sleeps well."]).includes("a duck sleeps well"));
});

test("texts are found wherever their words stand in a row, and no others", () => {
  const find = wordRuns(["hero", "a duck", "a duck sleeps", "a duck sleeps well today", "the king saw a duck", "not there at all"]);
  const words = (text: string): string[] => text.split(" ");
  assert.deepEqual([...find(words("anna says that a duck sleeps well"))].sort(), ["a duck", "a duck sleeps"]);
  assert.deepEqual([...find(words("the king saw a duck"))].sort(), ["a duck", "the king saw a duck"]);
  assert.deepEqual([...find(words("a hero"))], ["hero"]);
  assert.equal(find(words("not there at")).size, 0);
});

test("what was read is found in any of its blocks, and nothing else is", () => {
  const text = { language: defaultLanguage, languageSeed: 4, documentsPerBlock: 50, words: 3000 };
  const [one, two] = [7, 9].map((place) => sentenceKey(corpusBlock(defaultLanguage, 4, 1, 50, new Set())[place][0]));
  const couple = corpusBlock(defaultLanguage, 4, 0, 50, new Set()).find((document) => document.length > 1)!.slice(0, 2).map(sentenceKey);
  const wanted = [[one], ["nobody has written this"], couple, [one, two]];
  const progress: number[] = [];
  const seen = seenTexts([text], wanted, new Set(), (words) => progress.push(words));
  assert.deepEqual([...seen.texts].sort(), [one, two, ...couple].sort());
  assert.deepEqual([...seen.pairs], [pairKey(couple)]);
  assert.ok(progress.length >= 2 && progress.at(-1) === 3000, progress.join());
  assert.equal(seenTexts([text], [[one]], new Set([one])).texts.size, 0);
});
