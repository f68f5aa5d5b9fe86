import assert from "node:assert/strict";
import { test } from "node:test";
import { article, compileFrame, expandFrame, finishSentence } from "../../src/microworld/language/frame";

test("articles go by the sound of the next word", () => {
  for (const word of ["hour", "honest", "apple", "umbrella", "unimportant", "uninvited", "8", "18", "11"]) assert.equal(article(word), "an", word);
  for (const word of ["dog", "university", "useful", "usual", "one", "European", "unit", "house", "80"]) assert.equal(article(word), "a", word);
  assert.equal(finishSentence("it is a airport, an dog and a hour", "!"), "It is an airport, a dog and an hour!");
});

test("frames: slots are filled from left to right; a missing brace is named", () => {
  let count = 0;
  assert.equal(expandFrame(compileFrame("{x} and {y}, then {x}"), (slot) => `${slot}${(count += 1)}`), "x1 and y2, then x3");
  assert.throws(() => compileFrame("the {aspect was"), /braces do not pair up/);
});
