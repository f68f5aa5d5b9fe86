/** What can be varied in how facts are made and worded. */
export interface FactSettings {
  /** Probability that a task label is replaced by another one. */
  labelNoise: number;
}

export const defaultFacts: FactSettings = { labelNoise: 0.04 };
