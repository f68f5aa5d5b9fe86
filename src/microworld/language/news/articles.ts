/** News: an event is drawn, then its words. */
import { finishSentence } from "../frame";
import { cities, largeNumbers, months, people, smallNumbers, weekdays } from "../lexicon";
import { createPhrasing, phrases, words, type PhraseTable } from "../facts/phrasing";
import { countries, surnames } from "../facts/words";
import { draw, uniform, zipf, type Random, type Weighted } from "../random";
import type { LanguageSettings } from "../settings";
import { asides, events, generalFollows, papers, topics, turns, type Topic } from "./events";

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
}

const eventTables = new Map<Topic, Weighted<EventTables>>(
  topics.map((topic) => [
    topic,
    zipf(
      events[topic].map(({ name, leads, follows }) => ({
        name,
        leads: phrasing.table(phrases(leads), open),
        follows: phrasing.table(phrases(follows), open),
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
  sentences: readonly string[];
}

const asideTable = phrasing.table(phrases(asides), ["s"]);
const turnTable = phrasing.table(phrases(turns), ["s"]);

/** Who, where and which companies and clubs: one value for each slot that keeps its value. */
function drawCast(random: Random): Record<string, string> {
  const cast: Record<string, string> = {};
  for (const [[one, two], values] of kept) {
    cast[one] = draw(random, values);
    do cast[two] = draw(random, values);
    while (cast[two] === cast[one]);
  }
  return cast;
}

/** An article of that many sentences, two at least. */
export function drawArticle(random: Random, settings: LanguageSettings, sentenceCount: number, topic: Topic = topics[random.below(topics.length)]): Article {
  const { name, leads, follows } = draw(random, eventTables.get(topic)!);
  const cast = drawCast(random);
  const [paper, section] = draw(random, paperTable);
  /** A first sentence, mostly with the newspaper's name. */
  const opening = (text: string): string => {
    if (!random.chance(settings.news.paperNamed)) return finishSentence(text);
    if (random.chance(0.6)) return `${cast.T} (${paper}): ${finishSentence(text)}`;
    return finishSentence(`${text}, the ${paper} ${["reported", "wrote", "said"][random.below(3)]}`);
  };
  const lead = phrasing.say(random, leads, cast);
  const sentences: string[] = [];
  if (random.chance(settings.news.asides)) {
    const others = topics.filter((other) => other !== topic);
    const aside = phrasing.say(random, draw(random, eventTables.get(others[random.below(others.length)])!).leads, drawCast(random));
    if (random.chance(0.5)) sentences.push(opening(aside), finishSentence(phrasing.say(random, turnTable, { s: lead })));
    else sentences.push(opening(lead), finishSentence(phrasing.say(random, asideTable, { s: aside })));
  } else {
    sentences.push(opening(lead));
  }
  while (sentences.length < sentenceCount) {
    const table = random.chance(settings.news.generalFollowUps) ? generalTable : follows;
    const sentence = finishSentence(phrasing.say(random, table, cast));
    if (!sentences.includes(sentence)) sentences.push(sentence);
  }
  return { topic, event: name, section, sentences };
}
