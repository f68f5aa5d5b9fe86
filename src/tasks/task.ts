import { InputError } from "../errors";
import type { Delimiter } from "../files/delimited";
import { ENGLISH_TASKS } from "./english-tasks";

/** A task between label words: how its files are laid out, and how an example becomes a prompt. */
export interface Task {
  name: string;
  /** Folder of its data within a folder of several tasks; default: the task's name. */
  folder?: string;
  /** tsv: tab-separated, quotation marks are ordinary characters. csv: with quoting, as pandas cuts it. */
  format: "tsv" | "csv";
  /**
   * What separates the cells of a csv file. Default: the comma, or `;`, tab or `|` where the first line has the task's
   * columns with that and not with commas.
   */
  delimiter?: Delimiter;
  /** Whether a CSV text such as "NA" or "null" is read as empty, as pandas and so the authors' code do. Default: it stays. */
  missingValues?: boolean;
  /** Whether the files begin with a line of column names. */
  header: boolean;
  /**
   * Columns of the files: one text, or two for pair tasks. By number, counted from 0, or by the names of their header; the
   * label "last" is the last column.
   */
  columns: { texts: readonly (number | string)[]; label: number | string };
  /** Leave out rows with too few columns, instead of refusing them. */
  skipShortRows?: boolean;
  /** Names of a split's files, without ending, where they are not train, dev and test. */
  files?: Partial<Record<Split, string>>;
  /**
   * Files of the full data set that test examples come from, without ending; default: test. In a split "dev" in the
   * name becomes "test". Only the first has to be there.
   */
  originalTests?: readonly string[];
  /** Labels as the files write them; a label's index here is its class. With a `target`, the lowest and the highest number. */
  labels: readonly string[];
  /** "number": the files' labels are numbers between the two of `labels`, as in STS-B. Default: they are classes. */
  target?: Target;
  /** A word for each label, in the order of `labels`, or several with `|` between them: "terrible|awful". */
  labelWords: readonly string[];
  /**
   * What the logit f of a label with n words is, of their logits z: "mean", f = (Σ z)/n, or "sum", f = log Σ exp z, whose
   * softmax over labels adds up the words' probabilities. Default mean.
   */
  combineWords?: CombineWords;
  /** Prompt in the template language: see `template.ts`. */
  template: string;
  /** Longest sequence in tokens; what is longer loses its end. */
  maxLength: number;
  /** Most tokens of the first sentence within a prompt. */
  firstSentenceLimit?: number;
  /** Most tokens of any other sentence within a prompt. */
  otherSentenceLimit?: number;
  metric: Metric;
}

/** See {@link Task.combineWords}. */
export const WORD_COMBINATIONS = ["mean", "sum"] as const;
export type CombineWords = (typeof WORD_COMBINATIONS)[number];

/** See {@link Task.target}. */
export type Target = "number";

/** One labelled row of a task. */
export interface Example {
  /** One sentence, or two for pair tasks, as the task's file has them. */
  texts: string[];
  /** Index into the task's label list (and so into its label words). Of a number, its place between the two: 0 to 1. */
  label: number;
  /** The line of its file where it begins, counted from 1. */
  line?: number;
}

/** The three parts of a few-shot draw: for fitting, for choosing and for scoring. */
export type Split = "train" | "dev" | "test";

/**
 * What decides on dev; accuracy, the share of right answers, is reported beside it. f1: that of class 1, for two classes.
 * macro-f1: the mean over the classes that occur or are predicted. mcc: Matthews' correlation coefficient, from −1 to 1.
 */
export const CLASS_METRICS = ["accuracy", "f1", "macro-f1", "mcc"] as const;
/** What decides where labels are numbers: their correlation with the predictions, or that of their ranks, from −1 to 1. */
export const NUMBER_METRICS = ["pearson", "spearman"] as const;
export const METRICS = [...CLASS_METRICS, ...NUMBER_METRICS] as const;
export type Metric = (typeof METRICS)[number];
export type ClassMetric = (typeof CLASS_METRICS)[number];

export const isNumberMetric = (metric: Metric): metric is (typeof NUMBER_METRICS)[number] =>
  (NUMBER_METRICS as readonly string[]).includes(metric);

const SENTIMENT_PROMPT = "*cls**sent_0*_It_was*mask*.*sep+*";
/** premise without its last character ? <mask> , hypothesis with a small first letter */
const INFERENCE_PROMPT = "*cls**sent-_0*?*mask*,*+sentl_1**sep+*";
const PARAPHRASE_PROMPT = "*cls**sent_0**mask*,*+sentl_1**sep+*";

const GLUE = { format: "tsv", header: true, originalTests: ["dev"] } as const;
const SINGLE_SENTENCE_CSV = {
  format: "csv",
  missingValues: true,
  header: false,
  columns: { texts: [1], label: 0 },
} as const;
const THREE_WAY = { labels: ["contradiction", "entailment", "neutral"], labelWords: ["No", "Yes", "Maybe"] } as const;
/** Class 0 is entailment, "Yes". */
const TWO_WAY = { labels: ["entailment", "not_entailment"], labelWords: ["Yes", "No"] } as const;

/**
 * The paper's 14 tasks. Columns, label order and metric are those of `src/processors.py` in princeton-nlp/LM-Kernel-FT;
 * templates, label words and limits those of its `run_fewshot.sh` (LM-BFF's manual prompts), where `--max_seq_len 256`
 * overrides the 128 that stands before it; names of original files those of `tools/generate_k_shot_data.py`.
 */
