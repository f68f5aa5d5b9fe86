import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, deriveSeed, draw, shuffled, weighted, zipf } from "../../src/microworld/language/random";

test("random numbers are those of the published algorithm and repeat for a seed", () => {
  const random = createRandom(42);
  // First outputs of mulberry32(42), as in its reference implementation.
  assert.deepEqual([random.uint32(), random.uint32(), random.uint32()], [2581720956, 1925393290, 3661312704]);
  assert.notEqual(deriveSeed(1, "test"), deriveSeed(1, "train"));
  assert.notEqual(deriveSeed(1, 23), deriveSeed(12, 3));
  assert.deepEqual([...shuffled(createRandom(5), [1, 2, 3, 4, 5])].sort(), [1, 2, 3, 4, 5]);
});

test("Zipf's law: rank r is drawn in proportion to 1/r", () => {
  const random = createRandom(3);
  const table = zipf(["a", "b", "c", "d"], 1);
  const counts: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
  for (let i = 0; i < 20000; i += 1) counts[draw(random, table)] += 1;
  const expected = [1, 1 / 2, 1 / 3, 1 / 4].map((w) => (20000 * w) / (25 / 12));
  Object.values(counts).forEach((count, i) => assert.ok(Math.abs(count - expected[i]) < 4 * Math.sqrt(expected[i]), `rank ${i + 1}: ${count}`));
  assert.throws(() => zipf(["a"], 0.3), /multiple of 0.5/);
  assert.throws(() => weighted([], []), /0 values/);
});
