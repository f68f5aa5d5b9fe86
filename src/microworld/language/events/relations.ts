/** Pairs of events whose relation is known because the second was made from the first. */
import { shuffled } from "../random";
import {
  adverbChoices, copyEvent, drawEvent, factives, genreTags, nonFactives, pick, relateEvents, traitChoices,
  type AdjectiveSlot, type AdverbSlot, type EventRecord, type Genre, type Noun, type Relation, type Source,
} from "./meaning";
import { canBePassive, wordEvent, type Frame, type Teller } from "./wording";
import { adjectives, adverbials, amounts, isKindOf, names, nouns, verbs, type Concept } from "./words";

/** One way of changing an event, by what it does to it. */
interface Change {
  name: string;
  apply: () => void;
}

const alternatives = new WeakMap<readonly Concept[], Map<Concept, readonly Concept[]>>();

/** Another concept of a list that the given one excludes. */
function other(source: Source, list: readonly Concept[], concept: Concept): Concept | undefined {
  let table = alternatives.get(list);
  if (table === undefined) alternatives.set(list, (table = new Map()));
  let rest = table.get(concept);
  if (rest === undefined) {
    rest = list.filter((c) => c !== concept && c.group === concept.group && !isKindOf(c, concept) && !isKindOf(concept, c));
    table.set(concept, rest);
  }
  return rest.length === 0 ? undefined : rest[source.random.below(rest.length)];
}

const everyNoun: readonly Concept[] = [...names, ...Object.values(nouns).flat()];
const everyAdverb: readonly Concept[] = Object.values(adverbials).flat();
const sameGroup = new Map<string, readonly Concept[]>();
for (const concept of [...everyNoun, ...everyAdverb]) {
  if (!sameGroup.has(concept.group)) sameGroup.set(concept.group, [...everyNoun, ...everyAdverb].filter(({ group }) => group === concept.group));
}
/** Members a general concept stands for. */
const membersOf = new Map<Concept, Concept[]>();
for (const concept of [...everyNoun, ...everyAdverb]) {
  for (let c = concept.general; c !== undefined; c = c.general) membersOf.set(c, [...(membersOf.get(c) ?? []), concept]);
}
const narrower = new Map([...verbs.values()].map((verb) => [verb, [...verbs.values()].filter(({ general }) => general === verb)]));

const adverbSlots = (event: EventRecord): AdverbSlot[] => Object.keys(event.adverbs) as AdverbSlot[];
const traitSlots = (noun: Noun): AdjectiveSlot[] => Object.keys(noun.traits) as AdjectiveSlot[];

/** Details that can be left out. */
function drops(event: EventRecord): Change[] {
  const changes: Change[] = adverbSlots(event).map((slot) => ({ name: `dropped ${slot}`, apply: () => void delete event.adverbs[slot] }));
  for (const noun of [event.agent, event.object]) {
    if (noun === undefined) continue;
    for (const slot of traitSlots(noun)) changes.push({ name: `dropped ${slot}`, apply: () => void delete noun.traits[slot] });
    if (noun.wears !== undefined) changes.push({ name: "dropped garment", apply: () => void delete noun.wears });
  }
  return changes;
}

/** Ways of saying less without leaving out a detail. */
export function generalisations(source: Source, event: EventRecord): Change[] {
  const changes: Change[] = [];
  for (const [role, noun] of [["agent", event.agent], ["object", event.object]] as const) {
    if (noun === undefined) continue;
    const { general, group } = noun.concept;
    if (general !== undefined && group !== "relative") {
      changes.push({
        name: `general ${role}`,
        apply: () => {
          noun.concept = general;
          noun.definite &&= general.name !== "person";
          // "a person" has no face and no age; a team is one thing, its players are many.
          if (general.name === "person") noun.traits = {};
        },
      });
    }
    const { relation, n } = noun.count;
    if (relation === "exactly" && n > 1) {
      changes.push({ name: "vague number", apply: () => void (noun.count = { relation: "some", n: 2 }) });
      if (n > 3) {
        const lower = 2 + source.random.below(Math.min(n, 12) - 2);
        changes.push({ name: "lower bound", apply: () => void (noun.count = { relation: "over", n: lower }) });
        if (n < 12) changes.push({ name: "upper bound", apply: () => void (noun.count = { relation: "under", n: Math.min(12, n + 1 + source.random.below(4)) }) });
      }
    }
    if (noun.wears?.colour !== undefined) changes.push({ name: "dropped colour", apply: () => void delete noun.wears?.colour });
  }
  const { general } = event.verb;
  if (general !== undefined && event.object?.concept.group !== "person") changes.push({ name: "general act", apply: () => void (event.verb = general) });
  if (event.agent !== undefined && canBePassive(event) && event.genre !== "picture") changes.push({ name: "no agent", apply: () => void delete event.agent });
  for (const slot of adverbSlots(event)) {
    const wider = event.adverbs[slot]?.general;
    if (wider !== undefined) changes.push({ name: `general ${slot}`, apply: () => void (event.adverbs[slot] = wider) });
  }
  return changes;
}

