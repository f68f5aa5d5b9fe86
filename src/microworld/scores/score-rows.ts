/** Results of many tasks as tidy rows: from the files of `npm run score`, or from the table of a sweep. */
import { readFileSync } from "node:fs";
import { parseSweepCsv, type SweepRow } from "../../experiment/sweep-table";
import { formatMeanStd } from "../../solvers/metrics";
import { taskByName, taskNames } from "../../tasks/task";
import { methods, type Procedure } from "./methods";
import { readScores, type Score } from "./score-file";

/** One method on one few-shot split of one task. */
export interface ScoreRow {
  task: string;
  /** Of guessing, from 0 to 1, where the task is a known one. */
  chance?: number;
  k: number;
  /** Of the few-shot split. */
  seed: number;
  method: string;
  /** The method as tables and figures show it. */
  title: string;
  /** What kind of method it is; sets the colour. */
  family: "no training" | "fine-tuning" | "kernel" | "without a prompt";
  /** On the test examples, from 0 to 1. */
  accuracy: number;
  /** Of class 1, for tasks whose metric it is. */
  f1?: number;
  testExamples?: number;
}

export interface Results {
  rows: ScoreRow[];
  /** Of the files of `npm run score`: every detail. Empty for a sweep. */
  scores: Score[];
  /** Hash of the model that the scores are of; empty for a sweep. */
  model: string;
}

/**
 * Finished results: a folder that `npm run score` writes, or the `results.csv` of a sweep, of which each seed's best
 * setting on the development examples counts. Tasks come in the paper's order, methods in that of the scores.
 *
 * @throws naming the command that makes results if there are none
 */
export function readResults(path: string): Results {
  if (path.endsWith(".csv")) return { rows: inOrder(sweepRows(parseSweepCsv(readFileSync(path, "utf8")))), scores: [], model: "" };
  const { model, scores } = readScores(path);
  if (scores.length === 0) throw new Error(`there are no results in ${path}; this makes them, and goes on where it was stopped: npm run score -- --model MODEL --out ${path}`);
  return { rows: inOrder(scores.map(scoreRow)), scores, model };
}

/** A result as a row. */
export function scoreRow({ task: name, k, seed, method, accuracy, f1, testExamples }: Score): ScoreRow {
  const known = methods.find((candidate) => candidate.name === method);
  return { task: name, chance: chanceOf(name), k, seed, method, title: known?.title ?? method, family: known ? familyOf(known.procedure) : "no training", accuracy, f1, testExamples };
}

const chanceOf = (name: string): number | undefined => (taskNames.includes(name) ? 1 / taskByName(name).labels.length : undefined);

function familyOf(procedure: Procedure): ScoreRow["family"] {
  if (!("prompted" in procedure)) return "no training";
  return procedure.prompted ? procedure.kind : "without a prompt";
}

/** Of every task, k, seed and method of a sweep the row that is best on dev, the first on ties; runs that diverged have none. */
function sweepRows(rows: readonly SweepRow[]): ScoreRow[] {
  const best = new Map<string, SweepRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.task, row.k, row.seed, row.method]);
    const other = best.get(key);
    if (row.testAccuracy !== undefined && (!other || (row.dev ?? -1) > (other.dev ?? -1))) best.set(key, row);
  }
  return [...best.values()].map(({ task, k, seed, method, setting, testAccuracy }) => {
    const family = "formula" in setting ? "kernel" : "learningRate" in setting ? "fine-tuning" : "no training";
    return { task, chance: chanceOf(task), k, seed, method, title: method, family, accuracy: testAccuracy! };
  });
}

function inOrder(rows: ScoreRow[]): ScoreRow[] {
  const place = (names: readonly string[], name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
  const known = methods.map(({ name }) => name);
  return rows.toSorted((a, b) => place(taskNames, a.task) - place(taskNames, b.task) || place(known, a.method) - place(known, b.method) || a.k - b.k || a.seed - b.seed);
}

/** A row for each task and a column for each method: mean and population standard deviation over seeds, in percent; `*` where one lacks a seed that others have. */
export function scoreTable(rows: readonly ScoreRow[], measure: "accuracy" | "f1" = "accuracy"): Record<string, string>[] {
  const measured = rows.filter((row) => row[measure] !== undefined);
  const titles = [...new Set(rows.map(({ title }) => title))];
  const seeds = new Set(rows.map(({ seed }) => seed)).size;
  const cell = (task: string, title: string): string => {
    const values = measured.filter((row) => row.task === task && row.title === title).map((row) => row[measure]!);
    return values.length === 0 ? "" : `${formatMeanStd(values)}${values.length < seeds ? " *" : ""}`;
  };
  return [...new Set(measured.map(({ task }) => task))].map((task) => ({ task, ...Object.fromEntries(titles.map((title) => [title, cell(task, title)])) }));
}
