import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  accuracy,
  asPredictions,
  f1OfClassOne,
  formatMeanStd,
  mean,
  populationStd,
  predictedClasses,
  taskScores,
} from "../../src/solvers/metrics";

interface Fixture {
  metrics: { classes: number; scores: number[]; labels: number[]; accuracy: number; f1: number }[];
  formatted: { scores: number[]; text: string; std: number }[];
}

const path = join(__dirname, "../../../test/fixtures/solvers/metrics.json");
const fixture: Fixture = JSON.parse(readFileSync(path, "utf8"));

test("accuracy and F1 agree with scikit-learn", () => {
  for (const { classes, scores, labels, accuracy: expected, f1 } of fixture.metrics) {
    const predictions = { values: Float64Array.from(scores), shape: [labels.length, classes] as [number, number] };
    assert.ok(Math.abs(accuracy(predictions, labels) - expected) < 1e-12);
    assert.ok(Math.abs(f1OfClassOne(predictions, labels) - f1) < 1e-12);
  }
});

test("mean and standard deviation print as Python prints them", () => {
  for (const { scores, text, std } of fixture.formatted) {
    assert.equal(formatMeanStd(scores), scores.length > 1 ? text : text.replace(" (0.0)", ""));
    assert.ok(Math.abs(populationStd(scores) - std) < 1e-12);
  }
  assert.equal(formatMeanStd([0.0025]), "0.2");
  assert.equal(formatMeanStd([0.0075, 0.0075]), "0.8 (0.0)");
});

test("ties go to the first class", () => {
  assert.deepEqual(predictedClasses({ values: Float32Array.from([1, 1, 0, 2, 3, 3]), shape: [2, 3] }), [0, 1]);
});

test("a margin becomes two logits; more outputs stay as they are", () => {
  const margins = asPredictions({ values: Float32Array.from([0.5, -2]), shape: [2, 1] });
  assert.deepEqual(margins, { values: Float64Array.from([-0.5, 0.5, 2, -2]), shape: [2, 2] });
  assert.equal(asPredictions(margins), margins);
});

test("F1 is 0 when class 1 neither occurs nor is predicted", () => {
  assert.equal(f1OfClassOne({ values: Float32Array.from([1, 0]), shape: [1, 2] }, [0]), 0);
});

test("a task's scores: accuracy, and for MRPC and QQP also F1 and the mean of both", () => {
  const predictions = { values: Float32Array.from([0, 1, 0, 1, 1, 0, 0, 1]), shape: [4, 2] as [number, number] };
  // Predicted 1, 1, 0, 1: of class 1 two are right, one is false and none is missed.
  assert.deepEqual(taskScores(predictions, [1, 0, 0, 1], "f1"), { acc: 0.75, f1: 0.8, acc_and_f1: 0.775 });
  assert.deepEqual(taskScores(predictions, [1, 0, 0, 1], "accuracy"), { acc: 0.75 });
});

test("bad input is refused", () => {
  assert.throws(() => mean([]), /no values/);
  assert.throws(
    () => accuracy({ values: Float32Array.from([1, 0]), shape: [1, 2] }, [0, 1]),
    /1 predictions and 2 labels/,
  );
  assert.throws(() => predictedClasses({ values: Float32Array.from([1]), shape: [1, 1] }), /asPredictions/);
});
