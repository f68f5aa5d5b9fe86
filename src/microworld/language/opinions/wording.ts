/** Words for opinions: expands the frames of a statement slot by slot. */
import { compileFrames, expandFrame, type CompiledFrame } from "../frame";
import { balancedFrames, mildFrames, strongFrames } from "./frames/degree";
import { closers, openers } from "./frames/additions";
import { contrastFrames } from "./frames/contrast";
import { ironyFrames } from "./frames/irony";
import { negationFrames } from "./frames/negation";
import { plainFrames, plainGeneralFrames } from "./frames/plain";
import {
  diminishers,
  feelings,
  feelingVerbs,
  generalImplicit,
  intensifiers,
  judgementNouns,
  mannerAdverbs,
} from "../lexicon";
import type { Opinion } from "./meaning";
import { opposite, polarFrames, polarZipf, side, type Polarity } from "./polarity";
import { draw, zipf, type Random, type Weighted } from "../random";
import type { OpinionSettings } from "./settings";
import { sideFillers } from "./side-matters";
import { fillSlot, fresh, slotTables, type Saying } from "./slots";
import { opinionTables, tablesOf, type DomainTables, type OpinionTables } from "./vocabulary";
import { middlingAdjectives, mildAdverbs, strongAdverbs } from "./words/intensity";
import { reviewFillers } from "./words/review-fillers";

const frames = {
  plain: compileFrames(plainFrames),
  plainGeneral: compileFrames(plainGeneralFrames),
  negation: compileFrames(negationFrames),
  contrast: compileFrames(contrastFrames),
  irony: compileFrames(ironyFrames),
  strong: compileFrames(strongFrames),
  mild: compileFrames(mildFrames),
  balanced: compileFrames(balancedFrames),
  openers: compileFrames(openers),
  implicit: polarFrames(generalImplicit),
};

const reviewSlots = slotTables(reviewFillers, sideFillers, { closer: closers, dim: diminishers });
const adverbTables: Readonly<Record<string, Weighted<string>>> = {
  int: zipf(intensifiers, 1),
  strong: zipf(strongAdverbs, 0.5),
  mild: zipf(mildAdverbs, 0.5),
  middling: zipf(middlingAdjectives, 0.5),
};
const verbs = polarZipf(feelingVerbs, 0.5);
const states = polarZipf(feelings, 0.5);
const manners = polarZipf(mannerAdverbs, 0.5);
const generalNouns = polarZipf(judgementNouns, 0.5);

/** A statement while it is being worded. */
export interface Scene extends Saying, Opinion {
  pairShare: number;
  ungradedShare: number;
  words: OpinionTables;
  tables: DomainTables;
  /** Number of the noun last named, for was/were. */
  plural: boolean;
}

/** `exponent`: of Zipf's law for the opinion words. */
export function createScene(random: Random, opinion: Opinion, settings: OpinionSettings, exponent: number): Scene {
  return {
    random,
    ...opinion,
    slots: reviewSlots,
    used: new Set([opinion.item]),
    pairShare: settings.pairShare,
    ungradedShare: settings.ungradedShare,
    words: opinionTables(exponent),
    tables: tablesOf(opinion.domain),
    plural: false,
  };
}

function adjective(scene: Scene, polarity: Polarity): string {
  const tables = scene.register === "general" ? scene.words.general : scene.words.adjectives.get(scene.domain)!;
  return fresh(scene.used, () => draw(scene.random, side(tables, polarity)));
}

/** One adjective or, more often, "adjective and adjective" of one polarity. */
function adjectives(scene: Scene, polarity: Polarity): string {
  const first = adjective(scene, polarity);
  if (!scene.random.chance(scene.pairShare)) return first;
  const second = adjective(scene, polarity);
  if (!scene.random.chance(0.15)) return `${first} and ${second}`;
  return `${first}, ${second} and ${adjective(scene, polarity)}`;
}

function noun(scene: Scene, polarity: Polarity): string {
  const tables = scene.register === "general" ? generalNouns : scene.words.nouns.get(scene.domain)!;
  return fresh(scene.used, () => draw(scene.random, side(tables, polarity)));
}

function aspect(scene: Scene, number: "any" | "singular" | "plural"): string {
  const { aspects, plurals } = scene.domain;
  const from = number === "plural" ? aspects.length : 0;
  const to = number === "singular" ? aspects.length : aspects.length + plurals.length;
  return fresh(scene.used, () => {
    const index = from + scene.random.below(to - from);
    scene.plural = index >= aspects.length;
    return scene.plural ? plurals[index - aspects.length] : aspects[index];
  });
}

