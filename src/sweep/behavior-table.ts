/** Measurements of kernel behaviour as Markdown tables: one row for each draw, and means over draws with counts of verdicts. */
import { groupBy } from "../records";
import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import type { BehaviorResult } from "./behavior-record";
import { behaviorRow, verdictText, type BehaviorRow } from "./behavior-rows";
import { markdownTable, type ResultRow } from "./result-table";

const SCORES = {
  "zero-shot": "zeroShot",
  "fine-tuning": "fineTuning",
  kernel: "kernel",
  linearized: "linearized",
  "kernel descent": "kernelDescent",
} as const satisfies Record<string, keyof BehaviorRow>;

/** Written with two digits. */
const NUMBERS = {
  "share of gain": "share",
  "feature distance": "distance",
  "alignment before": "alignmentBefore",
  "alignment after": "alignmentAfter",
} as const satisfies Record<string, keyof BehaviorRow>;

const VERDICTS = {
  solves: "solvesTask",
  "linearized?": "linearized",
  "fixed features": "fixedFeatures",
  "kernel behaviour": "kernelBehavior",
} as const satisfies Record<string, keyof BehaviorRow["verdicts"]>;

/** The page of a sweep's measurements. */
export const behaviorMarkdown = (results: readonly BehaviorResult[]): string =>
  `Protocol: \`docs/protocol.md\`; columns: \`docs/behavior.md\`.\n\n${markdownTable(behaviorRows(results))}\n${markdownTable(behaviorSummary(results))}`;

/** One row for each measurement, scores in percent. */
export const behaviorRows = (results: readonly BehaviorResult[]): ResultRow[] =>
  results.map(behaviorRow).map((row) => ({
    ...heading(row),
    seed: row.seed,
    ...cells(SCORES, (name) => (row[name] === undefined ? "–" : (100 * row[name]).toFixed(1))),
    ...cells(NUMBERS, (name) => row[name]?.toFixed(2) ?? "–"),
    ...cells(VERDICTS, (name) => verdictText(row.verdicts[name])),
  }));

/**
 * One row for each task, k, method and setting: mean and population standard deviation over seeds (of those that have the
 * number), and of the verdicts how many of those that are defined are "yes".
 */
export function behaviorSummary(results: readonly BehaviorResult[]): ResultRow[] {
  const rows = results.map(behaviorRow);
  return groupBy(rows, ({ task, k, method, setting }) => [task, k, method, setting]).map((group) => {
    const over = <T>(of: (row: BehaviorRow) => T | undefined, text: (values: T[]) => string): string => {
      const values = group.map(of).filter((value) => value !== undefined);
      return values.length === 0 ? "–" : text(values);
    };
    const meanStd = (values: number[]): string => `${mean(values).toFixed(2)} (${populationStd(values).toFixed(2)})`;
    const yes = (values: boolean[]): string => `${values.filter(Boolean).length} of ${values.length}`;
    return {
      ...heading(group[0]),
      seeds: group.length,
      ...cells(SCORES, (name) => over((row) => row[name], formatMeanStd)),
      ...cells(NUMBERS, (name) => over((row) => row[name], meanStd)),
      ...cells(VERDICTS, (name) => over(({ verdicts }) => verdicts[name], yes)),
    };
  });
}

const heading = ({ task, k, method }: BehaviorRow): ResultRow => ({ task, k, method });

const cells = <Of>(columns: Record<string, Of>, text: (of: Of) => string): ResultRow =>
  Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, text(of)]));
