import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { planBatches } from "../../src/finetune/packed-batches";

/** Batches of 8 prompts that lie in one row of about so many tokens. */
const batchesOf = (count: number, tokens: number): number[][] =>
  Array.from({ length: count }, () => Array<number>(8).fill(tokens / 8));

/** That of a model of 2 million parameters: see training-step.ts. */
const DISPATCH = 500;

describe("which steps are graphs", () => {
  test("none of a run of few steps, and none where there may be none", () => {
    for (const [batches, dispatch] of [
      [batchesOf(9, 160), DISPATCH],
      [batchesOf(1000, 160), 0],
    ] as const)
      assert.deepEqual(planBatches(batches, dispatch).shapeOf(batches[0]), {
        shape: { rows: 1, length: 160, reads: 8 },
        graph: false,
      });
  });

  test("lengths of few batches are rounded up to a graph's, also the longest", () => {
    const [short, long] = [batchesOf(25, 144), batchesOf(9, 176)];
    const plan = planBatches([...short, ...long], DISPATCH);
    for (const [batch] of [short, long])
      assert.deepEqual(plan.shapeOf(batch), { shape: { rows: 1, length: 176, reads: 8 }, graph: true });
  });

  test("each of several lengths has its own graph where there are many batches of each", () => {
    const all = [96, 128, 160].flatMap((tokens) => batchesOf(300, tokens));
    const plan = planBatches(all, DISPATCH);
    for (const tokens of [96, 128, 160])
      assert.deepEqual(plan.shapeOf(batchesOf(1, tokens)[0]), {
        shape: { rows: 1, length: tokens, reads: 8 },
        graph: true,
      });
  });

  test("a few long batches neither lengthen the others nor have a graph", () => {
    const [short, long] = [batchesOf(900, 128), batchesOf(3, 480)];
    const plan = planBatches([...short, ...long], DISPATCH);
    assert.deepEqual([plan.shapeOf(short[0]).shape.length, plan.shapeOf(short[0]).graph], [128, true]);
    assert.deepEqual([plan.shapeOf(long[0]).shape.length, plan.shapeOf(long[0]).graph], [480, false]);
  });

  test("a larger model has less to gain, and a graph only for more batches", () => {
    const batches = batchesOf(20, 160);
    assert.equal(planBatches(batches, DISPATCH).shapeOf(batches[0]).graph, true);
    assert.equal(planBatches(batches, 20).shapeOf(batches[0]).graph, false);
  });
});
