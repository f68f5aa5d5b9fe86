import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeCard, writeTrainingRecord } from "../../src/microworld/card";
import { shippedPretraining } from "../../src/microworld/defaults";
import { addScore, openScoreFile } from "../../src/microworld/scores/score-file";

test("the card says what was recorded", () => {
  const folder = mkdtempSync(join(tmpdir(), "card-"));
  try {
    assert.throws(() => writeCard(folder), /training\.json is missing/);
    const curve = Array.from({ length: 40 }, (_, i) => ({ step: (i + 1) * 100, tokens: (i + 1) * 50000, loss: 7 - i / 10, learningRate: 1e-3 }));
    writeTrainingRecord(folder, { settings: shippedPretraining, curve, tokens: 2e6, seconds: 300, machine: { cpu: "abacus", cores: 2, node: "v20" } });
    writeCard(folder);
    const before = readFileSync(join(folder, "README.md"), "utf8");
    for (const part of ["license: mit", "2.0 million tokens", "5.0 minutes on 2 cores (abacus", "| 4000 | 2.00 | 3.100 |", "Not measured yet"]) {
      assert.ok(before.includes(part), `the card lacks "${part}"`);
    }
    const file = openScoreFile(join(folder, "scores"), "sst-2", { model: "hash", protocol: "p" });
    const common = { task: "sst-2", k: 16, method: "zero-shot", chosen: { majority: 0.5 }, testExamples: 100, examples: "e", seconds: 1 };
    addScore(file, { ...common, seed: 13, accuracy: 0.5 });
    addScore(file, { ...common, seed: 21, accuracy: 0.7 });
    writeCard(folder);
    const after = readFileSync(join(folder, "README.md"), "utf8");
    assert.ok(after.includes("| sst-2 | 60.0 (10.0) |"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
