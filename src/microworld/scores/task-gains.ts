/** What results of many tasks say of kernel and fine-tuning: gains over zero-shot, and how far methods are apart. */
import { LINEARIZED_SHARE, recoveredGain } from "../../behavior/recovered-gain";
import { mean, populationStd } from "../../solvers/metrics";
import type { ScoreRow } from "./score-rows";

export interface TaskGainOptions {
  /** Methods by name. */
  kernel: string;
  fineTuning: string;
  /** Smallest gain in accuracy, from 0 to 1, that counts as one; below it nothing is divided. */
  smallestGain: number;
  /** Share that counts as reached, from 0 to 1. */
  reached: number;
}

/** How much of fine-tuning's gain the kernel has too. */
export type GainVerdict = "explained" | "in part" | "not explained" | "no gain";

/** Means over the few-shot splits on which zero-shot, fine-tuning and kernel are all measured; from 0 to 1. */
export interface TaskGain {
  task: string;
  seeds: number;
  zeroShot: number;
  fineTuning: number;
  kernel: number;
  /** Fine-tuning's gain over zero-shot, and its population standard deviation over splits. */
  gain: number;
  gainStd: number;
  kernelGain: number;
  kernelGainStd: number;
  /** What the best threshold (or biases), which sees the test labels, gains over zero-shot, where it is measured. */
  thresholdGain?: number;
  /** Fine-tuning is above the best threshold by the smallest gain: recalibration cannot be all of it. */
  needsLearning?: boolean;
  /** The kernel's mean accuracy over fine-tuning's. */
  ratio: number;
  /** Ratio of the mean gains, where fine-tuning gains enough. */
  share?: number;
  verdict: GainVerdict;
}

/** A gain for each task that has the three methods, in the rows' order. */
export function taskGains(rows: readonly ScoreRow[], { kernel, fineTuning, smallestGain, reached }: TaskGainOptions): TaskGain[] {
  for (const method of [kernel, fineTuning, "zero-shot"]) {
    if (!rows.some((row) => row.method === method)) {
      throw new Error(`there are no results of ${JSON.stringify(method)}; there are: ${[...new Set(rows.map((row) => row.method))].join(", ") || "none"}`);
    }
  }
  return [...new Set(rows.map(({ task }) => task))].flatMap((task) => {
    const of = (method: string): Map<string, number> => new Map(rows.filter((row) => row.task === task && row.method === method).map(({ k, seed, accuracy }) => [`${k} ${seed}`, accuracy]));
    const [start, tuned, kernels, threshold] = ["zero-shot", fineTuning, kernel, "best-threshold"].map(of);
    const splits = [...start.keys()].filter((split) => tuned.has(split) && kernels.has(split));
    if (splits.length === 0) return [];
    const over = (method: Map<string, number>): number[] => splits.map((split) => method.get(split)! - start.get(split)!);
    const [zeroShot, fineTuned, solved] = [start, tuned, kernels].map((method) => mean(splits.map((split) => method.get(split)!)));
    const thresholdGain = splits.every((split) => threshold.has(split)) ? mean(over(threshold)) : undefined;
    const { gain, share } = recoveredGain({ start: zeroShot, tuned: fineTuned, linearized: solved }, smallestGain);
    return [
      {
        task,
        seeds: splits.length,
        zeroShot,
        fineTuning: fineTuned,
        kernel: solved,
        gain,
        gainStd: populationStd(over(tuned)),
        kernelGain: solved - zeroShot,
        kernelGainStd: populationStd(over(kernels)),
        ...(thresholdGain === undefined ? {} : { thresholdGain, needsLearning: gain - thresholdGain >= smallestGain }),
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

/** Two methods over the tasks that have both, by their mean accuracies; from 0 to 1. */
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
export function methodGaps(rows: readonly ScoreRow[], pairs: readonly (readonly [string, string])[], near: number): MethodGap[] {
  const tasks = [...new Set(rows.map(({ task }) => task))];
  return pairs.flatMap(([first, second]) => {
    const differences = tasks.flatMap((task) => {
      const [a, b] = [first, second].map((method) => rows.filter((row) => row.task === task && row.method === method).map(({ accuracy }) => accuracy));
      return a.length > 0 && b.length > 0 ? [mean(b) - mean(a)] : [];
    });
    if (differences.length === 0) return [];
    const title = (method: string): string => rows.find((row) => row.method === method)!.title;
    const distances = differences.map(Math.abs);
    return [{ first: title(first), second: title(second), tasks: differences.length, difference: mean(differences), distance: mean(distances), near: distances.filter((distance) => distance <= near).length }];
  });
}
