import { InputError } from "../errors";

/** What a pretraining run depends on besides its model and its text. */
export interface PretrainingSettings {
  /** Optimizer steps in all. */
  steps: number;
  /** How many of these, the first ones, train only the masked-language-model head. */
  headSteps: number;
  /** Peak learning rates of the two parts; both rise in their warm-up and fall linearly to 0. */
  headLearningRate: number;
  learningRate: number;
  /** Steps of linear warm-up of each part. */
  warmupSteps: number;
  weightDecay: number;
  /** Seed of the order of the text and of the masks. */
  seed: number;
  /** Rows of packed texts in a step, and the tokens of a row. */
  rows: number;
  length: number;
  /** Share of the words that are predicted. */
  maskedShare: number;
  /** Limit on the tokens predicted in a row; words drawn beyond it stay unmasked. */
  reads: number;
  /** Rank of LoRA factors on all linear layers of the encoder, which are then all that is trained. Default: the whole model is trained. */
  loraRank?: number;
}

export const DEFAULT_SETTINGS: Required<Omit<PretrainingSettings, "loraRank">> = {
  steps: 4000,
  headSteps: 200,
  headLearningRate: 2e-3,
  learningRate: 3e-4,
  warmupSteps: 100,
  weightDecay: 0.01,
  seed: 1,
  rows: 16,
  length: 128,
  maskedShare: 0.15,
  reads: 24,
};

const WHOLE_FROM = { steps: 1, headSteps: 0, warmupSteps: 0, seed: 0, rows: 1, length: 3, reads: 1 } as const;

/**
 * @param longest tokens of the longest text that the model reads
 * @throws InputError naming the setting at fault, its value, and what is expected
 */
export function checkSettings(settings: PretrainingSettings, longest: number): void {
  const refuse = (name: keyof PretrainingSettings, expected: string): never => {
    throw new InputError(`${name} ${settings[name]}: expected ${expected}`);
  };
  for (const [name, least] of Object.entries(WHOLE_FROM) as [keyof typeof WHOLE_FROM, number][])
    if (!Number.isInteger(settings[name]) || settings[name] < least)
      refuse(name, `a whole number of at least ${least}`);
  for (const name of ["headLearningRate", "learningRate"] as const)
    if (!(settings[name] > 0)) refuse(name, "a number above 0");
  if (!(settings.weightDecay >= 0)) refuse("weightDecay", "a number of at least 0");
  if (!(settings.maskedShare > 0 && settings.maskedShare <= 1)) refuse("maskedShare", "a share above 0 and at most 1");
  if (settings.headSteps > settings.steps) refuse("headSteps", `at most all steps, ${settings.steps}`);
  if (settings.length > longest) refuse("length", `at most ${longest}, the longest text that the model reads`);
}

/** The part of a run that a step (from 0) belongs to. */
export interface Part {
  /** Whether only the head is trained. */
  headOnly: boolean;
  first: number;
  steps: number;
  learningRate: number;
}

export function partOf({ steps, headSteps, headLearningRate, learningRate }: PretrainingSettings, step: number): Part {
  return step < headSteps
    ? { headOnly: true, first: 0, steps: headSteps, learningRate: headLearningRate }
    : { headOnly: false, first: headSteps, steps: steps - headSteps, learningRate };
}

/** The learning rate of a step (from 0): linear warm-up, then linear decay to 0 at the end of its part. */
export function rateAt(settings: PretrainingSettings, step: number): number {
  const { first, steps, learningRate } = partOf(settings, step);
  const own = step - first;
  return (
    learningRate *
    Math.min(
      (own + 1) / Math.max(1, settings.warmupSteps),
      (steps - own) / Math.max(1, steps - settings.warmupSteps),
      1,
    )
  );
}