const TASKS: readonly Task[] = [
  {
    name: "sst-2",
    folder: "SST-2",
    ...GLUE,
    columns: { texts: [0], label: 1 },
    labels: ["0", "1"],
    labelWords: ["terrible", "great"],
    template: SENTIMENT_PROMPT,
    maxLength: 128,
    metric: "accuracy",
  },
  {
    name: "sst-5",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1", "2", "3", "4"],
    labelWords: ["terrible", "bad", "okay", "good", "great"],
    template: SENTIMENT_PROMPT,
    maxLength: 128,
    metric: "accuracy",
  },
  {
    name: "mr",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1"],
    labelWords: ["terrible", "great"],
    template: SENTIMENT_PROMPT,
    maxLength: 128,
    firstSentenceLimit: 110,
    otherSentenceLimit: 50,
    metric: "accuracy",
  },
  {
    name: "cr",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1"],
    labelWords: ["terrible", "great"],
    template: SENTIMENT_PROMPT,
    maxLength: 128,
    firstSentenceLimit: 110,
    otherSentenceLimit: 50,
    metric: "accuracy",
  },
  {
    name: "mpqa",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1"],
    labelWords: ["terrible", "great"],
    template: SENTIMENT_PROMPT,
    maxLength: 128,
    firstSentenceLimit: 110,
    metric: "accuracy",
  },
  {
    name: "subj",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1"],
    labelWords: ["subjective", "objective"],
    template: "*cls**sent_0*_This_is*mask*.*sep+*",
    maxLength: 128,
    firstSentenceLimit: 110,
    otherSentenceLimit: 50,
    metric: "accuracy",
  },
  {
    name: "trec",
    ...SINGLE_SENTENCE_CSV,
    labels: ["0", "1", "2", "3", "4", "5"],
    labelWords: ["Description", "Entity", "Expression", "Human", "Location", "Number"],
    template: "*cls**mask*:*+sent_0**sep+*",
    maxLength: 128,
    firstSentenceLimit: 110,
    metric: "accuracy",
  },
  {
    name: "ag_news",
    ...SINGLE_SENTENCE_CSV,
    // Column 1 is the title, which the authors leave out.
    columns: { texts: [2], label: 0 },
    labels: ["1", "2", "3", "4"],
    labelWords: ["world", "sports", "business", "tech"],
    template: "*cls**sent_0*_This_article_is_about*mask*_news.*sep+*",
    maxLength: 256,
    firstSentenceLimit: 240,
    metric: "accuracy",
  },
  {
    name: "mnli",
    folder: "MNLI",
    ...GLUE,
    columns: { texts: [8, 9], label: "last" },
    files: { dev: "dev_matched", test: "test_matched" },
    originalTests: ["dev_matched", "dev_mismatched"],
    ...THREE_WAY,
    template: INFERENCE_PROMPT,
    maxLength: 256,
    firstSentenceLimit: 240,
    metric: "accuracy",
  },
  {
    name: "snli",
    folder: "SNLI",
    ...GLUE,
    columns: { texts: [7, 8], label: "last" },
    ...THREE_WAY,
    template: INFERENCE_PROMPT,
    maxLength: 256,
    metric: "accuracy",
  },
  {
    name: "qnli",
    folder: "QNLI",
    ...GLUE,
    columns: { texts: [1, 2], label: "last" },
    ...TWO_WAY,
    template: INFERENCE_PROMPT,
    maxLength: 128,
    metric: "accuracy",
  },
  {
    name: "rte",
    folder: "RTE",
    ...GLUE,
    columns: { texts: [1, 2], label: "last" },
    ...TWO_WAY,
    template: INFERENCE_PROMPT,
    maxLength: 256,
    firstSentenceLimit: 240,
    metric: "accuracy",
  },
  {
    name: "mrpc",
    folder: "MRPC",
    ...GLUE,
    columns: { texts: [3, 4], label: 0 },
    labels: ["0", "1"],
    labelWords: ["No", "Yes"],
    template: PARAPHRASE_PROMPT,
    maxLength: 128,
    metric: "f1",
  },
  {
    name: "qqp",
    folder: "QQP",
    ...GLUE,
    columns: { texts: [3, 4], label: 5 },
    skipShortRows: true,
    labels: ["0", "1"],
    labelWords: ["No", "Yes"],
    template: PARAPHRASE_PROMPT,
    maxLength: 128,
    metric: "f1",
  },
];

/** The folder of a task's data within a folder of several tasks. */
export const taskFolder = ({ folder, name }: Pick<Task, "folder" | "name">): string => folder ?? name;

/** Names of the paper's tasks. */
export const taskNames: readonly string[] = TASKS.map((task) => task.name);

/** Names of the tasks of real English, whose data set-up makes. */
export const englishTaskNames: readonly string[] = ENGLISH_TASKS.map((task) => task.name);

/**
 * The task of that name, upper or lower case.
 *
 * @throws naming the known tasks if there is none
 */
export function taskByName(name: string): Task {
  const task = [...TASKS, ...ENGLISH_TASKS].find((candidate) => candidate.name === name.toLowerCase());
  if (task === undefined)
    throw new InputError(
      `there is no task ${JSON.stringify(name)}; known: ${[...taskNames, ...englishTaskNames].join(", ")}`,
    );
  return task;
}