/** Changes to something that cannot be if the event was as told. */
export function exclusions(source: Source, event: EventRecord): Change[] {
  const { random } = source;
  const changes: Change[] = [];
  for (const [role, noun] of [["agent", event.agent], ["object", event.object]] as const) {
    if (noun === undefined) continue;
    const others = sameGroup.get(noun.concept.group);
    const another = others && other(source, others, noun.concept);
    const partner = role === "agent" ? event.object : event.agent;
    if (another !== undefined && another !== partner?.concept) {
      const change = { name: `other ${role}`, apply: () => void (noun.concept = another) };
      changes.push(change, change);
    }
    for (const slot of traitSlots(noun)) {
      const trait = noun.traits[slot];
      const opposite = slot === "temper" || trait === undefined ? undefined : other(source, adjectives[slot], trait);
      if (opposite !== undefined) changes.push({ name: `other ${slot}`, apply: () => void (noun.traits[slot] = opposite) });
    }
    const { wears } = noun;
    if (wears !== undefined) {
      const garment = other(source, nouns.garment, wears.garment);
      if (garment !== undefined) changes.push({ name: "other garment", apply: () => void (wears.garment = garment) });
      const colour = wears.colour && other(source, adjectives.colour, wears.colour);
      if (colour !== undefined) changes.push({ name: "other colour", apply: () => void (wears.colour = colour) });
    }
    const { relation, n } = noun.count;
    if (relation === "exactly" && n > 1) {
      const different = 2 + ((n - 2 + 1 + random.below(4)) % (n > 5 ? 11 : 5));
      if (different !== n) {
        const change = { name: "other number", apply: () => void (noun.count = { relation: "exactly", n: different }) };
        changes.push(change, change);
      }
      if (n > 3) {
        const bound = 2 + random.below(Math.min(n, 12) - 2) + 1;
        changes.push({ name: "bound not met", apply: () => void (noun.count = { relation: "under", n: Math.min(bound, n) }) });
      }
      if (n < 10) changes.push({ name: "bound exceeded", apply: () => void (noun.count = { relation: "over", n: n + random.below(3) }) });
    }
  }
  for (const slot of adverbSlots(event)) {
    const told = event.adverbs[slot];
    if (slot === "cause" || slot === "occasion" || told === undefined) continue;
    const another = other(source, sameGroup.get(told.group) ?? [], told);
    if (another !== undefined) changes.push({ name: `other ${slot}`, apply: () => void (event.adverbs[slot] = another) });
  }
  if (event.amount !== undefined) {
    const amount = other(source, amounts, event.amount);
    if (amount !== undefined) changes.push({ name: "other number", apply: () => void (event.amount = amount) });
  }
  const objectGroup = event.object?.concept.group;
  const opposites = event.verb.opposites.flatMap((name) => {
    const verb = verbs.get(name);
    const fits = verb !== undefined && verb.tags.includes(genreTags[event.genre]) && (event.object === undefined ? verb.objects.length === 0 : verb.objects.some((group) => group === "name" ? objectGroup === "name" : nouns[group].some((c) => c === event.object?.concept || c.general === event.object?.concept)));
    return fits ? [verb] : [];
  });
  if (opposites.length > 0) {
    const verb = opposites[random.below(opposites.length)];
    const change = { name: "opposite act", apply: () => void (event.verb = verb) };
    changes.push(change, change, change);
  }
  return changes;
}

