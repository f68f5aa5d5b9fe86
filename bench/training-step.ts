/**
 * Time of a fine-tuning step against PyTorch, on the same model, prompts, batches and optimizer: see bench/README.md.
 *
 *   node environment/run.mjs build/bench/training-step.js MODEL DATA [--task imdb] [--steps 40] [--rounds 3] [--optimizers sgd] [--python PYTHON]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { count } from "../src/cli/values";
import { encodeExamples, readFewShot } from "../src/experiment/inputs";
import { loadLanguageModel } from "../src/experiment/language-model";
import { promptOutputs } from "../src/experiment/outputs";
import { trainingBatches } from "../src/finetune/batches";
import { fineTune } from "../src/finetune/fine-tune";
import type { OptimizerName } from "../src/finetune/optimizer";
import { saveModel } from "../src/finetune/save-model";
import { labelWordIds } from "../src/tasks/prompt";
import { taskByName } from "../src/tasks/task";
import { markdownTable, median, round3 } from "./measured-run";
import { measure, OUT } from "./processes";

const SEED = 1;
const OPTIMIZERS = ["sgd", "adamw"] as const satisfies readonly OptimizerName[];
const RATES = { sgd: 1e-3, adamw: 1e-5 } as const;
/** Steps before the clock starts: both libraries prepare themselves in the first ones. The last one is not timed either: it ends with an evaluation. */
const WARM = 3;
const FEWEST_STEPS = WARM + 3;

interface Options {
  task: string;
  seed: number;
  k: number;
  steps: number;
  batchSize: number;
  rounds: number;
  optimizers: (typeof OPTIMIZERS)[number][];
  python: string;
}

/** What PyTorch writes; `logits` of the development examples after the last step, row-major. */
interface PytorchRun {
  seconds: number[];
  logits: number[];
}

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) throw new Error(`${found.length} logits here, ${expected.length} there`);
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i])));
}

async function run(model: string, data: string, options: Options): Promise<void> {
  if (options.steps < FEWEST_STEPS)
    throw new Error(
      `--steps ${options.steps}: at least ${FEWEST_STEPS}, because the first ${WARM} and the last are not timed`,
    );
  const task = taskByName(options.task);
  const lm = await loadLanguageModel(model);
  const draw = readFewShot(data, task, { k: options.k, seed: options.seed, testExamples: 1 });
  const [train, dev] = [encodeExamples(draw.train, task, lm.tokenizer), encodeExamples(draw.dev, task, lm.tokenizer)];
  const { head } = promptOutputs(task, lm.tokenizer, "logits");
  const { steps, batchSize } = options;
  const order = trainingBatches({ examples: train.labels.length, batchSize, accumulate: 1, seed: SEED });
  const batches = Array.from({ length: steps }, () => (order.next().value as number[][])[0]);
  const folder = mkdtempSync(join(tmpdir(), "training-step-"));
  try {
    const [job, copy] = [join(folder, "job.json"), join(folder, "model")];
    // In float32: PyTorch reads no int8 rows.
    saveModel(copy, lm.model, { source: lm.directory });
    writeFileSync(
      job,
      JSON.stringify({
        model: copy,
        train,
        dev: dev.sequences,
        batches,
        labelWordIds: labelWordIds(task, lm.tokenizer),
        rates: RATES,
      }),
    );
    const rows: string[][] = [];
    for (const optimizer of options.optimizers) {
      const [here, there]: [number[], number[]] = [[], []];
      let [difference, change] = [0, 0];
      // In turns, so that a slow spell of the machine hits both.
      for (let round = 0; round < options.rounds; round++) {
        const seconds: number[] = [];
        let last = 0;
        const onProgress = (): void => {
          const now = performance.now();
          if (last > 0) seconds.push((now - last) / 1000);
          last = now;
        };
        const tuned = await fineTune({
          model: lm.model,
          head,
          train,
          dev,
          probe: dev.sequences,
          optimizer,
          learningRate: RATES[optimizer],
          steps,
          batchSize,
          evaluateEvery: steps,
          keep: "last",
          seed: SEED,
          onProgress,
        });
        here.push(...seconds.slice(WARM, -1));
        const pytorch = await measure<PytorchRun>([
          options.python,
          resolve(__dirname, "..", "..", "bench", "training-step.py"),
          job,
          optimizer,
          OUT,
        ]);
        there.push(...pytorch.seconds.slice(WARM, -1));
        const logits = tuned.best.logits!;
        difference = Math.max(difference, largestDifference(logits, pytorch.logits));
        change = Math.max(change, largestDifference(logits, tuned.initialLogits!));
        tuned.dispose();
      }
      const milliseconds = (values: number[]): string =>
        `${round3(1000 * Math.min(...values))} / ${round3(1000 * median(values))}`;
      rows.push([
        optimizer,
        milliseconds(here),
        milliseconds(there),
        round3(median(there) / median(here)),
        difference.toExponential(1),
        change.toExponential(1),
      ]);
    }
    const tokens = batches.flat().reduce((sum, i) => sum + train.sequences[i].ids.length, 0) / batches.length;
    process.stdout.write(
      `${task.name}, batches of ${batchSize} prompts (${tokens.toFixed(0)} tokens on average), ${steps} steps × ${options.rounds} rounds; ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}\n\n`,
    );
    process.stdout.write(
      markdownTable(
        [
          "optimizer",
          "ms per step here: best / median",
          "PyTorch",
          "PyTorch / here (medians)",
          "largest difference of a logit after the run",
          "its largest change in the run",
        ],
        rows,
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const program = new Command("training-step")
  .argument("<model>", "folder of a RoBERTa or BERT")
  .argument("<data>", "folder of a task, with a folder for each k and seed")
  .addOption(new Option("--task <name>").default("imdb"))
  .addOption(new Option("--seed <n>").default(13).argParser(count))
  .addOption(new Option("--k <n>").default(16).argParser(count))
  .addOption(
    new Option("--steps <n>", "of a run; the first three and the last are not timed").default(40).argParser(count),
  )
  .addOption(new Option("--batch-size <n>").default(8).argParser(count))
  .addOption(new Option("--rounds <n>", "runs of each optimizer here and there, in turns").default(3).argParser(count))
  .addOption(new Option("--optimizers <names...>").choices(OPTIMIZERS).default([...OPTIMIZERS]))
  .addOption(new Option("--python <program>").default("python3"))
  .action(run);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`training-step: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
