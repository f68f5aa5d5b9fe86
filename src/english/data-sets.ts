/** Makes the tasks' data sets: which sentence has which label, what is held out for testing, and what occurs twice. */
import { numpyRandom, shuffle } from "../tasks/numpy-random";
import type { RatedSentence, Sources } from "./sources";

export interface LabelledSentence {
  text: string;
  /** The second sentence of a pair. */
  hypothesis?: string;
  label: string;
}

export interface EnglishDataSet {
  task: string;
  /** What few-shot splits are drawn from. */
  train: LabelledSentence[];
  test: LabelledSentence[];
}

/** Ratings of two-class tasks: at most −1 is negative, at least 1 positive. What lies between says little, and is left out. */
const CLEAR = 1;
/** The upper ends of the ratings of five classes; the last has all above. */
const FIVE = [-2, -0.75, 0.75, 2];

const twoClasses = (sentences: readonly RatedSentence[]): LabelledSentence[] =>
  sentences
    .filter(({ rating }) => Math.abs(rating) >= CLEAR)
    .map(({ text, rating }) => ({ text, label: rating > 0 ? "1" : "0" }));

const fiveClasses = (sentences: readonly RatedSentence[]): LabelledSentence[] =>
  sentences.map(({ text, rating }) => ({ text, label: String(FIVE.filter((end) => rating > end).length) }));

const classes = (sentences: readonly RatedSentence[]): LabelledSentence[] =>
  sentences.map(({ text, rating }) => ({ text, label: String(rating) }));

/** Shorter sentences seldom say what they are about. */
const FEWEST_WORDS = 5;

const ofTopic = (label: string, sentences: readonly RatedSentence[]): LabelledSentence[] =>
  sentences.filter(({ text }) => text.split(" ").length >= FEWEST_WORDS).map(({ text }) => ({ text, label }));

/** The data sets by task. */
export function englishDataSets({
  imdb,
  amazon,
  yelp,
  films,
  products,
  editorials,
  tweets,
  pairs,
}: Sources): EnglishDataSet[] {
  const labelled: Record<string, LabelledSentence[]> = {
    imdb: classes(imdb),
    amazon: classes(amazon),
    yelp: classes(yelp),
    "movies-2": twoClasses(films),
    "movies-5": fiveClasses(films),
    products: twoClasses(products),
    tweets: twoClasses(tweets),
    topic: [
      ...ofTopic("film", films),
      ...ofTopic("product", products),
      ...ofTopic("restaurant", yelp),
      ...ofTopic("politics", editorials),
    ],
    inference: pairs.map(({ premise, ...pair }) => ({ text: premise, ...pair })),
  };
  return Object.entries(labelled).map(([task, sentences]) => ({ task, ...heldOut(onceEach(sentences)) }));
}

/** Letters and digits in lower case: two sentences with the same ones are the same sentence. */
export const sentenceKey = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

/** Of sentences that occur several times the first, and none where their labels contradict each other, or where there is no letter. */
function onceEach(sentences: readonly LabelledSentence[]): LabelledSentence[] {
  const labels = new Map<string, Set<string>>();
  for (const { text, label } of sentences)
    labels.set(sentenceKey(text), (labels.get(sentenceKey(text)) ?? new Set()).add(label));
  const seen = new Set([""]);
  return sentences.filter(({ text }) => {
    const key = sentenceKey(text);
    if (seen.has(key) || labels.get(key)!.size > 1) return false;
    seen.add(key);
    return true;
  });
}

const TEST_EXAMPLES = 1000;
const SEED = 42;

/** Holds out up to 1,000 sentences, as many of each label and at most half of the rarest label's; all others are for training. */
function heldOut(sentences: readonly LabelledSentence[]): Pick<EnglishDataSet, "train" | "test"> {
  const order = [...sentences];
  shuffle(order, numpyRandom(SEED));
  const byLabel = new Map<string, LabelledSentence[]>();
  for (const sentence of order) byLabel.set(sentence.label, [...(byLabel.get(sentence.label) ?? []), sentence]);
  const each = Math.min(
    Math.floor(TEST_EXAMPLES / byLabel.size),
    ...[...byLabel.values()].map((own) => Math.floor(own.length / 2)),
  );
  const test = new Set([...byLabel.values()].flatMap((own) => own.slice(0, each)));
  return {
    train: order.filter((sentence) => !test.has(sentence)),
    test: order.filter((sentence) => test.has(sentence)),
  };
}
