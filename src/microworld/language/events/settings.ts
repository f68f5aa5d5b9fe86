/** What can be varied in how events are made and worded. */
export interface EventSettings {
  /** Probability that a task label is replaced by another one. */
  labelNoise: number;
}

export const defaultEvents: EventSettings = { labelNoise: 0.04 };
