/** The card of a pretrained model: README.md beside its weights, made from what was recorded. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { documentKinds } from "./language/corpus";
import type { LanguageSettings } from "./language/settings";
import { writeText } from "./text-file";
import { shippedPretraining, shippedStages } from "./defaults";
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
  /** The run whose model this one went on from. */
  before?: TrainingRecord;
}

const json = (value: unknown): string => `${JSON.stringify(value)}\n`;
const trainingFile = (folder: string): string => join(folder, "training.json");

export function writeTrainingRecord(folder: string, record: TrainingRecord): void {
  const curve = record.curve.map((point) => ({ ...point, loss: Number(point.loss.toFixed(4)) }));
  writeText(trainingFile(folder), json({ ...record, curve }));
}

/** What was recorded of the run that made the model in a folder, or undefined. */
export const readTrainingRecord = (folder: string): TrainingRecord | undefined => readJson<TrainingRecord>(trainingFile(folder));

const readJson = <T>(path: string): T | undefined =>
  existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;

const percent = (value: number): string => (100 * value).toFixed(1);

/** The table of the measurements in the folder `scores` beside the weights. */
function scoreSection(folder: string): string {
  const { scores } = readScores(join(folder, "scores"));
  return scores.length > 0 ? scoresMarkdown(scores) : "Not measured yet in full.\n";
}

/** The runs behind a model, the first one first. */
export const stagesOf = (record: TrainingRecord): TrainingRecord[] => [...(record.before ? stagesOf(record.before) : []), record];

/** The command that makes the model of these runs: what differs from the shipped one's. */
function pretrainCommand(stages: readonly TrainingRecord[]): string {
  const [{ settings: first }] = stages;
  const steps = stages.map(({ settings }) => settings.steps);
  const usual = shippedStages.slice(0, stages.length).map((stage) => stage.steps);
  const options = [
    ...(stages.length === shippedStages.length ? [] : [`--stages ${stages.length}`]),
    ...(first.language.naturalness === shippedPretraining.language.naturalness ? [] : [`--naturalness ${first.language.naturalness}`]),
    ...(steps.join() === usual.join() ? [] : [`--steps ${steps.join()}`]),
    ...(first.seed === shippedPretraining.seed ? [] : [`--seed ${first.seed}`]),
  ];
  return `npm run pretrain${options.length > 0 ? ` -- ${options.join(" ")}` : ""}`;
}

const ordinals = ["First", "Second", "Third", "Fourth"];

/** What one run did, as an item of a list with items of its own. */
function stageItem({ settings, tokens, seconds, machine }: TrainingRecord, name: string): string {
  const { masking, language, comparisonHead, decayFrom } = settings;
  const later = decayFrom < 1 ? `, falling linearly to 2 % from ${percent(decayFrom)} % of the run on` : "";
  const items = [
    ...denseTextItems(language),
    ...(comparisonHead ? [`Before its first step head ${comparisonHead.head + 1} of the first layer is replaced by one that attends to the same word elsewhere and tells where that is (whitened word embeddings as query and key, positions as value).`] : []),
    `Masked language modelling, ${percent(masking.contentShare)} % of the rarer and ${percent(masking.commonShare)} % of the commonest tokens predicted and ${percent(masking.labelWordShare)} % of the words that the tasks' prompts ask for${masking.furtherWords ? " and of those that say the same in replies" : ""}, masked anew for each batch (80 % <mask>, 10 % random, 10 % unchanged).`,
    `AdamW (0.9, 0.98), learning rate ${settings.learningRate} after ${settings.warmupSteps} steps of warm-up${later}, weight decay ${settings.weightDecay}, gradient norm at most ${settings.clipNorm}, no dropout.`,
    `${settings.steps} steps, ${(tokens / 1e6).toFixed(1)} million tokens, ${(seconds / 60).toFixed(1)} minutes on ${machine.cores} cores (${machine.cpu}; TensorFlow ${machine.tensorflow ?? "in plain JavaScript"}, Node ${machine.node}; the machine did other work beside it), one run, seed ${settings.seed}.`,
  ];
  return [`- ${name}: language seed ${settings.languageSeed}, naturalness ${language.naturalness}.`, ...items.map((item) => `  - ${item}`)].join("\n");
}

/** How much of a text is short replies and opinions point by point, and what their words follow. */
function denseTextItems(language: LanguageSettings): string[] {
  const { events, facts, opinions } = language;
  const replies = events.weights.replies + facts.replies.answers + facts.replies.questions;
  const points = opinions.shares.reviewPoints + opinions.shares.affairPoints;
  if (replies + points === 0) return [];
  const others = documentKinds.reduce((sum, kind) => sum + kind.weight(language), -replies - points);
  const follow = `${percent(events.logicalReplies)} % (events), ${percent(1 - facts.familiarAnswers)} % (sentences that answer) and ${percent(1 - facts.secondedAdvice)} % (other questions)`;
  const judge = `${percent(opinions.opinionVerdicts)} % (films), ${percent(opinions.gadgetVerdicts)} % (gadgets) and ${percent(opinions.affairVerdicts)} % (world affairs)`;
  return [
    `Statements and questions with several short replies have the weight ${replies.toFixed(1)}, opinions that are judged point by point ${points.toFixed(1)}, all other texts together ${others.toFixed(1)}. Where the prompts' words occur they follow what the task asks for in ${follow} of the texts with replies, and in ${judge} of the texts with verdicts.`,
  ];
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
  const record = readTrainingRecord(folder);
  if (!record) throw new Error(`${trainingFile(folder)} is missing: the card is written from it; run npm run pretrain`);
  const { settings, note } = record;
  const stages = stagesOf(record);
  const { size } = settings;
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
some 4,000 word forms, and what it has learned of inference is matching words and a few rules of the generator. Results on it are
about the method, not about language. Do not use it for anything but these experiments.

## How it was made
- Architecture: ${size.layers} layers, hidden size ${size.hiddenSize}, ${size.heads} heads, feed-forward ${4 * size.hiddenSize}, ${size.maxTokens} tokens at most, byte-level BPE of ${size.vocabularySize} tokens; decoder tied to the word embeddings.
- Text: generated while training; no document is seen twice, and none holds a text of the fourteen tasks' files, be it as a sentence, as several, or behind a comma, colon or question mark ("Yes, …"); inside longer sentences the words of short ones do occur. Naturalness is the share of the texts which could hold a prompt's pattern in natural use ("It was great.", "Yes, …") that do. Whole documents, packed into rows of ${settings.batch.length} tokens, ${(settings.shards ?? 1) * settings.batch.rows} rows a step; each has positions of its own and sees only itself.
- Start: word embeddings from a truncated SVD of co-occurrence (PPMI by document and by neighbour), sinusoidal position embeddings, everything else N(0, 0.02²).
${stages.map((stage, i) => stageItem(stage, stages.length > 1 ? `${ordinals[i]} stage` : "Text")).join("\n")}
- Stored in float16. \`${pretrainCommand(stages)}\` does all of this again; \`training.json\` beside this file holds every setting and the whole loss curve.
${note ? `- ${note}\n` : ""}
Loss (mean since the point before${stages.length > 1 ? "; stages differ in text and masks, so their losses are not to be compared" : ""}):

${stages.map(({ curve }) => lossSection(curve)).join("\n")}
## What it scores
${scoreSection(folder)}
## Licence
MIT, like the project.
`;
  writeText(join(folder, "README.md"), text);
}
