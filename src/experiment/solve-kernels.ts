import { InputError } from "../errors";
import { mirrorOf, type Formula } from "../kernels/formula";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { entriesOf, recordOf } from "../records";
import {
  accuracy,
  asPredictions,
  asProbabilities,
  metricScore,
  predictedClasses,
  predictedNumbers,
  type Predictions,
} from "../solvers/metrics";
import { prepareSolver, type Solver, type SolverOptions, type SolverSetting } from "../solvers/solver";
import { runAtOnce } from "../steps";
import { CLASS_METRICS, isNumberMetric, NUMBER_METRICS, type ClassMetric, type Metric } from "../tasks/task";
import type { SplitKernels } from "./split-kernels";

/** How well predictions fit one split: correlations where labels are numbers, whose classes are the nearer bounds. */
export interface Scores extends Record<ClassMetric, number>, Partial<Record<(typeof NUMBER_METRICS)[number], number>> {
  /** The solver's loss; for least squares the mean squared error per kernel output. */
  loss: number;
  examples: number;
}

/** One setting of the solver with its scores on every split. */
export interface Solved<Name extends string> extends SolverSetting {
  f0: number;
  scores: Record<Name, Scores>;
}

export interface SolveOptions extends SolverOptions {
  /** Default: least squares. */
  solver?: Solver;
}

/**
 * Solves a kernel for every setting: what the settings can share, such as the train kernel's decomposition, is computed once.
 *
 * @param formula default: the SGD kernel, or the asymmetric one for the solver `asym`, which takes no other
 * @throws if there is no kernel `train`, the formula was not computed, or it, the solver and the settings do not go together
 */
export const solveKernels = <Name extends string>(
  splits: Record<Name | "train", SplitKernels>,
  settings: readonly SolverSetting[],
  formula?: Formula,
  options: SolveOptions = {},
): Solved<Name | "train">[] => runAtOnce(solveKernelsSteps<Name>(splits, settings, formula, options));

/** {@link solveKernels} as a generator that pauses after each setting. */
export function* solveKernelsSteps<Name extends string>(
  splits: Record<Name | "train", SplitKernels>,
  settings: readonly SolverSetting[],
  formula?: Formula,
  options: SolveOptions = {},
): Generator<undefined, Solved<Name | "train">[]> {
  const { prepared, evaluations } = prepareSplits<Name>(splits, formula, options);
  const solved: Solved<Name | "train">[] = [];
  for (const setting of settings) {
    const predict = prepared.fit(setting);
    const scores = evaluations.map(({ name, labels: expected, set }): [Name | "train", Scores] => {
      const predictions = predict(set);
      const metrics = [...CLASS_METRICS, ...(splits.train.target ? NUMBER_METRICS : [])];
      return [
        name,
        {
          ...(recordOf(metrics.map((metric) => [metric, metricScore(metric, predictions, expected)] as const)) as Omit<
            Scores,
            "loss" | "examples"
          >),
          loss: prepared.loss(predictions, expected),
          examples: expected.length,
        },
      ];
    });
    solved.push({
      ...setting,
      f0: setting.f0 ?? Infinity,
      scores: recordOf(scores),
    });
    yield;
  }
  return solved;
}

/** A solver with the train kernel of that formula, and what it needs of every split. */
function prepareSplits<Name extends string>(
  splits: Record<Name | "train", SplitKernels>,
  formula: Formula | undefined,
  { solver = "lstsq", ...options }: SolveOptions,
) {
  const own = formula ?? defaultFormula(solver);
  checkFormula(solver, own);
  const { labels, target, logits } = splits.train;
  const different = entriesOf<Name | "train", SplitKernels>(splits).find(([, split]) => split.target !== target);
  if (different) throw new InputError(`the labels of train and ${different[0]} are not both classes or both numbers`);
  const prepared = prepareSolver(solver, { kernel: kernelOf(splits.train, own), labels, target, logits }, options);
  const evaluations = entriesOf<Name | "train", SplitKernels>(splits).map(([name, split]) => ({
    name,
    labels: split.labels,
    set: {
      kernel: kernelOf(split, own),
      flipped: solver === "asym" ? kernelOf(split, mirrorOf(own)) : undefined,
      logits: split.logits,
    },
  }));
  return { prepared, evaluations };
}

/**
 * The class that a solver with one setting gives every example of every split, or its number's place between the bounds,
 * which may be beyond them. Splits, settings and errors as for {@link solveKernels}.
 */
export function predictClasses<Name extends string>(
  splits: Record<Name | "train", SplitKernels>,
  setting: SolverSetting,
  formula?: Formula,
  options: SolveOptions = {},
): Record<Name | "train", number[]> {
  const { prepared, evaluations } = prepareSplits<Name>(splits, formula, options);
  const predict = prepared.fit(setting);
  const [, outputs] = splits.train.logits.shape;
  const read = (predictions: Predictions): number[] =>
    splits.train.target ? predictedNumbers(predictions, outputs) : predictedClasses(predictions);
  return recordOf(evaluations.map(({ name, set }) => [name, read(predict(set))]));
}

/** The kernel a solver takes when none is named. */
export const defaultFormula = (solver: Solver): Formula => (solver === "asym" ? "asymmetric_signgd" : "sgd");

/** The formulas that a solver needs for a kernel: the asymmetric one takes that with its sign on the other side as well. */
export const formulasFor = (solver: Solver | undefined, formula: Formula): Formula[] =>
  solver === "asym" ? [formula, mirrorOf(formula)] : [formula];

/** The settings' values; every combination of them is a setting. */
export interface SettingValues {
  regularizations: readonly number[];
  /** Default: infinity alone. */
  f0s?: readonly number[];
  /** γ and λ, for the solver `asym` alone. */
  gammas?: readonly number[];
  lambdas?: readonly number[];
}

