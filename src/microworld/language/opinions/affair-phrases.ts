/**
 * Phrases about world affairs: who is for or against what, and who makes what better or worse. The polarity of a phrase is composed:
 * to reduce suffering is good and to reduce freedom is not, whatever one thinks of suffering and freedom.
 */
import { compileFrames, expandFrame, type Frame, type FrameTable } from "../frame";
import { feelings } from "../lexicon";
import { opposite, polarFrames, polarZipf, side, type Polar, type Polarity } from "./polarity";
import { draw, weighted, zipf, type Random, type Weighted } from "../random";
import { fillSlot, fresh, slotTables, type Saying } from "./slots";
import { opinionTables } from "./vocabulary";
import { affairFillers } from "./words/affair-fillers";

/** How a phrase fits into a sentence: after somebody, as a thing, or after "was". */
type Form = "act" | "thing" | "state";

/** A slot that ends in "!" takes the opposite polarity. `names`: whether something good or bad is named. */
interface PhraseFrames {
  kind: string;
  form: Form;
  names: boolean;
  weight: number;
  frames: FrameTable;
}

function phraseFrames(kind: string, form: Form, weight: number, names: boolean, frames: readonly Frame[]): PhraseFrames {
  return { kind, form, names, weight, frames: compileFrames(frames) };
}

const phraseKinds: readonly PhraseFrames[] = [
  phraseFrames("attitude", "act", 6, false, [
    ["{held} the {plan}", 3], ["{firmly} {held} the {plan}", 3], "{firmly} {held}", "{holds} the {plan}", "{firmly} {holds} it",
    "{firmly} {holds} the {plan}", "has {firmly} {held} it", "{held} the {plan} {firmly}",
  ]),
  phraseFrames("denied attitude", "act", 2, false, [
    ["did not {hold!} the {plan}", 2], "never {held!} the {plan}", "refused to {hold!} it", "does not {hold!} it", "no longer {holds!} it", "will not {hold!} the {plan}",
  ]),
  phraseFrames("wish", "act", 4, true, ["{wished} {good}", "{wishes} {good}", "{firmly} {wished} {good}", "{wished} {good} and {good}"]),
  phraseFrames("effect", "act", 4, true, [
    ["{changed}", 3], "promised to {change}", "helped to {change}", "wants to {change}", "will {change}", "has {changed}", "{changed} in {country}",
  ]),
  phraseFrames("denied effect", "act", 1, true, ["failed to {change!}", "did not {change!}", "did nothing to {change!}", "refused to {change!}"]),
  phraseFrames("standing", "thing", 4, false, [["{much} {standing}", 3], "{standing} for the {plan}", "{standing} and {standing}"]),
  phraseFrames("shifted standing", "thing", 1, false, [["{lack} {standing!}", 3], "{lack} {standing!} for it"]),
  phraseFrames("amount", "thing", 5, true, [["{much} {matter}", 2], "{matter} and {matter}", "{matter} in {country}"]),
  phraseFrames("shifted amount", "thing", 2, true, [["{lack} {matter!}", 3], "{lack} {matter!} and {matter!}"]),
  phraseFrames("step", "thing", 4, true, ["{step}", "{step} in {country}"]),
  phraseFrames("judgement", "thing", 6, false, [["a {just} {plan}", 3], "a {just} and {just} {plan}"]),
  phraseFrames("denied judgement", "thing", 1, false, [["hardly a {just!} {plan}", 2], ["not a {just!} {plan}", 2]]),
  phraseFrames("denied judgement", "state", 2, false, ["by no means {just!}", "neither {just!} nor {just!}", "not {just!} at all", "anything but {just!}"]),
  phraseFrames("interest", "state", 2, false, ["{interest} {region}"]),
  phraseFrames("contents", "state", 2, true, ["{contents}", "{just} and {contents}"]),
];

const anyPhrase: Weighted<PhraseFrames> = weighted(phraseKinds, phraseKinds.map(({ weight }) => weight));
const naming = phraseKinds.filter(({ names }) => names);
const namingPhrase: Weighted<PhraseFrames> = weighted(naming, naming.map(({ weight }) => weight));

/** Words of either polarity, by slot. */
const polarSlots: ReadonlyMap<string, readonly [positive: string, negative: string]> = new Map([
  ["held", ["supported", "condemned"]],
  ["holds", ["supports", "condemns"]],
  ["hold", ["support", "condemn"]],
  ["wished", ["hoped", "feared"]],
  ["wishes", ["hopes", "fears"]],
  ["standing", ["backing", "blame"]],
  ["matter", ["good", "bad"]],
  ["just", ["fair", "unjust"]],
]);
/** What becomes of a thing: the first makes more of it, the second less. The polarity is the product with the thing's. */
const products: ReadonlyMap<string, readonly [more: string, less: string]> = new Map([
  ["changed", ["increased", "reduced"]],
  ["change", ["increase", "reduce"]],
  ["step", ["gain", "blow"]],
  ["contents", ["full", "without"]],
]);

