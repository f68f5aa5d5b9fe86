/** Measurements of kernel behaviour as a table of numbers: written, and read from what a sweep wrote. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { KernelBehavior } from "../behavior/verdicts";
import { CorruptFileError, InputError } from "../errors";
import { readText } from "../files/file-bytes";
import { formatCsvRow, parseCsv } from "../files/delimited";
import { checked } from "../files/fields";
import { parsedJson } from "../files/json";
import type { Formula } from "../kernels/formula";
import { recordOf } from "../records";
import { taskNames } from "../tasks/task";
import { behaviorRecord, type BehaviorResult, type BehaviorRun, type FeatureDistance } from "./behavior-record";
import type { SettingValue } from "./sweep-table";

/** The numbers and verdicts of one measurement: what tables and comparisons over tasks need of it. Undefined ones are missing. */
export interface BehaviorRow {
  task: string;
  /** Training examples of each class. */
  k: number;
  /** Of the few-shot draw. */
  seed: number;
  method: string;
  setting: Record<string, SettingValue>;
  /** Name of the pretrained model, and its hash. */
  model: string;
  modelHash: string;
  learningRate: number;
  /** Of the fine-tuning run, where it is compared: the best on the development examples, or the last. */
  step: number;
  testExamples: number;
  /** Test scores from 0 to 1: of f_0, f_t, the kernel's solution, f_lin, kernel descent. */
  zeroShot: number;
  fineTuning: number;
  kernel: number;
  linearized: number;
  kernelDescent?: number;
  /** The gain's share that the linearization has too. */
  share?: number;
  /** ‖f_lin − f_t‖ / ‖f_t − f_0‖, and the same of the descent. */
  linearizationError?: number;
  kernelDescentError?: number;
  /** Of the optimizer's kernel, and mean and median relative distance of its entries. */
  formula: Formula;
  distance?: number;
  median?: number;
  alignmentBefore?: number;
  alignmentAfter?: number;
  verdicts: Partial<KernelBehavior>;
}

type Cell = number | string | undefined;

const VERDICTS: Record<string, boolean | undefined> = { yes: true, no: false, "–": undefined };

/** A verdict in one word; "–" where it is not defined. */
export const verdictText = (verdict: boolean | undefined): string =>
  verdict === undefined ? "–" : verdict ? "yes" : "no";

/** Of the optimizer's kernel. */
const ownFeatures = ({ features, formula }: BehaviorRun): FeatureDistance | undefined =>
  features.find((each) => each.formula === formula);

/** The columns of the table, in order. */
const COLUMNS = {
  model: ({ model }) => model,
  modelHash: ({ modelHash }) => modelHash,
  task: ({ task }) => task,
  k: ({ k }) => k,
  seed: ({ seed }) => seed,
  method: ({ method }) => method,
  setting: ({ setting }) => JSON.stringify(setting),
  optimizer: ({ optimizer }) => optimizer,
  learningRate: ({ learningRate }) => learningRate,
  metric: ({ metric }) => metric,
  testExamples: ({ testExamples }) => testExamples,
  step: ({ tuned }) => tuned.step,
  zeroShot: ({ start }) => start,
  fineTuningDev: ({ tuned }) => tuned.dev,
  fineTuning: ({ tuned }) => tuned.test,
  kernelFormula: ({ kernel }) => kernel.formula,
  kernelSetting: ({ kernel }) => JSON.stringify(kernel.setting),
  kernelDev: ({ kernel }) => kernel.dev,
  kernel: ({ kernel }) => kernel.test,
  linearized: ({ linearization }) => linearization.test,
  recoveredShare: ({ linearization }) => linearization.share,
  linearizationError: ({ linearization }) => linearization.error,
  kernelDescent: ({ descent }) => descent?.test,
  kernelDescentError: ({ descent }) => descent?.error,
  formula: ({ formula }) => formula,
  featureDistance: (result) => ownFeatures(result)?.mean,
  featureDistanceSgd: ({ features }) => features.find(({ formula }) => formula === "sgd")?.mean,
  featureMedian: (result) => ownFeatures(result)?.median,
  alignmentBefore: ({ alignment }) => alignment.start,
  alignmentAfter: ({ alignment }) => alignment.tuned,
  solvesTask: ({ verdicts }) => verdictText(verdicts.solvesTask),
  isLinearized: ({ verdicts }) => verdictText(verdicts.linearized),
  fixedFeatures: ({ verdicts }) => verdictText(verdicts.fixedFeatures),
  kernelBehavior: ({ verdicts }) => verdictText(verdicts.kernelBehavior),
} as const satisfies Record<string, (result: BehaviorResult) => Cell>;

type Column = keyof typeof COLUMNS;

/** One line for each measurement; scores from 0 to 1, verdicts "yes", "no" or "–", a number that is not defined as an empty cell. */
export function behaviorCsv(results: readonly BehaviorResult[]): string {
  const lines = results.map((result) => Object.values(COLUMNS).map((cell) => String(cell(result) ?? "")));
  return [Object.keys(COLUMNS), ...lines].map((cells) => formatCsvRow(cells)).join("");
}

/** A measurement as a row. */
export const behaviorRow = (result: BehaviorResult): BehaviorRow =>
  rowOf((name) => COLUMNS[name](result), `${result.task}, seed ${result.seed}`);

