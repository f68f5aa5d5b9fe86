/** Everything that takes long stops when the cell that runs it is interrupted, without being told of a signal. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fitCircle } from "../src/theory/circle-network";
import { earlySteps } from "../src/behavior/early-steps";
import { fixedFeatures } from "../src/behavior/fixed-features";
import { gradientDistance } from "../src/behavior/gradient-distance";
import { kernelDescent } from "../src/behavior/kernel-descent";
import { linearize } from "../src/behavior/linearization";
import { linearizationTest } from "../src/behavior/linearization-test";
import { randomSubspaceKernels } from "../src/behavior/random-subspace";
import { fullKernel } from "../src/behavior/subspace-kernels";
import { widthLab } from "../src/theory/width-lab";
import { behaviorRun } from "../src/sweep/behavior-run";
import { downloadData } from "../src/archives/download-data";
import { downloadKernels } from "../src/archives/download-kernels";
import { fineTuningRun } from "../src/experiment/fine-tuning-run";
import type { LanguageModel } from "../src/experiment/language-model";
import { gridSearchSteps } from "../src/experiment/solve-kernels";
import { splitKernels } from "../src/experiment/split-kernels";
import { measureSweep, runSweep } from "../src/sweep/sweep";
import { readSweep } from "../src/sweep/sweep-file";
import { fineTune } from "../src/finetune/fine-tune";
import { linearProbeSteps } from "../src/finetune/linear-probe";
import { computeKernel, projectionError } from "../src/kernels/kernel";
import { marginOutput } from "../src/kernels/outputs";
import { tf } from "../src/model/backend";
import { labelWordHead } from "../src/model/head";
import { resolveModel } from "../src/files/hub";
import { predictLogitsSteps } from "../src/model/predict";
import { loadTokenizer } from "../src/model/tokenizer";
import { inRunningCell } from "../src/running-cell";
import { runSteps } from "../src/steps";
import { taskByName } from "../src/tasks/task";
import { kernelOracle } from "./support/kernel-oracle";
import { PHRASES, writeDraw, writeSweep } from "./support/few-shot";
import { fixturePath, tinyRoberta } from "./support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-interrupted-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const model = tinyRoberta();
const lm: LanguageModel = {
  model,
  tokenizer: loadTokenizer(fixturePath("tiny-roberta")),
  directory: fixturePath("tiny-roberta"),
};
const head = labelWordHead([98, 86]);
const outputs = marginOutput(head);
/** More than can be done in the time before the interrupt; each prompt is another, since equal ones are computed once. */
const sequences = Array.from({ length: 400 }, (_, i) =>
  kernelOracle.train.map(({ ids, maskPosition }) => {
    const [first, second] = ids.map((_, t) => t).filter((t) => t > 0 && t !== maskPosition);
    const own = new Map([
      [first, 10 + (i % 100)],
      [second, 10 + Math.floor(i / 100)],
    ]);
    return { maskPosition, ids: ids.map((id, t) => own.get(t) ?? id) };
  }),
).flat();
const labels = sequences.map((_, i) => i % 2);
const evenMore = Array.from({ length: 50 }, () => sequences).flat();
const [prompts, few] = [
  { sequences, labels },
  { sequences: sequences.slice(0, 16), labels: labels.slice(0, 16) },
];
const many = <T>(value: T): T[] => Array<T>(100_000).fill(value);
const models = Array<typeof model>(200).fill(model);
const training = {
  optimizer: "sgd",
  learningRate: 1e-4,
  steps: 100_000,
  batchSize: 2,
  evaluateEvery: 1000,
  seed: 1,
} as const;

/** Few-shot splits of SST-2, and a sweep over them. */
writeDraw(join(folder, "data", "sst-2", "6-1"), 12, (i) => `${PHRASES[i]}\t${i < 6 ? 0 : 1}`);
const { seed: _, ...method } = training;
const sweepOf = (kind: string) =>
  readSweep(writeSweep(folder, { tasks: ["sst-2"], k: [6], seeds: [1], methods: { long: { kind, ...method } } }));

