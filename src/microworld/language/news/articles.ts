/** News: an event is drawn, then its words. */
import { finishSentence } from "../frame";
import { cities, largeNumbers, months, people, smallNumbers, weekdays } from "../lexicon";
import { createPhrasing, phrases, words, type PhraseTable } from "../facts/phrasing";
import { countries, surnames } from "../facts/words";
import { draw, uniform, zipf, type Random, type Weighted } from "../random";
import type { LanguageSettings } from "../settings";
import { events, generalFollows, papers, topics, type Topic } from "./events";

const phrasing = createPhrasing({
  n: smallNumbers,
  large: largeNumbers,
  month: months,
  weekday: weekdays,
  day: phrases("on {weekday} | today | yesterday | late on {weekday} | early on {weekday} | this week"),
});

/** Slots whose value stays the same through an article, with what they are drawn from; the pairs never agree. */
const kept: readonly (readonly [slots: readonly string[], values: Weighted<string>])[] = [
  [["P", "Q"], zipf(Array.from({ length: 120 }, (_, i) => `${people[(i * 5) % people.length]} ${surnames[(i * 13 + Math.floor(i / 30)) % surnames.length]}`), 0.5)],
  [["C", "D"], zipf([...countries, ...words("France Brazil India Egypt Japan Canada Mexico Turkey")], 0.5)],
  [["T", "U"], zipf(cities, 0.5)],
  [["F", "G"], zipf([...new Set(Array.from({ length: 60 }, (_, i) => `${surnames[(i * 7) % 20]} ${words("Motors Foods Systems Airlines Steel Media Electric Bank")[(i * 3 + Math.floor(i / 20)) % 8]}`))], 0.5)],
  [["L", "M"], zipf([...new Set(Array.from({ length: 60 }, (_, i) => `${cities[(i * 7) % cities.length]} ${words("Rovers Tigers Eagles United Lions Sharks City Wolves")[(i * 3 + Math.floor(i / 20)) % 8]}`))], 0.5)],
];
const open = kept.flatMap(([slots]) => slots);

interface EventTables {
  name: string;
  leads: PhraseTable;
  follows: PhraseTable;
  titles: PhraseTable;
}

const eventTables = new Map<Topic, Weighted<EventTables>>(
  topics.map((topic) => [
    topic,
    zipf(
      events[topic].map(({ name, leads, follows, titles }) => ({
        name,
        leads: phrasing.table(phrases(leads), open),
        follows: phrasing.table(phrases(follows), open),
        titles: phrasing.table(phrases(titles), open),
      })),
      0.5,
    ),
  ]),
);
const generalTable = phrasing.table(phrases(generalFollows), open);
const paperTable = uniform(papers);

export interface Article {
  topic: Topic;
  event: string;
  /** The section its newspaper is known for. */
  section: Topic;
  title: string;
  sentences: readonly string[];
}

/** An article of that many sentences. */
export function drawArticle(random: Random, settings: LanguageSettings, sentenceCount: number, topic: Topic = topics[random.below(topics.length)]): Article {
  const { name, leads, follows, titles } = draw(random, eventTables.get(topic)!);
  const filling: Record<string, string> = {};
  for (const [slots, values] of kept) {
    const [one, two] = slots;
    filling[one] = draw(random, values);
    do filling[two] = draw(random, values);
    while (filling[two] === filling[one]);
  }
  const [paper, section] = draw(random, paperTable);
  const lead = phrasing.say(random, leads, filling);
  const sentences: string[] = [];
  if (!random.chance(settings.news.paperNamed)) sentences.push(finishSentence(lead));
  else if (random.chance(0.6)) sentences.push(`${filling.T} (${paper}): ${finishSentence(lead)}`);
  else sentences.push(finishSentence(`${lead}, the ${paper} ${["reported", "wrote", "said"][random.below(3)]}`));
  while (sentences.length < sentenceCount) {
    const table = random.chance(settings.news.generalFollowUps) ? generalTable : follows;
    const sentence = finishSentence(phrasing.say(random, table, filling));
    if (!sentences.includes(sentence)) sentences.push(sentence);
  }
  return { topic, event: name, section, title: finishSentence(phrasing.say(random, titles, filling), ""), sentences };
}
