import { InputError } from "../errors";
import type { ClassMetric } from "../tasks/task";
import { checkClasses, confusionScore, metricScore, predictedClasses, type Predictions } from "./metrics";

/** The best that any single cut of a score can do, found with the labels it is judged on. */
export interface BestThreshold {
  /** Class 1 is predicted above it. Halfway between two scores, or ±Infinity for one class only. */
  threshold: number;
  /** At that threshold, from 0 to 1. */
  accuracy: number;
}

/**
 * The threshold t for which "class 1 when score > t" does best by the metric. With the
 * pretrained margin as the score, it says how far mere recalibration of the zero-shot model could go: an upper bound,
 * since it looks at the labels. The lowest such threshold on ties.
 */
export function bestThreshold(
  scores: ArrayLike<number>,
  labels: readonly number[],
  metric: ClassMetric = "accuracy",
): BestThreshold {
  if (scores.length !== labels.length || labels.length === 0) {
    throw new InputError(`There are ${scores.length} scores and ${labels.length} labels; one each is needed.`);
  }
  checkClasses(labels);
  const order = labels.map((label, i) => ({ score: scores[i], label })).sort((a, b) => a.score - b.score);
  const positives = order.filter(({ label }) => label === 1).length;
  const negatives = order.length - positives;
  // Below all scores everything is class 1; each step moves one example to class 0.
  const taken = [negatives, positives];
  const scoreBy = (by: ClassMetric): number =>
    confusionScore(by, [
      [negatives - taken[0], taken[0]],
      [positives - taken[1], taken[1]],
    ]);
  let best = { threshold: -Infinity, accuracy: scoreBy("accuracy"), value: scoreBy(metric) };
  order.forEach(({ score, label }, i) => {
    taken[label === 1 ? 1 : 0]--;
    const next = i + 1 < order.length ? order[i + 1].score : Infinity;
    const value = scoreBy(metric);
    if (next > score && value > best.value)
      best = { threshold: next === Infinity ? Infinity : (score + next) / 2, accuracy: scoreBy("accuracy"), value };
  });
  return { threshold: best.threshold, accuracy: best.accuracy };
}

const MOST_ROUNDS = 50;

/**
 * How far mere recalibration could go with any number of classes: the number for each class that, added to its scores,
 * serves the metric best, found with the labels it is judged on. Of two classes it is the best threshold, as the bias of
 * class 1. Of more it is what coordinate ascent on accuracy finds from two starts, no biases and those that give all
 * classes the same mean score: in turn each class gets the bias that is right most often while the others stay, until
 * none helps. That is a local optimum, hence a lower bound of what biases can do.
 */
export function bestBiases(
  scores: Predictions,
  labels: readonly number[],
  metric: ClassMetric = "accuracy",
): Float64Array {
  const [examples, classes] = scores.shape;
  if (examples === 0 || labels.length !== examples)
    throw new InputError(`There are ${examples} rows of scores and ${labels.length} labels; one each is needed.`);
  if (classes === 2)
    return Float64Array.of(
      0,
      -bestThreshold(
        labels.map((_, i) => scores.values[2 * i + 1] - scores.values[2 * i]),
        labels,
        metric,
      ).threshold,
    );
  const means = Float64Array.from(
    { length: classes },
    (_, c) => labels.reduce((sum, _label, i) => sum + scores.values[i * classes + c], 0) / examples,
  );
  const ends = [new Float64Array(classes), means.map((mean) => -mean)].map((start) => ascend(scores, labels, start));
  const value = (biases: Float64Array): number => metricScore(metric, withBiases(scores, biases), labels);
  return ends.reduce((best, one) => (value(one) > value(best) ? one : best));
}

/** Scores with a bias added to each class. */
export function withBiases({ values, shape }: Predictions, biases: Float64Array): Predictions {
  return { values: Float64Array.from(values, (value, k) => value + biases[k % shape[1]]), shape };
}

function ascend(scores: Predictions, labels: readonly number[], start: Float64Array): Float64Array {
  const biases = Float64Array.from(start);
  const countRight = (): number =>
    predictedClasses(withBiases(scores, biases)).filter((predicted, i) => predicted === labels[i]).length;
  let right = countRight();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = right;
    for (let c = 0; c < biases.length; c++) {
      const found = bestBiasOf(scores, labels, biases, c);
      if (found.right <= right) continue;
      biases[c] = found.bias;
      right = countRight();
    }
    if (right === before) break;
  }
  return biases;
}

/** The bias of class c that is right most often while the other classes' stay; between two examples' turning points. */
function bestBiasOf(
  { values, shape: [examples, classes] }: Predictions,
  labels: readonly number[],
  biases: Float64Array,
  c: number,
): { bias: number; right: number } {
  const turning = Array.from({ length: examples }, (_, i) => {
    let other = c === 0 ? 1 : 0;
    const biased = (a: number): number => values[i * classes + a] + biases[a];
    for (let a = 0; a < classes; a++) if (a !== c && biased(a) > biased(other)) other = a;
    // Above this bias the example goes to class c.
    return { at: biased(other) - values[i * classes + c], own: labels[i] === c, others: labels[i] === other };
  }).sort((left, right) => left.at - right.at);
  // Below all turning points nothing goes to class c; each step moves one example to it.
  let right = turning.filter(({ others }) => others).length;
  let best = { bias: turning[0].at - 1, right };
  turning.forEach(({ at, own, others }, i) => {
    right += Number(own) - Number(others);
    const next = turning[i + 1]?.at ?? at + 2;
    if (next > at && right > best.right) best = { bias: (at + next) / 2, right };
  });
  return best;
}