/** A server that never answers. */
const silent: typeof fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    const { signal } = init!;
    if (signal?.aborted) reject(signal.reason as Error);
    signal?.addEventListener("abort", () => reject(signal.reason as Error));
  });

/** A kernel of 100 examples that solvers take long for. */
const solved = () => {
  const n = 100;
  const rowOf = (i: number): number[] => Array.from({ length: 40 }, (_, k) => Math.sin(i * 17.3 + k * k));
  const vectors = Array.from({ length: n }, (_, i) => rowOf(i));
  const values = Float64Array.from(
    vectors.flatMap((u) => vectors.map((v) => u.reduce((sum, value, k) => sum + value * v[k], 0))),
  );
  const split = {
    kernels: new Map([["sgd" as const, { values, shape: [n, 1, n, 1] as [number, number, number, number] }]]),
    labels: labels.slice(0, n),
    logits: { values: new Float32Array(n), shape: [n, 1] as [number, number] },
  };
  return { train: split, dev: split };
};

const square = { values: Float64Array.of(1, 0, 0, 1), shape: [2, 1, 2, 1] as [number, number, number, number] };

const work: Record<string, () => Promise<unknown>> = {
  computeKernel: () => computeKernel({ model, outputs, train: sequences, evaluate: sequences }),
  splitKernels: () => splitKernels({ model, outputs, train: prompts, splits: { train: prompts } }),
  projectionError: () =>
    projectionError({ model, outputs, examples: sequences, projection: { kind: "gaussian", dimension: 64, seed: 1 } }),
  fullKernel: () => fullKernel({ model, outputs, examples: sequences }),
  fixedFeatures: () => fixedFeatures({ model, outputs, tuned: models, examples: sequences.slice(0, 200) }),
  randomSubspaceKernels: () =>
    randomSubspaceKernels({ model, outputs, examples: sequences.slice(0, 400), dimensions: [4096], seed: 1 }),
  gradientDistance: () => gradientDistance({ model, tuned: model, outputs, sequences }),
  linearize: () => linearize({ model, outputs, sequences: evenMore, tuned: [model] }),
  linearizationTest: () =>
    linearizationTest({
      model,
      outputs,
      sequences: few.sequences,
      labels: few.labels,
      tuned: Array<typeof model>(3000).fill(model),
    }),
  earlySteps: () =>
    earlySteps({
      model,
      outputs,
      train: few,
      evaluate: few.sequences,
      optimizer: "sgd",
      rates: many(1e-5),
      batches: many([0]),
    }),
  kernelDescent: () =>
    kernelDescent({
      train: { kernel: square, labels: [0, 1] },
      evaluate: { kernel: square },
      loss: "l2",
      rates: Array<number>(5_000_000).fill(1e-3),
    }),
  fitCircle: () =>
    fitCircle({
      task: { angles: [0, 120, 240], targets: [1, -1, 0.5] },
      width: 256,
      seed: 1,
      fitted: 1,
      rate: 1e-6,
      maxSteps: 1_000_000,
    }),
  widthLab: () => widthLab({ widths: [512, 1024] }),
  fineTune: () => fineTune({ ...training, model, head, train: few, dev: few }),
  fineTuningRun: () =>
    fineTuningRun({ ...training, learningRates: [1e-4], model, head, train: few, dev: few, test: few }),
  behaviorRun: () =>
    behaviorRun({ ...training, learningRates: [1e-4, 1e-3], model, outputs, train: few, dev: few, test: few }),
  runSweep: () => runSweep({ sweep: sweepOf("fine-tuning"), lm, out: join(folder, "sweep") }),
  measureSweep: () => measureSweep({ sweep: sweepOf("behavior"), lm }),
  "linear probe": () =>
    runSteps(linearProbeSteps(model, head, { sequences: evenMore, labels: evenMore.map((_, i) => i % 2) })),
  predictions: () => runSteps(predictLogitsSteps(model, head, evenMore)),
  "a grid of solvers": () =>
    runSteps(
      gridSearchSteps(
        solved(),
        { regularizations: Array.from({ length: 2000 }, (_, i) => i / 1000) },
        { solver: "svr" },
      ),
    ),
  resolveModel: () => resolveModel("nobody/nothing", { cacheDir: join(folder, "hub"), fetch: silent }),
  downloadData: () => downloadData([taskByName("mr")], { out: join(folder, "downloaded"), fetch: silent }),
  downloadKernels: () =>
    downloadKernels("prompt-sgd-16-shot", { out: join(folder, "downloaded-kernels"), fetch: silent }),
};

