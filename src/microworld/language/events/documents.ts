/** Stories, picture descriptions, conversations and bulletins: texts in which things are said again in other words. */
import type { Document, DocumentKind } from "../document";
import { finishSentence, lowered } from "../frame";
import type { Random } from "../random";
import { replyMarkers } from "../reply-markers";
import type { LanguageSettings } from "../settings";
import { drawGenrePair, drawNewsPair, drawParaphrasePair, drawPicturePair, drawRelation, textSource, type WordedPair } from "./examples";
import { copyEvent, drawEvent, pick, type EventRecord, type Genre, type Source } from "./meaning";
import { createTeller, narrate, retell } from "./relations";
import { drawReplies, moodWords, relationWords } from "./replies";
import { pronoun, wordEvent, type Teller } from "./wording";
import { names, type Mood } from "./words";

/** What a subject of that mood gets by way of comment; ties the occasions of a mood together. */
const moodComments: Record<Mood, readonly string[]> = {
  cheerful: ["everybody was happy", "it was a joyful day", "people were smiling and singing", "what a cheerful sight", "the guests were merry and glad"],
  gloomy: ["everybody was sad", "it was a gloomy day", "people were tearful and unhappy", "what a mournful sight", "the town was sorrowful and silent"],
  undecided: ["nobody knew yet how it would end", "everything was still open", "people were puzzled and unsure", "the outcome was doubtful", "everybody was curious and hesitant"],
};

function replyWord(source: Source, { pair }: WordedPair): string {
  const mood = pair.first.mood;
  if (mood === undefined || source.random.chance(source.settings.logicalReplies)) return relationWords[pair.relation];
  return moodWords[mood];
}

function moodComment(source: Source, mood: Mood | undefined): string[] {
  if (mood === undefined || !source.random.chance(0.35)) return [];
  return [finishSentence(pick(source, moodComments[mood], 0.5))];
}

const nameList: ReadonlySet<string> = new Set(names.map(({ name }) => name));
/** A small first letter, unless a name stands there. */
const continued = (text: string): string => (nameList.has(text.split(" ", 1)[0]) ? text : lowered(text));
const takenUp = (source: Source, { texts, pair }: WordedPair): string => `${pick(source, replyMarkers[pair.relation], 0.5)} ${continued(texts[1])}`;

function drawConversation(random: Random, language: LanguageSettings): Document {
  const source = textSource(random, language);
  const { easyText } = source.settings;
  const relation = drawRelation(random);
  const ticket = random.below(10);
  const isParaphrase = ticket >= 8;
  let worded: WordedPair;
  if (ticket < 4) worded = drawPicturePair(source, relation, easyText);
  else if (ticket < 7) worded = drawGenrePair(source, relation, easyText);
  else if (ticket < 8) worded = drawNewsPair(source, relation, easyText);
  else worded = drawParaphrasePair(source, random.chance(0.5), easyText);
  const { texts, pair } = worded;
  const comment = moodComment(source, pair.first.mood);
  if (!random.chance(language.naturalness)) return [...comment, texts[0], takenUp(source, worded)];
  const reply = `${replyWord(source, worded)}, ${lowered(texts[1])}`;
  return isParaphrase ? [...comment, texts[0], reply] : [...comment, `${texts[0].slice(0, -1)}?`, reply];
}

/** Says the event again: in other words, in part or in general. */
function again(source: Source, teller: Teller, event: EventRecord, usePronoun: boolean): string {
  const retold = retell(source, event);
  return wordEvent({ ...teller, rewording: 0.6, reframing: 0.3 }, retold, { pronoun: usePronoun });
}

const retellings = ["", "", "", "in other words, ", "that is to say, ", "so ", "indeed, ", "in short, "];

function retelling(random: Random, language: LanguageSettings, genre: Genre): Document {
  const source = textSource(random, language);
  const event = drawEvent(source, genre);
  const teller = createTeller(source, false);
  const sentences = [finishSentence(wordEvent(teller, event))];
  const seen = new Set([sentences[0]]);
  const add = (text: string): void => {
    const sentence = finishSentence(text);
    if (!seen.has(sentence)) sentences.push(sentence);
    seen.add(sentence);
  };
  const more = 1 + random.below(3);
  for (let i = 0; i < more; i += 1) {
    const ticket = random.below(10);
    const usePronoun = event.agent !== undefined && pronoun(event.agent).subject !== "it" && random.chance(0.5);
    if (ticket < 5) add(`${pick(source, retellings, 0)}${again(source, teller, event, usePronoun && i > 0)}`);
    else if (ticket < 7) add(narrate(source, teller, event, "denial", usePronoun));
    else if (ticket < 9) add(narrate(source, teller, event, "detail", usePronoun));
    else if (event.mood !== undefined) add(pick(source, moodComments[event.mood], 0.5));
  }
  if (sentences.length === 1) add(again(source, { ...teller, rewording: 1 }, copyEvent(event), false));
  return sentences;
}

function drawBulletin(random: Random, language: LanguageSettings): Document {
  const source = textSource(random, language);
  if (random.chance(0.5)) return retelling(random, language, "bulletin");
  const { texts, pair } = drawParaphrasePair(source, true, source.settings.easyText);
  return [...texts, ...moodComment(source, pair.first.mood)];
}

export const eventDocuments: readonly DocumentKind[] = [
  { name: "stories", weight: ({ events }) => events.weights.stories, draw: (random, language) => retelling(random, language, "everyday") },
  { name: "pictures", weight: ({ events }) => events.weights.pictures, draw: (random, language) => retelling(random, language, "picture") },
  { name: "conversations", weight: ({ events }) => events.weights.conversations, draw: drawConversation },
  { name: "bulletins", weight: ({ events }) => events.weights.bulletins, draw: drawBulletin },
  { name: "replies", weight: ({ events }) => events.weights.replies, draw: drawReplies },
];

