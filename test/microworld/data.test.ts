import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { splitSeeds, writeDataSets } from "../../src/microworld/analogues/data-files";
import { annotate, drawDataSet, heldOutKeys } from "../../src/microworld/analogues/data-set";
import { analogues } from "../../src/microworld/analogues/table";
import { shippedLanguage, shippedLanguageSeed, shippedStages } from "../../src/microworld/defaults";
import { corpusBlock } from "../../src/microworld/language/corpus";
import { sentenceKey } from "../../src/microworld/language/text-keys";
import { createRandom } from "../../src/microworld/language/random";
import { makeManifest, type Manifest } from "../../src/microworld/manifest";
import { readSplit } from "../../src/tasks/split";
import { taskByName, taskFolder, taskNames } from "../../src/tasks/task";

const shipped = join(__dirname, "../../../data/microworld");
const dataSets = analogues.map((analogue) => drawDataSet(analogue, shippedLanguage, shippedLanguageSeed));
const heldOut = heldOutKeys(dataSets);

describe("the microworld's data", () => {
  it("has an analogue of each of the paper's tasks", () => {
    assert.deepEqual(analogues.map(({ task }) => task), taskNames);
  });

  it("comes out the same on every machine: the shipped hashes", () => {
    const recorded = JSON.parse(readFileSync(join(shipped, "manifest.json"), "utf8")) as Manifest;
    const made = makeManifest(dataSets, shippedLanguage, shippedLanguageSeed, heldOut, { laterStages: shippedStages.slice(1) });
    assert.deepEqual(made, recorded);
    const other = makeManifest([drawDataSet(analogues[0], shippedLanguage, 8)], shippedLanguage, 8, heldOut, { documents: 10 });
    assert.notEqual(other.files["SST-2/original/train.tsv"], made.files["SST-2/original/train.tsv"]);
  });

  it("ships samples that are the first rows of the data", () => {
    for (const { analogue, train } of dataSets) {
      const task = taskByName(analogue.task);
      const text = readFileSync(join(shipped, "samples", `${taskFolder(task)}.${task.format}`), "utf8");
      for (const { texts } of train.slice(0, 40)) for (const part of texts) assert.ok(text.includes(part.replaceAll('"', '""')) || text.includes(part), part);
    }
  });

  it("is read back by the tasks' readers, k of each label, no example in two splits", () => {
    const folder = mkdtempSync(join(tmpdir(), "microworld-"));
    try {
      writeDataSets(join(folder, "tasks"), dataSets, { ks: [16], seeds: splitSeeds.slice(0, 2), testExamples: 300 }, { made: "by a test" });
      assert.deepEqual(readdirSync(folder), ["tasks"]);
      for (const { analogue, test } of dataSets) {
        const task = taskByName(analogue.task);
        const meant = new Map(test.map(({ texts, label }) => [texts.join("|"), label]));
        for (const seed of [13, 21]) {
          const read = (split: "train" | "dev" | "test") => readSplit(join(folder, "tasks", taskFolder(task), `16-${seed}`), split, task);
          const [train, dev, held] = [read("train"), read("dev"), read("test")];
          for (const examples of [train, dev]) {
            for (const label of task.labels.keys()) assert.equal(examples.filter((example) => example.label === label).length, 16, `${task.name}, label ${label}`);
          }
          assert.equal(held.length, 300);
          // Files and meanings agree: the label read is the label drawn.
          for (const { texts, label } of held) assert.equal(meant.get(texts.join("|")), label, `${task.name}: ${texts.join(" | ")}`);
          const keys = [...train, ...dev, ...held].map(({ texts }) => texts.map(sentenceKey).join("|"));
          assert.equal(new Set(keys).size, keys.length, `${task.name}, seed ${seed}: an example occurs twice`);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("occurs nowhere in the pretraining text, neither whole nor behind a mark", () => {
    // Word by word: what begins a sentence or follows a word with a mark, up to a question mark or the end.
    const texts = (sentence: string): string[] => {
      const words = sentence.split(" ");
      const ends = words.flatMap((word, i) => (word.endsWith("?") || i === words.length - 1 ? [i + 1] : []));
      return words.flatMap((_, i) => (i > 0 && !/[?:,]$/.test(words[i - 1]) ? [] : ends.filter((end) => end > i).map((end) => sentenceKey(words.slice(i, end).join(" ")))));
    };
    for (const { language, languageSeed } of shippedStages) {
      const count = (keys: ReadonlySet<string>): number =>
        corpusBlock(language, languageSeed, 0, 7000, keys).flat().flatMap(texts).filter((key) => heldOut.has(key)).length;
      assert.equal(count(heldOut), 0);
      assert.ok(count(new Set()) > 500, "without holding them out, hundreds would occur");
    }
  });

  it("has the label noise that its settings say, and labels of every kind", () => {
    for (const { analogue, train, test } of dataSets) {
      const all = [...train, ...test];
      const noise = analogue.labelNoise(shippedLanguage);
      const wrong = all.filter(({ label, meant }) => label !== meant).length / all.length;
      // Four standard deviations of a share of 5,000 draws.
      assert.ok(Math.abs(wrong - noise) <= 4 * Math.sqrt((noise * (1 - noise)) / all.length), `${analogue.task}: ${wrong} of the labels are wrong, not ${noise}`);
      for (const label of taskByName(analogue.task).labels.keys()) {
        assert.ok(all.filter((example) => example.meant === label).length >= 150, `${analogue.task}: few examples of label ${label}`);
      }
    }
    const example = { texts: ["x"], label: 1, kind: "k" };
    const random = createRandom(3);
    assert.deepEqual(new Set(Array.from({ length: 100 }, () => annotate(random, example, 3, 1).label)), new Set([0, 2]));
  });

  it("has some 4,000 word types, every inflection counted, in well-formed sentences", () => {
    const documents = corpusBlock(shippedLanguage, shippedLanguageSeed, 1, 20000, heldOut);
    const types = new Set(documents.flat().flatMap((sentence) => sentence.toLowerCase().match(/[a-z]+/g) ?? []));
    assert.ok(types.size >= 2000 && types.size <= 4500, `${types.size} word types`);
    for (const sentence of documents.flat()) {
      assert.match(sentence, /^[A-Z0-9"].*[.!?]"?$/, sentence);
      assert.doesNotMatch(sentence, /[{}]|undefined|\s\s|\s[,.!?]|\ba [aeio]|\ban [^aeiouh18]/, sentence);
    }
    const words = dataSets.flatMap(({ test }) => test.flatMap(({ texts }) => texts.join(" ").toLowerCase().match(/[a-z]+/g) ?? []));
    const unknown = words.filter((word) => !types.has(word));
    // Inflections of rare words: 20,000 documents are a sixth of what the shipped model read.
    assert.ok(unknown.length / words.length < 0.001, `${unknown.length} of ${words.length} words are not in the text: ${[...new Set(unknown)].slice(0, 20).join(", ")}`);
  });
});
