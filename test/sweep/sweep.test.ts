import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { aggregate } from "../../src/sweep/aggregate";
import { encodeExamples, readFewShot } from "../../src/experiment/inputs";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { promptOutputs } from "../../src/experiment/outputs";
import { runSweep, type RunSweepOptions, type SweepOutcome } from "../../src/sweep/sweep";
import { runFiles, runStatus } from "../../src/sweep/run-files";
import { readSweep } from "../../src/sweep/sweep-file";
import { sweepPlan } from "../../src/sweep/sweep-plan";
import { parseSweepCsv, sweepCsv, sweepRuns, type SweepRow } from "../../src/sweep/sweep-table";
import { evaluateAccuracy, fineTune } from "../../src/finetune/fine-tune";
import { tf } from "../../src/model/backend";
import { disposeModel } from "../../src/model/model";
import { taskByName } from "../../src/tasks/task";
import { root } from "../support/checkout";
import { LETTERS, PHRASES, writeDraw, writeSweep } from "../support/few-shot";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-sweep-"));
for (const seed of [1, 2])
  writeDraw(join(folder, "data", "sst-2", `6-${seed}`), 12, (i, place) => {
    const phrase = PHRASES[(i * 5 + seed * 3 + place) % 12];
    return `${phrase} ${LETTERS[(i + seed) % 12]}\t${i < 6 ? 0 : 1}`;
  });

const tuning = {
  kind: "fine-tuning",
  optimizer: "sgd",
  learningRate: [0.01, 0.05],
  steps: 4,
  batchSize: 4,
  evaluateEvery: 2,
};
const described = {
  tasks: ["sst-2"],
  k: [6],
  seeds: [1, 2],
  methods: {
    "zero-shot": { kind: "zero-shot" },
    SGD: tuning,
    "standard SGD": {
      ...tuning,
      input: "text",
      head: "tanh",
      fromProbe: true,
      learningRate: 0.01,
      parameters: { filter: ["!embeddings"] },
    },
    probe: { kind: "linear-probe", input: "text" },
    kernel: {
      kind: "kernel",
      outputs: "margin",
      formula: ["sgd", "signgd"],
      regularization: [0.01, 0.1],
      f0: [100, "inf"],
    },
  },
};
const sweepFile = (change: object = {}): string => writeSweep(folder, { ...described, ...change });

