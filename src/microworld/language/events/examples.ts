/** Labelled pairs for the inference and paraphrase tasks. */
import { compileFrames, expandFrame, finishSentence, type FrameTable } from "../frame";
import { draw, type Random } from "../random";
import type { LanguageSettings } from "../settings";
import { drawEvent, type Genre, type Relation, type Source } from "./meaning";
import { createTeller, drawPair, drawParaphrase, relations, wordPair, type EventPair } from "./relations";
import { wordEvent, type Teller } from "./wording";

/** For the pretraining text: most documents keep to common words, some use all words alike. */
export function textSource(random: Random, { events }: LanguageSettings): Source {
  return { random, settings: events, exponent: random.chance(events.broadDocuments) ? events.taskZipfExponent : events.zipfExponent };
}
export const taskSource = (random: Random, { events }: LanguageSettings): Source => ({ random, settings: events, exponent: events.taskZipfExponent });

/** A pair's two sentences and how it was made. */
export interface WordedPair {
  texts: [string, string];
  pair: EventPair;
  kind: string;
}

const spelt = (first: string, second: string): [string, string] => [finishSentence(first), finishSentence(second)];
const kindOf = (pair: EventPair, prefix = ""): string => `${prefix}${pair.easy ? "easy" : "hard"}: ${pair.kind}`;

/** One picture and what might be said of it. */
export function drawPicturePair(source: Source, relation: Relation, easyShare: number): WordedPair {
  const easy = source.random.chance(easyShare);
  const pair = drawPair(source, "picture", relation, easy);
  return { texts: spelt(...wordPair(createTeller(source, easy), pair)), pair, kind: kindOf(pair) };
}

/** The genres of MNLI: which events are told and how a statement is set. All settings are ones that vouch for {c}. */
export interface TextGenre {
  name: string;
  events: readonly Genre[];
  frames: FrameTable;
}

const genre = (name: string, events: readonly Genre[], frames: readonly (string | readonly [string, number])[]): TextGenre => ({ name, events, frames: compileFrames(frames) });

export const textGenres: readonly TextGenre[] = [
  genre("fiction", ["everyday"], [
    ["{c}", 2], "it was already dark when {c}", "{c}, and nobody said a word", "the clock struck {n}, and {c}", "once more {c}", "{c}, and {d}", "the door opened, and {c}",
  ]),
  genre("telephone", ["everyday"], [
    "well, you know, {c}", "yeah, {c}, you know", "uh, {c}", "oh yes, I heard it myself, {c}", "right, and {c}", "you see, {c}, and {d}", "okay, so {c}",
  ]),
  genre("government", ["bulletin"], [
    ["{c}", 2], "the annual report confirms that {c}", "as the audit has shown, {c}", "the records prove that {c}", "{c}, and {d}", "section {n} explains why {c}", "it is well documented that {c}",
  ]),
  genre("travel", ["everyday", "bulletin"], [
    ["{c}", 2], "as every guide will tell you, {c}", "a small sign recalls that {c}", "visitors can see the place where {c}", "the town is known for {n} old towers, and {c}", "{c}, and {d}",
  ]),
  genre("letters", ["everyday", "bulletin"], [
    "dear friend, {c}", "I am writing to tell you that {c}", "thank you for your letter; {c}", "you will be pleased to hear that {c}", "as you know, {c}", "{c}, and {d}",
  ]),
];

const numbers = ["two", "three", "four", "five", "six", "seven", "eight"];

/** Sets a clause into a frame; {d} is another event of the same genre. */
export function setClause(source: Source, frames: FrameTable, clause: string, teller: Teller, kind: Genre): string {
  return expandFrame(draw(source.random, frames), (slot) => {
    if (slot === "c") return clause;
    if (slot === "n") return numbers[source.random.below(numbers.length)];
    return otherClause(source, teller, kind);
  });
}

/** Another event, told in short. */
export function otherClause(source: Source, teller: Teller, kind: Genre): string {
  const event = drawEvent(source, kind);
  event.adverbs = event.adverbs.city === undefined ? {} : { city: event.adverbs.city };
  return wordEvent({ ...teller, memory: new Map() }, event, { frame: "plain" });
}

export function drawGenrePair(source: Source, relation: Relation, easyShare: number): WordedPair & { genre: string } {
  const { random } = source;
  const easy = random.chance(easyShare);
  const textGenre = textGenres[random.below(textGenres.length)];
  const kind = textGenre.events[random.below(textGenre.events.length)];
  const pair = drawPair(source, kind, relation, easy);
  const teller = createTeller(source, easy);
  const [first, second] = wordPair(teller, pair);
  return { texts: spelt(setClause(source, textGenre.frames, first, teller, kind), second), pair, kind: kindOf(pair, `${textGenre.name}, `), genre: textGenre.name };
}

export const newsFrames = compileFrames([
  "{c}, while {d}", "{c}, and {d}", "{d}, while {c}", "{c}; at the same time {d}", "{d}; meanwhile, {c}", "two things were in the news: {c}, and {d}", "{c}, shortly after {d}",
]);

/** Two facts of the news, and a short statement about one of them. */
export function drawNewsPair(source: Source, relation: Relation, easyShare: number): WordedPair {
  const { random } = source;
  const easy = random.chance(easyShare);
  const kind: Genre = random.chance(0.75) ? "bulletin" : "everyday";
  const pair = drawPair(source, kind, relation, easy);
  const teller = createTeller(source, easy);
  const [first, second] = wordPair(teller, pair);
  return { texts: spelt(setClause(source, newsFrames, first, teller, kind), second), pair, kind: kindOf(pair) };
}

/** How many words two sentences do not share. */
function unshared(first: string, second: string): number {
  const [a, b] = [first, second].map((text) => new Set(text.toLowerCase().split(/[ ,.]+/)));
  return [...a].filter((word) => !b.has(word)).length + [...b].filter((word) => !a.has(word)).length;
}

/** Two sentences from the news that say the same or differ in one fact. */
export function drawParaphrasePair(source: Source, paraphrase: boolean, easyShare: number): WordedPair {
  const { settings, random } = source;
  const easy = random.chance(easyShare);
  for (;;) {
    const pair = drawParaphrase(source, paraphrase, easy);
    const teller: Teller = { ...source, memory: new Map(), rewording: easy ? settings.rewording / 2 : settings.rewording, reframing: settings.reframing };
    let [first, second] = wordPair(teller, pair);
    // A paraphrase is more than one word put otherwise.
    if (unshared(first, second) < (paraphrase ? 3 : 2)) continue;
    if (random.chance(0.3)) {
      // A further fact that both reports have, or one lacks: its absence decides nothing.
      const more = otherClause(source, teller, pair.first.genre);
      first = `${first}, and ${more}`;
      if (random.chance(0.7)) second = `${second}, and ${more}`;
    }
    return { texts: spelt(first, second), pair, kind: kindOf(pair) };
  }
}

export const drawRelation = (random: Random): Relation => relations[random.below(3)];

/** Class of a relation in MNLI and SNLI. */
export const threeWayLabel = (relation: Relation): number => relations.indexOf(relation);
