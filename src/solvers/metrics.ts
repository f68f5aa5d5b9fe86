import { InputError } from "../errors";
import { classOf } from "../tasks/labels";
import { isNumberMetric, type ClassMetric, type Metric, type Target } from "../tasks/task";

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
export const accuracy = (predictions: Predictions, labels: readonly number[]): number =>
  metricScore("accuracy", predictions, labels);

/** Logits of two label words, or their margin, as the two words' probabilities: what a number is read from. */
export function asProbabilities({ values, shape: [examples, count] }: Predictions): Predictions {
  checkPair(count, 1);
  const margin = (i: number): number => (count === 1 ? values[i] : values[2 * i + 1] - values[2 * i]);
  const high = Float64Array.from({ length: examples }, (_, i) => 1 / (1 + Math.exp(-margin(i))));
  return {
    values: Float64Array.from({ length: 2 * examples }, (_, k) => Math.abs(1 - (k % 2) - high[k >> 1])),
    shape: [examples, 2],
  };
}

/** A solver's predictions as numbers, 0 for the lower bound and 1 for the higher: what its targets were made of. */
export function predictedNumbers({ values, shape: [examples, classes] }: Predictions, outputs: number): number[] {
  checkPair(classes);
  // The scores of a margin p, whose targets are 2y − 1, are −p and p.
  const share = outputs === 1 ? 0.5 : 1;
  return Array.from({ length: examples }, (_, i) => (1 + share * (values[2 * i + 1] - values[2 * i])) / 2);
}

/** Throws if labels are numbers, where there must be classes. */
export function checkClasses(labels: readonly number[], target?: Target): void {
  const wrong = labels.find((label) => !Number.isInteger(label));
  if (target !== undefined || wrong !== undefined)
    throw new InputError(`this is for classes, not for a task with the target "number"`, { field: "target" });
}

function checkPair(classes: number, ...more: number[]): void {
  if (![2, ...more].includes(classes))
    throw new InputError(`A number is read from the scores of two label words: there are ${classes}.`);
}

/**
 * The score by a task's metric, as scikit-learn and, for numbers, scipy define it. A number's prediction is what the score
 * of the higher bound is above that of the lower; classes of numbers are the bounds that they are nearer to.
 */
export function metricScore(metric: Metric, predictions: Predictions, labels: readonly number[]): number {
  const [examples, classes] = predictions.shape;
  if (labels.length !== examples)
    throw new InputError(`There are ${examples} predictions and ${labels.length} labels.`);
  if (examples === 0) throw new InputError("The score of no predictions is not defined.");
  if (isNumberMetric(metric)) {
    checkPair(classes);
    const numbers = labels.map((_, i) => predictions.values[2 * i + 1] - predictions.values[2 * i]);
    return metric === "pearson" ? pearson(numbers, labels) : pearson(ranks(numbers), ranks(labels));
  }
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  predictedClasses(predictions).forEach((predicted, i) => counts[classOf(labels[i])][predicted]++);
  return confusionScore(metric, counts);
}

/** The score of a confusion matrix: `counts[a][b]` examples of class a were taken for class b. */
export function confusionScore(metric: ClassMetric, counts: readonly (readonly number[])[]): number {
  const right = counts.map((row, c) => row[c]);
  const own = counts.map(sum);
  const taken = counts.map((_, c) => sum(counts.map((row) => row[c])));
  const f1 = (c: number): number => (right[c] === 0 ? 0 : (2 * right[c]) / (own[c] + taken[c]));
  const examples = sum(own);
  switch (metric) {
    case "accuracy":
      return sum(right) / examples;
    case "f1":
      return f1(1);
    case "macro-f1":
      return mean(counts.flatMap((_, c) => (own[c] + taken[c] > 0 ? [f1(c)] : [])));
    case "mcc": {
      // Covariances of the indicators of classes, summed over classes, times n².
      const covariance = (a: readonly number[], b: readonly number[]): number =>
        examples ** 2 - sum(a.map((value, c) => value * b[c]));
      const spread = Math.sqrt(covariance(own, own) * covariance(taken, taken));
      return spread === 0 ? 0 : (sum(right) * examples - sum(own.map((value, c) => value * taken[c]))) / spread;
    }
  }
}

/** Pearson's correlation; 0 where one side is constant. */
function pearson(a: readonly number[], b: readonly number[]): number {
  if ([a, b].some((values) => values.every((value) => value === values[0]))) return 0;
  const [x, y] = [a, b].map((values) => {
    const center = mean(values);
    return values.map((value) => value - center);
  });
  const dot = (p: readonly number[], q: readonly number[]): number => sum(p.map((value, i) => value * q[i]));
  return Math.max(-1, Math.min(1, dot(x, y) / Math.sqrt(dot(x, x)) / Math.sqrt(dot(y, y))));
}

/** Places in increasing order from 1, equal values with the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const places = new Map<number, { first: number; last: number }>();
  sorted.forEach((value, i) => places.set(value, { first: places.get(value)?.first ?? i + 1, last: i + 1 }));
  return values.map((value) => (places.get(value)!.first + places.get(value)!.last) / 2);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Arithmetic mean; throws on an empty list. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new InputError("The mean of no values is not defined.");
  return sum(values) / values.length;
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
