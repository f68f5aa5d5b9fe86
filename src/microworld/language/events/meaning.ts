/** What happens: events as records, drawn before they are worded, and how one event's meaning relates to another's. */
import { smallNumbers } from "../lexicon";
import { draw, uniform, zipf, type Random, type Weighted } from "../random";
import type { EventSettings } from "./settings";
import { adjectives, adverbials, amounts, isKindOf, moods, names, nouns, verbs, type Concept, type Mood, type NounGroup, type Verb } from "./words";

export type Genre = "picture" | "everyday" | "bulletin";
export type AdjectiveSlot = "colour" | "size" | "age" | "stature" | "years" | "temper";
export type AdverbSlot = "spot" | "city" | "day" | "month" | "part" | "hurry" | "noise" | "care" | "purpose" | "company" | "cause" | "occasion";

/** exactly 1 is the singular; "some" is two or more. */
export interface Count {
  relation: "exactly" | "over" | "under" | "some";
  n: number;
}

export interface Noun {
  concept: Concept;
  definite: boolean;
  count: Count;
  traits: Partial<Record<AdjectiveSlot, Concept>>;
  wears?: { garment: Concept; colour?: Concept };
}

/** How somebody holds that something is so. Factive: what is known is so; what is only said may not be. */
export interface ReportVerb {
  words: readonly string[];
  factive: boolean;
}

export interface Report {
  source: Noun;
  verb: ReportVerb;
}

export interface EventRecord {
  genre: Genre;
  verb: Verb;
  /** None: "the car was sold". */
  agent?: Noun;
  object?: Noun;
  amount?: Concept;
  adverbs: Partial<Record<AdverbSlot, Concept>>;
  negated: boolean;
  report?: Report;
  /** The subject's mood, to be read from its occasion or from the agents' temper. */
  mood?: Mood;
}

export const factives: readonly ReportVerb[] = [
  { words: ["knew that", "was aware that"], factive: true },
  { words: ["noticed that", "saw that"], factive: true },
  { words: ["remembered that", "did not forget that"], factive: true },
  { words: ["was glad that", "was pleased that"], factive: true },
];
export const nonFactives: readonly ReportVerb[] = [
  { words: ["said that", "claimed that", "maintained that"], factive: false },
  { words: ["believed that", "thought that", "supposed that"], factive: false },
  { words: ["hoped that", "wished that"], factive: false },
  { words: ["feared that", "was afraid that"], factive: false },
];

/** Where words are drawn from: a steep or a flatter Zipf law. */
export interface Source {
  random: Random;
  settings: EventSettings;
  exponent: number;
}

const tableCaches = new Map<number, WeakMap<object, Weighted<unknown>>>();

/** One of a list in order of frequency; tables are kept for each list and exponent. */
export function pick<T>(source: Source, list: readonly T[], exponent = source.exponent): T {
  let cache = tableCaches.get(exponent);
  if (cache === undefined) tableCaches.set(exponent, (cache = new WeakMap<object, Weighted<unknown>>()));
  let table = cache.get(list) as Weighted<T> | undefined;
  if (table === undefined) cache.set(list, (table = exponent === 0 ? uniform(list) : zipf(list, exponent)));
  return draw(source.random, table);
}

const verbsOf: Record<Genre, readonly Verb[]> = { picture: [], everyday: [], bulletin: [] };
/** The letter by which the table of verbs marks a genre. */
export const genreTags: Record<Genre, string> = { picture: "p", everyday: "e", bulletin: "n" };
for (const genre of ["picture", "everyday", "bulletin"] as const) {
  verbsOf[genre] = [...verbs.values()].filter((verb) => verb.tags.includes(genreTags[genre]));
}

