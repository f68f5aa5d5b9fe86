import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeCard, writeScores, writeTrainingRecord } from "../../src/microworld/card";
import { shippedPretraining } from "../../src/microworld/defaults";
import { areaUnderCurve } from "../../src/microworld/score";

test("area under the ROC curve, by hand", () => {
  assert.equal(areaUnderCurve([1, 2, 3, 4], [false, false, true, true]), 1);
  assert.equal(areaUnderCurve([4, 3, 2, 1], [false, false, true, true]), 0);
  // Pairs (positive, negative): 2>1 wins, 2=2 half, 0<1 and 0<2 lose.
  assert.equal(areaUnderCurve([2, 0, 1, 2], [true, true, false, false]), 1.5 / 4);
});

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
    writeScores(folder, {
      k: 16, testSentences: 100, labelNoise: 0.06, seeds: [13, 21], method: "By hand.",
      rows: [{ name: "zero-shot", values: [0.5, 0.7] }], auc: 0.8, aucByKind: { plain: 0.9, implicit: 0.8, contrast: 0.7, negation: 0.6, comparison: 0.5, irony: 0.4 }, labelWordMass: 0.1,
    });
    writeCard(folder);
    const after = readFileSync(join(folder, "README.md"), "utf8");
    assert.ok(after.includes("| zero-shot | 60.0 (10.0) | 50.0 70.0 |"));
    assert.ok(after.includes("negation 0.600"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
