import { test } from "node:test";
import assert from "node:assert/strict";
import { aggregate, runsOf, type Run } from "../../src/sweep/aggregate";
import { resultDataFrame } from "../../src/sweep/result-data-frame";
import { markdownTable, resultRows } from "../../src/sweep/result-table";

const run = (seed: number, regularization: number, dev: number, test: number, kind = {}): Run => ({
  ...{ task: "sst-2", method: "SGD kernel", k: 16, seed, setting: { regularization }, dev, test },
  ...kind,
});

test("of each seed the best run on dev, the first on ties, then mean and population standard deviation over seeds", () => {
  const runs = [
    run(13, 0, 0.9, 0.883),
    run(13, 1, 0.8, 0.99),
    run(21, 0, 0.7, 0.1),
    run(21, 1, 0.8, 0.879),
    run(42, 0, 0.8, 0.886),
    run(42, 1, 0.8, 0.2),
    run(87, 0, 0.8, 0.884),
    run(100, 0, 0.8, 0.8805),
  ];
  const [one, ...more] = aggregate(runs);
  assert.deepEqual(more, []);
  assert.deepEqual(one.chosen, [runs[0], runs[3], runs[4], runs[6], runs[7]]);
  assert.deepEqual(one.seeds, [13, 21, 42, 87, 100]);
  // numpy: np.mean(x) * 100, np.std(x) * 100 of these five print as 88.2 (0.2); their median is 0.883.
  assert.equal(one.text, "88.2 (0.2)");
  assert.equal(one.median, 0.883);
  assert.ok(Math.abs(one.mean - 0.8825) < 1e-12 && Math.abs(one.std - 0.00248998) < 1e-8);
  assert.equal(aggregate(runs.slice(0, 4))[0].median, (0.883 + 0.879) / 2);
});

test("tasks, methods and k stay apart; a repeated run replaces the one before", () => {
  const runs = [
    run(13, 0, 0.5, 0.5),
    run(13, 0, 0.4, 0.6),
    run(13, 0, 0.9, 0.7, { task: "mr" }),
    run(13, 0, 0.9, 0.8, { k: 64 }),
    run(13, 0, 1, 1, { method: "fine-tuning" }),
  ];
  assert.deepEqual(
    aggregate(runs).map(({ task, method, k, text }) => [task, method, k, text]),
    [
      ["sst-2", "SGD kernel", 16, "60.0"],
      ["mr", "SGD kernel", 16, "70.0"],
      ["sst-2", "SGD kernel", 64, "80.0"],
      ["sst-2", "fine-tuning", 16, "100.0"],
    ],
  );
  const again = [
    { setting: { f0: Infinity, lambda: 1 }, dev: 0.5 },
    { setting: { lambda: 1, f0: Infinity }, dev: 0.25 },
    { setting: { lambda: 1, f0: 1 }, dev: 0.125 },
  ];
  assert.equal(aggregate(again.map((own) => run(1, 0, 0, 0, own)))[0].chosen[0].dev, 0.25);
  assert.deepEqual(aggregate([]), []);
});

test("a grid's settings become runs", () => {
  const scores = (accuracy: number, f1: number) => ({
    accuracy,
    f1,
    "macro-f1": 0,
    mcc: -accuracy,
    loss: 0,
    examples: 1,
  });
  const grid = [
    {
      regularization: 0.1,
      f0: Infinity,
      scores: { train: scores(1, 1), dev: scores(0.5, 0.25), test: scores(0.75, 0.125) },
    },
  ];
  const kind = { task: "mrpc", method: "kernel", k: 16, seed: 13 };
  assert.deepEqual(runsOf(grid, kind, "f1"), [
    { ...kind, setting: { regularization: 0.1, f0: Infinity }, dev: 0.25, test: 0.125 },
  ]);
  assert.equal(runsOf(grid, kind)[0].test, 0.75);
  assert.equal(runsOf(grid, kind, "mcc")[0].test, -0.75);
});

test("the table as records, DataFrame and Markdown", () => {
  const rows = resultRows(
    aggregate([
      run(13, 0, 1, 0.883),
      run(21, 0, 1, 0.889),
      run(13, 0, 1, 0.7, { task: "ag_news" }),
      run(13, 0, 1, 0.5, { method: "50% | chance" }),
    ]),
  );
  assert.deepEqual(rows, [
    { k: 16, method: "SGD kernel", "sst-2": "88.6 (0.3)", ag_news: "70.0" },
    { k: 16, method: "50% | chance", "sst-2": "50.0", ag_news: "" },
  ]);
  const frame = resultDataFrame(rows);
  assert.deepEqual(frame.columns, ["k", "method", "sst-2", "ag_news"]);
  assert.deepEqual(
    frame.values,
    rows.map((row) => Object.values(row)),
  );
  assert.equal(
    markdownTable(rows),
    "| k | method | sst-2 | ag_news |\n| --- | --- | --- | --- |\n| 16 | SGD kernel | 88.6 (0.3) | 70.0 |\n| 16 | 50% \\| chance | 50.0 |  |\n",
  );
  assert.throws(() => resultDataFrame([]), /at least one row/);
});