const members = (group: NounGroup | "name"): readonly Concept[] => (group === "name" ? names : nouns[group]);
const isPerson = (concept: Concept): boolean => ["folk", "job", "person"].includes(concept.group);
const isAnimal = (concept: Concept): boolean => concept.group === "animal";
const animalColours = adjectives.colour.filter(({ name }) => ["black", "white", "brown", "grey"].includes(name));
const coloured = new Set(["vehicle", "furniture", "toy", "gift", "garment"]);
const aged = new Set(["vehicle", "furniture", "building", "instrument", "paper", "gift"]);
const sober = new Set(
  `at the festival|after the victory|during the celebration|after the accident|during the flood|after the defeat|during the war
   |after the bad news|during the epidemic|before the vote|ahead of the talks|before the verdict|during the debate|ahead of the draw
   |as a trial`.split(/\s*\|/),
);
/** Occasions that fit news as well. */
const occasions = Object.fromEntries(
  moods.flatMap((mood) => [
    [mood, adverbials[mood]],
    [`sober ${mood}`, adverbials[mood].filter(({ name }) => sober.has(name))],
  ]),
);
const manners = ["hurry", "noise", "care", "purpose"] as const;

/** What a thing of that concept can be like, slot by slot. */
export function traitChoices(concept: Concept, genre: Genre): readonly (readonly [AdjectiveSlot, readonly Concept[]])[] {
  if (genre === "bulletin") return ["building", "outlet"].includes(concept.group) ? [["size", adjectives.size], ["age", adjectives.age]] : [];
  if (concept.group === "folk") return [["stature", adjectives.stature], ["years", adjectives.years]];
  if (isPerson(concept)) return concept.group === "job" ? [["stature", adjectives.stature], ["years", adjectives.years]] : [];
  if (isAnimal(concept)) return [["colour", animalColours], ["size", adjectives.size]];
  if (concept.group === "goal" || concept.group === "name" || concept.group === "relative") return [];
  const choices: (readonly [AdjectiveSlot, readonly Concept[]])[] = [["size", adjectives.size]];
  if (coloured.has(concept.group)) choices.push(["colour", adjectives.colour]);
  if (aged.has(concept.group)) choices.push(["age", adjectives.age]);
  return choices;
}

/** The slots of adverbs an event of that genre can have. */
export const adverbChoices: Record<Genre, readonly (readonly [AdverbSlot, readonly Concept[]])[]> = {
  picture: [["spot", adverbials.spot], ["part", adverbials.part], ["hurry", adverbials.hurry], ["noise", adverbials.noise], ["care", adverbials.care], ["company", adverbials.company]],
  everyday: [
    ["city", adverbials.city], ["day", adverbials.day], ["part", adverbials.part], ["month", adverbials.month], ["hurry", adverbials.hurry],
    ["care", adverbials.care], ["purpose", adverbials.purpose], ["company", adverbials.company], ["cause", adverbials.cause],
  ],
  bulletin: [["city", adverbials.city], ["day", adverbials.day], ["month", adverbials.month], ["cause", adverbials.cause]],
};

const one: Count = { relation: "exactly", n: 1 };

function drawNoun(source: Source, group: NounGroup | "name", genre: Genre, role: "agent" | "object", counted: boolean): Noun {
  const { random } = source;
  let concept = pick(source, members(group));
  const noun: Noun = { concept, definite: false, count: one, traits: {} };
  if (group === "name") return noun;
  if (concept.general !== undefined && group !== "relative" && random.chance(0.16)) {
    concept = concept.general;
    if (concept.general !== undefined && random.chance(0.2)) concept = concept.general;
    noun.concept = concept;
  }
  if (group === "relative" || group === "team" || group === "goal") noun.definite = true;
  else if (genre === "picture") noun.definite = false;
  else noun.definite = random.chance(role === "agent" ? (genre === "bulletin" ? 0.85 : 0.6) : 0.4);
  if (group === "relative" || group === "team" || group === "goal") return noun;
  const manyShare = genre === "picture" ? 0.28 : role === "object" ? (counted ? 0.7 : 0.12) : genre === "bulletin" && ["firm", "council", "leader"].includes(group) ? 0 : 0.06;
  if (random.chance(manyShare)) {
    noun.count = random.chance(0.1) ? { relation: "some", n: 2 } : { relation: "exactly", n: 2 + pick(source, counts[genre], genre === "picture" ? 1 : 0.5) };
    noun.definite = false;
  }
  for (const [slot, words] of traitChoices(concept, genre)) {
    if (random.chance(genre === "bulletin" ? 0.15 : 0.22)) noun.traits[slot] = pick(source, words);
  }
  if (genre === "picture" && role === "agent" && isPerson(concept) && random.chance(0.35)) {
    noun.wears = { garment: pick(source, nouns.garment) };
    if (random.chance(0.7)) noun.wears.colour = pick(source, adjectives.colour);
  }
  return noun;
}

