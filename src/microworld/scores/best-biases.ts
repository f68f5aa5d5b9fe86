/** How far mere recalibration could go: the best additive class biases, found with the labels they are judged on. */
import { predictedClasses, type Predictions } from "../../solvers/metrics";

export interface BestBiases {
  /** Added to the classes' scores. */
  biases: Float64Array;
  /** From 0 to 1. */
  accuracy: number;
}

const MOST_ROUNDS = 50;

/**
 * Coordinate ascent on accuracy from two starts, no biases and those that give all classes the same mean score: in turn
 * each class gets the bias that is right most often while the others stay, until none helps. For two classes this is
 * the best threshold; for more a local optimum, hence a lower bound of what biases can do.
 */
export function bestBiases(scores: Predictions, labels: readonly number[]): BestBiases {
  const [examples, classes] = scores.shape;
  if (examples === 0 || labels.length !== examples) throw new Error(`There are ${examples} rows of scores and ${labels.length} labels; one each is needed.`);
  const means = Float64Array.from({ length: classes }, (_, c) => labels.reduce((sum, _label, i) => sum + scores.values[i * classes + c], 0) / examples);
  const starts = [new Float64Array(classes), means.map((mean) => -mean)];
  return starts.map((start) => ascend(scores, labels, start)).reduce((best, one) => (one.accuracy > best.accuracy ? one : best));
}

/** Scores with a bias added to each class. */
export function withBiases({ values, shape }: Predictions, biases: Float64Array): Predictions {
  return { values: Float64Array.from(values, (value, k) => value + biases[k % shape[1]]), shape };
}

function ascend(scores: Predictions, labels: readonly number[], start: Float64Array): BestBiases {
  const classes = scores.shape[1];
  const biases = Float64Array.from(start);
  let right = countRight(withBiases(scores, biases), labels);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = right;
    for (let c = 0; c < classes; c++) {
      const found = bestBiasOf(scores, labels, biases, c);
      if (found.right <= right) continue;
      biases[c] = found.bias;
      right = countRight(withBiases(scores, biases), labels);
    }
    if (right === before) break;
  }
  return { biases, accuracy: right / labels.length };
}

const countRight = (scores: Predictions, labels: readonly number[]): number => predictedClasses(scores).filter((predicted, i) => predicted === labels[i]).length;

/** The bias of class c that is right most often while the other classes' stay; between two examples' turning points. */
function bestBiasOf({ values, shape: [examples, classes] }: Predictions, labels: readonly number[], biases: Float64Array, c: number): { bias: number; right: number } {
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

/** The best F1 of class 1 that a threshold on the score can have, found with the labels it is judged on. */
export function bestThresholdF1(scores: ArrayLike<number>, labels: readonly number[]): number {
  const order = labels.map((label, i) => ({ score: scores[i], label })).sort((a, b) => b.score - a.score);
  const positives = labels.filter((label) => label === 1).length;
  let [found, best] = [0, 0];
  order.forEach(({ score, label }, i) => {
    found += label === 1 ? 1 : 0;
    if (order[i + 1]?.score !== score) best = Math.max(best, (2 * found) / (i + 1 + positives));
  });
  return best;
}
