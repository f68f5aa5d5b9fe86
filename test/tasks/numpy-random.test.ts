import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { numpyRandom, permutation, shuffle } from "../../src/tasks/numpy-random";
import { readJson } from "../support/tiny-roberta";

interface Drawn {
  seed: number;
  count: number;
  sha256: string;
}
const oracle = readJson<{
  uint32: { seed: number; values: number[]; after1000: number }[];
  shuffle: { seed: number; items: number[] }[];
  largeShuffle: Drawn[];
  permutation: Drawn[];
  sample: (Drawn & { take: number })[];
}>("tasks", "numpy-random.json");

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const digest = (items: number[]): string => createHash("sha256").update(items.join(",")).digest("hex");
function shuffled(count: number, seed: number): number[] {
  const items = range(count);
  shuffle(items, numpyRandom(seed));
  return items;
}

test("32 random bits at a time, past the first 624 too", () => {
  for (const { seed, values, after1000 } of oracle.uint32) {
    const random = numpyRandom(seed);
    const drawn = Array.from({ length: 1001 }, () => random.uint32());
    assert.deepEqual(drawn.slice(0, values.length), values);
    assert.equal(drawn[1000], after1000);
  }
});

test("the known shuffles of twenty", () => {
  assert.deepEqual(shuffled(20, 13), [11, 12, 0, 1, 8, 5, 7, 15, 14, 13, 3, 17, 9, 4, 2, 6, 19, 10, 16, 18]);
  assert.deepEqual(shuffled(20, 42), [0, 17, 15, 1, 8, 5, 11, 3, 18, 16, 13, 2, 9, 19, 4, 12, 7, 10, 14, 6]);
  assert.deepEqual(
    permutation(2000, numpyRandom(42)).slice(0, 10),
    [1860, 353, 1333, 905, 1289, 1273, 938, 1731, 65, 1323],
  );
});

test("shuffles, permutations and pandas' samples are numpy's", () => {
  for (const { seed, items } of oracle.shuffle) assert.deepEqual(shuffled(items.length, seed), items, `seed ${seed}`);
  for (const { seed, count, sha256 } of oracle.largeShuffle)
    assert.equal(digest(shuffled(count, seed)), sha256, `seed ${seed}, ${count}`);
  for (const { seed, count, sha256 } of oracle.permutation)
    assert.equal(digest(permutation(count, numpyRandom(seed))), sha256, `seed ${seed}, ${count}`);
  for (const { seed, count, take, sha256 } of oracle.sample)
    assert.equal(digest(permutation(count, numpyRandom(seed)).slice(0, take)), sha256, `seed ${seed}, ${count}`);
  assert.ok(oracle.shuffle.length > 40 && oracle.largeShuffle.length > 5);
});

test("nothing and one thing are shuffled without a draw", () => {
  const random = numpyRandom(5);
  shuffle([], random);
  shuffle(["only"], random);
  assert.equal(random.uint32(), numpyRandom(5).uint32());
});

test("typed arrays are shuffled alike", () => {
  const items = Uint32Array.from(range(50));
  shuffle(items, numpyRandom(7));
  assert.deepEqual([...items], shuffled(50, 7));
});

test("seeds that numpy refuses are refused", () => {
  for (const seed of [-1, 2 ** 32, 1.5, NaN])
    assert.throws(() => numpyRandom(seed), /numpy takes integers from 0 to 4294967295/);
});
