/** The verdicts of the paper's Section 6 side by side. */
import { FIXED_FEATURES_DISTANCE } from "./kernel-change";

/** The kernel solves a task if it has at least this share of fine-tuning's score. */
export const SOLVED_SHARE = 0.9;

export interface KernelBehaviorOptions {
  /** Scores from 0 to 1 of the kernel's solution and of fine-tuning. */
  kernelScore: number;
  tunedScore: number;
  /** The linearization test's verdict; undefined where nothing was gained. */
  linearized: boolean | undefined;
  /** Average relative distance of kernel entries before and after fine-tuning. */
  featureDistance: number;
}

export interface KernelBehavior {
  /** The kernel has at least 90 % of fine-tuning's score. */
  solvesTask: boolean;
  /** At least half of the gain is the linearization's too. */
  linearized: boolean | undefined;
  /** The distance is below 2.0. */
  fixedFeatures: boolean | undefined;
  /** All three. Undefined if one of them is and none fails. */
  kernelBehavior: boolean | undefined;
}

/**
 * The three criteria of kernel behaviour: the kernel's score, the linearization and the distance of features. The
 * thresholds are those that a re-implementation quotes from the paper's Table 1 (docs/paper.md).
 */
export function kernelBehavior({
  kernelScore,
  tunedScore,
  linearized,
  featureDistance,
}: KernelBehaviorOptions): KernelBehavior {
  const solvesTask = kernelScore >= SOLVED_SHARE * tunedScore - 1e-12;
  const fixedFeatures = Number.isNaN(featureDistance) ? undefined : featureDistance < FIXED_FEATURES_DISTANCE;
  const verdicts = [solvesTask, linearized, fixedFeatures];
  const whole = verdicts.includes(false) ? false : verdicts.includes(undefined) ? undefined : true;
  return { solvesTask, linearized, fixedFeatures, kernelBehavior: whole };
}
