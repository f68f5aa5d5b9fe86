import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { disposeModel } from "../../src/model/model";
import type { BehaviorResult, BehaviorRun } from "../../src/sweep/behavior-record";
import { behaviorCsv, finishedBehavior, finishedRuns } from "../../src/sweep/behavior-rows";
import { behaviorRows, behaviorSummary } from "../../src/sweep/behavior-table";
import { measureSweep, runSweep } from "../../src/sweep/sweep";
import { parseSweep, readSweep, readSweeps } from "../../src/sweep/sweep-file";
import { sweepPlan } from "../../src/sweep/sweep-plan";
import { parseSweepCsv } from "../../src/sweep/sweep-table";
import { behaviorResult } from "../support/behavior-result";
import { root } from "../support/checkout";
import { writeDraw, writeSweep } from "../support/few-shot";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-behavior-sweep-"));
for (const seed of [1, 2]) {
  const rows = [`the end ${seed}\t0`, "a film\t0", "a great film\t1", "it was great\t1"];
  writeDraw(join(folder, "data", "sst-2", `2-${seed}`), 4, (i) => rows[i]);
}
const SGD = {
  kind: "behavior",
  optimizer: "sgd",
  learningRate: [0.01, 0.1],
  steps: 2,
  batchSize: 2,
  featureExamples: 2,
  kernel: { regularization: [0.01, 0.1], f0: "inf" },
};
const described = { tasks: ["sst-2"], k: [2], seeds: [1, 2], methods: { SGD } };
const sweepFile = (methods: object = { SGD }): string => writeSweep(folder, { ...described, methods });

describe("a sweep of kernel behaviour", () => {
  let lm: LanguageModel;
  /** Of the first draw. */
  let measured: BehaviorResult;
  before(async () => {
    lm = await loadLanguageModel(fixturePath("tiny-roberta"));
  });
  after(() => {
    disposeModel(lm.model);
    rmSync(folder, { recursive: true, force: true });
  });

  it("measures every draw once, stops and goes on, and writes its tables", async () => {
    const options = { sweep: readSweep(sweepFile()), lm, out: join(folder, "out"), store: join(folder, "store") };
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => void (done >= 1 && controller.abort(new Error("enough")));
    await assert.rejects(runSweep({ ...options, signal: controller.signal, onProgress }), /enough/);
    const { rows, behavior, reused, total } = await runSweep(options);
    assert.deepEqual([reused, total, rows.length, behavior.length], [1, 2, 2, 2]);
    assert.deepEqual(
      behavior.map(({ task, k, seed, method }) => [task, k, seed, method]),
      [
        ["sst-2", 2, 1, "SGD"],
        ["sst-2", 2, 2, "SGD"],
      ],
    );
    assert.deepEqual(behavior[0].setting, { optimizer: "sgd", steps: 2, batchSize: 2 });
    assert.deepEqual(
      [rows[0].setting.learningRate, rows[0].dev, rows[0].test, rows[0].bestStep],
      [behavior[0].learningRate, behavior[0].tuned.dev, behavior[0].tuned.test, behavior[0].tuned.step],
    );
    assert.equal(behavior[0].outputs, 1);
    assert.deepEqual(parseSweepCsv(readFileSync(join(folder, "out", "results.csv"), "utf8")), rows);
    assert.equal(readFileSync(join(folder, "out", "behavior.csv"), "utf8"), behaviorCsv(behavior));
    assert.match(
      readFileSync(join(folder, "out", "behavior.md"), "utf8"),
      /\| task \| k \| method \| seed \|(.|\n)*\n\n\| task \| k \| method \| seeds \|/,
    );
    assert.deepEqual((await runSweep(options)).behavior, behavior);
    assert.deepEqual(
      [behavior[0].model, behavior[0].modelHash, behavior[0].testExamples],
      ["tiny-roberta", lm.model.hash, 4],
    );
    assert.deepEqual(finishedRuns(options.out, lm.model.hash), behavior);
    assert.equal(finishedBehavior(options.out, lm.model.hash).rows.length, 2);
    measured = behavior[0];
  });

  it("is one for each model of a file", () => {
    const path = sweepFile();
    const described = JSON.parse(readFileSync(path, "utf8")) as object;
    const write = (model: string[]): void => writeFileSync(path, JSON.stringify({ ...described, model }));
    write([fixturePath("tiny-roberta"), fixturePath("tiny-roberta-tied")]);
    const sweeps = readSweeps(path);
    assert.deepEqual(
      sweeps.map(({ model }) => model),
      [fixturePath("tiny-roberta"), fixturePath("tiny-roberta-tied")],
    );
    assert.deepEqual(sweeps[0].tasks, sweeps[1].tasks);
    assert.throws(() => readSweep(path), /model: expected one model, not 2/);
    write(["data", "./data"]);
    assert.throws(() => readSweeps(path), /model: two are called data, and tables could not tell them apart/);
  });

  it("measures without a folder, and from a description without a file", async () => {
    const from = { ...described, model: fixturePath("tiny-roberta"), data: join(folder, "data") };
    assert.deepEqual(parseSweep(from), readSweep(sweepFile()));
    const methods = { SGD, "SGD, no prompt": { ...SGD, input: "text" } };
    const states: number[] = [];
    const onProgress = ({ done }: { done: number }): void => void states.push(done);
    const [prompted, unprompted, ...others] = await measureSweep({
      sweep: parseSweep({ ...from, seeds: [1], methods }),
      lm,
      onProgress,
    });
    assert.deepEqual([others.length, states.at(-1)], [0, 2]);
    assert.deepEqual(prompted, measured, "the same settings, with and without a store");
    assert.equal(unprompted.modelHash, lm.model.hash, "of the pretrained model, not of the one with the new head");
    assert.notDeepEqual(unprompted.testOutputs.start, prompted.testOutputs.start);
    const kept = await measureSweep({ sweep: readSweep(sweepFile()), lm, store: join(folder, "store") });
    assert.deepEqual(kept[0], measured);
    assert.equal(kept.length, 2);
  });

  it("knows a measurement by what it depends on", () => {
    const names = (change: object): string[] =>
      sweepPlan(readSweep(sweepFile({ SGD: { ...SGD, ...change } })), lm).map(({ name }) => name);
    const own = names({});
    assert.equal(new Set(own).size, 2);
    assert.deepEqual(names({ clipNorm: 1 }), own, "the default");
    for (const change of [
      { learningRate: [0.01] },
      { steps: 3 },
      { kernel: undefined },
      { featureExamples: 3 },
      { featuresAlong: true },
      { outputs: "logits" },
      { input: "text" },
    ]) {
      assert.ok(
        names(change).every((name) => !own.includes(name)),
        JSON.stringify(change),
      );
    }
    assert.deepEqual(
      names({ batchSize: [2, 4] }).filter((_, i) => i % 2 === 0),
      own,
      "a list of another setting is a run each",
    );
  });

  it("says what is wrong in its file", () => {
    const wrong: [object, RegExp][] = [
      [{ learningRate: undefined }, /methods.SGD: learningRate is missing/],
      [{ learningRate: [0.1, -1] }, /methods.SGD: learningRate must be positive, not -1/],
      [{ kernel: { solver: "asym" } }, /methods.SGD.kernel: the solver asym is for the asymmetric_signgd kernel/],
      [
        { kernel: [{ formula: "asymmetric_signgd", solver: "asym" }] },
        /methods.SGD.kernel: the solver asym needs lambda/,
      ],
      [{ kernel: { gamma: 1 } }, /methods.SGD.kernel: gamma and lambda belong to the solver asym, not to lstsq/],
      [{ kernels: [] }, /methods.SGD: .*kernels/],
    ];
    for (const [change, message] of wrong)
      assert.throws(() => readSweep(sweepFile({ SGD: { ...SGD, ...change } })), message, JSON.stringify(change));
  });

  it("has files that can be read: an example, and eight English tasks × two draws × three methods", () => {
    const planned = (name: string): number => sweepPlan(readSweep(join(root, "data", name)), lm).length;
    assert.deepEqual([planned("example-behavior.json"), planned("english/behavior/sweep.json")], [4, 48]);
  });
});

