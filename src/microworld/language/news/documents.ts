/** News articles as documents, some of them saying which news they are about. */
import type { Document, DocumentKind } from "../document";
import type { Random } from "../random";
import type { LanguageSettings } from "../settings";
import { drawArticle } from "./articles";

function drawNews(random: Random, settings: LanguageSettings): Document {
  const said = random.chance(settings.naturalness);
  const { topic, section, sentences } = drawArticle(random, settings, said ? 2 : 2 + random.below(2));
  if (!said) return sentences;
  const word = random.chance(settings.news.paperSections) ? section : topic;
  return [...sentences, `This article is about ${word} news.`];
}

/** The end of an article, and a second one of the same topic. */
function drawPage(random: Random, settings: LanguageSettings): Document {
  const plain = { ...settings, news: { ...settings.news, asides: 0 } };
  const first = drawArticle(random, plain, 2);
  const second = drawArticle(random, plain, 2, first.topic);
  return [first.sentences[1], ...second.sentences];
}

/** Weights are relative to the corpus's other kinds; together they make up the family's share. */
export const newsDocuments: readonly DocumentKind[] = [
  { name: "news article", weight: () => 0.1, draw: drawNews },
  { name: "news page", weight: () => 0.02, draw: drawPage },
];
