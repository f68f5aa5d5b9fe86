/** What can be varied in how news are made and worded. */
export interface NewsSettings {
  /** Probability that a task label is replaced by another one. */
  labelNoise: number;
}

export const defaultNews: NewsSettings = { labelNoise: 0.04 };
