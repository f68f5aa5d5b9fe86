import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { copyTokenizer, saveModel } from "../../src/finetune/save-model";
import { readCheckpoint } from "../../src/model/checkpoint";
import { root, runNode, temporaryFolder } from "../support/checkout";
import { executedNotebook } from "../support/executed-notebook";
import { randomModel } from "../support/random-model";

const english = path.join(root, "data", "english");

/** A family of two small random models with the shipped one's vocabulary. */
function family(folder: string): string[] {
  const { config } = readCheckpoint(path.join(english, "model"));
  return [0, 60].map((level) => {
    const own = path.join(folder, String(level));
    mkdirSync(own);
    saveModel(
      own,
      randomModel(
        {
          modelType: "bert",
          layers: 2,
          headSize: 8,
          heads: 4,
          intermediate: 32,
          vocabulary: config.vocabSize,
          longest: 128,
          padId: config.padTokenId,
        },
        level,
      ),
    );
    copyTokenizer(path.join(english, "model"), own);
    writeFileSync(
      path.join(own, "training.json"),
      JSON.stringify({
        naturalness: level / 100,
        from: "another",
        settings: { steps: 10, seed: 1 },
        curve: [{ loss: 3 }],
      }),
    );
    return own;
  });
}

test("the notebook on natural prompts measures now what its command has stored, and judges by what comes out", async (t) => {
  const folder = temporaryFolder(t);
  const method = {
    kind: "behavior",
    optimizer: "sgd",
    learningRate: 0.03,
    steps: 4,
    batchSize: 8,
    evaluateEvery: 4,
    featureExamples: 4,
  };
  const sweepFile = path.join(folder, "sweep.json");
  const results = path.join(folder, "results.csv");
  writeFileSync(
    sweepFile,
    JSON.stringify({
      model: family(folder),
      data: path.join(english, "tasks"),
      tasks: ["imdb", "yelp"],
      k: [16],
      seeds: [13],
      testExamples: 20,
      methods: { SGD: method },
    }),
  );
  const swept = runNode([
    "environment/run.mjs",
    "build/src/cli.js",
    "sweep",
    sweepFile,
    "--out",
    path.join(folder, "out"),
    "--store",
    path.join(folder, "store"),
    "--behavior",
    results,
  ]);
  assert.equal(swept.status, 0, swept.stderr);

  const small = [
    `sweepFile=${sweepFile}`,
    `results=${results}`,
    "derivativeExamples=20",
    "widths=[8,16,32]",
    "widthSeeds=[1]",
    "widthResults=",
  ];
  const { cells, seconds } = await executedNotebook(t, "05-natural-prompts", small);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );

  assert.match(cell("models").printed, /2 models; settings of pretraining in which they differ: none\./);
  // Central differences of step 1e-4 in float64.
  assert.ok(Number(/at most (\S+)\.\n$/.exec(cell("chi-one").printed)![1]) < 1e-7, cell("chi-one").printed);
  assert.match(
    cell("read").printed,
    /^4 measurements: 2 models, tasks imdb, yelp, seeds 13\.\nMeasured again: 2 of them, in which numbers differ by at most (\S+) %\.\n$/,
  );
  // Float32 sums in another order, through four steps of training.
  assert.ok(Number(/at most (\S+) %/.exec(cell("read").printed)![1]) < 1, cell("read").printed);
  for (const id of ["chi-all", "scores", "behavior"]) assert.equal(cell(id).charts.length, 1, id);
  assert.equal(cell("width-chart").charts.length, 2);

  const sentences = cell("judge").printed.trimEnd().split("\n");
  const verdicts = sentences
    .slice(0, -1)
    .flatMap((line) => /: (as predicted|against the prediction|undecided)\.$/.exec(line)?.[1] ?? []);
  const [, of, as, against, undecided] =
    /^Of (\d) predictions (\d) came out as predicted, (\d) against it, (\d) undecided\.$/
      .exec(sentences.at(-1)!)!
      .map(Number);
  assert.deepEqual(
    [of, as, against, undecided],
    [
      verdicts.length,
      ...["as predicted", "against the prediction", "undecided"].map(
        (verdict) => verdicts.filter((each) => each === verdict).length,
      ),
    ],
  );
  assert.equal(sentences.length, 7);
  assert.doesNotMatch([...cells.values()].map(({ printed }) => printed).join(""), /NaN|undefined|Infinity/);
  assert.match(cell("width-live").printed, /^30 networks trained in .*, 0 read from disk: widths 8, 16, 32\.\n$/);
});
