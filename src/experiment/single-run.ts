import {
  evaluateHeadSteps,
  fineTune,
  trainingConfigOf,
  type FineTuneOptions,
  type LabelledPrompts,
  type TrainingRecord,
} from "../finetune/fine-tune";
import { runToEnd } from "../steps";

/** One fine-tuning run without its weights. */
export interface FineTuningRun {
  learningRate: number;
  /** Of the best checkpoint, from 0 to 1. */
  devAccuracy: number;
  testAccuracy: number;
  /** By the run's metric; the same as accuracy where that is accuracy. */
  devScore: number;
  testScore: number;
  /** Optimizer steps taken at the best checkpoint. */
  bestStep: number;
  history: TrainingRecord[];
  /** Logits on the probe set before the first step, where there is one. */
  initialLogits?: number[];
}

/** With ‖θ_t − θ_0‖ at the best checkpoint. */
export interface SingleRun extends FineTuningRun {
  distance: number;
}

export type SingleRunOptions = FineTuneOptions & { test: LabelledPrompts };

/** Fine-tunes once and evaluates the best checkpoint on the test prompts. */
export async function singleRun({ test, ...options }: SingleRunOptions): Promise<SingleRun> {
  const { metric, learningRate } = trainingConfigOf(options);
  const tuned = await fineTune(options);
  try {
    const { best, history, initialLogits } = tuned;
    const { accuracy: testAccuracy, score: testScore } = await runToEnd(
      evaluateHeadSteps(tuned.model, options.head, test, metric),
    );
    const { devAccuracy, devScore } = best;
    return {
      learningRate,
      devAccuracy,
      testAccuracy,
      devScore,
      testScore,
      bestStep: best.step,
      distance: best.distance,
      history,
      ...(initialLogits ? { initialLogits } : {}),
    };
  } finally {
    tuned.dispose();
  }
}
