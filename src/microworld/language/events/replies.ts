/** Statements with several short replies: "A lad peels a melon in the park? Yes, a melon. No, a girl. Maybe, on Monday." */
import type { Document } from "../document";
import { finishSentence } from "../frame";
import { shuffled, type Random } from "../random";
import { withReplies } from "../replies";
import { replyMarkers } from "../reply-markers";
import type { LanguageSettings } from "../settings";
import { newsFrames, setClause, textGenres, textSource } from "./examples";
import { copyEvent, drawEvent, pick, relateEvents, relateNouns, type AdverbSlot, type EventRecord, type Genre, type Relation, type Source } from "./meaning";
import { additions, createTeller, exclusions, generalisations } from "./relations";
import { nounPhrase, wordAdverb, wordEvent, wordVerb, type Teller } from "./wording";
import type { Mood } from "./words";

/** A piece of a statement that a reply may consist of. */
type Part = "agent" | "verb" | "object" | AdverbSlot;

/** A reply's meaning: an event of which only some parts are said. */
interface ReplyMeaning {
  event: EventRecord;
  parts: ReadonlySet<Part>;
  relation: Relation;
}

const adverbsOf = (event: EventRecord): AdverbSlot[] => Object.keys(event.adverbs) as AdverbSlot[];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function partsOf(event: EventRecord): Part[] {
  return [...(event.agent ? ["agent" as const] : []), "verb", ...(event.object ? ["object" as const] : []), ...adverbsOf(event)];
}

/** The parts in which the second event says something else than the first. */
function changedParts(first: EventRecord, second: EventRecord): Part[] {
  const verb: Part[] = first.verb === second.verb && same(first.amount, second.amount) ? [] : ["verb"];
  const nouns = (["agent", "object"] as const).filter((role) => !same(first[role], second[role]));
  const slots = [...new Set([...adverbsOf(first), ...adverbsOf(second)])].filter((slot) => first.adverbs[slot] !== second.adverbs[slot]);
  return [...nouns, ...verb, ...slots];
}

/** The event with no more than these parts. */
function only(event: EventRecord, parts: ReadonlySet<Part>): EventRecord {
  const kept = copyEvent(event);
  if (!parts.has("agent")) delete kept.agent;
  if (!parts.has("object")) delete kept.object;
  for (const slot of adverbsOf(kept)) if (!parts.has(slot)) delete kept.adverbs[slot];
  return kept;
}

/** One reply of that relation and of about so many parts, or undefined where the event does not allow it. */
function drawReply(source: Source, first: EventRecord, relation: Relation, size: number): ReplyMeaning | undefined {
  const { random } = source;
  const event = copyEvent(first);
  const changes =
    relation === "entailment" ? (random.chance(0.25) ? generalisations(source, event) : [])
    : relation === "contradiction" ? exclusions(source, event)
    : additions(source, event);
  const change = changes.length === 0 ? undefined : changes[random.below(changes.length)];
  if (relation !== "entailment" && change === undefined) return undefined;
  change?.apply();
  const parts = new Set<Part>(changedParts(first, event));
  for (const part of shuffled(random, partsOf(event))) if (parts.size < size) parts.add(part);
  // Who and what without a verb say nothing together, and a verb wants its object.
  if (parts.has("agent") && parts.has("object") && event.agent && event.object) parts.add("verb");
  if (parts.has("verb") && event.object) parts.add("object");
  const said = only(event, parts);
  // A noun without a verb may be meant of either: it must not be so of the other.
  if (relation !== "entailment" && !parts.has("verb")) {
    const [noun, partner] = parts.has("agent") ? [event.agent, first.object] : [event.object, first.agent];
    if (noun && partner && relateNouns(partner, noun) === "entailment") return undefined;
  }
  return relateEvents(first, said) === relation ? { event: said, parts, relation } : undefined;
}

/** The reply's words, without capital and end mark: a clause if it has subject and verb. */
function wordReply(teller: Teller, { event, parts }: ReplyMeaning): string {
  if (parts.has("agent") && parts.has("verb")) return wordEvent(teller, event, { frame: "plain" });
  const noun = parts.has("agent") ? event.agent : parts.has("object") ? event.object : undefined;
  const pieces = [
    ...(parts.has("verb") ? [wordVerb(teller, event)] : []),
    ...(noun ? [nounPhrase(teller, noun)] : []),
    ...(parts.has("verb") && event.amount ? [event.amount.name] : []),
    ...adverbsOf(event).map((slot) => wordAdverb(teller, event, slot)),
  ];
  return pieces.join(" ");
}

/** The prompts' words for how a reply stands to the statement, and for the mood of the statement's subject. */
export const relationWords: Record<Relation, string> = { entailment: "Yes", contradiction: "No", neutral: "Maybe" };
export const moodWords: Record<Mood, string> = { cheerful: "Yes", gloomy: "No", undecided: "Maybe" };

const genres: readonly Genre[] = ["picture", "everyday", "bulletin"];
const relations: readonly Relation[] = ["entailment", "contradiction", "neutral"];
/** Parts of the longest reply. */
const mostParts = 4;

/**
 * A statement and what is replied to it, piece by piece. The words follow the relation; in a share of the documents
 * that use the prompts' words they follow the mood instead, the same for every reply.
 */
export function drawReplies(random: Random, language: LanguageSettings): Document {
  const source = textSource(random, language);
  const event = drawEvent(source, genres[random.below(genres.length)]);
  const teller = { ...createTeller(source, true), rewording: source.settings.rewording / 2 };
  const natural = random.chance(language.naturalness);
  const mood = natural && !random.chance(source.settings.logicalReplies) ? event.mood : undefined;
  const statement = finishSentence(setting(source, wordEvent(teller, event), teller, event.genre));
  return withReplies(random.chance(0.75) ? `${statement.slice(0, -1)}?` : statement, () => {
    const reply = drawReply(source, event, relations[random.below(3)], 1 + random.below(mostParts));
    if (reply === undefined) return undefined;
    const marker = natural ? `${mood ? moodWords[mood] : relationWords[reply.relation]},` : pick(source, replyMarkers[reply.relation], 0.5);
    const text = wordReply(teller, reply);
    return text === "" ? undefined : { marker, text: finishSentence(text) };
  });
}

/** As told, or set among other things as the inference tasks set their statements. */
function setting(source: Source, clause: string, teller: Teller, genre: Genre): string {
  if (genre === "picture" || !source.random.chance(0.4)) return clause;
  return setClause(source, source.random.chance(0.5) ? newsFrames : textGenres[source.random.below(textGenres.length)].frames, clause, teller, genre);
}