/** "comedies" of "comedy" */
function pluralOf(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(ch|sh|s|x)$/.test(word) ? `${word}es` : `${word}s`;
}

/** A clause that can stand beside another one in a contrast. */
function clause(scene: Scene, polarity: Polarity): string {
  const ticket = scene.random.below(100);
  if (ticket < 15) return expand(scene, draw(scene.random, frames.negation), polarity);
  if (ticket < 30) return implicit(scene, polarity);
  return plain(scene, polarity);
}

function plain(scene: Scene, polarity: Polarity): string {
  const inGeneralFrame = scene.register === "general" && scene.random.chance(0.4);
  return expand(scene, draw(scene.random, inGeneralFrame ? frames.plainGeneral : frames.plain), polarity);
}

function implicit(scene: Scene, polarity: Polarity): string {
  const tables = scene.register === "general" && scene.random.chance(0.5) ? frames.implicit : scene.tables.implicit;
  return expand(scene, draw(scene.random, side(tables, polarity)), polarity);
}

/** The text of one slot in a statement of the given polarity. */
function fill(scene: Scene, name: string, statement: Polarity): string {
  const flipped = name.endsWith("!");
  const slot = flipped ? name.slice(0, -1) : name;
  const polarity = flipped ? opposite(statement) : statement;
  const { random, used } = scene;
  switch (slot) {
    case "adj": return adjective(scene, polarity);
    case "adjs": return adjectives(scene, polarity);
    case "int": return random.chance(0.35) ? `${draw(random, adverbTables.int)} ` : "";
    case "strong":
    case "mild":
    case "middling": return fresh(used, () => draw(random, adverbTables[slot]));
    case "aspect": return aspect(scene, "any");
    case "single": return aspect(scene, "singular");
    case "plural": return aspect(scene, "plural");
    case "was": return scene.plural ? "were" : "was";
    case "seemed": return random.chance(0.5) ? "seemed" : "felt";
    case "item": return scene.item;
    case "best": return polarity === 1 ? "best" : "worst";
    case "superior": return polarity === 1 ? "better" : "worse";
    case "items": return pluralOf(scene.item);
    case "noun": return noun(scene, polarity);
    case "felt": return fresh(used, () => draw(random, side(verbs, polarity)));
    case "feeling": return fresh(used, () => draw(random, side(states, polarity)));
    case "adverb": return fresh(used, () => draw(random, side(manners, polarity)));
    case "participle": return fresh(used, () => draw(random, scene.tables.participles));
    case "clause": return clause(scene, polarity);
    case "implicit": return implicit(scene, polarity);
    default: return fillSlot(scene, slot);
  }
}

function expand(scene: Scene, frame: CompiledFrame, polarity: Polarity): string {
  return expandFrame(frame, (slot) => fill(scene, slot, polarity));
}

/** The statement without capital and full stop. */
export function wordOpinion(scene: Scene): string {
  const { random, kind, polarity, strength, tables } = scene;
  if (strength && (strength === "balanced" || !random.chance(scene.ungradedShare))) return expand(scene, draw(random, frames[strength]), polarity);
  const opener = random.chance(0.1) ? expand(scene, draw(random, frames.openers), polarity) : "";
  if (kind === "plain") return opener + plain(scene, polarity);
  if (kind === "comparison" && tables.comparisons) return opener + expand(scene, draw(random, side(tables.comparisons, polarity)), polarity);
  if (kind === "implicit" || kind === "comparison") return opener + implicit(scene, polarity);
  return (kind === "irony" ? "" : opener) + expand(scene, draw(random, frames[kind]), polarity);
}

/** A fact about the thing that says nothing for or against it. */
export function wordFact(scene: Scene): string {
  return expand(scene, draw(scene.random, scene.tables.facts), 1);
}

/** A clause that shows which way the side matter is. */
export function wordSide(scene: Scene, way: Polarity): string {
  return expand(scene, draw(scene.random, side(scene.tables.side!.clauses, way)), way);
}

/** "the scenery was vast and epic" */
export function wordSideDescription(scene: Scene, way: Polarity): string {
  const { described, verdicts } = scene.tables.side!;
  const word = (): string => fresh(scene.used, () => draw(scene.random, side(verdicts, way)));
  return `${draw(scene.random, described)} ${word()} and ${word()}`;
}

/** The statement with a clause of the side matter beside it. */
export function joinSide(scene: Scene, way: Polarity, statement: string): string {
  const clauseText = wordSide(scene, way);
  return expandFrame(draw(scene.random, scene.tables.side!.joints), (slot) => (slot === "side" ? clauseText : statement));
}
