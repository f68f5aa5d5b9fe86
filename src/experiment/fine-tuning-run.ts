import { DivergedError, InputError } from "../errors";
import { sortedSettings, trainingConfigOf, type FineTuneInputs, type LabelledPrompts } from "../finetune/fine-tune";
import { promptsKey } from "../finetune/labelled-prompts";
import type { TrainingSettings } from "../finetune/training-config";
import { sequenceKey } from "../model/batch";
import { runningSignal } from "../running-cell";
import { remember } from "../store/remember";
import { warnOnce } from "../warn-once";
import { coresOfEach, gainsSideBySide, runElsewhere } from "./side-by-side";
import { firstBest } from "./solve-kernels";
import { singleRun, type FineTuningRun, type SingleRunOptions } from "./single-run";

export type { FineTuningRun } from "./single-run";

export interface FineTuningRunOptions
  extends
    Omit<TrainingSettings, "learningRate">,
    Omit<FineTuneInputs, "stateDirectory" | "saveEvery" | "onEvaluate" | "onProgress"> {
  /** Each is tried; the one whose best checkpoint does best on dev counts, the first on ties. */
  learningRates: readonly number[];
  test: LabelledPrompts;
  /** Is told of each learning rate whose run diverged, if another's did not. */
  warn?: (message: string) => void;
  /** Folder that keeps finished runs. */
  store?: string;
  /** In steps over all learning rates, each with the same number of them; `reused` counts those of runs that came from disk. */
  onProgress?: (progress: { done: number; total: number; reused: number }) => void;
}

/** Increase when the meaning of kept runs changes: older ones are then not used. */
const FORMAT = 2;

/**
 * Fine-tunes once for each learning rate and returns the run that dev chooses, as the paper's protocol has it. Runs of a
 * small model are side by side, on as many cores as there are.
 *
 * @throws {DivergedError} if every learning rate's run diverges
 */
export async function fineTuningRun(options: FineTuningRunOptions): Promise<FineTuningRun> {
  const { learningRates, onProgress, store, warn = warnOnce, signal = runningSignal(), ...rest } = options;
  if (learningRates.length === 0) throw new InputError("fine-tuning needs at least one learning rate");
  const failed = new AbortController();
  const sideBySide = learningRates.length > 1 && gainsSideBySide(rest.model, rest.head);
  const compute = (run: SingleRunOptions): Promise<FineTuningRun> =>
    sideBySide ? runElsewhere(run, coresOfEach(learningRates.length)) : singleRun(run);
  const progress = stepsOfRuns(learningRates.length, rest.steps ?? 1, onProgress);
  const diverged: { learningRate: number; error: DivergedError }[] = [];
  const runOf = async (learningRate: number, place: number): Promise<FineTuningRun[]> => {
    const run = {
      ...rest,
      learningRate,
      signal: signal ? AbortSignal.any([signal, failed.signal]) : failed.signal,
      onProgress: progress.step(place),
    };
    try {
      return [await remember(store, keyOf(run), () => compute(run), progress.reuse, run.signal)];
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      diverged.push({ learningRate, error });
      return [];
    } finally {
      progress.end(place);
    }
  };
  const runs: FineTuningRun[] = [];
  try {
    if (sideBySide) runs.push(...(await Promise.all(learningRates.map(runOf))).flat());
    else for (const [place, learningRate] of learningRates.entries()) runs.push(...(await runOf(learningRate, place)));
  } catch (error) {
    failed.abort(error);
    throw error;
  }
  if (runs.length === 0) throw diverged[0].error;
  for (const { learningRate, error } of diverged) warn(`learning rate ${learningRate} is left out: ${error.message}`);
  return firstBest(runs, ({ devScore }) => devScore);
}

/** Everything that a run's result depends on. */
function keyOf({ model, head, train, dev, test, probe, ...settings }: SingleRunOptions): unknown[] {
  return [
    FORMAT,
    "fine-tuning",
    model.hash,
    head.description,
    sortedSettings(trainingConfigOf(settings)),
    [train, dev, test].map(promptsKey),
    (probe ?? []).map(sequenceKey),
  ];
}

/** Adds up the steps of runs. A run from disk reports nothing: it counts with the length of the others, or the one given. */
function stepsOfRuns(runs: number, length: number, onProgress: FineTuningRunOptions["onProgress"]) {
  const done = Array<number>(runs).fill(0);
  const ended = Array<boolean>(runs).fill(false);
  let reused = 0;
  const report = (): void =>
    onProgress?.({
      done: done.reduce((sum, steps, i) => sum + (ended[i] ? length : steps), 0),
      total: runs * length,
      reused: reused * length,
    });
  return {
    step:
      (place: number) =>
      (progress: { done: number; total: number }): void => {
        length = progress.total;
        done[place] = progress.done;
        report();
      },
    reuse: (): void => void reused++,
    end: (place: number): void => {
      ended[place] = true;
      report();
    },
  };
}
