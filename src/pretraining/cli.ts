/** `npm run pretrain`: continues the training of a masked language model on text. */
import { writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command } from "commander";
import { InputError } from "../errors";
import { saveLoraAdapter } from "../finetune/lora-adapter";
import { backendVersions } from "../model/backend";
import { hashOf, loadCheckpoint, saveCheckpoint } from "../model/checkpoint";
import { modelFromCheckpoint } from "../model/model";
import { loadTokenizer } from "../model/tokenizer";
import { documentCount, encodeDocuments } from "./documents";
import { forgetPretraining, pretrain } from "./pretrain";
import { DEFAULT_SETTINGS, type PretrainingSettings } from "./settings";

const HELP: Record<keyof typeof DEFAULT_SETTINGS, string> = {
  steps: "optimizer steps in all",
  headSteps: "first steps, which train only the masked-language-model head",
  headLearningRate: "peak learning rate of these",
  learningRate: "peak learning rate of the others",
  warmupSteps: "steps of linear warm-up of each part",
  weightDecay: "AdamW's weight decay",
  seed: "order of the text, and masks",
  rows: "rows of packed texts in a step",
  length: "tokens of a row",
  maskedShare: "share of the words that are predicted",
  reads: "most tokens predicted in a row",
};

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const minutes = (seconds: number): string => `${(seconds / 60).toFixed(1)} min`;

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0))
    throw new InputError(`--${kebab(name)} ${text}: expected a number of at least 0`);
  return value;
}

async function main(): Promise<void> {
  const program = new Command("pretrain")
    .description(
      "Continues the training of a masked language model on text. After an interruption, the same command resumes.",
    )
    .requiredOption("--from <model>", "folder or Hub id of a RoBERTa or BERT with its masked-language-model head")
    .requiredOption("--text <path...>", "files, or folders of .txt files, with one document a line")
    .requiredOption("--out <folder>", "where the model goes, in Hugging Face layout")
    .option("--state <folder>", "where an interrupted run keeps its state", join("build", "pretrain"))
    .option("--save-every <number>", "steps after which the state is kept", "250")
    .option(
      "--lora-rank <number>",
      "trains nothing but LoRA factors of this rank, on all linear layers of the encoder; --out becomes an adapter in PEFT's layout",
    );
  for (const [name, help] of Object.entries(HELP))
    program.option(`--${kebab(name)} <number>`, help, String(DEFAULT_SETTINGS[name as keyof typeof DEFAULT_SETTINGS]));
  const values = program.parse().opts<
    Record<keyof PretrainingSettings, string | undefined> & {
      from: string;
      text: string[];
      out: string;
      state: string;
      saveEvery: string;
    }
  >();
  const given = [...Object.keys(HELP), "loraRank"].flatMap((name) =>
    values[name as keyof PretrainingSettings] === undefined
      ? []
      : [[name, numberOf(name, values[name as keyof PretrainingSettings]!)] as const],
  );
  const settings = Object.fromEntries(given) as unknown as PretrainingSettings;

  const from = await loadCheckpoint(values.from);
  const tokenizer = loadTokenizer(from.directory);
  const [out, stateDirectory] = [resolve(values.out), resolve(values.state)];
  const documents = encodeDocuments(
    values.text.map((path) => resolve(path)),
    tokenizer,
    stateDirectory,
  );
  process.stdout.write(`${documentCount(documents)} documents, ${documents.ids.length} tokens\n`);
  const { weights, curve, tokens, seconds, finished } = await pretrain({
    from,
    tokenizer,
    documents,
    settings,
    stateDirectory,
    saveEvery: numberOf("saveEvery", values.saveEvery),
    onProgress: ({ step, steps, loss, heldOutLoss, tokensPerSecond, secondsLeft }) =>
      process.stdout.write(
        `step ${step}/${steps}  loss ${loss.toFixed(3)}  held out ${heldOutLoss.toFixed(3)}  ${(tokensPerSecond / 1000).toFixed(2)}k tokens/s  ${minutes(secondsLeft)} left\n`,
      ),
  });
  if (!finished) return;
  if (settings.loraRank === undefined) saveCheckpoint(out, { config: from.config, weights, directory: from.directory });
  else
    saveLoraAdapter(
      out,
      { ...modelFromCheckpoint({ ...from, weights }), loraScale: 1 },
      { baseModel: relative(out, resolve(from.directory)) },
    );
  const record = {
    settings,
    from: from.hash,
    hash: hashOf(from.config, weights),
    text: documents.sources,
    tokens,
    seconds: Math.round(seconds),
    backend: backendVersions(),
    curve,
  };
  writeFileSync(join(out, "training.json"), `${JSON.stringify(record, null, 1)}\n`);
  forgetPretraining(stateDirectory);
  process.stdout.write(`The model is in ${out} after ${minutes(seconds)} of training on ${tokens} tokens.\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`pretrain: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