const interchangeable = new Set(["folk", "name", "job", "leader", "firm"]);

/** Changes to something that may or may not be so. */
export function additions(source: Source, event: EventRecord): Change[] {
  const { random } = source;
  const changes: Change[] = [];
  const push = (weight: number, change: Change): void => {
    for (let i = 0; i < weight; i += 1) changes.push(change);
  };
  for (const [slot, words] of adverbChoices[event.genre]) {
    const timed = event.adverbs.day ?? event.adverbs.month ?? event.adverbs.part;
    if (event.adverbs[slot] !== undefined || (timed !== undefined && ["day", "month", "part"].includes(slot))) continue;
    if (slot === "company" && event.agent !== undefined && event.agent.count.n > 1) continue;
    changes.push({ name: `added ${slot}`, apply: () => void (event.adverbs[slot] = pick(source, words)) });
  }
  for (const [role, noun] of [["agent", event.agent], ["object", event.object]] as const) {
    if (noun === undefined) continue;
    for (const [slot, words] of traitChoices(noun.concept, event.genre)) {
      if (noun.traits[slot] === undefined) changes.push({ name: `added ${slot}`, apply: () => void (noun.traits[slot] = pick(source, words)) });
    }
    if (event.genre === "picture" && role === "agent" && noun.concept.group === "folk" && noun.wears === undefined) {
      push(2, { name: "added garment", apply: () => void (noun.wears = { garment: pick(source, nouns.garment), colour: random.chance(0.6) ? pick(source, adjectives.colour) : undefined }) });
    }
    if (noun.wears !== undefined && noun.wears.colour === undefined) {
      changes.push({ name: "added colour", apply: () => void (noun.wears = { ...noun.wears as { garment: Concept }, colour: pick(source, adjectives.colour) }) });
    }
    const narrow = membersOf.get(noun.concept);
    if (narrow !== undefined) {
      const fitting = narrow.filter((concept) => noun.concept.name !== "person" || ["folk", "job"].includes(concept.group));
      if (fitting.length > 0) push(5, { name: `special ${role}`, apply: () => void (noun.concept = fitting[random.below(fitting.length)]) });
    }
    if (noun.count.relation === "some") push(2, { name: "precise number", apply: () => void (noun.count = { relation: "exactly", n: 3 + random.below(4) }) });
  }
  const special = (narrower.get(event.verb) ?? []).filter(({ tags }) => tags.includes(genreTags[event.genre]));
  if (special.length > 0) push(3, { name: "special act", apply: () => void (event.verb = special[random.below(special.length)]) });
  const [agent, object] = [event.agent, event.object];
  if (agent !== undefined && object !== undefined && interchangeable.has(agent.concept.group) && agent.concept.group === object.concept.group) {
    push(6, { name: "swapped roles", apply: () => void ([event.agent, event.object] = [object, agent]) });
  }
  return changes;
}

/** A pair of events, the relation of the second to the first and how it came about. */
export interface EventPair {
  first: EventRecord;
  second: EventRecord;
  relation: Relation;
  kind: string;
  easy: boolean;
}

type Polarity = "plain" | "second negated" | "first negated" | "both negated";

/**
 * Which statements are negated. Every relation has a negation in the second statement (and in the first) equally
 * often, so that "not" alone says nothing. Nothing follows from "did not" to "did", nor excludes "did not".
 */
function drawPolarity(source: Source, relation: Relation): Polarity {
  const { random, settings } = source;
  const { negation, premiseNegation } = settings;
  if (random.chance(premiseNegation)) {
    const second = relation === "entailment" || (relation === "neutral" && random.chance(0.5));
    return second ? "both negated" : "first negated";
  }
  const already = relation === "entailment" ? premiseNegation : relation === "neutral" ? premiseNegation / 2 : 0;
  return random.chance((negation - already) / (1 - premiseNegation)) ? "second negated" : "plain";
}

const reportSources = [...names, ...nouns.job];

