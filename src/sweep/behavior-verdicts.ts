/** Many measurements of kernel behaviour together: counts of verdicts, the two tests compared, and methods compared. */
import type { KernelBehavior } from "../behavior/verdicts";
import { entriesOf, groupBy, recordOf } from "../records";
import { mean } from "../solvers/metrics";
import type { BehaviorRow } from "./behavior-rows";

/** The verdicts in the order in which tables show them. */
export const CRITERIA = {
  solvesTask: "solves",
  linearized: "linearized",
  fixedFeatures: "fixed",
  kernelBehavior: "all three",
} as const satisfies Record<keyof KernelBehavior, string>;

/** A verdict on one measurement of kernel behaviour. */
export type Criterion = keyof KernelBehavior;

/** How often a verdict is "yes", over the draws of one task and method. */
export interface VerdictCount {
  task: string;
  method: string;
  criterion: Criterion;
  yes: number;
  /** Draws in which the verdict is defined. */
  defined: number;
  draws: number;
}

/** Counts of every verdict by task and method, in order of first appearance. */
export function verdictCounts(rows: readonly BehaviorRow[]): VerdictCount[] {
  return groupBy(rows, ({ task, method }) => [task, method]).flatMap((own) =>
    entriesOf(CRITERIA).map(([criterion]) => {
      const known = own.map(({ verdicts }) => verdicts[criterion]).filter((verdict) => verdict !== undefined);
      const [{ task, method }] = own;
      const [yes, defined] = [known.filter(Boolean).length, known.length];
      return { task, method, criterion, yes, defined, draws: own.length };
    }),
  );
}

type TestsTogether = Record<"both" | "linearizedOnly" | "fixedOnly" | "neither" | "notDefined", number>;

/**
 * In how many measurements both tests of Section 6.2 pass, one of them, or neither; in how many a verdict is not defined,
 * mostly because fine-tuning gains too little.
 */
export function testsTogether(rows: readonly BehaviorRow[]): TestsTogether {
  const count = (linearized: boolean, fixed: boolean): number =>
    rows.filter(({ verdicts }) => verdicts.linearized === linearized && verdicts.fixedFeatures === fixed).length;
  const [both, neither] = [count(true, true), count(false, false)];
  const [linearizedOnly, fixedOnly] = [count(true, false), count(false, true)];
  const notDefined = rows.length - both - neither - linearizedOnly - fixedOnly;
  return { both, linearizedOnly, fixedOnly, neither, notDefined };
}

/** What {@link testsTogether} counts, in one sentence, for one method or several. */
export function togetherSentence(rows: readonly BehaviorRow[]): string {
  const { both, linearizedOnly, fixedOnly, neither, notDefined } = testsTogether(rows);
  const judged = rows.length - notDefined;
  if (judged === 0) return `in none of ${rows.length} measurements do both tests have a verdict`;
  const split = linearizedOnly + fixedOnly;
  return `the two tests agree in ${both + neither} of ${judged} measurements (${both} pass both, ${neither} neither)${split > 0 ? `; ${linearizedOnly} linearized without fixed features, ${fixedOnly} with fixed features without being linearized` : ""}${notDefined > 0 ? `; no verdict on one of them in ${notDefined} more` : ""}`;
}

/** Two methods on the same tasks and draws. */
export interface MethodPair {
  first: string;
  second: string;
  /** Tasks and draws that both were measured on. */
  pairs: number;
  /** Of each verdict: pairs in which both have one, and those of them that differ. */
  verdicts: Record<Criterion, { defined: number; differ: number }>;
  means: Record<"gain" | "share" | "distance" | "linearizationError", PairMeans>;
}

/** Means over the pairs in which both have the number; undefined where there are none. */
export interface PairMeans {
  pairs: number;
  first?: number;
  second?: number;
}

/** Compares two methods on the tasks and draws that both have: verdicts that differ, and the means of both. */
export function pairedMethods(rows: readonly BehaviorRow[], first: string, second: string): MethodPair {
  const key = ({ task, k, seed }: BehaviorRow): string => JSON.stringify([task, k, seed]);
  const others = new Map(rows.filter(({ method }) => method === second).map((row) => [key(row), row]));
  const pairs = rows
    .filter((row) => row.method === first && others.has(key(row)))
    .map((row) => [row, others.get(key(row))!] as const);
  const inBoth = <Of>(of: (row: BehaviorRow) => Of | undefined): [Of, Of][] =>
    pairs.map(([a, b]) => [of(a), of(b)]).filter((values): values is [Of, Of] => !values.includes(undefined));
  const verdictsOf = (criterion: Criterion): { defined: number; differ: number } => {
    const both = inBoth(({ verdicts }) => verdicts[criterion]);
    return { defined: both.length, differ: both.filter(([a, b]) => a !== b).length };
  };
  const meansOf = (of: (row: BehaviorRow) => number | undefined): PairMeans => {
    const both = inBoth(of);
    if (both.length === 0) return { pairs: 0 };
    return { pairs: both.length, first: mean(both.map(([a]) => a)), second: mean(both.map(([, b]) => b)) };
  };
  const verdicts = recordOf(entriesOf(CRITERIA).map(([criterion]) => [criterion, verdictsOf(criterion)]));
  const means = {
    gain: meansOf(gainOf),
    share: meansOf(({ share }) => share),
    distance: meansOf(({ distance }) => distance),
    linearizationError: meansOf((row) => row.linearizationError),
  };
  return { first, second, pairs: pairs.length, verdicts, means };
}

/** What fine-tuning gains over the pretrained model, from −1 to 1. */
export const gainOf = ({ fineTuning, zeroShot }: BehaviorRow): number => fineTuning - zeroShot;