describe("a sweep", () => {
  let lm: LanguageModel;
  before(async () => {
    lm = await loadLanguageModel(fixturePath("tiny-roberta"));
  });
  after(() => {
    disposeModel(lm.model);
    rmSync(folder, { recursive: true, force: true });
  });
  const options = (out: string, change: object = {}): RunSweepOptions => ({
    sweep: readSweep(sweepFile(change)),
    lm,
    out: join(folder, out),
    store: join(folder, "kernels"),
  });
  const table = (out: string): SweepRow[] => parseSweepCsv(readFileSync(join(folder, out, "results.csv"), "utf8"));
  let whole: SweepOutcome;

  it("is a row for every setting on every draw", async () => {
    const tensors = tf.memory().numTensors;
    const progress: { done: number; total: number; reused: number }[] = [];
    whole = await runSweep({ ...options("whole"), onProgress: (state) => void progress.push(state) });
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind");
    const { rows, total, reused, elsewhere } = whole;
    assert.deepEqual([total, reused, elsewhere], [2 * (1 + 2 + 1 + 1 + 1), 0, 0]);
    assert.equal(rows.length, 2 * (1 + 2 + 1 + 1 + 8));
    assert.ok(rows.every(({ dev, test, error }) => dev! >= 0 && test! >= 0 && error === undefined));
    assert.deepEqual(progress.at(-1), { done: 12, total: 12, reused: 0 });
    assert.ok(progress.every(({ done }, i) => i === 0 || done >= progress[i - 1].done));
    assert.deepEqual(table("whole"), rows);
    assert.deepEqual(rows[1].setting, {
      optimizer: "sgd",
      learningRate: 0.01,
      steps: 4,
      batchSize: 4,
      evaluateEvery: 2,
    });
    assert.deepEqual(rows[12].setting, { formula: "signgd", solver: "lstsq", regularization: 0.1, f0: "inf" });
    assert.equal(readdirSync(join(folder, "whole", "runs")).length, 12);
  });

  it("has the scores of the runs by themselves", async () => {
    const task = taskByName("sst-2");
    const examples = readFewShot(join(folder, "data", "sst-2"), task, { k: 6, seed: 2 });
    const [train, dev, test] = (["train", "dev", "test"] as const).map((split) =>
      encodeExamples(examples[split], task, lm.tokenizer),
    );
    const { head } = promptOutputs(task, lm.tokenizer);
    const tuned = await fineTune({
      model: lm.model,
      head,
      train,
      dev,
      optimizer: "sgd",
      learningRate: 0.05,
      steps: 4,
      batchSize: 4,
      evaluateEvery: 2,
      seed: 2,
    });
    const row = whole.rows.find(
      ({ method, seed, setting }) => method === "SGD" && seed === 2 && setting.learningRate === 0.05,
    )!;
    assert.deepEqual(
      [row.dev, row.test, row.bestStep, row.distance],
      [tuned.best.devAccuracy, evaluateAccuracy(tuned.model, head, test), tuned.best.step, tuned.best.distance],
    );
    const zeroShot = whole.rows.find(({ method, seed }) => method === "zero-shot" && seed === 2)!;
    assert.equal(zeroShot.test, evaluateAccuracy(lm.model, head, test));
    tuned.dispose();
  });

  it("takes what is there from disk, and goes on after a stop at any moment", async () => {
    // One draw is enough: stopped in the first run, in the middle of a training run, and after some runs.
    const stopped = options("stopped", { seeds: [1] });
    const kept = (): string[] => readdirSync(join(folder, "stopped", "runs"));
    for (const stopAt of [0, 1.25, 2.5, 4]) {
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }): void =>
        void (done >= stopAt && controller.abort(new Error("enough")));
      await assert.rejects(runSweep({ ...stopped, signal: controller.signal, onProgress }), /enough/);
      assert.equal(kept().length, Math.floor(stopAt));
      if (stopAt % 1 > 0) assert.equal(readdirSync(join(folder, "stopped", "state")).length, 1);
    }
    const resumed = await runSweep(stopped);
    assert.equal(resumed.reused, 4);
    assert.deepEqual(
      resumed.rows,
      whole.rows.filter(({ seed }) => seed === 1),
    );
    assert.deepEqual(readdirSync(join(folder, "stopped", "state")), []);
    const times = (): number[] => kept().map((name) => statSync(join(folder, "stopped", "runs", name)).mtimeMs);
    const written = times();
    assert.equal((await runSweep(stopped)).reused, 6);
    assert.deepEqual(times(), written);
  });

  it("knows a run by what it depends on, not by its name", () => {
    const names = (change: object): string[] => sweepPlan(readSweep(sweepFile(change)), lm).map(({ name }) => name);
    const [own] = [names({})];
    assert.equal(new Set(own).size, own.length);
    assert.deepEqual(
      names({
        methods: Object.fromEntries(Object.entries(described.methods).map(([name, method]) => [`${name}!`, method])),
      }),
      own,
    );
    const other = names({ methods: { ...described.methods, SGD: { ...tuning, clipNorm: 2 } } });
    assert.deepEqual(
      other.map((name, i) => name === own[i]),
      [0, 1].flatMap(() => [true, false, false, true, true, true]),
    );
    assert.ok(names({ testExamples: 3 }).every((name) => !own.includes(name)));
  });

  it("notes a run that diverges and goes on", async () => {
    const sweep = readSweep(
      sweepFile({ methods: { SGD: { ...tuning, learningRate: [1e30, 0.01], clipNorm: null } }, seeds: [1] }),
    );
    const { rows } = await runSweep({ ...options("diverged"), sweep });
    assert.match(rows[0].error!, /the training loss is NaN at step \d: lower learningRate/);
    assert.deepEqual([rows[0].dev, rows[1].error], [undefined, undefined]);
    assert.deepEqual(table("diverged"), rows);
    assert.equal(sweepRuns(rows).length, 1);
  });

  it("goes on after a run that fails, notes why, and tries it again with the next command", async () => {
    const own = options("failed", {
      seeds: [1],
      methods: { ...described.methods, kernel: { kind: "kernel", parameters: ["none"] } },
    });
    await assert.rejects(
      runSweep(own),
      /^Error: 1 of 6 runs failed; the first, sst-2, k 6, seed 1, kernel: .*none.*; the same command tries/,
    );
    const [bad] = sweepPlan(own.sweep, lm).filter(({ method }) => method === "kernel");
    assert.deepEqual(
      table("failed"),
      whole.rows.filter(({ seed, method }) => seed === 1 && method !== "kernel"),
    );
    const { state, error } = runStatus(bad, runFiles(own.out));
    assert.deepEqual([state, error!.endsWith(`(on ${hostname()})`)], ["failed", true]);
    await assert.rejects(runSweep(own), /1 of 6 runs failed/);
  });

  it("takes the run of a machine that was lost, but last", async () => {
    const own = options("lost", { seeds: [1] });
    const [first, second, ...others] = sweepPlan(own.sweep, lm);
    const runs = join(own.out, "runs");
    mkdirSync(runs, { recursive: true });
    // The second machine lives, and renews its claim once it is watched.
    const claims = [first, second].map(({ name }) => join(runs, `${name}.claim`));
    for (const claim of claims)
      writeFileSync(claim, JSON.stringify({ pid: process.pid, host: "elsewhere", token: "" }));
    const ago = (seconds: number): number => Date.now() / 1000 - seconds;
    utimesSync(claims[0], ago(118), ago(118));
    utimesSync(claims[1], ago(10), ago(10));
    const order: string[] = [];
    const onProgress = (): void => {
      for (const { name } of [first, ...others])
        if (existsSync(join(runs, `${name}.json`)) && !order.includes(name)) order.push(name);
    };
    const renewal = setInterval(() => utimesSync(claims[1], ago(0), ago(0)), 200);
    const { elsewhere, rows } = await runSweep({ ...own, onProgress });
    clearInterval(renewal);
    assert.equal(elsewhere, 1);
    assert.equal(order.at(-1), first.name);
    assert.equal(rows.length, whole.rows.length / 2 - 1);
    assert.deepEqual(table("lost"), rows);
  });

  it("gives runs that the paper's tables are made of", () => {
    const cells = aggregate(sweepRuns(whole.rows));
    assert.deepEqual(
      cells.map(({ method, seeds }) => [method, seeds]),
      Object.keys(described.methods).map((method) => [method, [1, 2]]),
    );
    const kernel = cells.find(({ method }) => method === "kernel")!;
    const best = (seed: number): number =>
      Math.max(...whole.rows.filter((row) => row.method === "kernel" && row.seed === seed).map(({ dev }) => dev!));
    assert.deepEqual(
      kernel.chosen.map(({ dev }) => dev),
      [best(1), best(2)],
    );
  });

  it("says what is wrong in its file before anything runs", () => {
    const wrong: [object, RegExp][] = [
      [{ tasks: ["sst-9"] }, /sst-9/],
      [{ tasks: ["mr"] }, /sweep.json: task mr: there is no folder .*mr/],
      [{ tasks: [{ data: "data/sst-2" }] }, /sweep.json: tasks.0: expected either name or file/],
      [{ k: [] }, /sweep.json: k: /],
      [{ speed: 1 }, /sweep.json: .*speed/],
      [{ methods: { a: { kind: "magic" } } }, /sweep.json: methods.a.kind: /],
      [
        { methods: { a: { ...tuning, learningRate: [0.1, -1] } } },
        /sweep.json: methods.a: learningRate must be positive, not -1/,
      ],
      [
        { methods: { a: { kind: "kernel", formula: "asymmetric_signgd", solver: "asym" } } },
        /sweep.json: methods.a: the solver asym needs lambda/,
      ],
      [{ methods: { a: { kind: "kernel", gamma: 1 } } }, /sweep.json: methods.a: gamma and lambda belong to/],
      [{ methods: { a: { ...tuning, batchSize: [] } } }, /sweep.json: methods.a.batchSize: the list is empty/],
      [{ methods: { a: { ...tuning, momentum: 1 } } }, /sweep.json: methods.a: .*momentum/],
    ];
    for (const [change, message] of wrong)
      assert.throws(() => readSweep(sweepFile(change)), message, JSON.stringify(change));
    assert.throws(() => readSweep(join(folder, "none.json")), /there is no file .*none\.json/);
  });

  it("has an example file that can be read", () => {
    const sweep = readSweep(join(root, "data", "example-sweep.json"));
    assert.equal(sweep.model, join(root, "data", "english", "model"));
    assert.equal(sweepPlan(sweep, lm).length, 14);
  });
});

describe("a sweep's table", () => {
  it("keeps every kind of value", () => {
    const rows: SweepRow[] = [
      {
        task: "t",
        k: 16,
        seed: 13,
        method: "a, b",
        kind: "fine-tuning",
        input: "prompt",
        setting: { rate: 1e-5, on: true, clip: null, name: 'x "y"' },
        dev: 0.5,
        test: 1,
        devAccuracy: 0.5,
        testAccuracy: 1,
        testExamples: 12,
        modelHash: "123",
      },
      {
        task: "t",
        k: 16,
        seed: 13,
        method: "12",
        kind: "kernel",
        input: "text",
        setting: { other: "inf" },
        testExamples: 12,
        modelHash: "123",
        error: "it failed, twice",
      },
    ];
    assert.deepEqual(parseSweepCsv(sweepCsv(rows)), rows);
    assert.equal(
      sweepCsv(rows).split("\n")[0],
      "task,k,seed,method,kind,input,setting.rate,setting.on,setting.clip,setting.name,setting.other,metric,dev,test,devAccuracy,testAccuracy,testExamples,bestStep,distance,modelHash,error",
    );
  });
});