function reported(source: Source, genre: Genre, factive: boolean): EventRecord["report"] {
  const concept = pick(source, genre === "bulletin" ? nouns.leader : source.random.chance(0.6) ? names : nouns.job);
  return {
    source: { concept, definite: true, count: { relation: "exactly", n: 1 }, traits: {} },
    verb: pick(source, factive ? factives : nonFactives, 0.5),
  };
}

/** Draws changes of a list until none is left or enough are applied; gives their names. */
function applySome(source: Source, list: () => Change[], wanted: number): string[] {
  const applied: string[] = [];
  for (let i = 0; i < wanted; i += 1) {
    const changes = list();
    if (changes.length === 0) break;
    const change = changes[source.random.below(changes.length)];
    change.apply();
    applied.push(change.name);
  }
  return applied;
}

/** Leaves out so many details. They do not depend on each other, so one list serves. */
function applyDrops(source: Source, event: EventRecord, wanted: number): string[] {
  if (wanted <= 0) return [];
  const chosen = shuffled(source.random, drops(event)).slice(0, wanted);
  for (const change of chosen) change.apply();
  return chosen.map(({ name }) => name);
}

function attempt(source: Source, genre: Genre, relation: Relation, easy: boolean): EventPair | undefined {
  const { random, settings } = source;
  const first = drawEvent(source, genre);
  const polarity = drawPolarity(source, relation);
  first.negated = polarity === "first negated" || polarity === "both negated";
  const reporting = genre !== "picture" && !first.negated && polarity === "plain" && random.chance(settings.reports * 1.2);
  const factive = reporting && random.chance(relation === "neutral" ? 0.3 : 0.5);
  if (reporting) first.report = reported(source, genre, factive);
  const second = copyEvent(first);
  second.negated = polarity === "second negated" || polarity === "both negated";
  // What the positive second scene has to be to the first one so that the pair has the relation.
  let scene: Relation | "wider" = relation;
  if (polarity === "second negated") scene = relation === "entailment" ? "contradiction" : relation === "contradiction" ? "entailment" : "neutral";
  if (polarity === "first negated") scene = relation === "contradiction" ? "neutral" : "contradiction";
  if (polarity === "both negated") scene = relation === "entailment" ? "neutral" : "wider";
  const names: string[] = [];
  const keepsReport = first.report !== undefined && !factive && (relation !== "neutral" || random.chance(0.35));
  if (reporting && !keepsReport) {
    delete second.report;
    names.push(factive ? "factive report" : "mere report");
    if (!factive) scene = random.chance(0.8) ? "entailment" : "neutral";
  } else if (keepsReport && relation === "contradiction" && random.chance(0.5) && second.report !== undefined) {
    const holder = second.report.source;
    const another = other(source, reportSources, holder.concept) ?? other(source, nouns.leader, holder.concept);
    if (another === undefined) return undefined;
    second.report = { ...second.report, source: { ...holder, concept: another } };
    names.push("other source");
    scene = "entailment";
  } else if (keepsReport) names.push("report kept");
  const exact = polarity === "first negated" || polarity === "both negated";
  // Additions make sentences longer, so other details go first.
  const left = (easy ? 1 + random.below(3) : random.below(4)) - (scene === "neutral" ? 1 : 0);
  if (!exact || scene === "wider") {
    const surplus = drops(second).length - Math.max(0, left);
    const dropped = applyDrops(source, second, Math.max(scene === "wider" ? 1 : 0, surplus));
    if (dropped.length > 0) names.push("dropped details");
    if (random.chance(easy ? 0.3 : 0.5)) names.push(...applySome(source, () => generalisations(source, second), easy ? 1 : 1 + random.below(2)));
  } else {
    for (const change of drops(second)) if (change.name === "dropped occasion" || change.name === "dropped temper") change.apply();
    for (const slot of ["occasion"] as const) delete first.adverbs[slot];
    for (const noun of [first.agent, first.object]) if (noun !== undefined) delete noun.traits.temper;
    first.mood = undefined;
  }
  if (scene === "contradiction") names.push(...applySome(source, () => exclusions(source, second), 1));
  if (scene === "neutral" && random.chance(0.93)) names.push(...applySome(source, () => additions(source, second), 1));
  if (polarity !== "plain") names.push(polarity);
  if (relateEvents(first, second) !== relation) return undefined;
  return { first, second, relation, kind: names.length > 0 ? names.slice(-2).join(", ") : "reworded", easy };
}

