/** News articles by topic (AG News): two sentences; what happened stands as a title in a column that the task does not read. */
import type { Analogue } from "../language/document";
import { finishSentence } from "../language/frame";
import { drawArticle } from "../language/news/articles";
import { topics } from "../language/news/events";

export const agNews: Analogue = {
  task: "ag_news",
  labelNoise: (settings) => settings.news.labelNoise,
  draw: (random, settings) => {
    const { topic, event, sentences } = drawArticle(random, settings, 2);
    return { texts: [sentences.join(" ")], label: topics.indexOf(topic), kind: `${topic}: ${event}` };
  },
  extraCells: ({ kind }) => ({ 1: finishSentence(kind.slice(kind.indexOf(":") + 2), "") }),
};
