import assert from "node:assert/strict";
import { test } from "node:test";
import { executedNotebook } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

test("the notebook on optimizers' kernels runs with small parameters, and its checks hold", async (t) => {
  const { cells, seconds } = await executedNotebook(t, "04-solver-kernels", [
    `model=${smallEnglishModel(t)}`,
    "taskName=imdb",
    "data=data/english/tasks/imdb",
    "testExamples=12",
    "sgdRates=[0.01,0.1]",
    "signRates=[0.0001]",
    "steps=3",
    "slopeExamples=1",
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );

  // Two float32 sums of a million products in different orders.
  assert.ok(Number(/difference: (\S+)\.\n$/.exec(cell("by-hand").printed)![1]) < 1e-4, cell("by-hand").printed);
  const [, predicted, actual] = /change by (\S+), and changes by (\S+)\.\n$/
    .exec(cell("one-step-by-hand").printed)!
    .map(Number);
  assert.ok(Math.abs(predicted / actual - 1) < 0.1, cell("one-step-by-hand").printed);

  assert.equal(cell("one-step").charts.length, 1);
  assert.equal(cell("early").charts.length, 3);
  assert.equal(
    cell("early-table")
      .tables[0].split("\n")
      .filter((line) => /^(SGD|SignGD|AdamW) /.test(line.trim())).length,
    4,
  );
  assert.equal(cell("slope").charts.length, 1);
  const slopes = [...cell("slope-reading").printed.matchAll(/^(.*): slope (\S+) where (\d) is expected/gm)];
  assert.equal(slopes.length, 4);
  for (const [line, name, slope, expected] of slopes) {
    assert.ok(Math.abs(Number(slope) - Number(expected)) < 0.3, line);
    // The figure's legend says the same.
    assert.ok(cell("slope").charts[0].description.includes(`${name}: slope ${slope.replace("-", "−")}`), line);
  }
  assert.match(
    cell("slope-reading").printed,
    /\nEvery optimizer's own kernel is right to first order, and the wrong one is not: /,
  );
});
