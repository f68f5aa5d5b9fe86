import assert from "node:assert/strict";
import { test } from "node:test";
import { executedNotebook } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

test("the notebook on kernel behaviour runs with small parameters; its sentences are those of its figures", async (t) => {
  const small = [
    `model=${smallEnglishModel(t)}`,
    "widths=[4,32]",
    "seeds=[13,21]",
    "testExamples=20",
    "steps=6",
    "evaluateEvery=3",
    "sgdRates=[0.03]",
    "adamRates=[0.001]",
    "featureExamples=5",
  ];
  const { cells, seconds } = await executedNotebook(t, "03-kernel-behavior", small);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );

  const [, difference, largest] = /differ by at most (\S+) on the circle, where the linearization reaches (\S+)\.\n$/
    .exec(cell("tangent-check").printed)!
    .map(Number);
  // Central differences of step 1e-5 in float64.
  assert.ok(difference < 1e-6 * Math.max(1, largest), cell("tangent-check").printed);
  const missed = [...cell("tangent").printed.matchAll(/(\d+) %/g)].map(([, percent]) => percent);
  assert.equal(missed.length, 2);
  assert.match(
    cell("circle").charts[0].description,
    new RegExp(`width 4: the linearization misses ${missed[0]} %.*width 32: the linearization misses ${missed[1]} %`),
  );

  const figures = { history: 2, scatter: 1, features: 2, "features-along": 1, verdict: 1 };
  for (const [id, count] of Object.entries(figures)) assert.equal(cell(id).charts.length, count, id);
  assert.match(cell("scores").tables[0], /SGD +13 +0\.03.*\n.*SGD +21[^]*AdamW +13 +0\.001.*\n.*AdamW +21/);
  for (const id of ["history", "scatter", "features-along", "verdict"])
    assert.match(cell(id).printed, /^SGD: .*\nAdamW: .*\n$/, id);
  assert.match(
    cell("features").printed,
    /^(\w+: \d+ of \d+ parts moved by 2\.0 or more; farthest: [^\n]*\n){2}SGD, the whole kernel: .*\nAdamW, the whole kernel: .*\n$/,
  );
  assert.doesNotMatch(
    cell("scatter").printed + cell("features").printed + cell("features-along").printed,
    /NaN|undefined/,
  );
  for (const sentence of cell("verdict").printed.trimEnd().split("\n"))
    assert.ok(cell("verdict").charts[0].description.includes(sentence), sentence);
});
