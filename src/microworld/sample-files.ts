/** The language's samples on disk: task splits in LM-BFF's layout, and a few documents to look at. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { corpusBlock } from "./language/corpus";
import type { LanguageSettings } from "./language/settings";
import { writeText } from "./pretraining/model-files";
import { heldOutKeys, splitFile, taskSplits } from "./analogues/task-data";

/** Sizes of the task data; fewer test sentences may be written than are drawn and held out. */
export const taskSizes = { test: 1000, k: 16 } as const;

/**
 * Writes `sst-2/16-<seed>/{train,dev,test}.tsv` for the five seeds and `corpus-sample.txt` (a document
 * a line) under the directory; the same bytes for the same settings and seed.
 */
export function writeSamples(
  directory: string,
  settings: LanguageSettings,
  seed: number,
  { testSentences = 500, documents = 300 }: { testSentences?: number; documents?: number } = {},
): void {
  const splits = taskSplits(settings, seed, taskSizes);
  for (const { seed: splitSeed, train, dev } of splits.fewShot) {
    const folder = join(directory, "sst-2", `${taskSizes.k}-${splitSeed}`);
    mkdirSync(folder, { recursive: true });
    writeText(join(folder, "train.tsv"), splitFile(train));
    writeText(join(folder, "dev.tsv"), splitFile(dev));
    writeText(join(folder, "test.tsv"), splitFile(splits.test.slice(0, testSentences)));
  }
  const sample = corpusBlock(settings, seed, 0, documents, heldOutKeys(splits));
  writeText(join(directory, "corpus-sample.txt"), sample.map((document) => `${document.join(" ")}\n`).join(""));
}
