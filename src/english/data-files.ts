/** The English tasks' data as files, laid out as the paper's is: full data sets, and few-shot splits drawn from them. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../errors";
import { kShotSplit, readOriginal } from "../tasks/k-shot";
import { shortageText } from "../tasks/columns";
import { taskByName } from "../tasks/task";
import type { EnglishDataSet, LabelledSentence } from "./data-sets";

/** The seeds of LM-BFF's splits, and the paper's numbers of examples of each label. */
export const SEEDS: readonly number[] = [13, 21, 42, 87, 100];
const SIZES: readonly number[] = [16, 64];
/** Pairs written by hand are too few for more. */
const INFERENCE_SIZES: readonly number[] = [16];

/** The numbers of examples of each label in a task's splits. */
export const sizesOf = (task: string): readonly number[] => (task === "inference" ? INFERENCE_SIZES : SIZES);

function fileText(sentences: readonly LabelledSentence[]): string {
  const header = sentences.some(({ hypothesis }) => hypothesis !== undefined)
    ? ["premise", "hypothesis", "label"]
    : ["sentence", "label"];
  const rows = sentences.map(({ text, hypothesis, label }) =>
    hypothesis === undefined ? [text, label] : [text, hypothesis, label],
  );
  return [header, ...rows].map((cells) => `${cells.join("\t")}\n`).join("");
}

/**
 * Writes `<TASK>/original/{train,test}.tsv` and `<TASK>/<k>-<seed>/{train,dev,test}.tsv` under a folder, and `stamp.json`,
 * which says what they were made from. What was there before is replaced when all is written.
 */
export function writeEnglishTasks(folder: string, dataSets: readonly EnglishDataSet[], stamp: object): void {
  mkdirSync(dirname(folder), { recursive: true });
  // A temporary folder of the system's would be closed to other users.
  const building = `${folder}.building-${process.pid}`;
  mkdirSync(building);
  try {
    for (const { task: name, train, test } of dataSets) {
      const task = taskByName(name);
      write(join(building, name, "original"), { "train.tsv": fileText(train), "test.tsv": fileText(test) });
      const original = readOriginal(join(building, name, "original"), task);
      for (const k of sizesOf(name)) {
        for (const seed of SEEDS) {
          const { files, shortages } = kShotSplit(original, task, { k, seed });
          if (shortages.length > 0)
            throw new InputError(shortageText(`${name} for dev`, shortages[0].dev, k, shortages[0].label));
          write(join(building, name, `${k}-${seed}`), Object.fromEntries(files));
        }
      }
    }
    write(building, { "stamp.json": `${JSON.stringify(stamp)}\n` });
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

function write(folder: string, files: Record<string, string | Buffer>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
