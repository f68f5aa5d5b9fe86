import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { BehaviorResult } from "../../src/sweep/behavior-record";
import {
  behaviorCsv,
  behaviorRow,
  finishedBehavior,
  finishedRuns,
  parseBehaviorCsv,
  type BehaviorRow,
} from "../../src/sweep/behavior-rows";
import { pairedMethods, testsTogether, togetherSentence, verdictCounts } from "../../src/sweep/behavior-verdicts";
import { behaviorResult } from "../support/behavior-result";
import { temporaryFolder } from "../support/checkout";

const result = (change: Partial<BehaviorResult> = {}): BehaviorResult =>
  behaviorResult({
    task: "trec",
    method: "SGD, no prompt",
    setting: { optimizer: "sgd", steps: 40 },
    modelHash: "model-a",
    testExamples: 200,
    learningRate: 0.01,
    testOutputs: { start: [0], tuned: [1], linearized: [0.5] },
    descent: { test: 0.6, error: 0.5 },
    ...change,
  });
/** A run that gained nothing and has no descent. */
const weak: Partial<BehaviorResult> = {
  task: "mr",
  linearization: { test: 0.5, gain: 0 },
  descent: undefined,
  features: [],
  alignment: {},
  verdicts: { solvesTask: false, fixedFeatures: true, kernelBehavior: false },
};
const results = [result(), result(weak), result({ task: "mr", seed: 21, modelHash: "model-b" })];
/** What JSON keeps of a row: undefined fields and missing ones are the same. */
const plain = (rows: unknown): unknown => JSON.parse(JSON.stringify(rows));

describe("finished measurements of kernel behaviour", () => {
  it("come back from their table as they were", () => {
    assert.deepEqual(plain(parseBehaviorCsv(behaviorCsv(results))), plain(results.map(behaviorRow)));
  });

  it("are those of the model in use, in the paper's order of tasks", (t) => {
    const folder = temporaryFolder(t);
    const copy = join(folder, "copy.csv");
    writeFileSync(join(folder, "behavior.csv"), behaviorCsv(results));
    writeFileSync(copy, readFileSync(join(folder, "behavior.csv")));
    for (const path of [folder, copy]) {
      const { rows, missing } = finishedBehavior(path, "model-a");
      assert.deepEqual([rows.map(({ task }) => task), missing], [["mr", "trec"], undefined]);
    }
    assert.deepEqual(finishedBehavior(folder, "another-model"), {
      rows: [],
      missing: `The 3 measurements in ${join(folder, "behavior.csv")} are of another model (model-a…), not of the one in use (another-mode…).`,
    });
    assert.match(
      finishedBehavior(join(folder, "none"), "model-a").missing!,
      /^There are no finished measurements in .*none\.$/,
    );
    writeFileSync(copy, behaviorCsv([]));
    assert.match(finishedBehavior(copy, "model-a").missing!, /copy\.csv has no measurements yet\.$/);
  });

  it("in full are those of the model in use too", (t) => {
    const folder = temporaryFolder(t);
    assert.throws(
      () => finishedRuns(folder, "model-a"),
      /there is no .*behavior\.jsonl: .*npx kernel-view sweep FILE --out FOLDER/,
    );
    writeFileSync(join(folder, "behavior.jsonl"), results.map((one) => `${JSON.stringify(one)}\n`).join(""));
    assert.deepEqual(finishedRuns(folder, "model-a"), plain([results[1], results[0]]));
    writeFileSync(join(folder, "behavior.jsonl"), "{\n");
    assert.throws(() => finishedRuns(folder, "model-a"), /behavior\.jsonl: .*JSON/);
  });

  it("say where a table is wrong", () => {
    const csv = behaviorCsv(results);
    assert.throws(
      () => parseBehaviorCsv(csv.replace("recoveredShare", "share")),
      /line 1: there is no column recoveredShare: the table is of an older version/,
    );
    assert.throws(
      () => parseBehaviorCsv(csv.replace(",yes,yes,yes,yes", ",yes,yes,maybe,yes")),
      /line 2: "maybe" in the column fixedFeatures/,
    );
    assert.throws(
      () => parseBehaviorCsv(csv.replace(",0.01,accuracy", ",fast,accuracy")),
      /line 2: "fast" in the column learningRate/,
    );
    assert.throws(
      () => parseBehaviorCsv(csv.replace(",0.01,accuracy", ",,accuracy")),
      /line 2: "" in the column learningRate/,
    );
  });
});

