import { test } from "node:test";
import assert from "node:assert/strict";
import { randomStream } from "../../src/random";
import { bestBiases, bestThreshold, withBiases } from "../../src/solvers/best-threshold";
import { accuracy, metricScore, predictedClasses, type Predictions } from "../../src/solvers/metrics";

test("finds the cut that is right most often", () => {
  assert.deepEqual(bestThreshold([3, 1, 2, 4], [1, 0, 0, 1]), { threshold: 2.5, accuracy: 1 });
  assert.deepEqual(bestThreshold([1, 2, 3, 4], [0, 1, 0, 1]), { threshold: 1.5, accuracy: 0.75 });
});

test("never cuts between equal scores", () => {
  assert.deepEqual(bestThreshold([1, 1, 1], [0, 1, 0]), { threshold: Infinity, accuracy: 2 / 3 });
});

test("one class only needs no cut", () => {
  assert.deepEqual(bestThreshold([5, 6], [1, 1]), { threshold: -Infinity, accuracy: 1 });
});

test("is as good as trying every threshold", () => {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 50; round++) {
    const scores = Array.from({ length: 12 }, () => Math.round(random() * 8));
    const labels = scores.map(() => (random() < 0.5 ? 0 : 1));
    const right = (threshold: number) => labels.filter((label, i) => (scores[i] > threshold ? 1 : 0) === label).length;
    const expected = Math.max(right(-Infinity), ...scores.map(right)) / 12;
    const found = bestThreshold(scores, labels);
    assert.equal(found.accuracy, expected);
    assert.equal(right(found.threshold) / 12, expected);
  }
});

test("the best F1 of class 1 by hand, and as good as trying every threshold", () => {
  // From the top: 1, 0, 1, 0. Two above the cut: 2·1/(2+2); three: 2·2/(3+2).
  assert.deepEqual(bestThreshold([4, 3, 2, 1], [1, 0, 1, 0], "f1"), { threshold: 1.5, accuracy: 0.75 });
  const random = randomStream(3);
  for (let round = 0; round < 50; round++) {
    const scores = Array.from({ length: 12 }, () => Math.round(random() * 8));
    const labels = scores.map(() => Math.floor(2 * random()));
    const f1 = (threshold: number): number => {
      const found = labels.filter((label, i) => label === 1 && scores[i] > threshold).length;
      return found === 0
        ? 0
        : (2 * found) /
            (scores.filter((score) => score > threshold).length + labels.filter((label) => label === 1).length);
    };
    assert.equal(f1(bestThreshold(scores, labels, "f1").threshold), Math.max(f1(-Infinity), ...scores.map(f1)));
  }
});

/** Scores of examples and classes with noise, and labels that the largest score tells only in part. */
function noisy(
  random: () => number,
  { examples, classes }: { examples: number; classes: number },
): { scores: Predictions; labels: number[] } {
  const labels = Array.from({ length: examples }, () => Math.floor(classes * random()));
  const values = Float64Array.from(
    labels.flatMap((label) =>
      Array.from({ length: classes }, (_, c) => Math.round(8 * ((c === label ? 1 : 0) + 1.5 * random() + c)) / 8),
    ),
  );
  return { scores: { values, shape: [examples, classes] }, labels };
}

test("best biases of two classes are the best threshold, by accuracy and by F1", () => {
  const random = randomStream(1);
  for (let round = 0; round < 20; round++) {
    const { scores, labels } = noisy(random, { examples: 30, classes: 2 });
    const margins = labels.map((_, i) => scores.values[2 * i + 1] - scores.values[2 * i]);
    assert.equal(
      accuracy(withBiases(scores, bestBiases(scores, labels)), labels),
      bestThreshold(margins, labels).accuracy,
    );
    const byF1 = metricScore("f1", withBiases(scores, bestBiases(scores, labels, "f1")), labels);
    assert.ok(
      [-Infinity, ...margins].every(
        (cut) => byF1 >= metricScore("f1", withBiases(scores, Float64Array.of(0, -cut)), labels),
      ),
    );
  }
});

test("best biases of three classes undo a shift of each class's scores", () => {
  // Class c wins by 1 at its own examples; then class 1 is shifted by 10 and class 2 by -10.
  const labels = [0, 1, 2, 0, 1, 2];
  const values = Float64Array.from(
    labels.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0) + [0, 10, -10][c])),
  );
  const scores: Predictions = { values, shape: [6, 3] };
  assert.deepEqual(predictedClasses(scores), [1, 1, 1, 1, 1, 1]);
  assert.equal(accuracy(withBiases(scores, bestBiases(scores, labels)), labels), 1);
});

test("of three classes they are close to the best of all, which trying every pair of biases finds", () => {
  const random = randomStream(2);
  const lost: number[] = [];
  for (let round = 0; round < 10; round++) {
    const { scores, labels } = noisy(random, { examples: 12, classes: 3 });
    const right = (biases: readonly number[]): number =>
      accuracy(withBiases(scores, Float64Array.from(biases)), labels);
    // What counts is on which side of every turning point a difference of biases lies: a grid finer than the scores' has a point in every cell.
    const grid = Array.from({ length: 160 }, (_, i) => -6 + (i + 0.5) / 16);
    const best = Math.max(...grid.flatMap((first) => grid.map((second) => right([0, first, second]))));
    const found = right([...bestBiases(scores, labels)]);
    assert.ok(found >= right([0, 0, 0]) && found <= best, `${found} of ${best}`);
    lost.push(best - found);
  }
  assert.ok(
    lost.filter((share) => share < 1e-9).length >= 5,
    `as good as the best in ${lost.filter((share) => share < 1e-9).length} of 10`,
  );
  assert.ok(Math.max(...lost) < 0.2, `${Math.max(...lost)}`);
});

test("scores and labels must pair up", () => {
  assert.throws(() => bestThreshold([1], [0, 1]), /1 scores and 2 labels/);
  assert.throws(() => bestThreshold([], []), /0 scores/);
  assert.throws(
    () => bestBiases({ values: Float64Array.of(1, 2, 3), shape: [1, 3] }, [0, 1]),
    /1 rows of scores and 2 labels/,
  );
});

test("by the other metrics no threshold does better either", () => {
  const random = randomStream(5);
  for (let round = 0; round < 50; round++) {
    const values = Array.from({ length: 12 }, () => Math.round(random() * 8));
    const labels = values.map(() => Math.floor(2 * random()));
    const predictions: Predictions = { values: Float64Array.from(values.flatMap((v) => [0, v])), shape: [12, 2] };
    for (const metric of ["macro-f1", "mcc"] as const) {
      const at = (cut: number): number =>
        metricScore(metric, withBiases(predictions, Float64Array.of(0, -cut)), labels);
      const cuts = [-Infinity, ...values.map((value) => value + 0.25)];
      const { threshold } = bestThreshold(values, labels, metric);
      assert.ok(Math.abs(at(threshold) - Math.max(...cuts.map(at))) < 1e-12, `${metric} ${at(threshold)}`);
    }
  }
});
