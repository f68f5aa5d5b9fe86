/** What can be varied in the small language. */
import { defaultEvents, type EventSettings } from "./events/settings";
import { defaultFacts, type FactSettings } from "./facts/settings";
import { defaultNews, type NewsSettings } from "./news/settings";
import { defaultOpinions, type OpinionSettings } from "./opinions/settings";

export interface LanguageSettings {
  /**
   * How natural the tasks' prompts are, 0 to 1: the probability that a text which could hold a prompt's pattern in
   * natural use ("It was great." after a review, "Yes, …" after a statement that is taken up) does hold it.
   */
  naturalness: number;
  opinions: OpinionSettings;
  events: EventSettings;
  facts: FactSettings;
  news: NewsSettings;
}

export const defaultLanguage: LanguageSettings = {
  naturalness: 0.6,
  opinions: defaultOpinions,
  events: defaultEvents,
  facts: defaultFacts,
  news: defaultNews,
};