/**
 * Rows of a table that {@link behaviorCsv} wrote.
 * @throws naming the file, the line and the column of a cell that is not what the column holds
 */
export const readBehaviorCsv = (file: string): BehaviorRow[] => named(file, () => parseBehaviorCsv(readText(file)));

/** The same from its text. */
export function parseBehaviorCsv(text: string): BehaviorRow[] {
  const [header, ...lines] = parseCsv(text);
  const names = header?.cells ?? [];
  return lines.map(({ line, cells }) =>
    rowOf((name) => {
      if (!names.includes(name))
        throw new CorruptFileError(
          `line 1: there is no column ${name}: the table is of an older version, or none of kernel behaviour`,
        );
      return cells[names.indexOf(name)];
    }, `line ${line}`),
  );
}

/** @param place what messages call the row */
function rowOf(cell: (name: Column) => Cell, place: string): BehaviorRow {
  const text = (name: Column): string => String(cell(name) ?? "");
  const wrong = (name: Column): never => {
    throw new CorruptFileError(`${place}: ${JSON.stringify(text(name))} in the column ${name}`);
  };
  const known = (name: Column): number | undefined => {
    if (text(name) === "") return undefined;
    return Number.isFinite(Number(cell(name))) ? Number(cell(name)) : wrong(name);
  };
  const number = (name: Column): number => known(name) ?? wrong(name);
  const verdict = (name: Column): boolean | undefined =>
    Object.hasOwn(VERDICTS, text(name)) ? VERDICTS[text(name)] : wrong(name);
  const all = <Name extends Column, Of>(read: (name: Name) => Of, ...names: Name[]): Record<Name, Of> =>
    recordOf(names.map((name) => [name, read(name)]));
  return {
    ...all(text, "task", "method", "model", "modelHash"),
    ...all(number, "k", "seed", "learningRate", "step", "testExamples"),
    ...all(number, "zeroShot", "fineTuning", "kernel", "linearized"),
    ...all(known, "kernelDescent", "linearizationError", "kernelDescentError", "alignmentBefore", "alignmentAfter"),
    setting: settingOf(text("setting")) ?? wrong("setting"),
    share: known("recoveredShare"),
    formula: text("formula") as Formula,
    distance: known("featureDistance"),
    median: known("featureMedian"),
    verdicts: { ...all(verdict, "solvesTask", "fixedFeatures", "kernelBehavior"), linearized: verdict("isLinearized") },
  };
}

/** An object of plain values from its JSON; undefined if it is none. */
function settingOf(text: string): BehaviorRow["setting"] | undefined {
  try {
    const setting = parsedJson(text, "setting");
    return typeof setting === "object" && !Array.isArray(setting) ? (setting as BehaviorRow["setting"]) : undefined;
  } catch {
    return undefined;
  }
}

/** Finished measurements of one model. */
export interface FinishedBehavior {
  /** Tasks in the paper's order, as far as they are its tasks. */
  rows: BehaviorRow[];
  /** Why there are none; undefined where there are some. */
  missing?: string;
}

/**
 * The finished measurements of a model in a sweep's folder, or in a copy of its `behavior.csv`. Those of another model are left out:
 * its verdicts say nothing of this one.
 *
 * @param model hash of the model in use
 * @throws naming the file if it cannot be read as such a table
 */
export function finishedBehavior(path: string, model: string): FinishedBehavior {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "behavior.csv") : path;
  if (!existsSync(file)) return { rows: [], missing: `There are no finished measurements in ${path}.` };
  const all = readBehaviorCsv(file);
  const rows = all.filter((row) => row.modelHash === model);
  if (rows.length > 0) return { rows: inPaperOrder(rows) };
  return {
    rows,
    missing:
      all.length === 0
        ? `${file} has no measurements yet.`
        : `The ${all.length} measurements in ${file} are of another model (${all[0].modelHash.slice(0, 12)}…), not of the one in use (${model.slice(0, 12)}…).`,
  };
}

/**
 * The measurements of a model in full, with checkpoints and outputs, from the `behavior.jsonl` of a sweep's folder.
 * @throws naming the file and the command that writes it, if it is not there
 */
export function finishedRuns(folder: string, model: string): BehaviorResult[] {
  const file = join(folder, "behavior.jsonl");
  if (!existsSync(file))
    throw new InputError(
      `there is no ${file}: the measurements in full are in the folder that a sweep wrote (npx kernel-view sweep FILE --out FOLDER)`,
      { file },
    );
  const lines = readText(file).split("\n");
  const resultOf = (line: string, i: number): BehaviorResult[] => {
    if (line === "") return [];
    const result = parsedJson(line, `line ${i + 1}`);
    checked(behaviorRecord(), result, `line ${i + 1}`);
    return [result as BehaviorResult];
  };
  return inPaperOrder(named(file, () => lines.flatMap(resultOf)).filter((run) => run.modelHash === model));
}

function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CorruptFileError(`${file}: ${(error as Error).message}`, { file });
  }
}

function inPaperOrder<Of extends { task: string }>(rows: readonly Of[]): Of[] {
  const place = ({ task }: Of): number => (taskNames.includes(task) ? taskNames.indexOf(task) : taskNames.length);
  return rows.toSorted((a, b) => place(a) - place(b));
}
