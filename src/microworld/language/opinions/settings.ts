/** What can be varied in how opinions are held and worded. */
export interface OpinionSettings {
  /** Outside the task's domain: share of opinions worded by the words that serve every domain. */
  generalShare: number;
  /**
   * Inside the task's domain: the same share. It is what ties the domain's own adjectives to
   * great and terrible; the smaller, the more a prompt alone has to miss.
   */
  bridge: number;
  /** Share of documents that are reviews in the task's domain. */
  taskDomainShare: number;
  /** Share of documents without opinions. */
  neutralShare: number;
  /** Probability that a statement in a review agrees with the review's opinion. */
  consistency: number;
  /** Probability that an adjective comes as a pair of the same polarity. */
  pairShare: number;
  /** Zipf exponent of opinion words in the pretraining text, a multiple of 0.5. */
  zipfExponent: number;
  /** The same in the task's sentences: reviewers with a larger vocabulary. */
  taskZipfExponent: number;
  /** How statements are worded; relative weights. */
  kinds: { plain: number; implicit: number; contrast: number; negation: number };
  /** The same in the task's sentences. */
  taskKinds: { plain: number; implicit: number; contrast: number; negation: number };
  /** Probability that a task label is flipped. */
  labelNoise: number;
}

export const defaultOpinions: OpinionSettings = {
  generalShare: 0.5,
  bridge: 0.015,
  taskDomainShare: 0.4,
  neutralShare: 0.12,
  consistency: 0.97,
  pairShare: 0.6,
  zipfExponent: 1,
  taskZipfExponent: 0.5,
  kinds: { plain: 0.4, implicit: 0.2, contrast: 0.2, negation: 0.2 },
  taskKinds: { plain: 0.4, implicit: 0.2, contrast: 0.2, negation: 0.2 },
  labelNoise: 0.06,
};
