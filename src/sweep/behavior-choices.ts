/** What the development examples choose in a measurement of kernel behaviour: the learning rate, and the settings of the kernels' solvers. */
import { DivergedError } from "../errors";
import { fineTuningRun } from "../experiment/fine-tuning-run";
import { firstBest, formulasFor, gridSearchSteps, scoreBy } from "../experiment/solve-kernels";
import type { SplitKernels } from "../experiment/split-kernels";
import type { TrainingConfig } from "../finetune/training-config";
import type { Formula } from "../kernels/formula";
import type { Model } from "../model/model";
import type { BehaviorRun, SolvedKernel } from "./behavior-record";
import type { BehaviorRunOptions, KernelChoice } from "./behavior-settings";
import { plainSettings } from "./sweep-table";

/** Progress over stages of equal weight. */
export interface Stages {
  within(progress: { done: number; total: number }): void;
  next(): void;
}

/** Runs every learning rate; one that diverges is noted. A single rate needs no choice. */
export async function tryRates(
  { outputs, train, dev, test, learningRates, store, signal }: BehaviorRunOptions,
  config: TrainingConfig,
  model: Model,
  progress: Stages,
): Promise<BehaviorRun["tried"]> {
  if (learningRates.length === 1) return [{ learningRate: learningRates[0] }];
  const tried: BehaviorRun["tried"] = [];
  for (const learningRate of learningRates) {
    try {
      const { devScore, testScore } = await fineTuningRun({
        ...config,
        learningRates: [learningRate],
        model,
        head: outputs.head,
        train,
        dev,
        test,
        store,
        signal,
        onProgress: progress.within,
      });
      tried.push({ learningRate, dev: devScore, test: testScore });
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      tried.push({ learningRate, error: error.message });
    }
    progress.next();
  }
  return tried;
}

/** The first that does best on dev. @throws DivergedError if every one diverged */
export function chosenRate(tried: BehaviorRun["tried"]): number {
  if (tried.length === 1) return tried[0].learningRate;
  const best = firstBest(tried, ({ dev }) => dev ?? -Infinity);
  if (best.dev === undefined) throw new DivergedError(`every learning rate diverged; the first: ${best.error}`);
  return best.learningRate;
}

/** The formulas that must be computed at θ_0. */
export const formulasOf = (own: Formula, kernels: readonly KernelChoice[]): Formula[] => [
  ...new Set([own, ...kernels.flatMap(({ formula, solver }) => formulasFor(solver, formula))]),
];

/** The setting of a kernel's solver that does best on dev. */
export function* solveOn(
  splits: Record<"train" | "dev" | "test", SplitKernels>,
  { formula, solver, ...values }: KernelChoice,
  metric: TrainingConfig["metric"],
): Generator<undefined, SolvedKernel> {
  // These two have no f0.
  const grid = solver === "logistic" || solver === "svc" ? { ...values, f0s: [Infinity] } : values;
  const { scores, ...setting } = (yield* gridSearchSteps<"test">(splits, grid, { formula, solver, metric })).best;
  return {
    formula,
    solver,
    setting: plainSettings(setting) as SolvedKernel["setting"],
    dev: scoreBy(scores.dev, metric),
    test: scoreBy(scores.test, metric),
  };
}
