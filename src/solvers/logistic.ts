import { runAtOnce } from "../steps";
import { choiceModel, scoresOf, type Choices } from "./choice-model";
import { choosePenalty, type ChosenPenalty } from "./cross-validation";
import { asPredictions, predictedClasses, type Predictions } from "./metrics";
import {
  checkEvaluationKernel,
  checkLabels,
  checkTrainKernel,
  regularizer,
  type EvaluationSet,
  type TrainingSet,
} from "./problem";

/**
 * How several outputs are treated. `multinomial`: one softmax over the outputs. `authors`: as their code does without
 * its binary option, one binary problem over all n·C one-hot entries, the largest score winning.
 */
export type LogisticMultiClass = "multinomial" | "authors";

export interface LogisticOptions {
  /** Relative to the largest singular value of the train kernel; at least 0. */
  regularization: number;
  /** Default "multinomial". With the margin (C = 1) both are the same. */
  multiClass?: LogisticMultiClass;
}

/** A fitted logistic regression on kernel rows. */
export interface LogisticFit extends ChosenPenalty {
  /** One weight for each training row, n·C of them. */
  weights: Float64Array;
  /** One for each score: [b] for two classes, or one for each class, the first of which is 0. */
  intercepts: Float64Array;
  predict(evaluate: EvaluationSet): Predictions;
}

/**
 * Logistic regression with the rows of the regularized train kernel as features, as the authors do: scikit-learn's
 * `LogisticRegressionCV` with its defaults, that is an L2 penalty on the weights and none on the intercept, 10 inverse
 * penalties, 5 stratified folds in file order, the first penalty with the best mean accuracy, and a refit on all.
 * Theirs stops when L-BFGS does (tolerance 1e-4); this is the optimum.
 *
 * With several outputs, `multinomial` gives class a of example i the score Σ_r w_r K[r, (i, a)] + b_a, one weight for
 * each training row, and fits the softmax of the scores: for C = 1 exactly the binary problem. Evaluation examples
 * enter by the columns of their kernel, not regularized. There is no f0 here, as there is none in the authors' code.
 *
 * @throws if a fold's training part has one class only
 */
export function prepareLogistic({ kernel, labels }: TrainingSet): (options: LogisticOptions) => LogisticFit {
  const { examples, outputs, size } = checkTrainKernel(kernel);
  checkLabels(labels, examples, outputs);
  const regularized = regularizer(kernel.values, size);
  return ({ regularization, multiClass = "multinomial" }) => {
    const matrix = regularized(regularization);
    const rows = Array.from({ length: size }, (_, i) => matrix.subarray(i * size, (i + 1) * size));
    const binary = outputs === 1 || multiClass === "authors";
    // The authors' binary problem treats every output of every example as an example.
    const targets =
      outputs === 1 || !binary
        ? [...labels]
        : rows.map((_, row) => (labels[Math.floor(row / outputs)] === row % outputs ? 1 : 0));
    const choices: Choices = { rows, alternatives: binary ? 1 : outputs, chosen: targets };
    const { inversePenalty, foldAccuracy } = crossValidated(choices);
    const { weights, intercepts } = choiceModel(choices)(inversePenalty);
    const predict = (evaluate: EvaluationSet): Predictions => {
      const count = checkEvaluationKernel(evaluate.kernel, examples, outputs);
      const scores = scoresOf(columnsOf(evaluate.kernel.values, size, count * outputs), binary ? 1 : outputs, {
        weights,
        intercepts,
      });
      return asPredictions({ values: scores, shape: [count, outputs] });
    };
    return { inversePenalty, foldAccuracy, weights, intercepts, predict };
  };
}

/** Mean softmax cross-entropy in nats; for a margin p of the logits [−p, p], of the probability 1/(1 + e^−p) of class 1. */
export function logisticLoss(
  { values, shape: [examples, classes] }: Predictions,
  labels: readonly number[],
  outputs: number,
): number {
  let sum = 0;
  for (let i = 0; i < examples; i++) {
    const scores = outputs === 1 ? [0, values[2 * i + 1]] : Array.from(values.subarray(i * classes, (i + 1) * classes));
    const largest = Math.max(...scores);
    sum +=
      largest + Math.log(scores.reduce((total, score) => total + Math.exp(score - largest), 0)) - scores[labels[i]];
  }
  return sum / examples;
}

function crossValidated({ rows, alternatives, chosen }: Choices): ChosenPenalty {
  const part = (examples: number[]): Choices => ({
    rows: examples.flatMap((i) => rows.slice(i * alternatives, (i + 1) * alternatives)),
    alternatives,
    chosen: examples.map((i) => chosen[i]),
  });
  return runAtOnce(
    choosePenalty(chosen, 2, (fitted, held) => {
      const solve = choiceModel(part(fitted));
      const heldRows = part(held).rows;
      // eslint-disable-next-line require-yield
      return function* (inversePenalty) {
        const values = scoresOf(heldRows, alternatives, solve(inversePenalty));
        return predictedClasses(asPredictions({ values, shape: [held.length, alternatives] }));
      };
    }),
  );
}

/** The columns of a row-major matrix, each as a row. */
function columnsOf(values: Float64Array, height: number, width: number): Float64Array[] {
  const columns = Array.from({ length: width }, () => new Float64Array(height));
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) columns[column][row] = values[row * width + column];
  return columns;
}