const counts: Record<Genre, readonly number[]> = { picture: [0, 1, 2, 3], everyday: [0, 1, 2, 3, 4, 5], bulletin: smallNumbers.map((_, i) => i) };

export function drawEvent(source: Source, genre: Genre): EventRecord {
  const { random } = source;
  const verb = pick(source, verbsOf[genre], 0.5);
  const agent = drawNoun(source, pick(source, verb.agents, 0), genre, "agent", false);
  const event: EventRecord = { genre, verb, agent, adverbs: {}, negated: false };
  if (verb.objects.length > 0) {
    const objects = verb.objects;
    do event.object = drawNoun(source, pick(source, objects, 0), genre, "object", verb.counted);
    while (event.object.concept === agent.concept);
  }
  if (verb.amount) event.amount = pick(source, amounts);
  const { adverbs } = event;
  if (genre === "picture") {
    if (random.chance(0.6)) adverbs.spot = random.chance(0.12) ? pick(source, adverbials.spot).general : pick(source, adverbials.spot);
    if (random.chance(0.12)) adverbs.part = pick(source, adverbials.part);
    if (random.chance(0.15)) setManner(source, event, ["hurry", "noise", "care"]);
  } else {
    if (random.chance(0.55)) adverbs.city = pick(source, adverbials.city);
    if (random.chance(0.6)) {
      const slot = pick(source, ["day", "month", "part"] as const, 0.5);
      if (slot === "part" && genre === "bulletin") adverbs.day = pick(source, adverbials.day);
      else adverbs[slot] = pick(source, adverbials[slot]);
    }
    if (genre === "everyday" && random.chance(0.2)) setManner(source, event, manners);
    if (random.chance(genre === "bulletin" ? 0.15 : 0.1)) adverbs.cause = pick(source, adverbials.cause);
  }
  if (genre !== "bulletin" && agent.count.n === 1 && random.chance(0.1)) adverbs.company = pick(source, adverbials.company);
  if (random.chance(source.settings.moodShare)) {
    const mood = pick(source, moods, 0);
    event.mood = mood;
    const canFeel = genre !== "bulletin" && (agent.concept.group === "folk" || agent.concept.group === "job");
    const byTemper = canFeel && random.chance(0.5);
    if (byTemper) agent.traits.temper = pick(source, adjectives[mood]);
    if (!byTemper || random.chance(0.3)) adverbs.occasion = pick(source, occasions[genre === "bulletin" ? `sober ${mood}` : mood]);
  }
  return event;
}

function setManner(source: Source, event: EventRecord, slots: readonly ("hurry" | "noise" | "care" | "purpose")[]): void {
  const slot = pick(source, slots, 0);
  event.adverbs[slot] = pick(source, adverbials[slot]);
}

/** A copy that can be changed without touching the first. */
export function copyEvent(event: EventRecord): EventRecord {
  const copyNoun = (noun: Noun): Noun => ({ ...noun, count: { ...noun.count }, traits: { ...noun.traits }, wears: noun.wears && { ...noun.wears } });
  return {
    ...event,
    agent: event.agent && copyNoun(event.agent),
    object: event.object && copyNoun(event.object),
    adverbs: { ...event.adverbs },
    report: event.report && { ...event.report },
  };
}

