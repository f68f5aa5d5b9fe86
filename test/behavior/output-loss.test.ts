import assert from "node:assert/strict";
import { test } from "node:test";
import { outputDerivatives } from "../../src/behavior/output-loss";

test("is 1 − p(class), from the softmax by its definition", () => {
  const values = Float64Array.of(2, 0, -1, 0.5, 0.5, 3);
  const labels = [0, 2];
  const expected = labels.map((label, i) => {
    const powers = [...values.slice(3 * i, 3 * i + 3)].map(Math.exp);
    return 1 - powers[label] / powers.reduce((a, b) => a + b);
  });
  const found = outputDerivatives({ values, shape: [2, 3] }, labels);
  found.forEach((chi, i) => assert.ok(Math.abs(chi - expected[i]) < 1e-12, `${chi}, not ${expected[i]}`));
});

test("is the same of the margin as of its two logits", () => {
  const logits = Float64Array.of(1, 4, 2, -3, 0, 0);
  const margins = Float64Array.of(3, -5, 0);
  for (const labels of [
    [0, 1, 0],
    [1, 0, 1],
  ]) {
    const [two, one] = [
      outputDerivatives({ values: logits, shape: [3, 2] }, labels),
      outputDerivatives({ values: margins, shape: [3, 1] }, labels),
    ];
    two.forEach((chi, i) => assert.ok(Math.abs(chi - one[i]) < 1e-12));
  }
});

test("asks for a label of every example", () => {
  assert.throws(
    () => outputDerivatives({ values: Float64Array.of(1, 2), shape: [2, 1] }, [0]),
    /2 examples and 1 labels/,
  );
});
