import type { Formula } from "../kernels/formula";
import { decomposeKernel, leastSquaresLoss, predictLeastSquares, type LeastSquaresOptions } from "../solvers/least-squares";
import { accuracy, asPredictions, f1OfClassOne, type Predictions } from "../solvers/metrics";
import type { SplitKernels } from "./split-kernels";

/** How well predictions fit one split. */
export interface Scores {
  /** From 0 to 1. */
  accuracy: number;
  /** F1 of class 1, from 0 to 1. */
  f1: number;
  /** Mean squared error per kernel output. */
  loss: number;
  examples: number;
}

/** One setting of the solver with its scores on every split. */
export interface Solved<Name extends string> {
  regularization: number;
  f0: number;
  scores: Record<Name, Scores>;
}

/**
 * Solves kernel least squares for every setting: the training kernel, the one named `train`, is taken apart once.
 *
 * @throws if there is no kernel `train`, or the formula was not computed
 */
export function solveKernels<Name extends string>(
  splits: Record<Name | "train", SplitKernels>,
  settings: readonly LeastSquaresOptions[],
  formula: Formula = "sgd",
): Solved<Name | "train">[] {
  const { labels, logits } = splits.train;
  const decomposition = decomposeKernel(kernelOf(splits.train, formula));
  return settings.map(({ regularization, f0 = Infinity }) => {
    const scores = Object.entries(splits).map(([name, split]) => {
      const x = split as SplitKernels;
      const predictions = predictLeastSquares(decomposition, {
        evaluate: kernelOf(x, formula),
        trainLabels: labels,
        trainLogits: logits,
        evaluateLogits: x.logits,
        regularization,
        f0,
      });
      return [name, scoresOf(predictions, x.labels, decomposition.outputs)];
    });
    return { regularization, f0, scores: Object.fromEntries(scores) as Record<Name | "train", Scores> };
  });
}

/** Every pair of a regularization and an f0 scaling. */
export function settingsGrid(regularizations: readonly number[], f0s: readonly number[]): Required<LeastSquaresOptions>[] {
  return f0s.flatMap((f0) => regularizations.map((regularization) => ({ regularization, f0 })));
}

/** Accuracy of the pretrained outputs as they are, from 0 to 1; NaN where the files have no logits. */
export function zeroShotAccuracy({ logits, labels }: Pick<SplitKernels, "logits" | "labels">): number {
  if (logits.values.some(Number.isNaN)) return NaN;
  return accuracy(asPredictions(logits), labels);
}

function kernelOf({ kernels }: SplitKernels, formula: Formula): NonNullable<ReturnType<SplitKernels["kernels"]["get"]>> {
  const kernel = kernels.get(formula);
  if (!kernel) throw new Error(`the ${formula} kernel was not computed; there is: ${[...kernels.keys()].join(", ") || "none"}`);
  return kernel;
}

function scoresOf(predictions: Predictions, labels: readonly number[], outputs: number): Scores {
  return {
    accuracy: accuracy(predictions, labels),
    f1: f1OfClassOne(predictions, labels),
    loss: leastSquaresLoss(predictions, labels, outputs),
    examples: labels.length,
  };
}
