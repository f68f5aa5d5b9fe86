import { InputError } from "../errors";
import type { Metric } from "../tasks/task";

/** Scores per class for a list of examples, [examples, classes], row-major; the largest one wins. */
export interface Predictions {
  values: Float32Array | Float64Array;
  shape: [examples: number, classes: number];
}

/** Outputs [examples, C] as one score per class: a margin p (C = 1) becomes the logits [−p, p]. */
export function asPredictions(outputs: Predictions): Predictions {
  const [examples, count] = outputs.shape;
  if (count !== 1) return outputs;
  const values = new Float64Array(2 * examples);
  for (let i = 0; i < examples; i++) {
    values[2 * i] = -outputs.values[i];
    values[2 * i + 1] = outputs.values[i];
  }
  return { values, shape: [examples, 2] };
}

/** The class with the largest score of each example; the first one on ties, as numpy's argmax. */
export function predictedClasses(predictions: Predictions): number[] {
  const [examples, classes] = predictions.shape;
  if (classes < 2) {
    throw new InputError(
      `Predictions need a score for each of at least 2 classes; turn a margin into two with asPredictions.`,
    );
  }
  return Array.from({ length: examples }, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (predictions.values[i * classes + c] > predictions.values[i * classes + best]) best = c;
    }
    return best;
  });
}

/** Share of examples whose largest score is at their label, from 0 to 1. */
export function accuracy(predictions: Predictions, labels: readonly number[]): number {
  checkLabels(predictions.shape[0], labels);
  const predicted = predictedClasses(predictions);
  return mean(predicted.map((value, i) => (value === labels[i] ? 1 : 0)));
}

/** F1 of class 1 against the rest, from 0 to 1; 0 when class 1 neither occurs nor is predicted. */
export function f1OfClassOne(predictions: Predictions, labels: readonly number[]): number {
  checkLabels(predictions.shape[0], labels);
  const predicted = predictedClasses(predictions);
  const count = (test: (p: number, l: number) => boolean) => predicted.filter((p, i) => test(p, labels[i])).length;
  const truePositives = count((p, l) => p === 1 && l === 1);
  const errors = count((p, l) => (p === 1) !== (l === 1));
  return truePositives === 0 ? 0 : (2 * truePositives) / (2 * truePositives + errors);
}

/** The score by a task's metric, from 0 to 1. */
export const metricScore = (metric: Metric, predictions: Predictions, labels: readonly number[]): number =>
  (metric === "f1" ? f1OfClassOne : accuracy)(predictions, labels);

/**
 * Every score that the authors' logs have for a task's metric, under their names: acc, and for f1 also f1 (of class 1)
 * and acc_and_f1, the mean of the two.
 */
export function taskScores(
  predictions: Predictions,
  labels: readonly number[],
  metric: Metric,
): Record<string, number> {
  const acc = accuracy(predictions, labels);
  if (metric === "accuracy") return { acc };
  const f1 = f1OfClassOne(predictions, labels);
  return { acc, f1, acc_and_f1: (acc + f1) / 2 };
}

/** Arithmetic mean; throws on an empty list. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new InputError("The mean of no values is not defined.");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Population standard deviation (ddof 0), the one the paper's tables use. */
export function populationStd(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}

/**
 * Scores between 0 and 1 over seeds as the paper's tables print them, in percent:
 * mean and population standard deviation, "88.3 (0.3)". One score alone has no deviation: "88.3".
 */
export function formatMeanStd(scores: readonly number[]): string {
  const center = toOneDigit(mean(scores) * 100);
  return scores.length === 1 ? center : `${center} (${toOneDigit(populationStd(scores) * 100)})`;
}

/** One decimal as Python's "%.1f" prints it: exact ties (….25, ….75) go to the even digit. */
function toOneDigit(value: number): string {
  const tieBelowEven = (Math.abs(value) * 4) % 4 === 1;
  return tieBelowEven ? value.toFixed(2).slice(0, -1) : value.toFixed(1);
}

function checkLabels(examples: number, labels: readonly number[]): void {
  if (labels.length !== examples) {
    throw new InputError(`There are ${examples} predictions and ${labels.length} labels.`);
  }
}
