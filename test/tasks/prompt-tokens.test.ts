import { test } from "node:test";
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodePrompt, promptTokens } from "../../src/tasks/prompt";
import { taskByName, taskNames } from "../../src/tasks/task";
import { root } from "../support/checkout";

const tokenizer = loadTokenizer(join(root, "data", "microworld", "model"));
const long = Array.from({ length: 300 }, () => "film").join(" ");

test("the tokens that are not cut off are the prompt, in every task", () => {
  for (const task of taskNames.map(taskByName)) {
    for (const text of ["The film was long.", long.slice(0, 4 * 90)]) {
      const example = { texts: task.columns.texts.map(() => text), label: 0 };
      const tokens = promptTokens(example, { ...task, firstSentenceLimit: 40, otherSentenceLimit: 30 }, tokenizer);
      const { ids } = encodePrompt(example, { ...task, firstSentenceLimit: 40, otherSentenceLimit: 30 }, tokenizer);
      assert.deepEqual(tokens.filter(({ cutBy }) => cutBy === undefined).map(({ id }) => id), ids, task.name);
    }
  }
});

test("each token says where it comes from, and why it is cut off", () => {
  const task = { name: "made", template: "*cls**sent-_0*?*mask*,*+sentl_1*_indeed*sep+*", maxLength: 12, firstSentenceLimit: 3 };
  const tokens = promptTokens({ texts: ["One two three four.", "Five six seven"], label: 0 }, task, tokenizer);
  const shown = tokens.map(({ id, from, text, cutBy }) => [tokenizer.decode([id]), text === undefined ? from : `${from} ${text}`, cutBy ?? "kept"]);
  assert.deepEqual(shown.filter(([, from]) => from === "text 0").map(([, , cut]) => cut), ["kept", "kept", "kept", ...Array(shown.filter(([, from]) => from === "text 0").length - 3).fill("sentence limit")]);
  assert.deepEqual(shown.filter(([, , cut]) => cut !== "sentence limit").map(([, , cut]) => cut), shown.filter(([, , cut]) => cut !== "sentence limit").map((_, i) => (i < 12 ? "kept" : "longest length")));
  assert.deepEqual(shown.filter(([, from]) => from === "special").map(([token]) => token), ["<s>", "<mask>", "</s>"]);
  assert.equal(shown.filter(([, from]) => from === "template").map(([token]) => token).join(""), "?, indeed");
  assert.equal(tokenizer.decode(tokens.filter(({ text }) => text === 1).map(({ id }) => id)), " five six seven");
});
