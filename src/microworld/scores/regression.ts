/** Kernel regression of each class against the rest, its settings chosen on the development examples. */
import { accuracy, asPredictions, f1OfClassOne, type Predictions } from "../../solvers/metrics";
import { interleave, largestSingularValue, type EvaluationSet, type TrainingSet } from "../../solvers/problem";
import { prepareSolver } from "../../solvers/solver";
import { runAtOnce } from "../../steps";
import type { Metric } from "../../tasks/task";

/** Accuracy, and F1 of class 1 where the task asks for it; from 0 to 1. */
export interface Measured {
  accuracy: number;
  f1?: number;
}

export function measure(predictions: Predictions, labels: readonly number[], metric: Metric): Measured {
  return { accuracy: accuracy(predictions, labels), ...(metric === "f1" ? { f1: f1OfClassOne(predictions, labels) } : {}) };
}

/** What is compared: F1 where it is measured. */
export const decisive = ({ accuracy: right, f1 }: Measured): number => f1 ?? right;

/** One function of the model that speaks for a class: its kernels, and its pretrained values where they count. */
export interface ClassProblem {
  train: Pick<TrainingSet, "kernel" | "logits">;
  dev: EvaluationSet;
  test: EvaluationSet;
}

export interface RegressionSetting {
  regularization: number;
  f0: number;
  /** Of the asymmetric solver: γ · σ_max of the class's train kernel. */
  relativeGamma?: number;
  lambda?: number;
}

export interface Regression {
  setting: RegressionSetting;
  dev: Measured;
  test: Measured;
}

export interface RegressionOptions {
  solver: "lstsq" | "asym";
  settings: readonly RegressionSetting[];
  labels: Record<"train" | "dev" | "test", number[]>;
  metric: Metric;
}

/**
 * Solves every setting and keeps the one that does best on the development examples; the smaller squared error decides
 * among equals. Two classes are one problem, that of class 1; of more, each is solved against the rest and the largest
 * prediction wins.
 *
 * @param problems one for two classes, otherwise one a class
 */
export const chooseRegression = (problems: readonly ClassProblem[], options: RegressionOptions): Regression => runAtOnce(chooseRegressionSteps(problems, options));

/** {@link chooseRegression} as a generator that pauses after each setting. */
export function* chooseRegressionSteps(problems: readonly ClassProblem[], { solver, settings, labels, metric }: RegressionOptions): Generator<undefined, Regression> {
  const ofClass = (own: readonly number[], c: number): number[] => own.map((label) => Number(label === (problems.length === 1 ? 1 : c)));
  const prepared = problems.map(({ train }, c) => prepareSolver(solver, { ...train, labels: ofClass(labels.train, c) }));
  const scales = problems.map(({ train: { kernel } }) => (solver === "asym" ? largestSingularValue(kernel.values, kernel.shape[0]) : 1));
  const predict = ({ relativeGamma, ...setting }: RegressionSetting, split: "dev" | "test"): Predictions => {
    const columns = problems.map((problem, c) => {
      const fitted = prepared[c].fit({ ...setting, ...(relativeGamma === undefined ? {} : { gamma: relativeGamma / scales[c] }) });
      // Of the two logits of a margin, that of class 1.
      return Float64Array.from(fitted(problem[split]).values.filter((_, k) => k % 2 === 1));
    });
    return asPredictions({ values: interleave(columns), shape: [labels[split].length, problems.length] });
  };
  let best: { setting: RegressionSetting; dev: Measured; error: number } | undefined;
  for (const setting of settings) {
    const predictions = predict(setting, "dev");
    const dev = measure(predictions, labels.dev, metric);
    const error = squaredError(predictions, labels.dev);
    const better = !best || decisive(dev) > decisive(best.dev) || (decisive(dev) === decisive(best.dev) && error < best.error);
    if (better) best = { setting, dev, error };
    yield;
  }
  if (!best) throw new Error("There is no setting to choose from.");
  return { setting: best.setting, dev: best.dev, test: measure(predict(best.setting, "test"), labels.test, metric) };
}

/** Sum of squared differences from ±1. */
function squaredError({ values, shape: [, classes] }: Predictions, labels: readonly number[]): number {
  let sum = 0;
  values.forEach((value, k) => (sum += (value - (labels[Math.floor(k / classes)] === k % classes ? 1 : -1)) ** 2));
  return sum;
}