/** A pair of that relation. */
export function drawPair(source: Source, genre: Genre, relation: Relation, easy: boolean): EventPair {
  for (let i = 0; i < 300; i += 1) {
    const pair = attempt(source, genre, relation, easy);
    if (pair !== undefined) return pair;
  }
  throw new Error(`events: no pair of genre "${genre}" with relation "${relation}" in 300 attempts; settings.events asks for the impossible`);
}

export const relations: readonly Relation[] = ["contradiction", "entailment", "neutral"];

export function createTeller(source: Source, easy: boolean): Teller {
  const { settings } = source;
  return { ...source, memory: new Map(), rewording: easy ? 0 : settings.rewording, reframing: easy ? 0.1 : settings.reframing };
}

/** The two statements of a pair, without capital and end mark. */
export function wordPair(teller: Teller, pair: EventPair, frames: { first?: Frame; second?: Frame } = {}): [string, string] {
  const first = wordEvent(teller, pair.first, { frame: frames.first });
  const second = wordEvent(teller, pair.second, { frame: frames.second });
  // Two events told in the same words: the second has to be another sentence.
  if (first !== second) return [first, second];
  const again = { ...teller, rewording: 1, reframing: 1 };
  return [first, wordEvent(again, pair.second)];
}

/** The same event, worded and perhaps shortened by a detail of little weight, or changed in one fact: for paraphrases. */
export function drawParaphrase(source: Source, paraphrase: boolean, easy: boolean): EventPair {
  const { random } = source;
  for (let i = 0; i < 300; i += 1) {
    const first = drawEvent(source, random.chance(0.8) ? "bulletin" : "everyday");
    if (first.adverbs.occasion === undefined && random.chance(0.5)) continue;
    const second = copyEvent(first);
    const names: string[] = [];
    if (!easy && random.chance(0.3)) for (const change of drops(second)) if (change.name === "dropped occasion" || change.name === "dropped size") change.apply();
    if (!paraphrase) {
      const list = (): Change[] => {
        const unlike = [...exclusions(source, second), ...exclusions(source, second)];
        const [agent, object] = [second.agent, second.object];
        const swaps = additions(source, second).filter(({ name }) => name === "swapped roles");
        return agent !== undefined && object !== undefined ? [...unlike, ...swaps] : unlike;
      };
      names.push(...applySome(source, list, easy ? 1 + random.below(2) : 1));
      if (names.length === 0) continue;
    }
    const same = relateEvents(first, second) === "entailment";
    if (same !== paraphrase) continue;
    return { first, second, relation: paraphrase ? "entailment" : "contradiction", kind: paraphrase ? "paraphrase" : names.join(", "), easy };
  }
  throw new Error("events: no pair of bulletins in 300 attempts; settings.events asks for the impossible");
}

/** The same event with less said about it: what follows from it. */
export function retell(source: Source, event: EventRecord): EventRecord {
  const second = copyEvent(event);
  applyDrops(source, second, drops(second).length - source.random.below(3));
  if (source.random.chance(0.6)) applySome(source, () => generalisations(source, second), 1);
  return second;
}

/** Goes on about an event: denies what cannot be if it was so, or adds a detail. */
export function narrate(source: Source, teller: Teller, event: EventRecord, what: "denial" | "detail", usePronoun: boolean): string {
  const second = retell(source, event);
  if (what === "denial") {
    for (let i = 0; i < 20 && relateEvents(event, second) !== "contradiction"; i += 1) applySome(source, () => exclusions(source, second), 1);
    second.negated = relateEvents(event, second) === "contradiction";
  } else applySome(source, () => additions(source, second).filter(({ name }) => name.startsWith("added") || name.startsWith("special")), 1);
  return wordEvent({ ...teller, rewording: 0.3 }, second, { pronoun: usePronoun, frame: second.negated || usePronoun ? "plain" : undefined });
}
