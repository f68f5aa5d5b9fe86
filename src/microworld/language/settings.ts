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

/** Recorded settings with what older records lack: the weights of kinds of text that did not exist then are 0. */
export function completeLanguage(recorded: LanguageSettings): LanguageSettings {
  const { events, facts, opinions } = recorded;
  return {
    ...recorded,
    opinions: { ...opinions, shares: { ...opinions.shares, reviewPoints: opinions.shares.reviewPoints ?? 0, affairPoints: opinions.shares.affairPoints ?? 0 } },
    events: { ...events, weights: { ...events.weights, replies: events.weights.replies ?? 0 } },
    facts: { ...facts, replies: facts.replies ?? { answers: 0, questions: 0 } },
  };
}