describe("many measurements together", () => {
  const row = (
    method: string,
    seed: number,
    linearized: boolean | undefined,
    fixedFeatures: boolean,
    change: Partial<BehaviorRow> = {},
  ): BehaviorRow => {
    const kernelBehavior = linearized === false || !fixedFeatures ? false : linearized;
    return {
      ...behaviorRow(result({ task: "mr", method, seed })),
      share: linearized === undefined ? undefined : linearized ? 0.75 : 0.25,
      distance: fixedFeatures ? 1 : 3,
      verdicts: { solvesTask: true, linearized, fixedFeatures, kernelBehavior },
      ...change,
    };
  };
  const rows = [
    row("SGD", 13, true, true),
    row("SGD", 21, false, true),
    row("SGD", 42, undefined, true),
    row("AdamW", 13, true, false),
    row("AdamW", 21, false, false, { fineTuning: 0.9 }),
    row("SGD", 13, true, true, { task: "cr" }),
  ];

  it("are counted by task, method and verdict, of those that are defined", () => {
    const counts = verdictCounts(rows);
    assert.equal(counts.length, 3 * 4);
    const of = (task: string, method: string, criterion: string): string => {
      const { yes, defined, draws } = counts.find(
        (one) => one.task === task && one.method === method && one.criterion === criterion,
      )!;
      return `${yes}/${defined} of ${draws}`;
    };
    assert.deepEqual(
      ["solvesTask", "linearized", "fixedFeatures", "kernelBehavior"].map((criterion) => of("mr", "SGD", criterion)),
      ["3/3 of 3", "1/2 of 3", "3/3 of 3", "1/2 of 3"],
    );
    assert.equal(of("mr", "AdamW", "fixedFeatures"), "0/2 of 2");
    assert.equal(of("cr", "SGD", "kernelBehavior"), "1/1 of 1");
  });

  it("show where the two tests agree", () => {
    assert.deepEqual(testsTogether(rows), { both: 2, linearizedOnly: 1, fixedOnly: 1, neither: 1, notDefined: 1 });
    assert.equal(
      togetherSentence(rows),
      "the two tests agree in 3 of 5 measurements (2 pass both, 1 neither); 1 linearized without fixed features, 1 with fixed features without being linearized; no verdict on one of them in 1 more",
    );
    assert.equal(togetherSentence([rows[0]]), "the two tests agree in 1 of 1 measurements (1 pass both, 0 neither)");
    assert.equal(togetherSentence([rows[2]]), "in none of 1 measurements do both tests have a verdict");
  });

  it("compare methods on the draws that both have", () => {
    const { pairs, verdicts, means } = pairedMethods(rows, "SGD", "AdamW");
    assert.equal(pairs, 2);
    assert.deepEqual(verdicts.fixedFeatures, { defined: 2, differ: 2 });
    assert.deepEqual(verdicts.linearized, { defined: 2, differ: 0 });
    assert.deepEqual(verdicts.kernelBehavior, { defined: 2, differ: 1 });
    assert.deepEqual(means.distance, { pairs: 2, first: 1, second: 3 });
    assert.deepEqual(means.share, { pairs: 2, first: 0.5, second: 0.5 });
    // Of 0.8 − 0.5 and, once, 0.9 − 0.5.
    assert.ok(Math.abs(means.gain.first! - 0.3) < 1e-12 && Math.abs(means.gain.second! - 0.35) < 1e-12);
    const none = pairedMethods(rows, "SGD", "SignGD");
    assert.deepEqual([none.pairs, none.means.share], [0, { pairs: 0 }]);
  });
});
