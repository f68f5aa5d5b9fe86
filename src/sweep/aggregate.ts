import { medianOfSorted } from "../behavior/kernel-comparison";
import { firstBest, scoreBy, type Solved } from "../experiment/solve-kernels";
import { groupBy } from "../records";
import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import type { SolverSetting } from "../solvers/solver";
import type { Metric } from "../tasks/task";

/** What is held fixed where runs are compared: everything but the seed and the setting. */
export interface RunKind {
  task: string;
  /** As a table should show it: "SGD kernel", "prompt-based SGD". */
  method: string;
  /** Training examples of each class. */
  k: number;
}

/** One setting on one few-shot split. */
export interface Run extends RunKind {
  /** Of the few-shot split. */
  seed: number;
  setting: SolverSetting | Record<string, number | string>;
  /** The metric on the development and on the test examples, from 0 to 1. */
  dev: number;
  test: number;
}

/** A table's cell: the runs that the development examples chose, one for each seed. */
export interface Aggregate extends RunKind {
  seeds: number[];
  /** Of the test metric, from 0 to 1. */
  mean: number;
  /** Population standard deviation (ddof 0). */
  std: number;
  median: number;
  /** In percent, "88.3 (0.3)". */
  text: string;
  chosen: Run[];
}

/** The solved settings of one draw's grid as runs, for {@link aggregate}. */
export function runsOf(
  grid: readonly Solved<"dev" | "test">[],
  kind: RunKind & { seed: number },
  metric?: Metric,
): Run[] {
  return grid.map(({ scores: { dev, test }, ...setting }) => ({
    ...kind,
    setting,
    dev: scoreBy(dev, metric),
    test: scoreBy(test, metric),
  }));
}

/**
 * Results as the authors' `gather_result` reports them: of each seed the run with the best development metric (the
 * first one on ties), and over seeds the mean and population standard deviation of their test metrics. A run that
 * repeats another's seed and setting replaces it. Groups and seeds come in order of first appearance.
 */
export function aggregate(runs: readonly Run[]): Aggregate[] {
  return groupBy(runs, ({ task, method, k }) => [task, method, k]).map((own) => {
    const { task, method, k } = own[0];
    const chosen = groupBy(own, ({ seed }) => seed).map(bestRun);
    const tests = chosen.map(({ test }) => test);
    const seeds = chosen.map(({ seed }) => seed);
    const [std, median] = [populationStd(tests), medianOfSorted(tests.toSorted((a, b) => a - b))];
    return { task, method, k, seeds, mean: mean(tests), std, median, text: formatMeanStd(tests), chosen };
  });
}

function bestRun(runs: readonly Run[]): Run {
  const bySetting = new Map(runs.map((run) => [settingKey(run.setting), run]));
  return firstBest([...bySetting.values()], ({ dev }) => dev);
}

/** Names the setting whatever the order of its fields; String, since JSON has no infinity. */
const settingKey = (setting: object): string =>
  JSON.stringify(
    Object.entries(setting)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
  );
