import { evaluateAccuracy, fineTune, type FineTuneOptions, type LabelledPrompts, type TrainingRecord } from "../finetune/fine-tune";
import { remember } from "./remember";

export interface FineTuningRunOptions extends Omit<FineTuneOptions, "learningRate"> {
  /** Each is tried; the one whose best checkpoint does best on dev counts, the first on ties. */
  learningRates: readonly number[];
  test: LabelledPrompts;
  /** Folder that keeps finished runs. */
  store?: string;
}

/** One fine-tuning run without its weights. */
export interface FineTuningRun {
  learningRate: number;
  /** Of the best checkpoint, from 0 to 1. */
  devAccuracy: number;
  testAccuracy: number;
  /** Optimizer steps taken at the best checkpoint. */
  bestStep: number;
  history: TrainingRecord[];
}

/** Increase when the meaning of kept runs changes: older ones are then not used. */
const FORMAT = 1;

/** Fine-tunes once for each learning rate and returns the run that dev chooses, as the paper's protocol has it. */
export async function fineTuningRun(options: FineTuningRunOptions): Promise<FineTuningRun> {
  const { learningRates, onProgress, ...rest } = options;
  if (learningRates.length === 0) throw new Error("fine-tuning needs at least one learning rate");
  const runs: FineTuningRun[] = [];
  for (const [index, learningRate] of learningRates.entries()) {
    const report = (done: number): void => onProgress?.({ done: index * rest.steps + done, total: learningRates.length * rest.steps });
    runs.push(await runOnce({ ...rest, learningRate, onProgress: ({ done }) => report(done) }));
    report(rest.steps);
  }
  return runs.reduce((best, run) => (run.devAccuracy > best.devAccuracy ? run : best));
}

function runOnce({ test, store, ...options }: FineTuneOptions & Pick<FineTuningRunOptions, "test" | "store">): Promise<FineTuningRun> {
  const { model, head, train, dev, onProgress, signal, ...settings } = options;
  // Sorted, so that the order in which a caller writes the settings does not matter.
  const sorted = Object.entries(settings).filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
  const prompts = [train, dev, test].map(({ sequences, labels }) => [labels, sequences.map(({ ids, maskPosition }) => [maskPosition, ...ids])]);
  return remember(store, [FORMAT, "fine-tuning", model.hash, head.description, sorted, prompts], async () => {
    const tuned = await fineTune({ ...settings, model, head, train, dev, onProgress, signal });
    try {
      const { best, history } = tuned;
      const testAccuracy = evaluateAccuracy(tuned.model, head, test);
      return { learningRate: settings.learningRate, devAccuracy: best.devAccuracy, testAccuracy, bestStep: best.step, history };
    } finally {
      tuned.dispose();
    }
  });
}
