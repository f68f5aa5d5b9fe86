/** `npm run pretrain`: makes the shipped model, or one of other settings, from nothing. */
import "./scores/one-thread";
import { availableParallelism, cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { backendVersions } from "../model/backend";
import { loadCheckpoint } from "../model/checkpoint";
import { writeCard, writeTrainingRecord } from "./card";
import { shippedLanguage, shippedLanguageSeed, shippedPretraining } from "./defaults";
import { readVocabulary, writeModelFolder } from "./pretraining/model-files";
import { forgetState, pretrain, type PretrainingProgress, type PretrainingSettings } from "./pretraining/pretrain";
import { drawDataSet, heldOutKeys } from "./analogues/data-set";
import { analogues } from "./analogues/table";
import { minutes } from "./minutes";

const usage = `Pretrains the microworld's model and writes it in Hugging Face layout.
  --out DIR          folder of the model (default data/microworld/model)
  --state DIR        where an interrupted run keeps its state (default build/pretrain)
  --from DIR         a model of this size to go on from, with its vocabulary (default: random weights)
  --steps N          training steps
  --seed N           seed of weights, order and masks
  --threads N        threads that share a step's batches (default: as many as batches, or cores if those are fewer);
                     the model is the same with any number
  --naturalness P    share of the texts that could hold a prompt's pattern which do hold it`;

/** A number from the command line. */
function numberOption(name: string, text: string | undefined, fallback: number, valid: (n: number) => boolean): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !valid(value)) throw new Error(`--${name} ${text} is out of range`);
  return value;
}

function report(progress: PretrainingProgress): void {
  const { step, steps, loss, tokensPerSecond, secondsLeft } = progress;
  const rate = `${(tokensPerSecond / 1000).toFixed(1)}k tokens/s`;
  process.stdout.write(`step ${step}/${steps}  loss ${loss.toFixed(3)}  ${rate}  ${minutes(secondsLeft)} left\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join("data", "microworld", "model") },
      state: { type: "string", default: join("build", "pretrain") },
      from: { type: "string" },
      steps: { type: "string" },
      seed: { type: "string" },
      threads: { type: "string" },
      naturalness: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const isShare = (n: number): boolean => n >= 0 && n <= 1;
  const isCount = (n: number): boolean => Number.isInteger(n) && n > 0;
  const from = values.from === undefined ? undefined : { checkpoint: await loadCheckpoint(resolve(values.from)), vocabulary: readVocabulary(resolve(values.from)) };
  const settings: PretrainingSettings = {
    ...shippedPretraining,
    ...(from ? { from: from.checkpoint.hash } : {}),
    seed: numberOption("seed", values.seed, shippedPretraining.seed, Number.isInteger),
    steps: numberOption("steps", values.steps, shippedPretraining.steps, isCount),
    language: {
      ...shippedPretraining.language,
      naturalness: numberOption("naturalness", values.naturalness, shippedPretraining.language.naturalness, isShare),
    },
  };
  const threads = numberOption("threads", values.threads, Math.min(settings.shards ?? 1, availableParallelism()), isCount);
  const folder = resolve(values.out);
  // Held out is the shipped task data, whatever the settings of this run: its models are compared on that.
  const heldOut = heldOutKeys(analogues.map((analogue) => drawDataSet(analogue, shippedLanguage, shippedLanguageSeed)));
  const stateDirectory = resolve(values.state);
  const result = await pretrain({ settings, from, heldOut, threads, stateDirectory, onProgress: report });
  writeModelFolder(folder, result.config, result.weights, result.vocabulary);
  writeTrainingRecord(folder, {
    settings,
    curve: result.curve,
    tokens: result.tokens,
    seconds: Math.round(result.seconds),
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length, threads, node: process.version, ...backendVersions() },
  });
  writeCard(folder);
  forgetState(stateDirectory);
  process.stdout.write(`The model is in ${folder} after ${minutes(result.seconds)} minutes of training\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`pretrain: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
