/**
 * The text that the levels of naturalness are pretrained on: rated sentences, each followed by a verdict. A share of the
 * verdicts has the words of the tasks' prompt ("It was great."), the others say the same in words that the prompt does not have.
 * Texts of two shares differ in nothing else: the same sentences in the same order, and every verdict is three words and a full stop.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { mixedSeed, randomStream, shuffled } from "../random";
import { sentenceKey } from "./data-sets";

/** The verdicts for each rating, from the lowest to the highest: the prompt's word, and other phrasings. */
export const VERDICTS: readonly { word: string; others: readonly string[] }[] = [
  { word: "terrible", others: ["I hated it.", "Avoid this one.", "Two thumbs down.", "Stay far away."] },
  { word: "bad", others: ["I disliked it.", "Skip this one.", "Not for me.", "Two stars only."] },
  { word: "okay", others: ["I cannot decide.", "Mixed feelings here.", "Half and half.", "Three stars only."] },
  { word: "good", others: ["I liked it.", "I enjoyed it.", "Worth your time.", "Four solid stars."] },
  { word: "great", others: ["I loved it.", "I recommend it.", "Two thumbs up.", "Five full stars."] },
];

/** A sentence and the place of its rating in {@link VERDICTS}. */
export interface RatedText {
  text: string;
  rating: number;
}

/** The tasks whose sentences are taken, and the rating that each of their labels stands for. */
const SOURCES = [
  { task: "movies-5", ratings: [0, 1, 2, 3, 4] },
  { task: "products", ratings: [0, 4] },
];

/** A longer sentence would not fit into a row with its verdict. */
const MOST_WORDS = 60;

/**
 * Snippets of film and product reviews that no task has for testing.
 * @param tasks the folder of the English tasks
 */
export function ratedTexts(tasks: string): RatedText[] {
  const tests = new Set(
    readdirSync(tasks).flatMap((task) =>
      rows(join(tasks, task, "original", "test.tsv")).map(([text]) => sentenceKey(text)),
    ),
  );
  return SOURCES.flatMap(({ task, ratings }) =>
    rows(join(tasks, task, "original", "train.tsv")).map(([text, label]) => ({ text, rating: ratings[Number(label)] })),
  ).filter(({ text }) => !tests.has(sentenceKey(text)) && text.split(" ").length <= MOST_WORDS);
}

function rows(file: string): string[][] {
  return existsSync(file)
    ? readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .slice(1)
        .map((line) => line.split("\t"))
    : [];
}

/**
 * A document for each sentence. A verdict that has the prompt's words at one share has them at every larger one.
 * @param share of the verdicts in the prompt's words, 0 to 1
 */
export function verdictTexts(sentences: readonly RatedText[], share: number, seed: number): string[] {
  const random = randomStream(mixedSeed([seed]));
  return shuffled(sentences, random).map(({ text, rating }) => {
    const { word, others } = VERDICTS[rating];
    const [ticket, other] = [random(), others[Math.floor(random() * others.length)]];
    return `${text} ${ticket < share ? `It was ${word}.` : other}`;
  });
}
