/**
 * Tasks of real English whose sentences come with packages or were written for this project, so that no
 * download is needed: see data/english/README.md. Prompts and label words are those of the paper's tasks of the same kind.
 */
import type { Task } from "./task";

/** A header, then one sentence, or a pair, and its label a line. */
const FILES = {
  format: "tsv",
  header: true,
  columns: { texts: [0], label: 1 },
  maxLength: 128,
  metric: "accuracy",
} as const;
/** Some product snippets have more than a hundred words; the prompt's mask has to stay. */
const SENTENCE = { firstSentenceLimit: 110 } as const;
const SENTIMENT = {
  ...FILES,
  ...SENTENCE,
  labels: ["0", "1"],
  labelWords: ["terrible", "great"],
  template: "*cls**sent_0*_It_was*mask*.*sep+*",
} as const;

export const ENGLISH_TASKS: readonly Task[] = [
  { name: "imdb", ...SENTIMENT },
  { name: "amazon", ...SENTIMENT },
  { name: "yelp", ...SENTIMENT },
  { name: "movies-2", ...SENTIMENT },
  {
    name: "movies-5",
    ...SENTIMENT,
    labels: ["0", "1", "2", "3", "4"],
    labelWords: ["terrible", "bad", "okay", "good", "great"],
  },
  { name: "products", ...SENTIMENT },
  { name: "tweets", ...SENTIMENT },
  {
    name: "topic",
    ...FILES,
    ...SENTENCE,
    labels: ["film", "product", "restaurant", "politics"],
    labelWords: ["film", "product", "restaurant", "politics"],
    template: "*cls**sent_0*_It_is_about*mask*.*sep+*",
  },
  {
    name: "inference",
    ...FILES,
    columns: { texts: [0, 1], label: 2 },
    labels: ["contradiction", "entailment", "neutral"],
    labelWords: ["No", "Yes", "Maybe"],
    template: "*cls**sent-_0*?*mask*,*+sentl_1**sep+*",
  },
];
