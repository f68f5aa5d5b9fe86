import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { fillMask } from "../../src/experiment/fill-mask";
import { labelWordHead } from "../../src/model/head";
import { predictLogits } from "../../src/model/predict";
import { taskByName, taskNames } from "../../src/tasks/task";
import { root } from "../support/checkout";

const folder = path.join(root, "data", "english", "model");
/** By Python's transformers: test/fixtures/make_english_oracle.py */
const oracle = JSON.parse(readFileSync(path.join(root, "test", "fixtures", "english-model.json"), "utf8")) as {
  text: string;
  ids: number[];
  logits: number[];
  words: number[];
}[];

let loaded: Promise<LanguageModel> | undefined;
const model = (): Promise<LanguageModel> => (loaded ??= loadLanguageModel(folder));

describe("the English model", () => {
  test("has the ids that Python's tokenizers have", async () => {
    const { tokenizer } = await model();
    for (const { text, ids } of oracle) {
      const [before, after] = text.split("[MASK]").map((part) => tokenizer.encode(part));
      assert.deepEqual([tokenizer.clsId, ...before, tokenizer.maskId, ...after, tokenizer.sepId], ids, text);
    }
  });

  test("has transformers' logits at the mask, to 1e-4 of their scale", async () => {
    const { model: lm, tokenizer } = await model();
    const every = Array.from({ length: oracle[0].logits.length }, (_, i) => 100 * i);
    const words = ["terrible", "great"].map((word) => tokenizer.tokenToId(word)!);
    for (const { text, ids, logits, words: wordLogits } of oracle) {
      const found = predictLogits(lm, labelWordHead([...every, ...words]), [
        { ids, maskPosition: ids.indexOf(tokenizer.maskId) },
      ]);
      const expected = [...logits, ...wordLogits];
      const scale = Math.max(...expected.map(Math.abs));
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - found[i])));
      assert.ok(worst <= 1e-4 * scale, `${text}: off by ${worst} at a scale of ${scale}`);
    }
  });

  test("has the label words of every task, and their usual synonyms, as single tokens", async () => {
    const { tokenizer } = await model();
    const words = [
      ...taskNames.flatMap((name) => taskByName(name).labelWords),
      "awful",
      "excellent",
      "wonderful",
      "boring",
      "poor",
      "film",
      "movie",
      "news",
    ];
    assert.deepEqual(
      words.filter((word) => tokenizer.tokenToId(word.toLowerCase()) === undefined),
      [],
    );
  });

  test("reads every character that its base could read", async () => {
    const { tokenizer } = await model();
    for (const text of ["zeitgeisty qwertyuiop", "façade Übermaß", "1,234.56 (yes!) @home #2 50%", "naïve 漢字"])
      assert.ok(!tokenizer.encode(text.replace("字", "")).includes(tokenizer.unkId!), text);
  });

  test("is small enough to ship", () => {
    const bytes = ["model.safetensors", "tokenizer.json"].reduce(
      (sum, name) => sum + statSync(path.join(folder, name)).size,
      0,
    );
    assert.ok(bytes < 25e6, `${bytes} bytes`);
  });

  test("tells praise from blame at the mask", async () => {
    const lm = await model();
    const task = taskByName("imdb");
    const odds = (text: string): number => {
      const fills = fillMask(lm, { texts: [text] }, task, 0);
      const probability = (word: string): number => fills.find((fill) => fill.word === word)!.probability;
      return Math.log(probability("great") / probability("terrible"));
    };
    for (const [praise, blame] of [
      ["I loved every minute of it.", "I hated every minute of it."],
      ["A wonderful, moving film.", "A dull, stupid film."],
      ["The food was delicious.", "The food was disgusting."],
    ])
      assert.ok(odds(praise) > odds(blame), `${praise} / ${blame}`);
  });
});
