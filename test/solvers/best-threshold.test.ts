import { test } from "node:test";
import assert from "node:assert/strict";
import { bestThreshold } from "../../src/solvers/best-threshold";

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

test("scores and labels must pair up", () => {
  assert.throws(() => bestThreshold([1], [0, 1]), /1 scores and 2 labels/);
  assert.throws(() => bestThreshold([], []), /0 scores/);
});
