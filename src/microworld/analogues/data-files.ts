/** Analogues' data as files, laid out as the real data is: full data sets, and few-shot splits made from them. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatCsvRow } from "../../tasks/delimited";
import { kShotSplit, readOriginal } from "../../tasks/k-shot";
import { taskByName, taskFolder, type Task } from "../../tasks/task";
import type { AnnotatedExample, DataSet } from "./data-set";

/** The few-shot seeds of LM-BFF. */
export const splitSeeds: readonly number[] = [13, 21, 42, 87, 100];

/** Names of the columns of the GLUE tasks' files. */
const headers: Readonly<Record<string, string>> = {
  "sst-2": "sentence label",
  mnli: "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2 label1 gold_label",
  snli: "index captionID pairID sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse sentence1 sentence2 label1 gold_label",
  qnli: "index question sentence label",
  rte: "index sentence1 sentence2 label",
  mrpc: "Quality|#1 ID|#2 ID|#1 String|#2 String",
  qqp: "id qid1 qid2 question1 question2 is_duplicate",
};

/** A data set's rows as the text of a file. */
export function fileText(task: Task, { analogue }: Pick<DataSet, "analogue">, examples: readonly AnnotatedExample[]): string {
  const names = headers[task.name]?.split(headers[task.name].includes("|") ? "|" : " ");
  if (task.header && names === undefined) throw new Error(`no column names are known for the files of ${task.name}`);
  const { texts: textColumns, label: labelColumn } = task.columns;
  const width = names?.length ?? Math.max(...textColumns, labelColumn === "last" ? 0 : labelColumn) + 1;
  const lines = examples.map((example, index) => {
    const cells = Array<string>(width).fill("");
    if (names && /^(index|id)$/.test(names[0])) cells[0] = String(index);
    for (const [column, cell] of Object.entries(analogue.extraCells?.(example) ?? {})) cells[Number(column)] = cell;
    textColumns.forEach((column, i) => (cells[column] = example.texts[i]));
    cells[labelColumn === "last" ? width - 1 : labelColumn] = task.labels[example.label];
    if (names?.includes("label1")) cells[names.indexOf("label1")] = task.labels[example.label];
    return task.format === "csv" ? formatCsvRow(cells) : `${cells.join("\t")}\n`;
  });
  return (task.header && names ? `${names.join("\t")}\n` : "") + lines.join("");
}

/** File names and texts of the full data set, as {@link readOriginal} expects them. */
export function originalFiles(dataSet: DataSet): Map<string, string> {
  const task = taskByName(dataSet.analogue.task);
  const test = task.originalTests?.[0] ?? "test";
  return new Map([
    [`train.${task.format}`, fileText(task, dataSet, dataSet.train)],
    [`${test}.${task.format}`, fileText(task, dataSet, dataSet.test)],
  ]);
}

export interface FewShotChoice {
  /** Numbers of examples of each label. */
  ks: readonly number[];
  seeds: readonly number[];
  testExamples?: number;
}

/**
 * Writes `<TASK>/original/{train,…}` and `<TASK>/<k>-<seed>/{train,dev,test}` for each data set under a directory,
 * with the code that splits the real data. `stamp.json` says what they were made from. What was there before is
 * replaced when all is written.
 */
export function writeDataSets(directory: string, dataSets: readonly DataSet[], { ks, seeds, testExamples }: FewShotChoice, stamp: object): void {
  mkdirSync(dirname(directory), { recursive: true });
  const building = mkdtempSync(`${directory}.building-`);
  try {
    for (const dataSet of dataSets) {
      const task = taskByName(dataSet.analogue.task);
      const original = join(building, taskFolder(task), "original");
      mkdirSync(original, { recursive: true });
      for (const [name, text] of originalFiles(dataSet)) writeFileSync(join(original, name), text);
      const read = readOriginal(original, task);
      for (const k of ks) {
        for (const seed of seeds) {
          const { files, shortages } = kShotSplit(read, task, { k, seed, testExamples });
          if (shortages.length > 0) throw new Error(`${task.name} has too few examples of label ${shortages[0].label} for ${k} of each: draw a larger training set`);
          const folder = join(building, taskFolder(task), `${k}-${seed}`);
          mkdirSync(folder, { recursive: true });
          for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
        }
      }
    }
    writeFileSync(join(building, "stamp.json"), `${JSON.stringify(stamp, null, 2)}\n`);
    rmSync(directory, { recursive: true, force: true });
    renameSync(building, directory);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
}
