import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { differingSettings, modelFamily } from "../../src/sweep/model-family";
import { temporaryFolder } from "../support/checkout";

const write = (folder: string, name: string, record: object): string => {
  const own = path.join(folder, name);
  mkdirSync(own, { recursive: true });
  writeFileSync(path.join(own, "training.json"), JSON.stringify(record));
  return own;
};
const trained = (naturalness: number, change: object = {}, from = "abc") => ({
  naturalness,
  from,
  settings: { steps: 10, seed: 1, ...change },
  curve: [{ loss: 3 }, { loss: 2 + naturalness }],
});

test("a family is in the order of naturalness, with the settings in which its models differ", (t) => {
  const folder = temporaryFolder(t);
  const [high, low] = [write(folder, "60", trained(0.6)), write(folder, "0", trained(0))];
  const family = modelFamily([high, low]);
  assert.deepEqual(
    family.map(({ folder: own, naturalness, loss }) => [own, naturalness, loss]),
    [
      [low, 0, 2],
      [high, 0.6, 2.6],
    ],
  );
  assert.deepEqual(differingSettings(family), []);
  const other = modelFamily([low, write(folder, "30", trained(0.3, { steps: 7, loraRank: 4 }, "def"))]);
  assert.deepEqual(differingSettings(other), ["from", "steps", "loraRank"]);
});

test("folders that are no family are refused by name", (t) => {
  const folder = temporaryFolder(t);
  const one = write(folder, "one", trained(0.6));
  assert.throws(
    () => modelFamily([one, write(folder, "two", trained(0.6))]),
    /one and .*two have the same naturalness, 0\.6/,
  );
  assert.throws(() => modelFamily([path.join(folder, "none")]), /none has no training\.json/);
  assert.throws(
    () => modelFamily([write(folder, "other", { settings: {} })]),
    /other.training\.json: naturalness is missing/,
  );
});
