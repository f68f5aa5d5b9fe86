/** Does a measure move with the level of a setting? Compared within tasks, judged over tasks. */
import { counted } from "../counted";
import { groupBy } from "../records";
import { mean } from "../solvers/metrics";

/** A measurement of one task and few-shot draw on the model of one level. */
export interface LevelValue {
  /** Of the setting: naturalness, from 0 to 1. */
  level: number;
  task: string;
  seed: number;
  value: number;
}

/** One task: means at the lowest and the highest level, over the seeds that are measured at both. */
export interface TaskChange {
  task: string;
  seeds: number;
  low: number;
  high: number;
}

export interface LevelChange {
  levels: [lowest: number, highest: number];
  /** In the order of their first value; tasks without a seed at both levels are left out. */
  tasks: TaskChange[];
  /** Mean over the tasks of high − low. */
  change: number;
  /** Of `change`, from the scatter of the tasks (ddof 1); NaN of a single task. */
  standardError: number;
}

/**
 * How a measure changes from the lowest level to the highest. Undefined where there are not two levels with a common task and seed.
 * A task counts once, however many seeds it has: its seeds share one model and one test set.
 */
export function levelChange(values: readonly LevelValue[]): LevelChange | undefined {
  const levels = values.map(({ level }) => level);
  const [lowest, highest] = [Math.min(...levels), Math.max(...levels)];
  if (!(lowest < highest)) return undefined;
  const tasks = groupBy(values, ({ task }) => task).flatMap((own): TaskChange[] => {
    const at = (wanted: number): Map<number, number> =>
      new Map(own.filter(({ level }) => level === wanted).map(({ seed, value }) => [seed, value]));
    const [low, high] = [at(lowest), at(highest)];
    const [{ task }] = own;
    const seeds = [...low.keys()].filter((seed) => high.has(seed));
    if (seeds.length === 0) return [];
    const over = (values: ReadonlyMap<number, number>): number => mean(seeds.map((seed) => values.get(seed)!));
    return [{ task, seeds: seeds.length, low: over(low), high: over(high) }];
  });
  if (tasks.length === 0) return undefined;
  const changes = tasks.map(({ low, high }) => high - low);
  const change = mean(changes);
  const variance = changes.reduce((sum, each) => sum + (each - change) ** 2, 0) / (changes.length - 1);
  const standardError = changes.length > 1 ? Math.sqrt(variance / changes.length) : NaN;
  return { levels: [lowest, highest], tasks, change, standardError };
}

export type LevelVerdict = "as predicted" | "against the prediction" | "undecided";

/** Decided is a change of more than two standard errors. */
export function levelVerdict({ change, standardError }: LevelChange, predicted: "falls" | "rises"): LevelVerdict {
  if (!(Math.abs(change) > 2 * standardError)) return "undecided";
  return change < 0 === (predicted === "falls") ? "as predicted" : "against the prediction";
}

/** The change and the verdict in one sentence: "Linearization error: falls on 4 of 5 tasks, …". */
export function levelSentence(
  name: string,
  values: readonly LevelValue[],
  predicted: "falls" | "rises",
  format: (value: number) => string = (value) => value.toPrecision(2),
): string {
  const found = levelChange(values);
  if (!found) return `${name}: not measured at two levels.`;
  const { levels, tasks, change, standardError } = found;
  const as = tasks.filter(({ low, high }) => (predicted === "falls" ? high < low : high > low)).length;
  const [low, high] = [mean(tasks.map((task) => task.low)), mean(tasks.map((task) => task.high))];
  const error = Number.isNaN(standardError) ? "" : ` ± ${format(standardError)}`;
  const count = `${predicted} on ${as} of ${counted(tasks.length, "task")}`;
  return `${name}: ${count}; on average ${format(low)} at ${levels[0]}, ${format(high)} at ${levels[1]}, ${change < 0 ? "down" : "up"} by ${format(Math.abs(change))}${error}: ${levelVerdict(found, predicted)}.`;
}