describe("tables of kernel behaviour", () => {
  const weak: Partial<BehaviorRun> = {
    linearization: { test: 0.5, gain: 0 },
    verdicts: { solvesTask: false, fixedFeatures: true, kernelBehavior: false },
    descent: { test: 0.5 },
  };
  const results = [{}, { seed: 21, ...weak }, { task: "u", ...weak }].map(behaviorResult);

  it("are one row for each draw", () => {
    const [first, second] = behaviorRows(results);
    assert.deepEqual(first, {
      task: "t",
      k: 16,
      method: "SGD",
      seed: 13,
      "zero-shot": "50.0",
      "fine-tuning": "80.0",
      kernel: "75.0",
      linearized: "70.0",
      "kernel descent": "–",
      "share of gain": "0.67",
      "feature distance": "0.50",
      "alignment before": "0.25",
      "alignment after": "0.50",
      solves: "yes",
      "linearized?": "yes",
      "fixed features": "yes",
      "kernel behaviour": "yes",
    });
    assert.deepEqual(
      [
        second["share of gain"],
        second["kernel descent"],
        second.solves,
        second["linearized?"],
        second["kernel behaviour"],
      ],
      ["–", "50.0", "no", "–", "no"],
    );
    const [header, ...lines] = behaviorCsv(results).trim().split("\n");
    assert.equal(lines.length, 3);
    const cell = (line: number, name: string): string => lines[line].split(",")[header.split(",").indexOf(name)];
    assert.deepEqual(
      ["zeroShot", "solvesTask", "isLinearized", "fixedFeatures", "kernelBehavior"].map((name) =>
        header.split(",").includes(name),
      ),
      [true, true, true, true, true],
    );
    assert.deepEqual([cell(1, "seed"), cell(1, "zeroShot")], ["21", "0.5"]);
    assert.ok(lines[1].endsWith(",no,–,yes,no"));
  });

  it("are means over seeds, with counts of the verdicts that are defined", () => {
    const [t, u] = behaviorSummary(results);
    assert.deepEqual(
      [t.task, t.seeds, t["fine-tuning"], t.linearized, t["kernel descent"]],
      ["t", 2, "80.0 (0.0)", "60.0 (10.0)", "50.0"],
    );
    assert.deepEqual(
      [t["share of gain"], t.solves, t["linearized?"], t["fixed features"], t["kernel behaviour"]],
      ["0.67 (0.00)", "1 of 2", "1 of 1", "2 of 2", "1 of 2"],
    );
    assert.deepEqual([u.seeds, u["share of gain"], u["linearized?"]], [1, "–", "–"]);
  });
});