const polarLists: ReadonlyMap<string, Polar<FrameTable>> = new Map([
  ["interest", polarFrames({ positive: ["in the interest of", "with the consent of", "for the good of", "with the blessing of"], negative: ["not in the interest of", "against the will of", "at the expense of", "without the consent of"] })],
]);

/** Words in their order of frequency follow Zipf's law; the pretraining text and the phrases of the task differ in how steeply. */
const zipfSlots = new Set([...polarSlots.values(), ...products.values()].flat());
const bySteepness = new Map<number, ReadonlyMap<string, Weighted<string>>>();

function steepTables(exponent: number): ReadonlyMap<string, Weighted<string>> {
  let tables = bySteepness.get(exponent);
  if (!tables) {
    const listed = Object.entries(affairFillers).filter(([slot]) => zipfSlots.has(slot));
    tables = new Map(listed.map(([slot, list]) => [slot, zipf(list, exponent)]));
    bySteepness.set(exponent, tables);
  }
  return tables;
}

export const affairSlots = slotTables(affairFillers, {
  gain: ["a gain for", "a step towards", "a sign of", "a source of", "a chance for", "more"],
  blow: ["a threat to", "a blow to", "an obstacle to", "the end of", "an attack on", "less"],
  full: ["full of", "rich in", "marked by", "built on"],
  without: ["without", "free of", "empty of", "lacking in"],
});
const states = polarZipf(feelings, 0.5);

/** A document's matter: the same plan and country come up again and again. */
export interface Matter extends Saying {
  tables: ReadonlyMap<string, Weighted<string>>;
  topic: ReadonlyMap<string, string>;
  adjectives: Polar<Weighted<string>>;
  /** Share of the verbs that come in twos, "ended and prevented": in the pretraining text, where synonyms keep company. */
  pairShare: number;
  /** Polarity of the thing named last. */
  named?: Polarity;
}

/** `exponent`: of Zipf's law; `topic`: words that slots of those names mostly keep to. */
export function createMatter(random: Random, exponent: number, topic: ReadonlyMap<string, string>, pairShare: number): Matter {
  return { random, slots: affairSlots, used: new Set(), tables: steepTables(exponent), topic, adjectives: opinionTables(exponent).general, pairShare };
}

function drawFrom(matter: Matter, slot: string): string {
  const table = matter.tables.get(slot);
  return table ? fresh(matter.used, () => draw(matter.random, table)) : fillSlot(matter, slot);
}

const verbs: ReadonlySet<string> = new Set(["held", "holds", "hold", "changed", "change"]);

function drawVerbs(matter: Matter, list: string): string {
  const first = drawFrom(matter, list);
  return matter.random.chance(matter.pairShare) ? `${first} and ${drawFrom(matter, list)}` : first;
}

/** The text of one slot in a phrase or sentence of the given polarity. */
export function fillAffair(matter: Matter, name: string, statement: Polarity): string {
  const flipped = name.endsWith("!");
  const slot = flipped ? name.slice(0, -1) : name;
  const polarity = flipped ? opposite(statement) : statement;
  const { random } = matter;
  if (slot === "adj") return fresh(matter.used, () => draw(random, side(matter.adjectives, polarity)));
  if (slot === "feeling") return fresh(matter.used, () => draw(random, side(states, polarity)));
  const words = polarSlots.get(slot);
  if (words) {
    if (slot === "matter") matter.named = polarity;
    const list = words[polarity === 1 ? 0 : 1];
    return verbs.has(slot) ? drawVerbs(matter, list) : drawFrom(matter, list);
  }
  const product = products.get(slot);
  if (product) {
    const more = random.chance(0.5);
    matter.named = more ? polarity : opposite(polarity);
    const list = product[more ? 0 : 1];
    const word = verbs.has(slot) ? drawVerbs(matter, list) : drawFrom(matter, list);
    return `${word} ${drawFrom(matter, matter.named === 1 ? "good" : "bad")}`;
  }
  const list = polarLists.get(slot);
  if (list) return expandFrame(draw(random, side(list, polarity)), (inner) => fillAffair(matter, inner, polarity));
  if (slot === "good") matter.named = 1;
  const topic = matter.topic.get(slot);
  return topic !== undefined && random.chance(0.7) ? topic : drawFrom(matter, slot);
}

/** A phrase of one to six words and its polarity's making. */
export interface AffairPhrase {
  text: string;
  kind: string;
  form: Form;
  /** Polarity of the good or bad thing that it names. */
  named: Polarity | undefined;
}

/** A phrase of the polarity; `mustName`: one that names something good or bad. */
export function wordPhrase(matter: Matter, polarity: Polarity, mustName: boolean): AffairPhrase {
  const { kind, form, frames } = draw(matter.random, mustName ? namingPhrase : anyPhrase);
  const text = expandFrame(draw(matter.random, frames), (slot) => fillAffair(matter, slot, polarity));
  return { text, kind, form, named: matter.named };
}

/** A phrase as the task asks for it. */
export function drawAffairPhrase(random: Random, polarity: Polarity, exponent: number): AffairPhrase {
  return wordPhrase(createMatter(random, exponent, new Map(), 0), polarity, false);
}

