/** Measurements of kernel behaviour as Markdown tables: one row for each draw, and means over draws with counts of verdicts. */
import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import { grouped } from "./aggregate";
import type { BehaviorResult } from "./behavior-record";
import { ownFeatures, verdictText } from "./behavior-rows";
import { markdownTable, type ResultRow } from "./result-table";

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
  "feature distance": (result) => ownFeatures(result)?.mean,
  "alignment before": ({ alignment }) => alignment.start,
  "alignment after": ({ alignment }) => alignment.tuned,
};

const VERDICTS: Record<string, (result: BehaviorResult) => boolean | undefined> = {
  solves: ({ verdicts }) => verdicts.solvesTask,
  "linearized?": ({ verdicts }) => verdicts.linearized,
  "fixed features": ({ verdicts }) => verdicts.fixedFeatures,
  "kernel behaviour": ({ verdicts }) => verdicts.kernelBehavior,
};

/** The page of a sweep's measurements. */
export const behaviorMarkdown = (results: readonly BehaviorResult[]): string =>
  `Protocol: \`docs/protocol.md\`; columns: \`docs/behavior.md\`.\n\n${markdownTable(behaviorRows(results))}\n${markdownTable(behaviorSummary(results))}`;

/** One row for each measurement, scores in percent. */
export const behaviorRows = (results: readonly BehaviorResult[]): ResultRow[] =>
  results.map((result) => ({
    ...heading(result),
    seed: result.seed,
    ...cells(SCORES, (of) => (of(result) === undefined ? "–" : (100 * of(result)!).toFixed(1))),
    ...cells(NUMBERS, (of) => of(result)?.toFixed(2) ?? "–"),
    ...cells(VERDICTS, (of) => verdictText(of(result))),
  }));

/**
 * One row for each task, k, method and setting: mean and population standard deviation over seeds (of those that have the
 * number), and of the verdicts how many of those that are defined are "yes".
 */
export function behaviorSummary(results: readonly BehaviorResult[]): ResultRow[] {
  return grouped(results, ({ task, k, method, setting }) => JSON.stringify([task, k, method, setting])).map((group) => {
    const over = <T>(of: (result: BehaviorResult) => T | undefined, text: (values: T[]) => string): string => {
      const values = group.map(of).filter((value) => value !== undefined);
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
