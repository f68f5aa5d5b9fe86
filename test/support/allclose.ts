import assert from "node:assert/strict";

/**
 * Asserts that two lists of numbers agree: |a − e| ≤ absolute + relative · max|e|.
 * The scale is that of the largest expected value: entries of a kernel share one unit.
 */
export function assertAllclose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: { absolute?: number; relative?: number },
  what = "values",
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const limit = (tolerance.absolute ?? 0) + (tolerance.relative ?? 0) * scale;
  let worst = -1;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= worst)) [worst, at] = [difference, i];
    if (Number.isNaN(difference)) break;
  }
  assert.ok(
    worst <= limit,
    `${what}: entry ${at} is ${actual[at]}, expected ${expected[at]} (differs by ${worst}, limit ${limit})`,
  );
}
