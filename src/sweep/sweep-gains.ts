/** What a sweep's results say of kernel and fine-tuning: gains over zero-shot, and how far methods are apart. */
import { LINEARIZED_SHARE, recoveredGain } from "../behavior/verdicts";
import { distinct } from "../records";
import { mean, populationStd } from "../solvers/metrics";
import type { SweepRow } from "./sweep-table";

export interface TaskGainOptions {
  /** Methods by name. */
  kernel: string;
  fineTuning: string;
  /** Smallest gain, from 0 to 1, that counts as one; below it nothing is divided. */
  smallestGain: number;
  /** Share that counts as reached, from 0 to 1. */
  reached: number;
}

/** How much of fine-tuning's gain the kernel has too. */
export type GainVerdict = "explained" | "in part" | "not explained" | "no gain";

/** Means over the few-shot draws on which zero-shot, fine-tuning and kernel are all measured; scores by the task's metric, from 0 to 1. */
export interface TaskGain {
  task: string;
  seeds: number;
  zeroShot: number;
  fineTuning: number;
  kernel: number;
  /** Fine-tuning's gain over zero-shot, and its population standard deviation over draws. */
  gain: number;
  gainStd: number;
  kernelGain: number;
  kernelGainStd: number;
  /** What the best threshold (or biases), which sees the test labels, gains over zero-shot, where it is measured. */
  thresholdGain?: number;
  /** Fine-tuning is above the best threshold by the smallest gain: recalibration cannot be all of it. */
  needsLearning?: boolean;
  /** What a linear probe gains over zero-shot, where it is measured: the best one where there are several. */
  probeGain?: number;
  /** The kernel's mean score over fine-tuning's. */
  ratio: number;
  /** Ratio of the mean gains, where fine-tuning gains enough. */
  share?: number;
  verdict: GainVerdict;
}

/** @throws naming the methods that there are if there is none of that name */
function checkMethod(rows: readonly SweepRow[], method: string): void {
  if (rows.some((row) => row.method === method)) return;
  throw new Error(
    `there are no results of ${JSON.stringify(method)}; there are: ${distinct(rows.map((row) => row.method)).join(", ") || "none"}`,
  );
}

/** The rows' tasks in order of first appearance. */
export const tasksIn = (rows: readonly SweepRow[]): string[] => distinct(rows.map(({ task }) => task));

/** The names of the methods of one kind. */
export const methodsOf = (rows: readonly SweepRow[], kind: SweepRow["kind"]): string[] =>
  distinct(rows.filter((row) => row.kind === kind).map(({ method }) => method));

/** What kind of method a row is of, as figures group and colour them. */
export function methodFamily({ kind, input }: Pick<SweepRow, "kind" | "input">): string {
  if (kind === "zero-shot" || kind === "best-threshold") return "no training";
  if (kind === "bag-of-words" || kind === "linear-probe") return "logistic regression";
  if (input === "text") return "without a prompt";
  return kind === "kernel" ? "kernel" : "fine-tuning";
}

/** Test scores of methods on the draws of a task that have all of them, [methods][draws]; undefined if there is no such draw. */
export function sharedScores(
  rows: readonly SweepRow[],
  task: string,
  methods: readonly string[],
): number[][] | undefined {
  const of = (method: string): Map<string, number> =>
    new Map(
      rows
        .filter((row) => row.task === task && row.method === method)
        .map(({ k, seed, test }) => [`${k} ${seed}`, test!]),
    );
  const found = methods.map(of);
  const draws = [...found[0].keys()].filter((draw) => found.every((own) => own.has(draw)));
  return draws.length === 0 ? undefined : found.map((own) => draws.map((draw) => own.get(draw)!));
}

/**
 * A gain for each task that has zero-shot and the two methods, in the rows' order.
 * @param rows as dev chooses them
 * @throws naming the methods that there are if one is missing
 */
export function taskGains(
  rows: readonly SweepRow[],
  { kernel, fineTuning, smallestGain, reached }: TaskGainOptions,
): TaskGain[] {
  const [start] = methodsOf(rows, "zero-shot");
  if (start === undefined)
    throw new Error('gains are over zero-shot, and there are no results of a method of kind "zero-shot"');
  [kernel, fineTuning].forEach((method) => checkMethod(rows, method));
  return tasksIn(rows).flatMap((task) => {
    const scores = sharedScores(rows, task, [start, fineTuning, kernel]);
    if (!scores) return [];
    const [zeroShot, fineTuned, solved] = scores.map(mean);
    const over = (own: readonly number[]): number[] => own.map((score, i) => score - scores[0][i]);
    // Only where all of these draws have it too.
    const gainOf = (method: string): number[] => {
      const both = sharedScores(rows, task, [start, fineTuning, kernel, method]);
      return both?.[0].length === scores[0].length ? [mean(over(both[3]))] : [];
    };
    const [thresholdGain] = methodsOf(rows, "best-threshold").flatMap(gainOf);
    const probeGains = methodsOf(rows, "linear-probe").flatMap(gainOf);
    const { gain, share } = recoveredGain({ start: zeroShot, tuned: fineTuned, linearized: solved }, smallestGain);
    return [
      {
        task,
        seeds: scores[0].length,
        zeroShot,
        fineTuning: fineTuned,
        kernel: solved,
        gain,
        gainStd: populationStd(over(scores[1])),
        kernelGain: solved - zeroShot,
        kernelGainStd: populationStd(over(scores[2])),
        ...(thresholdGain === undefined ? {} : { thresholdGain, needsLearning: gain - thresholdGain >= smallestGain }),
        ...(probeGains.length === 0 ? {} : { probeGain: Math.max(...probeGains) }),
        ratio: solved / fineTuned,
        share,
        verdict: verdictOf(share, reached),
      },
    ];
  });
}

function verdictOf(share: number | undefined, reached: number): GainVerdict {
  if (share === undefined) return "no gain";
  if (share >= reached) return "explained";
  return share >= LINEARIZED_SHARE ? "in part" : "not explained";
}

/** Two methods over the tasks that have both, by their mean scores on the same draws; from 0 to 1. */
export interface MethodGap {
  first: string;
  second: string;
  tasks: number;
  /** Mean of second − first. */
  difference: number;
  /** Mean of |second − first|. */
  distance: number;
  /** Tasks where they are at most `near` apart. */
  near: number;
}

/** How far pairs of methods are apart; pairs that no task has are left out. */
export function methodGaps(
  rows: readonly SweepRow[],
  pairs: readonly (readonly [string, string])[],
  near: number,
): MethodGap[] {
  return pairs.flatMap(([first, second]) => {
    const differences = tasksIn(rows).flatMap((task) => {
      const scores = sharedScores(rows, task, [first, second]);
      return scores ? [mean(scores[1]) - mean(scores[0])] : [];
    });
    if (differences.length === 0) return [];
    const distances = differences.map(Math.abs);
    const tasks = differences.length;
    const close = distances.filter((distance) => distance <= near).length;
    return [{ first, second, tasks, difference: mean(differences), distance: mean(distances), near: close }];
  });
}
