import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { root, runNode, temporaryFolder } from "../support/checkout";
import { executedNotebook } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

const notebook = "06b-measuring-kernel-behavior";
const small = [
  "seeds=[13]",
  "testExamples=20",
  "steps=4",
  "evaluateEvery=2",
  "sgdRates=[0.03]",
  "adamRates=[0.0003]",
  "featureExamples=4",
];
const methods = ["SGD", "AdamW", "AdamW, 1 a step", "SGD, no prompt"];
const figures = { history: 1, scatter: 1, "features-along": 1, matrices: 2, "verdict-grid": 1 };

test("the notebook on measuring kernel behaviour measures for itself, and its checks come out", async (t) => {
  const { cells, seconds } = await executedNotebook(t, notebook, [
    ...small,
    `model=${smallEnglishModel(t)}`,
    `results=${path.join(temporaryFolder(t), "none")}`,
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );
  assert.doesNotMatch([...cells.values()].map(({ printed }) => printed).join(""), /NaN|undefined/);
  for (const [id, count] of Object.entries({ ...figures, "features-parts": 4, descent: 2 }))
    assert.equal(cell(id).charts.length, count, id);

  assert.match(
    cell("load").printed,
    /^There are no finished measurements in .*\n.*:\n {4}npx kernel-view sweep data\/english\/behavior\/sweep\.json --out .*none\n$/,
  );
  for (const method of methods) assert.ok(cell("scores").tables[0].includes(method), method);
  for (const id of ["history", "features-along"])
    assert.deepEqual(
      cell(id)
        .printed.trimEnd()
        .split("\n")
        .map((line) => line.split(" on movies-2")[0]),
      methods,
      id,
    );

  const [, moved, apart] = /moves f by up to (\S+); from the slope it is the same within (\S+)\.\n/
    .exec(cell("by-hand").printed)!
    .map(Number);
  // Four steps: f is nearly linear on 1 % of the way, and its float32 errors near 1e-6 are divided by 0.02.
  assert.ok(apart < 1e-3 + 0.02 * moved, cell("by-hand").printed);
  const [, byHand, recorded] = /by hand: (\S+); measured above: (\S+)\.\n/.exec(cell("matrices").printed)!.map(Number);
  // The same training run and kernel; threads may add up in another order, and entries near zero tell it.
  assert.ok(Math.abs(byHand / recorded - 1) < 0.01, cell("matrices").printed);
  assert.match(cell("descent").printed, /AdamW: no descent, since sign kernels predict steps on one example/);
  assert.match(cell("verdict-table").printed, /^4 measurements of this notebook\.\n$/);
  assert.match(
    cell("together").printed,
    /^(No measurement has both .*\n)?All 4: .*\nSGD: .*\nAdamW: .*\nAdamW, 1 a step: .*\nSGD, no prompt: .*\nTasks on which /,
  );
  assert.equal(
    cell("pairs")
      .printed.split("\n")
      .filter((line) => /^SGD and .*, 1 pair: different verdicts on linearization in [01] of [01], /.test(line)).length,
    3,
  );
});

test("it reads a finished sweep: the table from its CSV, the single runs in full", async (t) => {
  const folder = temporaryFolder(t);
  const method = (optimizer: string, learningRate: number) => ({
    kind: "behavior",
    optimizer,
    learningRate,
    steps: 3,
    batchSize: 8,
    evaluateEvery: 3,
    featureExamples: 4,
    kernel: { regularization: 0.1, f0: 100, formula: "sgd" },
  });
  const model = smallEnglishModel(t);
  const sweep = {
    model,
    data: path.join(root, "data/english/tasks"),
    tasks: ["imdb", "products"],
    k: [16],
    seeds: [13],
    testExamples: 20,
    methods: { SGD: method("sgd", 0.03), AdamW: method("adamw", 0.0003) },
  };
  writeFileSync(path.join(folder, "sweep.json"), JSON.stringify(sweep));
  const out = path.join(folder, "behavior");
  const swept = runNode([
    "environment/run.mjs",
    "build/src/cli.js",
    "sweep",
    path.join(folder, "sweep.json"),
    "--out",
    out,
    "--store",
    path.join(folder, "store"),
  ]);
  assert.equal(swept.status, 0, swept.stderr);

  const { cells, seconds } = await executedNotebook(t, notebook, [
    `model=${model}`,
    `results=${out}`,
    'tasks=["imdb"]',
    "seeds=[13]",
    "measureHere=false",
    "featureExamples=4",
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.equal(
    cell("load").printed,
    "4 finished measurements of this model: 2 tasks (imdb, products), methods SGD; AdamW, seeds 13.\n",
  );
  assert.deepEqual(cell("scores").tables[0].match(/imdb +(SGD|AdamW)/g)?.length, 2);
  for (const [id, count] of Object.entries({ ...figures, "features-along": 0, "features-parts": 2 }))
    assert.equal(cell(id).charts.length, count, id);
  assert.match(cell("verdict-table").printed, /^4 measurements from /);
  assert.match(
    cell("verdict-grid").charts[0].description,
    /kernel behaviour in SGD [0-2] of [0-2], AdamW [0-2] of [0-2] measurements/,
  );
  const [, byHand, recorded] = /by hand: (\S+); measured above: (\S+)\.\n/.exec(cell("matrices").printed)!.map(Number);
  assert.ok(Math.abs(byHand / recorded - 1) < 0.01, cell("matrices").printed);
});
