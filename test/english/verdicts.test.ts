import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { ratedTexts, VERDICTS, verdictTexts } from "../../src/english/verdicts";
import { loadTokenizer } from "../../src/model/tokenizer";
import { taskByName } from "../../src/tasks/task";
import { root } from "../support/checkout";

const tasks = path.join(root, "data", "english", "tasks");
const sentences = ratedTexts(tasks);
const texts = (share: number): string[] => verdictTexts(sentences, share, 1);
const prompted = (text: string): boolean => /^(.*) It was [a-z]+\.$/s.test(text);

describe("the text of a level of naturalness", () => {
  test("has no sentence that a task is tested on", () => {
    // Another way of finding one than the one under test: by seven words in a row.
    const words = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    const sevens = (text: string): string[] =>
      words(text)
        .map((_, i, all) => all.slice(i, i + 7))
        .filter((run) => run.length === 7)
        .map((run) => run.join(" "));
    const read = new Set(texts(1).flatMap(sevens));
    const folders = readdirSync(tasks, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const tested = folders.flatMap(({ name }) =>
      readFileSync(path.join(tasks, name, "original", "test.tsv"), "utf8")
        .trimEnd()
        .split("\n")
        .slice(1),
    );
    const whole = tested.map((line) => sevens(line.split("\t")[0])).filter((runs) => runs.length > 0);
    assert.ok(whole.length > 4000);
    assert.deepEqual(
      whole.filter((runs) => runs.every((run) => read.has(run))),
      [],
    );
    assert.ok(sentences.length > 9000);
  });

  test("differs from another's in verdicts only, and in these more the larger the share is", () => {
    const [none, some, more, all] = [0, 0.3, 0.6, 1].map(texts);
    const body = (text: string): string => text.split(" ").slice(0, -3).join(" ");
    for (const other of [some, more, all]) assert.deepEqual(other.map(body), none.map(body));
    assert.deepEqual(none.filter(prompted), []);
    assert.ok(all.every(prompted));
    for (const [own, share] of [
      [some, 0.3],
      [more, 0.6],
    ] as const)
      assert.ok(Math.abs(own.filter(prompted).length / own.length - share) < 0.015);
    assert.ok(some.every((text, i) => !prompted(text) || text === more[i]));
    assert.deepEqual(texts(0.3), some);
    assert.notDeepEqual(verdictTexts(sentences, 0.3, 2), some);
  });

  test("has the words of the tasks' prompt, and as many tokens in every wording", () => {
    assert.deepEqual(
      VERDICTS.map(({ word }) => word),
      taskByName("movies-5").labelWords,
    );
    assert.equal(taskByName("imdb").template, "*cls**sent_0*_It_was*mask*.*sep+*");
    const tokenizer = loadTokenizer(path.join(root, "data", "english", "model"));
    const labelWords = VERDICTS.map(({ word }) => word);
    for (const { word, others } of VERDICTS) {
      for (const verdict of [`It was ${word}.`, ...others]) assert.equal(tokenizer.encode(verdict).length, 4, verdict);
      for (const other of others)
        assert.ok(!other.startsWith("It was") && !labelWords.some((each) => other.includes(each)), other);
    }
  });
});
