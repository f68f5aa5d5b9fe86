/** Measurements of kernel behaviour as tables: one row a draw, and means over seeds with counts of verdicts. */
import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import { formatCsvRow } from "../files/delimited";
import type { BehaviorRun } from "./behavior-record";
import type { ResultRow } from "./result-table";
import type { SettingValue } from "./sweep-table";

/** A measurement and where it belongs. */
export interface BehaviorResult extends BehaviorRun {
  /** Name of the pretrained model's folder, or its id. */
  model: string;
  /** Hash of its configuration and weights, without a new head. */
  modelHash: string;
  task: string;
  /** Training examples of each class. */
  k: number;
  /** Of the few-shot draw. */
  seed: number;
  method: string;
  /** The settings that the method names, but for learning rates. */
  setting: Record<string, SettingValue>;
  /** How many test examples the scores are on. */
  testExamples: number;
}

type Cell = number | string | undefined;

/** A verdict in one word; "–" where it is not defined. */
export const verdictText = (verdict: boolean | undefined): string =>
  verdict === undefined ? "–" : verdict ? "yes" : "no";

const own = ({ features, formula }: BehaviorRun): number | undefined =>
  features.find((each) => each.formula === formula)?.mean;

const CSV: Record<string, (result: BehaviorResult) => Cell> = {
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
  featureDistance: own,
  featureDistanceSgd: ({ features }) => features.find(({ formula }) => formula === "sgd")?.mean,
  featureMedian: ({ features, formula }) => features.find((each) => each.formula === formula)?.median,
  alignmentBefore: ({ alignment }) => alignment.start,
  alignmentAfter: ({ alignment }) => alignment.tuned,
  solvesTask: ({ verdicts }) => verdictText(verdicts.solvesTask),
  isLinearized: ({ verdicts }) => verdictText(verdicts.linearized),
  fixedFeatures: ({ verdicts }) => verdictText(verdicts.fixedFeatures),
  kernelBehavior: ({ verdicts }) => verdictText(verdicts.kernelBehavior),
};

/** One line a measurement; scores from 0 to 1, verdicts "yes", "no" or "–", a number that is not defined as an empty cell. */
export function behaviorCsv(results: readonly BehaviorResult[]): string {
  const lines = results.map((result) => Object.values(CSV).map((cell) => String(cell(result) ?? "")));
  return [Object.keys(CSV), ...lines].map(formatCsvRow).join("");
}

const SCORES: Record<string, (result: BehaviorResult) => number | undefined> = {
  "zero-shot": ({ start }) => start,
  "fine-tuning": ({ tuned }) => tuned.test,
  kernel: ({ kernel }) => kernel.test,
  linearized: ({ linearization }) => linearization.test,
  "kernel descent": ({ descent }) => descent?.test,
};

/** Written with two digits; the share of the gain, the distance of kernel entries and the alignment. */
const NUMBERS: Record<string, (result: BehaviorResult) => number | undefined> = {
  "share of gain": ({ linearization }) => linearization.share,
  "feature distance": own,
  "alignment before": ({ alignment }) => alignment.start,
  "alignment after": ({ alignment }) => alignment.tuned,
};

const VERDICTS: Record<string, (result: BehaviorResult) => boolean | undefined> = {
  solves: ({ verdicts }) => verdicts.solvesTask,
  "linearized?": ({ verdicts }) => verdicts.linearized,
  "fixed features": ({ verdicts }) => verdicts.fixedFeatures,
  "kernel behaviour": ({ verdicts }) => verdicts.kernelBehavior,
};

/** One row a measurement, scores in percent. */
export const behaviorRows = (results: readonly BehaviorResult[]): ResultRow[] =>
  results.map((result) => ({
    ...heading(result),
    seed: result.seed,
    ...cells(SCORES, (of) => (of(result) === undefined ? "–" : (100 * of(result)!).toFixed(1))),
    ...cells(NUMBERS, (of) => of(result)?.toFixed(2) ?? "–"),
    ...cells(VERDICTS, (of) => verdictText(of(result))),
  }));

/**
 * One row a task, k, method and setting: mean and population standard deviation over seeds (of those that have the
 * number), and of the verdicts how many of those that are defined are "yes".
 */
export function behaviorSummary(results: readonly BehaviorResult[]): ResultRow[] {
  const groups = new Map<string, BehaviorResult[]>();
  for (const result of results) {
    const key = JSON.stringify([result.task, result.k, result.method, result.setting]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const known = <T>(of: (result: BehaviorResult) => T | undefined): T[] =>
      group.map(of).filter((value) => value !== undefined);
    const over = <T>(of: (result: BehaviorResult) => T | undefined, text: (values: T[]) => string): string => {
      const values = known(of);
      return values.length === 0 ? "–" : text(values);
    };
    return {
      ...heading(group[0]),
      seeds: group.length,
      ...cells(SCORES, (of) => over(of, formatMeanStd)),
      ...cells(NUMBERS, (of) =>
        over(of, (values) => `${mean(values).toFixed(2)} (${populationStd(values).toFixed(2)})`),
      ),
      ...cells(VERDICTS, (of) => over(of, (values) => `${values.filter(Boolean).length} of ${values.length}`)),
    };
  });
}

const heading = ({ task, k, method }: BehaviorResult): ResultRow => ({ task, k, method });

const cells = <Of>(columns: Record<string, Of>, text: (of: Of) => string): ResultRow =>
  Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, text(of)]));
