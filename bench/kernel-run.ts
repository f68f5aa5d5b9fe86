/**
 * One measurement of our kernel engine in a process of its own, so that its peak memory is its own:
 *
 *   node environment/run.mjs build/bench/kernel-run.js compute WORKLOAD OUT [--formulas …] [--repeats N] …
 *   node environment/run.mjs build/bench/kernel-run.js calibrate OUT
 *
 * bench/kernel-engine.ts calls it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { count, listOf, oneOf } from "../src/cli/values";
import { FORMULAS, type Formula } from "../src/kernels/formula";
import { computeKernel, type KernelProgress } from "../src/kernels/kernel";
import { marginOutput } from "../src/kernels/outputs";
import { writeFileAtomically } from "../src/files/atomic-write";
import { backendVersions, tf } from "../src/model/backend";
import { loadCheckpoint } from "../src/model/checkpoint";
import { labelWordHead } from "../src/model/head";
import { modelFromCheckpoint } from "../src/model/model";
import type { Calibration, MeasuredRun, Prompts } from "./measured-run";

interface ComputeOptions {
  formulas: Formula[];
  repeats: number;
  model?: string;
  store?: string;
  warmUp: boolean;
  progress?: boolean;
}

const writeJson = (path: string, content: unknown): void => writeFileAtomically(path, JSON.stringify(content));

async function compute(workload: string, out: string, options: ComputeOptions): Promise<void> {
  const prompts = JSON.parse(readFileSync(join(workload, "prompts.json"), "utf8")) as Prompts;
  const model = modelFromCheckpoint(await loadCheckpoint(options.model ?? workload));
  const outputs = marginOutput(labelWordHead(prompts.labelWordIds));
  const { formulas, store } = options;
  const onProgress = options.progress ? progressLine() : undefined;
  const once = (): ReturnType<typeof computeKernel> =>
    computeKernel({ model, outputs, train: prompts.train, evaluate: prompts.evaluate, formulas, store, onProgress });
  const loaded = process.memoryUsage.rss();
  if (options.warmUp) await once();
  const seconds: number[] = [];
  let result: Awaited<ReturnType<typeof computeKernel>> | undefined;
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    const start = performance.now();
    result = await once();
    seconds.push((performance.now() - start) / 1000);
  }
  const kernels = Object.fromEntries([...result!.kernels].map(([formula, { values }]) => [formula, [...values]]));
  const run: MeasuredRun = {
    seconds,
    loaded,
    peak: process.resourceUsage().maxRSS * 1024,
    kernels,
    reused: result!.progress.reused,
  };
  writeJson(out, run);
}

/** Blocks done, and the time left if the rest goes as the blocks computed so far. */
function progressLine(): (progress: KernelProgress) => void {
  const start = performance.now();
  return ({ done, total, reused }) => {
    const seconds = (performance.now() - start) / 1000;
    const left = done > reused ? ((total - done) * seconds) / (done - reused) : NaN;
    process.stderr.write(
      `  block ${done}/${total}${reused ? ` (${reused} from disk)` : ""}, ${seconds.toFixed(0)} s, about ${left.toFixed(0)} s left\n`,
    );
  };
}

/** Speed of a 2048 × 2048 × 2048 float32 product, the best of 8. */
function calibrate(out: string): void {
  const size = 2048;
  const a = tf.randomUniform([size, size]);
  const seconds = Array.from({ length: 8 }, () => {
    const start = performance.now();
    const product = tf.matMul(a, a);
    // Not within tf.tidy: it would look for tensors among the numbers it returns, one by one.
    product.dataSync();
    product.dispose();
    return (performance.now() - start) / 1000;
  });
  const { tfjs, tensorflow } = backendVersions();
  const content: Calibration = {
    "tfjs matMul": (2 * size ** 3) / Math.min(...seconds) / 1e9,
    versions: { tfjs, TensorFlow: tensorflow ?? "none (plain JavaScript)" },
  };
  writeJson(out, content);
}

const program = new Command("kernel-run");
program
  .command("compute <workload> <out>")
  .option("--formulas <list>", "kernel formulas", listOf(oneOf(FORMULAS)), ["sgd"] as Formula[])
  .option("--repeats <n>", "timed calls", count, 1)
  .option("--model <folder>", "folder of the model, if it is not the workload's")
  .option("--store <folder>", "keeps finished blocks")
  .option("--no-warm-up", "time the first call, too")
  .option("--progress", "a line for each block")
  .action(compute);
program.command("calibrate <out>").action(calibrate);
program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
