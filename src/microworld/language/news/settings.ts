/** What can be varied in how news are made and worded. */
export interface NewsSettings {
  /** Probability that a task label is replaced by another one. */
  labelNoise: number;
  /**
   * In articles that say which news they are about, the share in which the word is the section that the newspaper is
   * known for ("business" for anything in The Courier) rather than the topic.
   */
  paperSections: number;
  /** Probability that an article names its newspaper. */
  paperNamed: number;
  /** Probability that an article's second sentence is one that could follow any news. */
  generalFollowUps: number;
  /** Probability that an article also tells of an event of another topic, as the lesser one, before or after its own. */
  asides: number;
}

export const defaultNews: NewsSettings = { labelNoise: 0.03, paperSections: 0.5, paperNamed: 0.85, generalFollowUps: 0.25, asides: 0.3 };
