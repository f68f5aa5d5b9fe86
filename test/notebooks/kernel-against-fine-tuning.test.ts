import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { root, runNode, temporaryFolder } from "../support/checkout";
import { executedNotebook } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

const training = { kind: "fine-tuning", optimizer: "sgd", learningRate: [0.03, 0.1], steps: 3, batchSize: 8 };
const kernel = { kind: "kernel", regularization: [0.01, 0.1], f0: [10, "inf"] };
const methods = {
  "zero-shot": { kind: "zero-shot" },
  "best threshold": { kind: "best-threshold" },
  "bag of words": { kind: "bag-of-words" },
  "linear probe": { kind: "linear-probe", input: "text", pooled: true },
  "SGD-FT": training,
  "K (SGD)": kernel,
  "K (SGD), no prompt": { ...kernel, input: "text" },
};

test("the notebook reads a sweep's results, tells them in sentences, and measures a task again with the same outcome", async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "sweep.json");
  const sweep = {
    model: smallEnglishModel(t),
    data: path.join(root, "data", "english", "tasks"),
    tasks: ["imdb", "topic", "yelp"],
    k: [16],
    seeds: [13, 21],
    testExamples: 40,
    methods,
  };
  writeFileSync(file, JSON.stringify({ ...sweep, tasks: ["imdb", "topic"] }));
  const swept = runNode([
    "environment/run.mjs",
    "build/src/cli.js",
    "sweep",
    file,
    "--out",
    path.join(folder, "out"),
    "--store",
    path.join(folder, "store"),
  ]);
  assert.equal(swept.status, 0, swept.stderr);
  writeFileSync(file, JSON.stringify(sweep));

  const { cells, seconds } = await executedNotebook(t, "06a-kernel-against-fine-tuning", [
    `results=${path.join(folder, "out", "chosen.csv")}`,
    `sweepFile=${file}`,
    "taskName=imdb",
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );
  assert.doesNotMatch([...cells.values()].map(({ printed }) => printed).join(""), /NaN|undefined/);
  for (const id of ["accuracy", "gain-chart", "compare-chart"]) assert.equal(cell(id).charts.length, 1, id);

  assert.equal(
    cell("read").printed,
    "28 results for k = 16: 2 tasks, 7 methods, draws 13, 21; 40 test examples.\nNot measured yet: yelp.\n",
  );
  assert.match(
    cell("accuracy").printed,
    /^K \(SGD\) reaches 90 % of SGD-FT's accuracy on [0-2] of 2 tasks\. Tasks where it does not: /,
  );
  for (const method of Object.keys(methods))
    assert.match(
      cell("table").tables[0],
      new RegExp(`${method.replace(/[()]/g, "\\$&")} +\\d+\\.\\d \\(\\d+\\.\\d\\) +\\d+\\.\\d`),
    );
  assert.match(cell("gain-chart").printed, /^SGD-FT gains at least 8 points on [0-2] of 2 tasks\./);
  assert.match(
    cell("rival").printed,
    /^bag of words: better than SGD-FT by more than 3 points on .*\nlinear probe: better than SGD-FT by more than 3 points on .*; at most 3 points apart on .*; worse on .*\.\n$/,
  );
  assert.match(cell("pairs").tables[0], /SGD-FT and K \(SGD\)/);
  assert.match(cell("findings").tables[0], /K \(SGD\) reaches at least 90 % of SGD-FT +[0-2] of 2/);
  // The same code, model and examples; threads may add up in another order.
  assert.match(
    cell("compare").printed,
    /^The same choice and development score for [45] of 5 methods; test scores at most [0-5]\.\d points apart\.\n$/,
  );
});
