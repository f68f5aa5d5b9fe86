import { test } from "node:test";
import assert from "node:assert/strict";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodePrompt, promptTokens } from "../../src/tasks/prompt";
import { englishTaskNames, taskByName, taskNames } from "../../src/tasks/task";
import { fixturePath } from "../support/tiny-roberta";

const long = Array.from({ length: 300 }, () => "film").join(" ");

/** A tokenizer of each kind, its special tokens, and how it writes the texts below. */
const kinds = [
  { name: "tiny-roberta", special: ["<s>", "<mask>", "</s>"], second: " five six seven" },
  { name: "tiny-bert", special: ["[CLS]", "[MASK]", "[SEP]"], second: "five six seven" },
];

for (const { name, special, second } of kinds) {
  const tokenizer = loadTokenizer(fixturePath(name));

  test(`the tokens that are not cut off are the prompt, in every task (${name})`, () => {
    for (const task of [...taskNames, ...englishTaskNames].map(taskByName)) {
      for (const text of ["The film was long.", long.slice(0, 4 * 90)]) {
        const example = { texts: task.columns.texts.map(() => text), label: 0 };
        const tokens = promptTokens(example, { ...task, firstSentenceLimit: 40, otherSentenceLimit: 30 }, tokenizer);
        const { ids } = encodePrompt(example, { ...task, firstSentenceLimit: 40, otherSentenceLimit: 30 }, tokenizer);
        assert.deepEqual(
          tokens.filter(({ cutBy }) => cutBy === undefined).map(({ id }) => id),
          ids,
          task.name,
        );
      }
    }
  });

  test(`each token says where it comes from, and why it is cut off (${name})`, () => {
    const task = {
      name: "made",
      template: "*cls**sent-_0*?*mask*,*+sentl_1*_indeed*sep+*",
      maxLength: 12,
      firstSentenceLimit: 3,
    };
    const tokens = promptTokens({ texts: ["One two three four.", "Five six seven"], label: 0 }, task, tokenizer);
    const decoded = (which: (token: (typeof tokens)[number]) => boolean): string =>
      tokenizer.decode(tokens.filter(which).map(({ id }) => id));
    const cuts = (which: (token: (typeof tokens)[number]) => boolean): string[] =>
      tokens.filter(which).map(({ cutBy }) => cutBy ?? "kept");
    const first = cuts(({ text }) => text === 0);
    assert.ok(first.length > 3);
    assert.deepEqual(
      first,
      first.map((_, i) => (i < 3 ? "kept" : "sentence limit")),
    );
    const others = cuts(({ cutBy }) => cutBy !== "sentence limit");
    assert.ok(others.length > 12);
    assert.deepEqual(
      others,
      others.map((_, i) => (i < 12 ? "kept" : "longest length")),
    );
    assert.deepEqual(
      tokens.filter(({ from }) => from === "special").map(({ id }) => tokenizer.decode([id])),
      special,
    );
    assert.equal(
      decoded(({ from }) => from === "template"),
      "?, indeed",
    );
    assert.equal(
      decoded(({ text }) => text === 1),
      second,
    );
  });
}