/** How what a second value says stands to the first: it follows, cannot be, or may be. */
export type Relation = "entailment" | "contradiction" | "neutral";

const worst = (relations: readonly Relation[]): Relation =>
  relations.includes("neutral") && !relations.includes("contradiction") ? "neutral" : relations.includes("contradiction") ? "contradiction" : "entailment";

/** undefined: nothing is said. */
function relateConcepts(first: Concept | undefined, second: Concept | undefined): Relation {
  if (second === undefined) return "entailment";
  if (first === undefined) return "neutral";
  if (isKindOf(first, second)) return "entailment";
  return first.group === second.group && !isKindOf(second, first) ? "contradiction" : "neutral";
}

/** The least and the greatest number a count allows. */
function bounds({ relation, n }: Count): [number, number] {
  if (relation === "exactly") return [n, n];
  if (relation === "over") return [n + 1, Infinity];
  if (relation === "under") return [1, n - 1];
  return [2, Infinity];
}

function relateCounts(first: Count, second: Count): Relation {
  const [[leastA, mostA], [leastB, mostB]] = [bounds(first), bounds(second)];
  if (leastB <= leastA && mostA <= mostB) return "entailment";
  return mostA < leastB || mostB < leastA ? "contradiction" : "neutral";
}

/** How one noun with its number and traits stands to another; undefined: nothing is said. */
export function relateNouns(first: Noun | undefined, second: Noun | undefined): Relation {
  if (second === undefined) return "entailment";
  if (first === undefined) return "neutral";
  const slots = new Set([...Object.keys(first.traits), ...Object.keys(second.traits)] as AdjectiveSlot[]);
  return worst([
    relateConcepts(first.concept, second.concept),
    relateCounts(first.count, second.count),
    ...[...slots].map((slot) => relateConcepts(first.traits[slot], second.traits[slot])),
    relateConcepts(first.wears?.garment, second.wears?.garment),
    relateConcepts(first.wears?.colour, second.wears?.colour),
  ]);
}

function relateVerbs(first: Verb, second: Verb): Relation {
  for (let v: Verb | undefined = first; v !== undefined; v = v.general) if (v === second) return "entailment";
  const excludes = (a: Verb, b: Verb): boolean => {
    for (let v: Verb | undefined = b; v !== undefined; v = v.general) if (a.opposites.includes(v.name)) return true;
    return false;
  };
  return excludes(first, second) || excludes(second, first) ? "contradiction" : "neutral";
}

/** Two events without regard to negation and report: of one scene, so different agents or places exclude each other. */
export function relateScenes(first: EventRecord, second: EventRecord): Relation {
  const slots = new Set([...Object.keys(first.adverbs), ...Object.keys(second.adverbs)] as AdverbSlot[]);
  return worst([
    relateVerbs(first.verb, second.verb),
    relateNouns(first.agent, second.agent),
    relateNouns(first.object, second.object),
    relateConcepts(first.amount, second.amount),
    ...[...slots].map((slot) => relateConcepts(first.adverbs[slot], second.adverbs[slot])),
  ]);
}

function relatePolar(first: EventRecord, second: EventRecord): Relation {
  if (!first.negated) {
    const relation = relateScenes(first, second);
    if (!second.negated || relation === "neutral") return relation;
    return relation === "entailment" ? "contradiction" : "entailment";
  }
  if (relateScenes(second, first) !== "entailment") return "neutral";
  return second.negated ? "entailment" : "contradiction";
}

/** Whether the second event follows from the first, cannot be, or may be. */
export function relateEvents(first: EventRecord, second: EventRecord): Relation {
  const [a, b] = [first.report, second.report];
  const content = relatePolar(first, second);
  if (b === undefined) return a === undefined || a.verb.factive ? content : "neutral";
  if (a === undefined || a.verb !== b.verb) return "neutral";
  return worst([relateNouns(a.source, b.source), content]);
}
