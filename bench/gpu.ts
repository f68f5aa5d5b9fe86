/**
 * Kernels and training steps on the GPU against the CPU: the same numbers, and both times. For a set-up with
 * KERNEL_VIEW_TENSORFLOW=gpu; takes a few minutes.
 *
 *   npm run bench -- build/bench/gpu.js
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fineTune } from "../src/finetune/fine-tune";
import { FORMULAS } from "../src/kernels/formula";
import { computeKernel } from "../src/kernels/kernel";
import { marginOutput } from "../src/kernels/outputs";
import { backendVersions } from "../src/model/backend";
import { labelWordHead } from "../src/model/head";
import { largestRelativeDifference, markdownTable, median, round3, type Kernels } from "./measured-run";
import { measure, OUT, type CommandLine } from "./processes";
import { randomRoberta, randomSequences } from "./random-roberta";

interface DeviceRun {
  versions: ReturnType<typeof backendVersions>;
  kernels: Kernels;
  kernelSeconds: number;
  /** By optimizer: the logits after the last step, and the median time of a step. */
  training: Record<string, { logits: number[]; stepSeconds: number }>;
}

const RATES = { sgd: 1e-3, adamw: 1e-5 } as const;
const STEPS = 10;

async function run(out: string): Promise<void> {
  const model = randomRoberta();
  const head = labelWordHead([100, 200]);
  const kernel = () =>
    computeKernel({
      model,
      outputs: marginOutput(head),
      train: randomSequences(16, 32, 1),
      evaluate: randomSequences(64, 32, 2),
      formulas: FORMULAS,
    });
  await kernel();
  const start = performance.now();
  const { kernels } = await kernel();
  const kernelSeconds = (performance.now() - start) / 1000;
  const prompts = { sequences: randomSequences(16, 32, 3), labels: Array.from({ length: 16 }, (_, i) => i % 2) };
  const training: DeviceRun["training"] = {};
  for (const [optimizer, learningRate] of Object.entries(RATES)) {
    const times: number[] = [];
    const tuned = await fineTune({
      model,
      head,
      train: prompts,
      dev: prompts,
      probe: prompts.sequences,
      optimizer: optimizer as keyof typeof RATES,
      learningRate,
      steps: STEPS,
      evaluateEvery: STEPS,
      batchSize: 8,
      seed: 1,
      keep: "last",
      onProgress: () => times.push(performance.now()),
    });
    const steps = times.slice(1, -1).map((time, i) => (time - times[i]) / 1000);
    training[optimizer] = { logits: tuned.best.logits!, stepSeconds: median(steps.slice(2)) };
    tuned.dispose();
  }
  const result: DeviceRun = {
    versions: backendVersions(),
    kernels: Object.fromEntries([...kernels].map(([formula, { values }]) => [formula, [...values]])),
    kernelSeconds,
    training,
  };
  writeFileSync(out, JSON.stringify(result));
}

async function compare(): Promise<void> {
  const own: CommandLine = [
    process.execPath,
    join(resolve(__dirname, "..", ".."), "environment", "run.mjs"),
    __filename,
    OUT,
  ];
  const gpu = await measure<DeviceRun>(own);
  const cpu = await measure<DeviceRun>(["env", "CUDA_VISIBLE_DEVICES=", ...own]);
  const found = gpu.versions.device;
  process.stdout.write(
    found
      ? `${found}, TensorFlow ${gpu.versions.tensorflow}\n\n`
      : "No GPU computes here: both columns are the CPU. Set up with KERNEL_VIEW_TENSORFLOW=gpu npm run setup.\n\n",
  );
  const row = (what: string, here: number, there: number, difference: number): string[] => [
    what,
    round3(here),
    round3(there),
    round3(there / here),
    difference.toExponential(1),
  ];
  const kernelRows = FORMULAS.map((formula) =>
    row(
      `kernel 16 × 64, all formulas: ${formula}`,
      gpu.kernelSeconds,
      cpu.kernelSeconds,
      largestRelativeDifference(gpu.kernels[formula], cpu.kernels[formula]),
    ),
  );
  const stepRows = Object.keys(RATES).map((optimizer) => {
    const [here, there] = [gpu.training[optimizer], cpu.training[optimizer]];
    const largest = Math.max(...there.logits.map(Math.abs));
    return row(
      `step of 8 prompts, ${optimizer}`,
      here.stepSeconds,
      there.stepSeconds,
      Math.max(...here.logits.map((value, i) => Math.abs(value - there.logits[i]))) / largest,
    );
  });
  process.stdout.write(
    markdownTable(
      ["", found ? "GPU, s" : "first run, s", "CPU, s", "CPU / GPU", "largest relative difference"],
      [...kernelRows, ...stepRows],
    ),
  );
}

const [out] = process.argv.slice(2);
void (out ? run(out) : compare()).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
