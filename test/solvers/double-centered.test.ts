import { test } from "node:test";
import assert from "node:assert/strict";
import { doubleCentered } from "../../src/solvers/double-centered";

test("takes away what rows and columns have in common", () => {
  // Rows have the means 1 and 3, columns 0 and 4, all together 2.
  assert.deepEqual(Array.from(doubleCentered([-2, 4, 2, 4], 2, 2)), [-1, 1, 1, -1]);
});

test("leaves rows and columns that add up to 0, and nothing of a sum of both", () => {
  const centered = doubleCentered([4, -1, 3, 7, 2, 2.5], 2, 3);
  for (const row of [0, 1])
    assert.ok(Math.abs(centered[3 * row] + centered[3 * row + 1] + centered[3 * row + 2]) < 1e-12);
  for (const column of [0, 1, 2]) assert.ok(Math.abs(centered[column] + centered[3 + column]) < 1e-12);
  for (const value of doubleCentered([11, 12, 13, 21, 22, 23], 2, 3)) assert.ok(Math.abs(value) < 1e-12);
});

test("the shape must fit", () => {
  assert.throws(() => doubleCentered([1, 2, 3], 2, 2), /2 × 2 needs as many values, and at least one; there are 3/);
});
