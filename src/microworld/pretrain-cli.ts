/** `npm run pretrain`: makes the shipped model, or one of other settings, from nothing. */
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { backendVersions } from "../model/backend";
import { writeCard, writeTrainingRecord } from "./card";
import { shippedPretraining } from "./defaults";
import { writeModelFolder } from "./pretraining/model-files";
import { forgetState, pretrain, type PretrainingProgress, type PretrainingSettings } from "./pretraining/pretrain";
import { taskSizes, writeSamples } from "./sample-files";
import { heldOutKeys, taskSplits } from "./analogues/task-data";

const usage = `Pretrains the microworld's model and writes it in Hugging Face layout.
  --out DIR          where the language and its model go (default data/microworld)
  --state DIR        where an interrupted run keeps its state (default build/pretrain)
  --steps N          training steps
  --seed N           seed of weights, order and masks
  --naturalness P    share of reviews with a verdict like "It was great."
  --samples-only     write the language's samples and stop`;

/** A number from the command line. */
function numberOption(name: string, text: string | undefined, fallback: number, valid: (n: number) => boolean): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !valid(value)) throw new Error(`--${name} ${text} is out of range`);
  return value;
}

const minutes = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function report(progress: PretrainingProgress): void {
  const { step, steps, loss, tokensPerSecond, secondsLeft } = progress;
  const rate = `${(tokensPerSecond / 1000).toFixed(1)}k tokens/s`;
  process.stdout.write(`step ${step}/${steps}  loss ${loss.toFixed(3)}  ${rate}  ${minutes(secondsLeft)} left\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join("data", "microworld") },
      state: { type: "string", default: join("build", "pretrain") },
      steps: { type: "string" },
      seed: { type: "string" },
      naturalness: { type: "string" },
      "samples-only": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const isShare = (n: number): boolean => n >= 0 && n <= 1;
  const isCount = (n: number): boolean => Number.isInteger(n) && n > 0;
  const settings: PretrainingSettings = {
    ...shippedPretraining,
    seed: numberOption("seed", values.seed, shippedPretraining.seed, Number.isInteger),
    steps: numberOption("steps", values.steps, shippedPretraining.steps, isCount),
    language: {
      ...shippedPretraining.language,
      naturalness: numberOption("naturalness", values.naturalness, shippedPretraining.language.naturalness, isShare),
    },
  };
  const out = resolve(values.out);
  writeSamples(out, settings.language, settings.languageSeed);
  process.stdout.write(`Samples of the language are in ${out}\n`);
  if (values["samples-only"]) return;

  const heldOut = heldOutKeys(taskSplits(settings.language, settings.languageSeed, taskSizes));
  const stateDirectory = resolve(values.state);
  const result = await pretrain({ settings, heldOut, stateDirectory, onProgress: report });
  const folder = join(out, "model");
  writeModelFolder(folder, result.config, result.weights, result.vocabulary);
  writeTrainingRecord(folder, {
    settings,
    curve: result.curve,
    tokens: result.tokens,
    seconds: Math.round(result.seconds),
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length, node: process.version, ...backendVersions() },
  });
  writeCard(folder);
  forgetState(stateDirectory);
  process.stdout.write(`The model is in ${folder} after ${minutes(result.seconds)} minutes of training\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`pretrain: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