/** Interrupts work in a cell after a moment; returns how long it took to stop, in milliseconds. */
async function interrupted(run: () => Promise<unknown>, moment = 250): Promise<number> {
  const [controller, reason] = [new AbortController(), new Error("interrupted")];
  const start = performance.now();
  const stopped = inRunningCell({ signal: controller.signal }, () =>
    assert.rejects(run(), (error) => error === reason),
  );
  await Promise.race([sleep(moment), stopped]);
  controller.abort(reason);
  await stopped;
  // Less than a second where nothing else runs.
  return performance.now() - start - moment;
}

describe("an interrupted cell stops soon, with the interrupt's reason, and leaves no tensor", () => {
  for (const [name, run] of Object.entries(work)) {
    it(name, async () => {
      const before = tf.memory().numTensors;
      const took = await interrupted(run);
      assert.ok(took < 2000, `stopped after ${Math.round(took)} ms`);
      assert.equal(tf.memory().numTensors, before);
    });
  }

  it("while other things go on: a timer has its turn every tenth of a second or so", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    await interrupted(work.computeKernel, 1000).finally(() => clearInterval(timer));
    assert.ok(turns > 4, `${turns} turns`);
  });
});

describe("what was finished before the interrupt", () => {
  it("is on disk: a kernel goes on with its blocks", async () => {
    const store = join(folder, "blocks");
    const different = Array.from({ length: 40 }, (_, i) => ({
      ...sequences[0],
      ids: sequences[0].ids.map((id, t) => (t === 1 ? 10 + i : id)),
    }));
    const options = { model, outputs, train: few.sequences.slice(0, 4), evaluate: different, evaluateBlock: 2, store };
    let finished = 0;
    const controller = new AbortController();
    const run = inRunningCell({ signal: controller.signal }, () =>
      computeKernel({ ...options, onProgress: () => void (++finished === 5 && controller.abort(new Error("enough"))) }),
    );
    await assert.rejects(run, /enough/);
    assert.equal(readdirSync(store).filter((name) => name.endsWith(".safetensors")).length, 5);
    const { progress } = await computeKernel(options);
    assert.equal(progress.reused, 5);
  });

  it("is on disk: fine-tuning goes on where it stopped", async () => {
    const stateDirectory = join(folder, "state");
    await interrupted(() =>
      fineTune({ ...training, model, head, train: few, dev: few, stateDirectory, saveEvery: Infinity }),
    );
    assert.ok(readdirSync(stateDirectory).length > 0);
  });

  it("is nothing where the cell was interrupted before", async () => {
    const controller = new AbortController();
    controller.abort(new Error("too late"));
    await assert.rejects(
      inRunningCell({ signal: controller.signal }, () =>
        computeKernel({ model, outputs, train: few.sequences, evaluate: few.sequences }),
      ),
      /too late/,
    );
  });

  it("and a signal that is given counts in place of the cell's", async () => {
    const [cell, own] = [AbortSignal.abort(new Error("the cell's")), new AbortController()];
    const result = await inRunningCell({ signal: cell }, () =>
      computeKernel({ model, outputs, train: few.sequences, evaluate: few.sequences, signal: own.signal }),
    );
    assert.deepEqual(result.kernels.get("sgd")!.shape, [16, 1, 16, 1]);
  });
});
