/** The linearization test's verdict (Section 6 of the paper). */

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

/** From which share of the gain on the paper calls fine-tuning linearized. */
export const LINEARIZED_SHARE = 0.5;

/** The smallest gain that is divided by: one point of accuracy. Below it the share is a ratio of sampling errors. Our choice, not the paper's. */
export const SMALLEST_GAIN = 0.01;

/**
 * The share of fine-tuning's gain that its linearization has too: (linearized − start) / (tuned − start), from scores
 * between 0 and 1 (Section 6 of the paper).
 *
 * @param smallestGain gains below it have no share
 * @throws if a score is not a number
 */
export function recoveredGain({ start, tuned, linearized }: GainScores, smallestGain = SMALLEST_GAIN): RecoveredGain {
  for (const [name, value] of Object.entries({ start, tuned, linearized })) {
    if (!Number.isFinite(value)) throw new Error(`the score "${name}" must be a number, not ${value}`);
  }
  if (!(smallestGain > 0)) throw new Error(`the smallest gain must be above 0, not ${smallestGain}`);
  const gain = tuned - start;
  // Scores are quotients of counts: their differences carry rounding.
  if (gain < smallestGain - 1e-12) return { gain, share: undefined, passed: undefined };
  const share = (linearized - start) / gain;
  return { gain, share, passed: share >= LINEARIZED_SHARE - 1e-12 };
}
