/** Words events: the same event in many ways, with the same words or with their synonyms. */
import { largeNumbers, smallNumbers } from "../lexicon";
import { settleArticles } from "../frame";
import { pick, type AdverbSlot, type Count, type EventRecord, type Noun, type Source } from "./meaning";
import { femaleNouns, maleNames, maleNouns, names, nouns, type Concept, type Verb, type VerbForm } from "./words";

/** Someone who tells of events and remembers the words used so far. */
export interface Teller extends Source {
  memory: Map<object, number>;
  /** Probability that a word told before comes back as a synonym. */
  rewording: number;
  /** Probability of a frame other than the plain one. */
  reframing: number;
}

export type Frame = "plain" | "fronted" | "passive" | "cleft agent" | "cleft adverb" | "there" | "what";

function wordIndex(teller: Teller, key: object, count: number): number {
  const told = teller.memory.get(key);
  if (told !== undefined && (count === 1 || !teller.random.chance(teller.rewording))) return told;
  let index = pick(teller, indices[count]);
  if (index === told) index = (index + 1) % count;
  teller.memory.set(key, index);
  return index;
}

const indices = Array.from({ length: 8 }, (_, count) => Array.from({ length: count }, (__, i) => i));

const wordOf = (teller: Teller, concept: Concept, many = false): string => {
  const word = concept.words[wordIndex(teller, concept, concept.words.length)];
  return many ? word.many : word.one;
};

const numberWord = (n: number): string => {
  if (n < 20) {
    const known = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"][n - 1];
    return known ?? smallNumbers[smallNumbers.length - 1];
  }
  return largeNumbers[Math.floor(n / 10) - 2] ?? largeNumbers[largeNumbers.length - 1];
};

function countWords(teller: Teller, { relation, n }: Count): string {
  if (relation === "some") return pick(teller, someWords);
  if (relation === "over") return `more than ${numberWord(n)}`;
  if (relation === "under") return `fewer than ${numberWord(n)}`;
  return numberWord(n);
}
const someWords = ["some", "several", "a number of"];

/** "The tigers": a team by its name is many. */
const isPlayers = ({ group, name }: Concept): boolean => group === "team" && name !== "team";
export const isPlural = ({ count, concept }: Noun): boolean => !(count.relation === "exactly" && count.n === 1) || isPlayers(concept);

const traitOrder = ["temper", "size", "stature", "age", "years", "colour"] as const;
const possessives = ["my", "her", "his"];

export function nounPhrase(teller: Teller, noun: Noun): string {
  const { concept, traits, wears } = noun;
  if (concept.group === "name") return concept.name;
  const plural = isPlural(noun);
  const before = traitOrder.flatMap((slot) => (traits[slot] === undefined ? [] : [wordOf(teller, traits[slot])]));
  let behind = "";
  if (wears !== undefined) {
    const garment = [wears.colour && wordOf(teller, wears.colour), wordOf(teller, wears.garment, plural)].filter(Boolean).join(" ");
    behind = `${pick(teller, wearing)} ${plural ? "" : "a "}${garment}`;
  }
  if (concept.name === "person" && before.length === 0 && behind === "" && !plural && !noun.definite) {
    return pick(teller, somebody);
  }
  const head = [...before, wordOf(teller, concept, plural)].join(" ") + behind;
  if (isPlayers(concept)) return `the ${head}`;
  if (concept.group === "relative" || concept.name === "relative") {
    return noun.count.n > 1 ? `${countWords(teller, noun.count)} ${head}` : `${possessives[wordIndex(teller, possessives, possessives.length)]} ${head}`;
  }
  const numeral = plural ? `${countWords(teller, noun.count)} ` : "";
  if (noun.definite && noun.count.relation !== "some") return `the ${numeral}${head}`;
  return plural ? `${numeral}${head}` : `a ${head}`;
}
const somebody = ["somebody", "someone", "a person"];
const wearing = [" in", " wearing"];

