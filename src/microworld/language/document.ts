/** What the language makes: documents to pretrain on, and labelled examples whose labels are true by construction. */
import type { Random } from "./random";
import type { LanguageSettings } from "./settings";

/** A document as its finished sentences, in order. */
export type Document = readonly string[];

export const wordCount = (document: Document): number => document.join(" ").split(" ").length;

/** One kind of text in the pretraining corpus, for example news articles. */
export interface DocumentKind {
  name: string;
  /** Share of the corpus, in documents and relative to the other kinds. */
  weight: (settings: LanguageSettings) => number;
  draw: (random: Random, settings: LanguageSettings) => Document;
}

/** One labelled example and how it was made. */
export interface DrawnExample {
  /** One text, or two for pair tasks. */
  texts: readonly string[];
  /** Index into the task's labels. True to the meaning: label noise is added by {@link noisy}. */
  label: number;
  /** How the meaning was put, for scores by kind: "negation", "passive", "other number". */
  kind: string;
}

/** The microworld's counterpart of one of the paper's tasks. */
export interface Analogue {
  /** Name in the table of tasks. */
  task: string;
  /** Share of the labels that are replaced by another one, as annotators err. */
  labelNoise: (settings: LanguageSettings) => number;
  draw: (random: Random, settings: LanguageSettings) => DrawnExample;
  /**
   * Cells of the columns that the reader ignores, where they are worth more than an empty cell: by column index.
   * MNLI's genre stands in one.
   */
  extraCells?: (example: DrawnExample) => Readonly<Record<number, string>>;
}
