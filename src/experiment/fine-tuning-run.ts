import { evaluateHeadSteps, fineTune, sortedSettings, trainingConfigOf, type FineTuneInputs, type FineTuneOptions, type LabelledPrompts, type TrainingRecord } from "../finetune/fine-tune";
import type { TrainingSettings } from "../finetune/training-config";
import { runToEnd } from "../steps";
import { remember } from "./remember";

export interface FineTuningRunOptions extends Omit<TrainingSettings, "learningRate">, Omit<FineTuneInputs, "stateDirectory" | "saveEvery" | "onEvaluate" | "onProgress"> {
  /** Each is tried; the one whose best checkpoint does best on dev counts, the first on ties. */
  learningRates: readonly number[];
  test: LabelledPrompts;
  /** Folder that keeps finished runs. */
  store?: string;
  /** In steps over all learning rates, each with the same number of them; `reused` counts those of runs that came from disk. */
  onProgress?: (progress: { done: number; total: number; reused: number }) => void;
}

/** One fine-tuning run without its weights. */
export interface FineTuningRun {
  learningRate: number;
  /** Of the best checkpoint, from 0 to 1. */
  devAccuracy: number;
  testAccuracy: number;
  /** By the run's metric; the same as accuracy unless that is f1. */
  devScore: number;
  testScore: number;
  /** Optimizer steps taken at the best checkpoint. */
  bestStep: number;
  history: TrainingRecord[];
  /** Logits on the probe set before the first step, where there is one. */
  initialLogits?: number[];
}

/** Increase when the meaning of kept runs changes: older ones are then not used. */
const FORMAT = 2;

/** Fine-tunes once for each learning rate and returns the run that dev chooses, as the paper's protocol has it. */
export async function fineTuningRun(options: FineTuningRunOptions): Promise<FineTuningRun> {
  const { learningRates, onProgress, ...rest } = options;
  if (learningRates.length === 0) throw new Error("fine-tuning needs at least one learning rate");
  const runs: FineTuningRun[] = [];
  // A run from disk reports nothing: it counts with the length of those before it.
  let length = rest.steps ?? 1;
  let reused = 0;
  for (const [index, learningRate] of learningRates.entries()) {
    const report = (done: number): void => onProgress?.({ done: index * length + done, total: learningRates.length * length, reused: reused * length });
    const onStep = ({ done, total }: { done: number; total: number }): void => {
      length = total;
      report(done);
    };
    runs.push(await runOnce({ ...rest, learningRate, onProgress: onStep }, () => reused++));
    report(length);
  }
  return runs.reduce((best, run) => (run.devScore > best.devScore ? run : best));
}

function runOnce({ test, store, ...options }: FineTuneOptions & Pick<FineTuningRunOptions, "test" | "store">, onReuse: () => void): Promise<FineTuningRun> {
  const { model, head, train, dev, probe } = options;
  const config = trainingConfigOf(options);
  const encoded = (sequences: LabelledPrompts["sequences"]): number[][] => sequences.map(({ ids, maskPosition }) => [maskPosition, ...ids]);
  const prompts = [train, dev, test].map(({ sequences, labels }) => [labels, encoded(sequences)]);
  const key = [FORMAT, "fine-tuning", model.hash, head.description, sortedSettings(config), prompts, encoded(probe ?? [])];
  const compute = async (): Promise<FineTuningRun> => {
    const tuned = await fineTune(options);
    try {
      const { best, history, initialLogits } = tuned;
      const { accuracy: testAccuracy, score: testScore } = await runToEnd(evaluateHeadSteps(tuned.model, head, test, config.metric));
      const { devAccuracy, devScore } = best;
      return { learningRate: config.learningRate, devAccuracy, testAccuracy, devScore, testScore, bestStep: best.step, history, ...(initialLogits ? { initialLogits } : {}) };
    } finally {
      tuned.dispose();
    }
  };
  return remember(store, key, compute, onReuse);
}