const people = new Set<Concept>([...names, ...nouns.folk, ...nouns.job, ...nouns.relative, ...nouns.worker, ...nouns.leader, ...nouns.expert, ...nouns.guard, ...nouns.suspect, ...nouns.victim]);
const isHuman = (concept: Concept): boolean => people.has(concept) || concept.group === "person";

/** he, she, it or they. */
export function pronoun(noun: Noun): { subject: string; object: string } {
  const { concept } = noun;
  if (isPlural(noun)) return { subject: "they", object: "them" };
  if (concept.group === "name" ? maleNames.has(concept.name) : maleNouns.has(concept.name)) return { subject: "he", object: "him" };
  if (concept.group === "name" || femaleNouns.has(concept.name)) return { subject: "she", object: "her" };
  return isHuman(concept) ? { subject: "they", object: "them" } : { subject: "it", object: "it" };
}

interface VerbGroup {
  now: boolean;
  plural: boolean;
  negated: boolean;
}

const be = ({ now, plural }: VerbGroup): string => (now ? (plural ? "are" : "is") : plural ? "were" : "was");
const not = ({ negated }: VerbGroup): string => (negated ? " not" : "");

function activeVerb(form: VerbForm, group: VerbGroup): string {
  if (group.now) return `${be(group)}${not(group)} ${form.doing}${form.tail}`;
  return group.negated ? `did not ${form.base}${form.tail}` : `${form.past}${form.tail}`;
}

/** "was fed", "is being fed"; only forms with at most one word behind the verb. */
function passiveVerb(form: VerbForm, group: VerbGroup): string {
  return `${be(group)}${not(group)} ${group.now ? "being " : ""}${form.done}${form.tail}`;
}

const isShort = ({ tail }: VerbForm): boolean => tail.lastIndexOf(" ") <= 0;

function verbForm(teller: Teller, verb: Verb, passive: boolean): VerbForm {
  const form = verb.forms[wordIndex(teller, verb, verb.forms.length)];
  return passive && !isShort(form) ? verb.forms.find(isShort) ?? verb.forms[0] : form;
}

/** "feeding", "putting up": the act alone. */
export function wordVerb(teller: Teller, { verb }: EventRecord): string {
  const form = verbForm(teller, verb, false);
  return `${form.doing}${form.tail}`;
}

/** What stands in one of the event's slots. */
export const wordAdverb = (teller: Teller, event: EventRecord, slot: AdverbSlot): string => wordOf(teller, event.adverbs[slot] as Concept);

const adverbOrder: readonly AdverbSlot[] = ["hurry", "noise", "care", "purpose", "company", "spot", "city", "occasion", "day", "month", "part", "cause"];
const frontable: readonly AdverbSlot[] = ["spot", "city", "day", "month", "part", "occasion"];

export const canBePassive = ({ verb, object }: EventRecord): boolean => verb.passive && object !== undefined && verb.forms.some(isShort);

/** The frames in which an event can be told. */
function framesOf(event: EventRecord): Frame[] {
  const frames: Frame[] = [];
  if (frontable.some((slot) => event.adverbs[slot] !== undefined)) frames.push("fronted", "fronted");
  if (canBePassive(event)) frames.push("passive", "passive");
  if (event.negated) return frames;
  if (event.genre === "picture") {
    if (event.agent !== undefined && !event.agent.definite && event.agent.concept.group !== "name") frames.push("there");
    return frames;
  }
  frames.push("cleft agent");
  if (frontable.some((slot) => event.adverbs[slot] !== undefined)) frames.push("cleft adverb");
  if (event.object !== undefined && !isHuman(event.object.concept) && event.object.concept.group !== "goal") frames.push("what");
  return frames;
}

export interface TellingOptions {
  frame?: Frame;
  /** The agent is known already. */
  pronoun?: boolean;
}

