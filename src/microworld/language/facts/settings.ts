/** What can be varied in how facts are made and worded. */
export interface FactSettings {
  /** Probability that a task label is replaced by another one, by task. */
  labelNoise: { trec: number; qnli: number; qqp: number };
  /**
   * In quizzes, the share of the words in front of questions that name the subject area of the entity asked about
   * ("Location:" before any question about a town) rather than the type of the answer.
   */
  areaHeadings: number;
  /**
   * In questions answered with "Yes," or "No,", the share in which the word tells a well-known entity from an obscure
   * one rather than a sentence that answers from one that does not.
   */
  familiarAnswers: number;
  /**
   * In forums where a question is taken up with "Yes," or "No,", the share in which the word tells a question for
   * advice from one about a fact rather than the same question from another.
   */
  secondedAdvice: number;
  /** Share of the pairs of questions that mean the same. */
  duplicateShare: number;
  /** Weights of the documents with several short replies to a question, for sentences that answer and for other questions. */
  replies: { answers: number; questions: number };
  /** Zipf exponent of entities in the pretraining text, a multiple of 0.5. */
  zipfExponent: number;
  /** The same in the tasks' examples. */
  taskZipfExponent: number;
}

export const defaultFacts: FactSettings = {
  labelNoise: { trec: 0.03, qnli: 0.04, qqp: 0.04 },
  areaHeadings: 0.5,
  familiarAnswers: 0.35,
  secondedAdvice: 0.3,
  duplicateShare: 0.37,
  replies: { answers: 0, questions: 0 },
  zipfExponent: 1,
  taskZipfExponent: 0.5,
};