/**
 * The paper's grid for kernel regression as two re-implementations quote it from its Table 4; its full text was not at hand.
 */
export const PAPER_GRID = {
  regularizations: [0, 0.001, 0.01, 0.1, 1],
  f0s: [10, 100, 1000, 10000, Infinity],
} as const satisfies SettingValues;

/** Every combination, f0 by f0, then regularization by regularization, γ, λ. */
export function settingsOf({
  regularizations,
  f0s = [Infinity],
  gammas,
  lambdas,
}: SettingValues): (SolverSetting & { f0: number })[] {
  const each = <T>(values: readonly T[] | undefined, name: string): Record<string, T>[] =>
    values?.map((value) => ({ [name]: value })) ?? [{}];
  return f0s.flatMap((f0) =>
    regularizations.flatMap((regularization) =>
      each(gammas, "gamma").flatMap((gamma) =>
        each(lambdas, "lambda").map((lambda) => ({ regularization, f0, ...gamma, ...lambda })),
      ),
    ),
  );
}

/** Every pair of a regularization and an f0 scaling. */
export function settingsGrid(
  regularizations: readonly number[],
  f0s: readonly number[],
): (SolverSetting & { f0: number })[] {
  return settingsOf({ regularizations, f0s });
}

/** The whole grid, and the setting that does best on the development examples. */
export interface GridSearch<Name extends string> {
  grid: Solved<Name>[];
  best: Solved<Name>;
}

export interface GridSearchOptions extends SolveOptions {
  formula?: Formula;
  /** What to select by. Default "accuracy", or "pearson" for numbers; the authors select MRPC and QQP by F1 when asked to. */
  metric?: Metric;
}

/** Solves every setting and chooses the best one on `dev`. Other splits are scored and have no say. */
export const gridSearch = <Name extends string>(
  splits: Record<Name | "train" | "dev", SplitKernels>,
  settings: SettingValues,
  options: GridSearchOptions = {},
): GridSearch<Name | "train" | "dev"> => runAtOnce(gridSearchSteps<Name>(splits, settings, options));

/** {@link gridSearch} as a generator that pauses after each setting. */
export function* gridSearchSteps<Name extends string>(
  splits: Record<Name | "train" | "dev", SplitKernels>,
  settings: SettingValues,
  { formula, metric, ...options }: GridSearchOptions = {},
): Generator<undefined, GridSearch<Name | "train" | "dev">> {
  const grid = yield* solveKernelsSteps<Name | "dev">(splits, settingsOf(settings), formula, options);
  return { grid, best: bestOnDev(grid, metric) };
}

/** The setting with the best score on `dev`; the first one on ties. */
export function bestOnDev<Name extends string>(
  grid: readonly Solved<Name | "dev">[],
  metric?: Metric,
): Solved<Name | "dev"> {
  if (grid.length === 0) throw new InputError("There is no setting to choose from.");
  if (!grid[0].scores.dev)
    throw new InputError("The best setting is chosen on the development examples: there are none among the splits.");
  scoreBy(grid[0].scores.dev, metric);
  return firstBest(grid, ({ scores }) => scoreBy(scores.dev, metric));
}

/**
 * The score by a metric. Default: accuracy, or for numbers Pearson's correlation.
 * @throws if the metric is not for such labels
 */
export function scoreBy(
  scores: Scores,
  metric: Metric = scores.pearson === undefined ? "accuracy" : "pearson",
): number {
  const score = isNumberMetric(metric) || scores.pearson === undefined ? scores[metric] : undefined;
  if (score !== undefined) return score;
  const [labels, own] = scores.pearson === undefined ? ["classes", CLASS_METRICS] : ["numbers", NUMBER_METRICS];
  throw new InputError(`the metric ${metric} is not for labels that are ${labels}: choose ${own.join(", ")}`);
}

/** The item with the largest score, the first one on ties: how development examples choose everywhere. */
export const firstBest = <T>(items: readonly T[], score: (item: T) => number): T =>
  items.reduce((best, one) => (score(one) > score(best) ? one : best));

/** The score of the pretrained outputs as they are, by a metric for such labels; NaN where the files have no logits. */
export function zeroShotScore({ logits, labels, target }: SplitKernels, metric: Metric): number {
  if (logits.values.some(Number.isNaN)) return NaN;
  return metricScore(metric, (target ? asProbabilities : asPredictions)(logits), labels);
}

/** Accuracy of the pretrained outputs as they are, from 0 to 1; NaN where the files have no logits. */
export function zeroShotAccuracy({ logits, labels }: Pick<SplitKernels, "logits" | "labels">): number {
  if (logits.values.some(Number.isNaN)) return NaN;
  return accuracy(asPredictions(logits), labels);
}

/** Throws if a solver does not take kernels of that formula. */
export function checkFormula(solver: Solver, formula: Formula): void {
  if (solver === "asym" && formula !== "asymmetric_signgd") {
    throw new InputError(
      `the solver asym is for the asymmetric_signgd kernel, not ${formula}: use lstsq, logistic, svc or svr for that one`,
    );
  }
  if ((solver === "svc" || solver === "svr") && mirrorOf(formula) !== formula) {
    throw new InputError(
      `the solver ${solver} needs a symmetric kernel, which ${formula} is not: use sgd or signgd, or the solver asym`,
    );
  }
}

function kernelOf({ kernels }: SplitKernels, formula: Formula): KernelTensor {
  const kernel = kernels.get(formula);
  if (!kernel)
    throw new InputError(
      `the ${formula} kernel was not computed; there is: ${[...kernels.keys()].join(", ") || "none"}`,
    );
  return kernel;
}
