/** News articles by topic (AG News): two sentences; what happened stands as a title in a column that the task does not read. */
import type { Analogue } from "../language/document";
import { finishSentence } from "../language/frame";
import { drawArticle } from "../language/news/articles";
import { topics } from "../language/news/events";

/** Shorter and longer articles are not used as examples. */
const fewestWords = 18;
const mostWords = 40;

export const agNews: Analogue = {
  task: "ag_news",
  labelNoise: (settings) => settings.news.labelNoise,
  draw: (random, settings) => {
    for (;;) {
      const { topic, event, sentences } = drawArticle(random, settings, 2);
      const text = sentences.join(" ");
      const length = text.split(" ").length;
      if (length >= fewestWords && length <= mostWords) return { texts: [text], label: topics.indexOf(topic), kind: `${topic}: ${event}` };
    }
  },
  extraCells: ({ kind }) => ({ 1: finishSentence(kind.slice(kind.indexOf(":") + 2), "") }),
};
