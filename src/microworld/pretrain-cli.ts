/** `npm run pretrain`: makes the shipped model, or one of other settings, from nothing. */
import "./scores/one-thread";
import { availableParallelism, cpus } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { backendVersions } from "../model/backend";
import { loadCheckpoint } from "../model/checkpoint";
import { readTrainingRecord, stagesOf, writeCard, writeTrainingRecord } from "./card";
import { shippedLanguage, shippedLanguageSeed, shippedPretraining, shippedStages } from "./defaults";
import { readVocabulary, writeModelFolder } from "./pretraining/model-files";
import { forgetState, pretrain, type PretrainingProgress, type PretrainingSettings } from "./pretraining/pretrain";
import { drawDataSet, heldOutKeys } from "./analogues/data-set";
import { analogues } from "./analogues/table";
import { minutes } from "./minutes";

const usage = `Pretrains the microworld's model, stage by stage, and writes it in Hugging Face layout.
  --out DIR          folder of the model (default data/microworld/model)
  --state DIR        where an interrupted run keeps its state, and finished stages their models (default build/pretrain)
  --stages N         how many of the ${shippedStages.length} stages (default all): the language at large, texts to
                     compare, texts to judge, all of them
  --from DIR         a model that an earlier stage left: goes on with the one after it
  --steps LIST       training steps of each stage that is run (default ${shippedStages.map(({ steps }) => steps).join(",")})
  --seed N           seed of weights, order and masks of the first stage
  --threads N        threads that share a step's batches (default: as many as batches, or cores if those are fewer);
                     the model is the same with any number
  --naturalness P    share of the texts that could hold a prompt's pattern which do hold it, in the first stage and the last`;

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

const isShare = (n: number): boolean => n >= 0 && n <= 1;
const isCount = (n: number): boolean => Number.isInteger(n) && n > 0;

/** One stage: trains, or goes on with it, and writes the model with its record and card. What an earlier call has finished stays. */
async function runStage(settings: PretrainingSettings, folder: string, { from, stateDirectory, threads }: { from?: string; stateDirectory: string; threads: number }): Promise<void> {
  const start = from === undefined ? undefined : { checkpoint: await loadCheckpoint(from), vocabulary: readVocabulary(from) };
  const own: PretrainingSettings = start ? { ...settings, from: start.checkpoint.hash } : settings;
  if (folder.startsWith(stateDirectory) && JSON.stringify(readTrainingRecord(folder)?.settings) === JSON.stringify(own)) return;
  // Held out is the shipped task data, whatever the settings of this run: its models are compared on that.
  const heldOut = heldOutKeys(analogues.map((analogue) => drawDataSet(analogue, shippedLanguage, shippedLanguageSeed)));
  const before = from === undefined ? undefined : readTrainingRecord(from);
  const result = await pretrain({ settings: own, from: start, heldOut, threads, stateDirectory, onProgress: report });
  writeModelFolder(folder, result.config, result.weights, result.vocabulary);
  writeTrainingRecord(folder, {
    settings: own,
    curve: result.curve,
    tokens: result.tokens,
    seconds: Math.round(result.seconds),
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length, threads, node: process.version, ...backendVersions() },
    ...(before ? { before } : {}),
  });
  writeCard(folder);
  forgetState(stateDirectory);
  process.stdout.write(`The model is in ${folder} after ${minutes(result.seconds)} minutes of training\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join("data", "microworld", "model") },
      state: { type: "string", default: join("build", "pretrain") },
      stages: { type: "string" },
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
  const stages = numberOption("stages", values.stages, shippedStages.length, (n) => isCount(n) && n <= shippedStages.length);
  const made = values.from === undefined ? undefined : readTrainingRecord(resolve(values.from));
  const first = made ? stagesOf(made).length : 0;
  if (first >= stages) throw new Error(`--from ${values.from}: its training.json says that ${first} of ${stages} stages are done; nothing is left to do`);
  const planned = shippedStages.slice(first, stages);
  const steps = (values.steps ?? planned.map((stage) => stage.steps).join(",")).split(",").map((text) => numberOption("steps", text, NaN, isCount));
  if (steps.length !== planned.length) throw new Error(`--steps ${values.steps}: ${planned.length} numbers are needed, one for each stage that is run`);
  const threads = numberOption("threads", values.threads, Math.min(shippedPretraining.shards ?? 1, availableParallelism()), isCount);
  const [out, state] = [resolve(values.out), resolve(values.state)];
  let from = values.from === undefined ? undefined : resolve(values.from);
  for (const [i, stage] of planned.entries()) {
    const settings: PretrainingSettings = {
      ...stage,
      seed: first + i === 0 ? numberOption("seed", values.seed, stage.seed, Number.isInteger) : stage.seed,
      steps: steps[i],
      // Stages of another naturalness than the language's keep it: there all replies and verdicts are in the prompts' words.
      language: stage.language.naturalness !== shippedLanguage.naturalness ? stage.language : { ...stage.language, naturalness: numberOption("naturalness", values.naturalness, stage.language.naturalness, isShare) },
    };
    const name = `stage-${first + i + 1}`;
    const folder = i === planned.length - 1 ? out : join(state, name, "model");
    await runStage(settings, folder, { from, stateDirectory: join(state, name), threads });
    from = folder;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`pretrain: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
