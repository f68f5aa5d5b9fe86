/** What can be varied in how events are made and worded. Shares and probabilities are numbers in [0, 1]. */
export interface EventSettings {
  /** Probability that a task label is replaced by another one. */
  labelNoise: number;
  /**
   * In natural replies ("P? Yes, h"): share of those whose word follows from the relation between the two statements.
   * In the rest it follows the mood of the subject: "Yes" to feasts, "No" to accidents, "Maybe" to what is undecided.
   */
  logicalReplies: number;
  /** Share of events whose mood shows, by an occasion or by the temper of those who act. */
  moodShare: number;
  /** Share of the pretraining text's pairs that are easy: one change, the other words the same. */
  easyText: number;
  /** The same in each task. */
  easyTask: { snli: number; mnli: number; rte: number; mrpc: number };
  /** In pairs that are not easy: probability that a word comes back as a synonym. */
  rewording: number;
  /** In pairs that are not easy: probability of a frame other than the plain one (passive, cleft, fronted time). */
  reframing: number;
  /** Share of pairs with a negation in the second statement; the same for every label. */
  negation: number;
  /** Share of pairs with a negation in the first statement; the same for every label. */
  premiseNegation: number;
  /** Share of first statements that are reported: "Anna knew that", "Anna claimed that". */
  reports: number;
  /** Share of MRPC's pairs that are paraphrases, as in the real data. */
  paraphrases: number;
  /** Zipf exponent of words in the pretraining text, a multiple of 0.5. */
  zipfExponent: number;
  /** Share of documents that draw their words as the tasks do. */
  broadDocuments: number;
  /** The same exponent in the tasks' examples. */
  taskZipfExponent: number;
  /** Weights of the kinds of document, relative to those of other families. */
  weights: { stories: number; pictures: number; conversations: number; bulletins: number; replies: number };
}

export const defaultEvents: EventSettings = {
  labelNoise: 0.04,
  logicalReplies: 0.85,
  moodShare: 0.8,
  easyText: 0.85,
  easyTask: { snli: 0.8, mnli: 0.65, rte: 0.7, mrpc: 0.65 },
  rewording: 0.4,
  reframing: 0.5,
  negation: 0.12,
  premiseNegation: 0.05,
  reports: 0.08,
  paraphrases: 0.67,
  zipfExponent: 1,
  broadDocuments: 0.3,
  taskZipfExponent: 0.5,
  weights: { stories: 0.06, pictures: 0.1, conversations: 0.34, bulletins: 0.08, replies: 0 },
};
