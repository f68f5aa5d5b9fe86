import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors";
import { root, runNode, temporaryFolder } from "../support/checkout";
import { executedNotebook } from "../support/executed-notebook";

/** A family of two: the shipped model, and a copy whose head has other biases and whose record says "less natural". */
function standIns(folder: string): string[] {
  const shipped = path.join(root, "data", "microworld", "model");
  return [0, 60].map((level) => {
    const own = path.join(folder, String(level));
    mkdirSync(own);
    for (const file of readdirSync(shipped).filter((name) => name.endsWith(".json") || name.endsWith(".txt"))) copyFileSync(path.join(shipped, file), path.join(own, file));
    const record = JSON.parse(readFileSync(path.join(shipped, "training.json"), "utf8")) as { settings: { language: { naturalness: number } } };
    record.settings.language.naturalness = level / 100;
    writeFileSync(path.join(own, "training.json"), JSON.stringify(record));
    const { tensors } = readSafetensors(path.join(shipped, "model.safetensors"));
    const { shape } = tensors.get("lm_head.bias")!;
    if (level === 0) tensors.set("lm_head.bias", { dtype: "F32", shape, data: new Float32Array(shape[0]) });
    writeSafetensors(path.join(own, "model.safetensors"), tensors, { format: "pt" });
    return own;
  });
}

test("the notebook on natural prompts measures now what its command has stored, and judges by what comes out", async (t) => {
  const folder = temporaryFolder(t);
  const method = { kind: "behavior", optimizer: "sgd", learningRate: 0.03, steps: 4, batchSize: 8, evaluateEvery: 4, featureExamples: 4 };
  const sweepFile = path.join(folder, "sweep.json");
  const results = path.join(folder, "results.csv");
  writeFileSync(sweepFile, JSON.stringify({ model: standIns(folder), data: path.join(root, "data", "microworld", "tasks"), tasks: ["subj", "cr"], k: [4], seeds: [13], testExamples: 20, methods: { SGD: method } }));
  const swept = runNode(["environment/run.mjs", "build/src/cli.js", "sweep", sweepFile, "--out", path.join(folder, "out"), "--store", path.join(folder, "store"), "--behavior", results]);
  assert.equal(swept.status, 0, swept.stderr);

  const small = [`sweepFile=${sweepFile}`, `results=${results}`, "derivativeExamples=20", "widths=[8,16,32]", "widthSeeds=[1]", "widthResults="];
  const { cells, seconds } = await executedNotebook(t, "05-natural-prompts", small);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual([...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id), []);

  assert.match(cell("models").printed, /2 models; settings of pretraining in which they differ: language\.naturalness\./);
  // Central differences of step 1e-4 in float64.
  assert.ok(Number(/at most (\S+)\.\n$/.exec(cell("chi-one").printed)![1]) < 1e-7, cell("chi-one").printed);
  assert.match(cell("read").printed, /^4 measurements: 2 models, tasks subj, cr, seeds 13\.\nMeasured again: 2 of them, in which numbers differ by at most (\S+) %\.\n$/);
  // Float32 sums in another order, through four steps of training.
  assert.ok(Number(/at most (\S+) %/.exec(cell("read").printed)![1]) < 1, cell("read").printed);
  for (const id of ["chi-all", "scores", "behavior"]) assert.equal(cell(id).charts.length, 1, id);
  assert.equal(cell("width-chart").charts.length, 2);

  const sentences = cell("judge").printed.trimEnd().split("\n");
  const verdicts = sentences.slice(0, -1).flatMap((line) => /: (as predicted|against the prediction|undecided)\.$/.exec(line)?.[1] ?? []);
  const [, of, as, against, undecided] = /^Of (\d) predictions (\d) came out as predicted, (\d) against it, (\d) undecided\.$/.exec(sentences.at(-1)!)!.map(Number);
  assert.deepEqual([of, as, against, undecided], [verdicts.length, ...["as predicted", "against the prediction", "undecided"].map((verdict) => verdicts.filter((each) => each === verdict).length)]);
  assert.equal(sentences.length, 7);
  assert.doesNotMatch([...cells.values()].map(({ printed }) => printed).join(""), /NaN|undefined|Infinity/);
  assert.match(cell("width-live").printed, /^30 networks trained in .*, 0 read from disk: widths 8, 16, 32\.\n$/);
});
