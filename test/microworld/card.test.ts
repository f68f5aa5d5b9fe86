import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeCard, writeTrainingRecord } from "../../src/microworld/card";
import { shippedPretraining, shippedSecondStage } from "../../src/microworld/defaults";
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

test("a card of several stages tells of each, and of the command that makes as many", () => {
  const folder = mkdtempSync(join(tmpdir(), "card-"));
  try {
    const machine = { cpu: "abacus", cores: 2, node: "v20" };
    const point = { step: 100, tokens: 1e5, loss: 3.5, learningRate: 1e-3 };
    const before = { settings: shippedPretraining, curve: [point], tokens: 2e6, seconds: 300, machine };
    writeTrainingRecord(folder, { settings: { ...shippedSecondStage, steps: 77, from: "hash" }, curve: [{ ...point, loss: 1.25 }], tokens: 1e6, seconds: 60, machine, before });
    writeCard(folder);
    const card = readFileSync(join(folder, "README.md"), "utf8");
    for (const part of ["- First stage: language seed 11", "- Second stage: language seed 12", "attends to the same word elsewhere", "| 100 | 0.10 | 3.500 |", "| 100 | 0.10 | 1.250 |", "`npm run pretrain -- --stages 2 --steps 13000,77`"]) {
      assert.ok(card.includes(part), `the card lacks "${part}"`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
