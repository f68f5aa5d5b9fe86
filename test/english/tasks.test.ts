import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { encodeExamples, readFewShot } from "../../src/experiment/inputs";
import { sizesOf } from "../../src/english/data-files";
import { englishDataSets } from "../../src/english/data-sets";
import { plain, readSources, type SentencePair } from "../../src/english/sources";
import { loadTokenizer } from "../../src/model/tokenizer";
import { labelWordIds } from "../../src/tasks/prompt";
import { englishTaskNames, taskByName } from "../../src/tasks/task";
import { root, temporaryFolder } from "../support/checkout";

const folder = path.join(root, "data", "english", "tasks");
const packages = {
  sentiment: path.join(root, "node_modules", "sentiment"),
  vader: path.join(root, ".cache", "vaderSentiment-3.3.2.tar.gz"),
};
const sources = () => readSources({ ...packages, pairs: path.join(root, "data", "english", "inference.tsv") });

/** Letters and digits only: another way of telling the same sentence than the one under test. */
const bare = (text: string): string =>
  [...text.toLowerCase()].filter((character) => /[\p{L}\p{N}]/u.test(character)).join("");
const rowsOf = (...file: string[]): [text: string, label: string][] =>
  readFileSync(path.join(folder, ...file), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .map((cells) => [cells[0], cells.at(-1)!]);

describe("the sentences that packages carry", () => {
  test("are all there", async () => {
    const found = Object.fromEntries(
      Object.entries(await sources()).map(([name, sentences]) => [name, sentences.length]),
    );
    assert.deepEqual(found, {
      imdb: 1000,
      amazon: 1000,
      yelp: 1000,
      films: 10605,
      products: 3708,
      editorials: 5190,
      tweets: 4200,
      pairs: 405,
    });
  });

  test("have their labels and ratings", async () => {
    const { imdb, films } = await sources();
    assert.deepEqual(imdb[0], {
      text: "A very, very, very slow-moving, aimless movie about a distressed, drifting young man.",
      rating: 0,
    });
    assert.deepEqual(films[2], { text: "Effective but too tepid biopic", rating: -0.6 });
  });

  test("are mended where they are not plain text", () => {
    assert.equal(
      plain(" the 21st Century's new ''Conan''  &amp; the\tlove "),
      `the 21st Century's new "Conan" & the love`,
    );
  });

  test("a file that is not as expected is named with its row", async (t) => {
    const broken = temporaryFolder(t);
    const fixtures = path.join(broken, "test", "fixtures");
    mkdirSync(fixtures, { recursive: true });
    writeFileSync(
      path.join(fixtures, "imdb.json"),
      JSON.stringify([
        { text: "fine", class: 1 },
        { text: "odd", class: 2 },
      ]),
    );
    await assert.rejects(
      readSources({ sentiment: broken, vader: "nowhere", pairs: "nowhere" }),
      /imdb\.json, row 2: class 2, expected 0 or 1/,
    );
    const pairs = path.join(broken, "pairs.tsv");
    writeFileSync(pairs, "premise\thypothesis\tlabel\nIt rains.\tneutral\n");
    await assert.rejects(
      readSources({ ...packages, pairs }),
      /pairs\.tsv, line 2: expected a premise, a hypothesis and a label/,
    );
  });
});

describe("the English tasks' data", () => {
  for (const name of englishTaskNames) {
    const task = taskByName(name);
    test(`${name}: no sentence twice, as many of each label to test on, and splits that share nothing`, () => {
      const [train, testing] = ["train", "test"].map((split) => rowsOf(name, "original", `${split}.tsv`));
      const texts = [...train, ...testing].map(([text]) => bare(text));
      assert.equal(new Set(texts).size, texts.length);
      const counts = task.labels.map((label) => testing.filter((row) => row[1] === label).length);
      assert.ok(
        counts.every((count) => count === counts[0] && count >= (name === "inference" ? 60 : 190)),
        `${counts}`,
      );
      assert.ok(testing.length <= 1000);
      for (const k of sizesOf(name)) {
        const draws = [13, 21, 42, 87, 100].map((seed) => readFewShot(path.join(folder, name), task, { k, seed }));
        for (const { train: drawn, dev, test: held } of draws) {
          assert.equal(held.length, testing.length);
          for (const split of [drawn, dev])
            assert.deepEqual(
              task.labels.map((_, label) => split.filter((example) => example.label === label).length),
              task.labels.map(() => k),
            );
          const all = [...drawn, ...dev, ...held].map(({ texts: [text] }) => bare(text));
          assert.equal(new Set(all).size, all.length);
        }
        assert.notDeepEqual(draws[0].train, draws[1].train);
      }
    });
  }

  test("labels are those of the ratings", async () => {
    const { films } = await sources();
    const ratings = new Map(films.map(({ text, rating }) => [text, rating]));
    for (const split of ["train", "test"]) {
      for (const [text, label] of rowsOf("movies-2", "original", `${split}.tsv`))
        assert.ok(label === "1" ? ratings.get(text)! >= 1 : ratings.get(text)! <= -1, text);
      const ends = [-4, -2, -0.75, 0.75, 2, 4];
      for (const [text, label] of rowsOf("movies-5", "original", `${split}.tsv`)) {
        const rating = ratings.get(text)!;
        assert.ok(rating >= ends[Number(label)] && rating <= ends[Number(label) + 1], `${rating} is ${label}: ${text}`);
      }
    }
  });

  test("a sentence with two labels is in none of them", () => {
    const none = { amazon: [], yelp: [], films: [], products: [], editorials: [], tweets: [], pairs: [] };
    const imdb = ["Good film.", "good film", "Good FILM!", "bad", "fine", "Fine!"].map((text, i) => ({
      text,
      rating: i === 2 || i === 3 ? 0 : 1,
    }));
    const { train, test: held } = englishDataSets({ ...none, imdb })[0];
    assert.deepEqual([...train, ...held].map(({ text }) => text).sort(), ["bad", "fine"]);
  });

  const tokenizers = path.join(root, "..", "shared", "tokenizer", "roberta");
  test(
    "with RoBERTa's tokenizer every label word is a token, and every prompt keeps its mask",
    { skip: !existsSync(tokenizers) && "needs ../shared/tokenizer" },
    () => {
      const tokenizer = loadTokenizer(tokenizers);
      for (const name of englishTaskNames) {
        const task = taskByName(name);
        assert.equal(new Set(labelWordIds(task, tokenizer)).size, task.labels.length);
        const { train, test: held } = readFewShot(path.join(folder, name), task, { k: 16, seed: 13 });
        const { sequences } = encodeExamples([...train, ...held], task, tokenizer);
        for (const { ids, maskPosition } of sequences)
          assert.ok(ids.length <= 128 && ids[maskPosition] === tokenizer.maskId, name);
      }
    },
  );
});

describe("the pairs of sentences", () => {
  const words = (text: string): string[] => text.toLowerCase().match(/[a-z0-9é'’-]+/g)!;
  const labels = ["entailment", "neutral", "contradiction"];
  const byLabel = (pairs: readonly SentencePair[]): SentencePair[][] =>
    labels.map((label) => pairs.filter((pair) => pair.label === label));

  test("are as many of each label, all different, and of the lengths that are asked for", async () => {
    const { pairs } = await sources();
    assert.deepEqual(
      byLabel(pairs).map((own) => own.length),
      [135, 135, 135],
    );
    for (const side of ["premise", "hypothesis"] as const) {
      assert.equal(new Set(pairs.map((pair) => bare(pair[side]))).size, pairs.length);
      for (const pair of pairs) {
        const length = words(pair[side]).length;
        assert.ok(side === "premise" ? length >= 6 && length <= 18 : length >= 4 && length <= 12, pair[side]);
        assert.match(pair[side], /^[A-Z].*[^ ]\.$/);
      }
    }
  });

  test("their hypotheses are as long, and as often negated, whatever the label", async (t) => {
    const { pairs } = await sources();
    const lengths = byLabel(pairs).map(
      (own) => own.reduce((sum, { hypothesis }) => sum + words(hypothesis).length, 0) / own.length,
    );
    const negation = /\b(no|not|never|none|nobody|nothing|cannot|neither|without)\b/i;
    const negated = byLabel(pairs).map((own) => own.filter(({ hypothesis }) => negation.test(hypothesis)).length);
    t.diagnostic(`words ${lengths.map((length) => length.toFixed(1))}, negated ${negated}, of ${labels}`);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) < 0.75);
    assert.ok(Math.max(...negated) - Math.min(...negated) <= 10);
  });

  test("a hypothesis alone does not give its label away: naive Bayes on its words, ten folds", async (t) => {
    const { pairs } = await sources();
    const vocabulary = new Set(pairs.flatMap(({ hypothesis }) => words(hypothesis)));
    const right = pairs.filter(({ hypothesis, label }, at) => {
      const others = byLabel(pairs.filter((_, other) => other % 10 !== at % 10));
      const scores = others.map((own) => {
        const counts = new Map<string, number>();
        for (const word of own.flatMap((pair) => words(pair.hypothesis))) counts.set(word, (counts.get(word) ?? 0) + 1);
        const total = [...counts.values()].reduce((sum, count) => sum + count, vocabulary.size);
        return words(hypothesis).reduce(
          (sum, word) => sum + Math.log(((counts.get(word) ?? 0) + 1) / total),
          Math.log(own.length),
        );
      });
      return labels[scores.indexOf(Math.max(...scores))] === label;
    }).length;
    t.diagnostic(`${((100 * right) / pairs.length).toFixed(1)} % right`);
    assert.ok(right / pairs.length <= 0.42);
  });
});
