/** What can be varied in how opinions are held and worded. */

/** How opinions are worded; relative weights. */
export interface KindShares {
  plain: number;
  implicit: number;
  contrast: number;
  negation: number;
  comparison: number;
  irony: number;
}

/** Shares of the corpus, in documents and relative to the other families' kinds. */
export interface OpinionDocumentShares {
  films: number;
  otherReviews: number;
  graded: number;
  affairs: number;
  plots: number;
  editorials: number;
  everyday: number;
  /** Reviews and notes on world affairs that judge point by point. */
  reviewPoints: number;
  affairPoints: number;
}

export interface OpinionSettings {
  shares: OpinionDocumentShares;
  /** Share of gadgets among the reviews of other things than films. */
  gadgetShare: number;
  /** Outside films: share of opinions worded by the words that serve every domain. */
  generalShare: number;
  /**
   * In films: the same share. It is what ties the films' own adjectives to great and terrible besides the
   * verdicts; the smaller, the more a prompt alone has to miss.
   */
  bridge: number;
  /** Probability that a statement in a review agrees with the review's opinion. */
  consistency: number;
  /** Probability that an adjective comes as a pair of the same polarity. */
  pairShare: number;
  /** Zipf exponent of opinion words in the pretraining text, a multiple of 0.5. */
  zipfExponent: number;
  /** The same in the tasks' sentences: reviewers with a larger vocabulary. */
  taskZipfExponent: number;
  /** Share of the label words themselves among the words of verdicts on the opinion. */
  labelWordShare: number;
  /**
   * Share of the verdicts on films that speak of the opinion. The rest say "great" of what is grand and "terrible" of
   * what is frightening, whatever the opinion.
   */
  opinionVerdicts: number;
  /** Share of the verdicts on gadgets that speak of the gadget. The rest speak of how the order went. */
  gadgetVerdicts: number;
  /**
   * Share of the verdicts on world affairs that speak of what somebody does or holds. The rest speak of the thing it is
   * done to: "They ended the war. It was terrible."
   */
  affairVerdicts: number;
  /**
   * Share of the editorials whose "subjective" and "objective" follow whether an opinion is given. The rest call
   * whatever holds figures objective and whatever is about food or music subjective.
   */
  opinionJudgements: number;
  /** Share of the strong and mild statements whose wording does not tell one from the other. */
  ungradedShare: number;
  /** Share of the reviews of films and gadgets that hold the other matter though no verdict speaks of it. */
  sideShare: number;
  /** Share of the task sentences that mention scale or fright (films), or how the order went (gadgets). */
  taskSideShare: number;
  /** How the statements of reviews are worded. */
  kinds: KindShares;
  /** The same in the sentences of SST-2. */
  taskKinds: KindShares;
  /** The same in the sentences of MR: more is said between the lines. */
  longKinds: KindShares;
  /** The same in the sentences of CR. */
  gadgetKinds: KindShares;
  /** Probability that a label of SST-2 or MR is flipped; the other tasks have their own. */
  labelNoise: number;
  gradedLabelNoise: number;
  gadgetLabelNoise: number;
  phraseLabelNoise: number;
  subjectivityLabelNoise: number;
}

export const defaultOpinions: OpinionSettings = {
  shares: { films: 0.26, otherReviews: 0.18, graded: 0.1, affairs: 0.12, plots: 0.05, editorials: 0.03, everyday: 0.02, reviewPoints: 0, affairPoints: 0 },
  gadgetShare: 0.5,
  generalShare: 0.5,
  bridge: 0.08,
  consistency: 0.97,
  pairShare: 0.6,
  zipfExponent: 1,
  taskZipfExponent: 0.5,
  labelWordShare: 0.55,
  opinionVerdicts: 0.6,
  gadgetVerdicts: 0.6,
  affairVerdicts: 0.6,
  opinionJudgements: 0.4,
  ungradedShare: 0.3,
  sideShare: 0.4,
  taskSideShare: 0.4,
  kinds: { plain: 0.5, implicit: 0.15, contrast: 0.17, negation: 0.17, comparison: 0, irony: 0.01 },
  taskKinds: { plain: 0.5, implicit: 0.18, contrast: 0.17, negation: 0.13, comparison: 0, irony: 0.02 },
  longKinds: { plain: 0.38, implicit: 0.23, contrast: 0.23, negation: 0.13, comparison: 0, irony: 0.03 },
  gadgetKinds: { plain: 0.42, implicit: 0.18, contrast: 0.12, negation: 0.12, comparison: 0.15, irony: 0.01 },
  labelNoise: 0.05,
  gradedLabelNoise: 0.06,
  gadgetLabelNoise: 0.05,
  phraseLabelNoise: 0.05,
  subjectivityLabelNoise: 0.03,
};
