/** The card of a pretrained model: README.md beside its weights, made from what was recorded. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeText } from "./text-file";
import { shippedPretraining } from "./defaults";
import type { LossPoint, PretrainingSettings } from "./pretraining/pretrain";
import { readScores } from "./scores/score-file";
import { scoresMarkdown } from "./scores/score-table";

/** What a pretraining run leaves behind beside the weights. */
export interface TrainingRecord {
  settings: PretrainingSettings;
  curve: LossPoint[];
  tokens: number;
  seconds: number;
  machine: Record<string, string | number | undefined>;
  /** What else a reader has to know of the run. */
  note?: string;
}

const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
const trainingFile = (folder: string): string => join(folder, "training.json");

export function writeTrainingRecord(folder: string, record: TrainingRecord): void {
  const curve = record.curve.map((point) => ({ ...point, loss: Number(point.loss.toFixed(4)) }));
  writeText(trainingFile(folder), json({ ...record, curve }));
}

const readJson = <T>(path: string): T | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;

const percent = (value: number): string => (100 * value).toFixed(1);

/** The table of the measurements in the folder `scores` beside the weights. */
function scoreSection(folder: string): string {
  const { scores } = readScores(join(folder, "scores"));
  return scores.length > 0 ? scoresMarkdown(scores) : "Not measured yet in full.\n";
}

/** The command that makes a model of these settings: what differs from the shipped one's. */
function pretrainCommand({ steps, seed, language: { naturalness } }: PretrainingSettings): string {
  const own = { naturalness, steps, seed };
  const shipped = { naturalness: shippedPretraining.language.naturalness, steps: shippedPretraining.steps, seed: shippedPretraining.seed };
  const options = (["naturalness", "steps", "seed"] as const).flatMap((name) => (own[name] === shipped[name] ? [] : [`--${name} ${own[name]}`]));
  return `npm run pretrain${options.length > 0 ? ` -- ${options.join(" ")}` : ""}`;
}

function lossSection(curve: LossPoint[]): string {
  const rows = Array.from({ length: 15 }, (_, i) => curve[Math.round(((i + 1) * curve.length) / 15) - 1]).filter(Boolean);
  const unique = [...new Map(rows.map((point) => [point.step, point])).values()];
  return `| step | million tokens | loss |\n|---|---|---|\n${unique
    .map(({ step, tokens, loss }) => `| ${step} | ${(tokens / 1e6).toFixed(2)} | ${loss.toFixed(3)} |`)
    .join("\n")}\n`;
}

/** Writes the card of the model in a folder from its training record and, if there, its measurements. */
export function writeCard(folder: string): void {
  const record = readJson<TrainingRecord>(trainingFile(folder));
  if (!record) throw new Error(`${trainingFile(folder)} is missing: the card is written from it; run npm run pretrain`);
  const { settings, curve, tokens, seconds, machine, note } = record;
  const { size, language, masking } = settings;
  const text = `---
license: mit
library_name: transformers
pipeline_tag: fill-mask
---
# A RoBERTa of a very small world

A masked language model with RoBERTa's architecture, pretrained from nothing on an artificial language that
looks like simple English: reviews, stories told again in other words, conversations, an encyclopaedia with questions,
news. It ships with the project so that every experiment runs without a download or a GPU.

**What it is not.** It does not know English: its words mean only what the generator's grammar makes of them,
some 4,000 word forms, and what it has learned of inference is little more than matching words. Results on it are
about the method, not about language. Do not use it for anything but these experiments.

## How it was made
- Architecture: ${size.layers} layers, hidden size ${size.hiddenSize}, ${size.heads} heads, feed-forward ${4 * size.hiddenSize}, ${size.maxTokens} tokens at most, byte-level BPE of ${size.vocabularySize} tokens; decoder tied to the word embeddings.
- Text: generated while training, language seed ${settings.languageSeed}; no document is seen twice and no sentence of the fourteen tasks' files occurs in it. Naturalness ${language.naturalness}: that share of the texts which could hold a prompt's pattern in natural use ("It was great.", "Yes, …") does.
- Start: word embeddings from a truncated SVD of co-occurrence (PPMI by document and by neighbour), sinusoidal position embeddings, everything else N(0, 0.02²).
- Objective: masked language modelling, ${percent(masking.contentShare)} % of the rarer and ${percent(masking.commonShare)} % of the commonest tokens predicted and ${percent(masking.labelWordShare)} % of the words that the tasks' prompts ask for, masked anew for each batch (80 % <mask>, 10 % random, 10 % unchanged). Whole documents, packed into rows of ${settings.batch.length} tokens, ${(settings.shards ?? 1) * settings.batch.rows} rows a step; each has positions of its own and sees only itself.
- AdamW (0.9, 0.98), learning rate ${settings.learningRate} after ${settings.warmupSteps} steps of warm-up, falling linearly to 2 % from ${percent(settings.decayFrom)} % of the run on, weight decay ${settings.weightDecay}, gradient norm at most ${settings.clipNorm}, no dropout.
- ${settings.steps} steps, ${(tokens / 1e6).toFixed(1)} million tokens, ${(seconds / 60).toFixed(1)} minutes on ${machine.cores} cores (${machine.cpu}; TensorFlow ${machine.tensorflow ?? "in plain JavaScript"}, Node ${machine.node}; the machine did other work beside it), one run, seed ${settings.seed}.
- Stored in float16. \`${pretrainCommand(settings)}\` does all of this again; \`training.json\` beside this file holds every setting and the whole loss curve.
${note ? `- ${note}\n` : ""}
Loss (mean since the point before):

${lossSection(curve)}
## What it scores
${scoreSection(folder)}
## Licence
MIT, like the project.
`;
  writeText(join(folder, "README.md"), text);
}
