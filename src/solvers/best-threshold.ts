/** The best that any single cut of a score can do, found with the labels it is judged on. */
export interface BestThreshold {
  /** Class 1 is predicted above it. Halfway between two scores, or ±Infinity for one class only. */
  threshold: number;
  /** From 0 to 1. */
  accuracy: number;
}

/**
 * The threshold t for which "class 1 when score > t" is right most often. With the pretrained
 * margin as the score, its accuracy says how far mere recalibration of the zero-shot model could
 * go: an upper bound, since it looks at the labels. The lowest such threshold on ties.
 */
export function bestThreshold(scores: ArrayLike<number>, labels: readonly number[]): BestThreshold {
  if (scores.length !== labels.length || labels.length === 0) {
    throw new Error(`There are ${scores.length} scores and ${labels.length} labels; one each is needed.`);
  }
  const order = labels.map((label, i) => ({ score: scores[i], label })).sort((a, b) => a.score - b.score);
  // Below all scores everything is class 1; each step moves one example to class 0.
  let correct = order.filter(({ label }) => label === 1).length;
  let best = { threshold: -Infinity, correct };
  order.forEach(({ score, label }, i) => {
    correct += label === 1 ? -1 : 1;
    const next = i + 1 < order.length ? order[i + 1].score : Infinity;
    if (next > score && correct > best.correct) {
      best = { threshold: next === Infinity ? Infinity : (score + next) / 2, correct };
    }
  });
  return { threshold: best.threshold, accuracy: best.correct / order.length };
}
