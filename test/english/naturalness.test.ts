import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { readBehaviorCsv } from "../../src/sweep/behavior-rows";
import { loadLanguageModel } from "../../src/experiment/language-model";
import { differingSettings, modelFamily } from "../../src/sweep/model-family";
import { readSweeps } from "../../src/sweep/sweep-file";
import { disposeModel } from "../../src/model/model";
import { readCheckpoint } from "../../src/model/checkpoint";
import { root } from "../support/checkout";

const english = path.join(root, "data", "english");
const folder = path.join(english, "naturalness");

test("the levels of naturalness went on from the shipped model in the same way, and the stored measurements are of them", async () => {
  const sweeps = readSweeps(path.join(folder, "sweep.json"));
  const family = modelFamily(sweeps.map(({ model }) => model));
  assert.deepEqual(
    family.map(({ naturalness }) => naturalness),
    [0, 0.3, 0.6, 1],
  );
  assert.deepEqual(differingSettings(family), []);
  assert.equal(family[0].settings.from, readCheckpoint(path.join(english, "model")).hash);

  const rows = readBehaviorCsv(path.join(folder, "results.csv"));
  const hashes: string[] = [];
  for (const { folder: own } of family) {
    const { model } = await loadLanguageModel(own);
    hashes.push(model.hash);
    disposeModel(model);
  }
  assert.equal(new Set(hashes).size, hashes.length);
  const [{ tasks, seeds }] = sweeps;
  assert.deepEqual(
    hashes.map((hash) => rows.filter(({ modelHash }) => modelHash === hash).length),
    hashes.map(() => tasks.length * seeds.length),
  );
});

test("the adapters are small", () => {
  const bytes = readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce(
    (sum, name) => sum + statSync(path.join(folder, name)).size,
    0,
  );
  assert.ok(bytes < 4e6, `${bytes} bytes`);
});