/** The event as a clause, without capital and end mark. */
export function wordClause(teller: Teller, event: EventRecord, { frame, pronoun: usePronoun = false }: TellingOptions = {}): string {
  const { agent, object, verb } = event;
  const others = frame === undefined && teller.random.chance(teller.reframing) ? framesOf(event) : [];
  let chosen: Frame = frame ?? (others.length > 0 ? pick(teller, others, 0) : "plain");
  if (usePronoun && (chosen === "there" || chosen === "cleft agent")) chosen = "plain";
  if (agent === undefined) chosen = chosen === "fronted" ? "fronted" : "passive";
  const now = event.genre === "picture";
  const subject = (): string => (agent === undefined ? "" : usePronoun ? pronoun(agent).subject : nounPhrase(teller, agent));
  const plural = agent !== undefined && (isPlural(agent) || (usePronoun && pronoun(agent).subject === "they"));
  const group: VerbGroup = { now, plural, negated: event.negated };
  const slots = adverbOrder.filter((slot) => event.adverbs[slot] !== undefined);
  let front = "";
  if (chosen === "fronted" || chosen === "cleft adverb") {
    const candidates = slots.filter((slot) => frontable.includes(slot));
    if (candidates.length > 0) {
      const slot = pick(teller, candidates, 0);
      front = wordOf(teller, event.adverbs[slot] as Concept);
      slots.splice(slots.indexOf(slot), 1);
    }
  }
  const adverbs = (): string =>
    (event.amount === undefined ? "" : ` ${wordOf(teller, event.amount)}`) + slots.map((slot) => ` ${wordOf(teller, event.adverbs[slot] as Concept)}`).join("");
  const objectText = (): string => (object === undefined ? "" : ` ${nounPhrase(teller, object)}`);
  const passiveClause = (): string => {
    const it = object as Noun;
    const by = agent === undefined ? "" : ` by ${usePronoun ? pronoun(agent).object : nounPhrase(teller, agent)}`;
    return `${nounPhrase(teller, it)} ${passiveVerb(verbForm(teller, verb, true), { ...group, plural: isPlural(it) })}${by}${adverbs()}`;
  };
  const plain = (): string => (agent === undefined ? passiveClause() : `${subject()} ${activeVerb(verbForm(teller, verb, false), group)}${objectText()}${adverbs()}`);
  const who = agent !== undefined && isHuman(agent.concept) ? "who" : "that";
  switch (chosen) {
    case "plain": return plain();
    case "passive": return object === undefined ? plain() : passiveClause();
    case "fronted": return front === "" ? plain() : `${front}, ${plain()}`;
    case "cleft agent": {
      const text = agent === undefined ? "" : nounPhrase(teller, agent);
      return `it was ${text} ${who} ${activeVerb(verbForm(teller, verb, false), group)}${objectText()}${adverbs()}`;
    }
    case "cleft adverb": return front === "" ? plain() : `it was ${front} that ${plain()}`;
    case "there": return `there ${plural ? "are" : "is"} ${subject()} ${verbForm(teller, verb, false).doing}${verbForm({ ...teller, rewording: 0 }, verb, false).tail}${objectText()}${adverbs()}`;
    case "what": {
      const start = `what ${subject()} ${activeVerb(verbForm(teller, verb, false), group)}${adverbs()}`;
      return `${start} ${object !== undefined && isPlural(object) ? "were" : "was"}${objectText()}`;
    }
  }
}

/** The event with its report, without capital and end mark. */
export function wordEvent(teller: Teller, event: EventRecord, options: TellingOptions = {}): string {
  const { report } = event;
  const reportFrame = report === undefined ? options : { ...options, frame: options.frame ?? "plain" };
  const clause = settleArticles(wordClause(teller, event, reportFrame));
  if (report === undefined) return clause;
  return settleArticles(`${nounPhrase(teller, report.source)} ${report.verb.words[wordIndex(teller, report.verb, report.verb.words.length)]} ${clause}`);
}

