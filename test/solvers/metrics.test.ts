import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  accuracy,
  asPredictions,
  formatMeanStd,
  mean,
  metricScore,
  populationStd,
  predictedClasses,
} from "../../src/solvers/metrics";
import { CLASS_METRICS, NUMBER_METRICS, type ClassMetric } from "../../src/tasks/task";

interface Fixture {
  metrics: ({ classes: number; scores: number[]; labels: number[] } & Record<ClassMetric, number>)[];
  correlations: { numbers: number[]; labels: number[]; pearson: number; spearman: number }[];
  formatted: { scores: number[]; text: string; std: number }[];
}

const path = join(__dirname, "../../../test/fixtures/solvers/metrics.json");
const fixture: Fixture = JSON.parse(readFileSync(path, "utf8"));

test("every metric agrees with scikit-learn, also where a class is missing, unseen or the only one", () => {
  assert.equal(fixture.metrics.length, 9);
  for (const { classes, scores, labels, ...expected } of fixture.metrics) {
    const predictions = { values: Float64Array.from(scores), shape: [labels.length, classes] as [number, number] };
    for (const metric of CLASS_METRICS)
      assert.ok(
        Math.abs(metricScore(metric, predictions, labels) - expected[metric]) < 1e-12,
        `${metric} of ${labels.join("")}`,
      );
  }
});

test("correlations agree with scipy, also with ties; a constant has none", () => {
  assert.equal(fixture.correlations.length, 4);
  const ofNumbers = (metric: "pearson" | "spearman", numbers: number[], labels: number[]): number =>
    metricScore(
      metric,
      { values: Float64Array.from(numbers.flatMap((y) => [1, y])), shape: [numbers.length, 2] },
      labels,
    );
  for (const { numbers, labels, ...expected } of fixture.correlations)
    for (const metric of NUMBER_METRICS)
      assert.ok(Math.abs(ofNumbers(metric, numbers, labels) - expected[metric]) < 1e-12, metric);
  for (const metric of NUMBER_METRICS) {
    assert.equal(ofNumbers(metric, [0.1, 0.1, 0.1], [0, 0.5, 1]), 0);
    assert.equal(ofNumbers(metric, [1, 2, 4], [0.3, 0.3, 0.3]), 0);
  }
  assert.throws(
    () => metricScore("pearson", { values: new Float64Array(6), shape: [2, 3] }, [0, 1]),
    /two label words/,
  );
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

test("bad input is refused", () => {
  assert.throws(() => accuracy({ values: Float32Array.from([]), shape: [0, 2] }, []), /of no predictions/);
  assert.throws(() => mean([]), /no values/);
  assert.throws(
    () => accuracy({ values: Float32Array.from([1, 0]), shape: [1, 2] }, [0, 1]),
    /1 predictions and 2 labels/,
  );
  assert.throws(() => predictedClasses({ values: Float32Array.from([1]), shape: [1, 1] }), /asPredictions/);
});
