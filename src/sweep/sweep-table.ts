/** The results of a sweep as one tidy table: a row for every setting on every few-shot draw. */
import { formatCsvRow, parseCsv } from "../files/delimited";
import { firstBest } from "../experiment/solve-kernels";
import type { Run } from "./aggregate";
import { distinct, groupBy } from "../records";
import type { Metric } from "../tasks/task";
import type { SweepMethod } from "./method-settings";

export type SettingValue = string | number | boolean | null;

/** How well a setting does. */
export interface SweepScores {
  /** By the task's metric, from 0 to 1; missing where the run failed. */
  dev?: number;
  test?: number;
  devAccuracy?: number;
  testAccuracy?: number;
  /** Of fine-tuning: steps taken at the returned parameters, and ‖θ_t − θ_0‖ there. */
  bestStep?: number;
  distance?: number;
  /** Why there are no scores: the run diverged. */
  error?: string;
}

/** One line of a sweep's `results.csv`: one setting of one method on one draw. */
export interface SweepRow extends SweepScores {
  task: string;
  /** Training examples of each class. */
  k: number;
  /** Of the few-shot draw. */
  seed: number;
  /** What dev and test are measured in; tables of earlier versions do not say. */
  metric?: Metric;
  /** By the name that the sweep gives it. */
  method: string;
  kind: SweepMethod["kind"];
  /** What the method reads. */
  input: "prompt" | "text";
  setting: Record<string, SettingValue>;
  /** How many test examples the scores are on. */
  testExamples: number;
  /** Hash of the pretrained model's configuration and weights. */
  modelHash: string;
}

/** Settings as cells of a table; what is undefined is left out. */
export const plainSettings = (setting: object): Record<string, SettingValue> =>
  Object.fromEntries(
    Object.entries(setting)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, plain(value)]),
  );

/** JSON has no infinity. */
function plain(value: unknown): SettingValue {
  if (value === Infinity) return "inf";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value as SettingValue);
}

const BEFORE = ["task", "k", "seed", "method", "kind", "input"] as const;
const SCORES = [
  "metric",
  "dev",
  "test",
  "devAccuracy",
  "testAccuracy",
  "testExamples",
  "bestStep",
  "distance",
] as const;
const AFTER = [...SCORES, "modelHash", "error"] as const;

/** The rows as comma-separated text: one column for each setting, empty where a method does not have it. */
export function sweepCsv(rows: readonly SweepRow[]): string {
  const settings = distinct(rows.flatMap(({ setting }) => Object.keys(setting)));
  const text = (value: SettingValue | undefined): string => (value === undefined ? "" : String(value));
  const lines = rows.map((row) => [
    ...BEFORE.map((name) => text(row[name])),
    ...settings.map((name) => text(row.setting[name])),
    ...AFTER.map((name) => text(row[name])),
  ]);
  return [[...BEFORE, ...settings.map((name) => `setting.${name}`), ...AFTER], ...lines]
    .map((cells) => formatCsvRow(cells))
    .join("");
}

/** Rows from the text of {@link sweepCsv}. */
export function parseSweepCsv(csv: string): SweepRow[] {
  const [header, ...lines] = parseCsv(csv);
  return lines.map(({ cells }) => {
    const entries = header.cells
      .map((name, i) => [name, valueOf(name, cells[i])] as const)
      .filter(([, value]) => value !== undefined);
    const setting = entries
      .filter(([name]) => name.startsWith("setting."))
      .map(([name, value]) => [name.slice("setting.".length), value]);
    const own = entries.filter(([name]) => !name.startsWith("setting."));
    return { ...Object.fromEntries(own), setting: Object.fromEntries(setting) } as unknown as SweepRow;
  });
}

const TEXTS: readonly string[] = ["task", "method", "kind", "input", "setting.biases", "metric", "modelHash", "error"];
const WORDS: Record<string, SettingValue> = { true: true, false: false, null: null };

function valueOf(name: string, cell: string): SettingValue | undefined {
  if (TEXTS.includes(name)) return cell === "" ? undefined : cell;
  if (Object.hasOwn(WORDS, cell)) return WORDS[cell];
  return cell === "" ? undefined : Number.isNaN(Number(cell)) ? cell : Number(cell);
}

/** The rows as runs, for {@link aggregate}: of each seed the best on dev, and mean and deviation over seeds. Failed ones are left out. */
export const sweepRuns = (rows: readonly SweepRow[]): Run[] =>
  rows.flatMap(({ task, k, seed, method, setting, dev, test }) => {
    if (dev === undefined || test === undefined) return [];
    const settings = Object.entries(setting).map(
      ([name, value]) => [name, typeof value === "number" ? value : String(value)] as const,
    );
    return [{ task, k, seed, method, dev, test, setting: Object.fromEntries(settings) }];
  });

/** Of every task, k, seed and method the row that is best on dev, the first one on ties; runs that failed have none. */
export const chosenRows = (rows: readonly SweepRow[]): SweepRow[] =>
  groupBy(
    rows.filter((row): row is SweepRow & { dev: number } => row.dev !== undefined),
    ({ task, k, seed, method }) => [task, k, seed, method],
  ).map((own) => firstBest(own, ({ dev }) => dev));
