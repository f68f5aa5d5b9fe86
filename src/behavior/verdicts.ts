/** The verdicts of the paper's Section 6, and their thresholds. */
import { InputError } from "../errors";

/** A kernel solves a task if it has at least this share of fine-tuning's score. */
export const SOLVED_SHARE = 0.9;

/** Fine-tuning is linearized if the linearization has at least this share of its gain. */
export const LINEARIZED_SHARE = 0.5;

/** Features are fixed if the average relative distance of kernel entries is below this. */
export const FIXED_FEATURES_DISTANCE = 2.0;

/** The smallest gain that is divided by: one point of accuracy. Below it the share is a ratio of sampling errors. Our choice, not the paper's. */
export const SMALLEST_GAIN = 0.01;

/** Scores from 0 to 1 of the pretrained model, the fine-tuned one, and the linearization at its parameters. */
export interface GainScores {
  start: number;
  tuned: number;
  linearized: number;
}

export interface RecoveredGain {
  /** Score of the fine-tuned model minus that of the pretrained one. */
  gain: number;
  /** (linearized − start) / (tuned − start); may be negative or above 1. Undefined where the gain is too small to be shared. */
  share: number | undefined;
  /** Whether the share is at least {@link LINEARIZED_SHARE}: fine-tuning is linearized. Undefined where the share is. */
  passed: boolean | undefined;
}

/**
 * The share of fine-tuning's gain that its linearization has too: (linearized − start) / (tuned − start), from scores
 * between 0 and 1 (Section 6 of the paper).
 *
 * @param smallestGain gains below it have no share
 * @throws if a score is not a number
 */
export function recoveredGain({ start, tuned, linearized }: GainScores, smallestGain = SMALLEST_GAIN): RecoveredGain {
  for (const [name, value] of Object.entries({ start, tuned, linearized })) {
    if (!Number.isFinite(value)) throw new InputError(`the score "${name}" must be a number, not ${value}`);
  }
  if (!(smallestGain > 0)) throw new InputError(`the smallest gain must be above 0, not ${smallestGain}`);
  const gain = tuned - start;
  // Scores are quotients of counts: their differences carry rounding.
  if (gain < smallestGain - 1e-12) return { gain, share: undefined, passed: undefined };
  const share = (linearized - start) / gain;
  return { gain, share, passed: share >= LINEARIZED_SHARE - 1e-12 };
}

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
  /** The kernel has at least {@link SOLVED_SHARE} of fine-tuning's score. */
  solvesTask: boolean;
  /** The linearization has at least {@link LINEARIZED_SHARE} of fine-tuning's gain. */
  linearized: boolean | undefined;
  /** The distance is below {@link FIXED_FEATURES_DISTANCE}. */
  fixedFeatures: boolean | undefined;
  /** All three. Undefined if none fails and at least one is undefined. */
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
