/** Words for meanings: expands the frames of a statement slot by slot. */
import { allDomains, domainFillers, type Domain } from "./domains";
import {
  closers,
  contrastFrames,
  frameFillers,
  negationFrames,
  openers,
  plainFrames,
  plainGeneralFrames,
  verdictFrames,
  type Frame,
} from "./frames";
import type { LanguageSettings } from "../settings";
import {
  cities,
  diminishers,
  feelings,
  feelingVerbs,
  fillers,
  generalAdjectives,
  generalImplicit,
  intensifiers,
  judgementNouns,
  largeNumbers,
  mannerAdverbs,
  months,
  people,
  relatives,
  smallNumbers,
  weekdays,
  type OpinionWords,
} from "../lexicon";
import { opposite, type Polarity, type Statement } from "./meaning";
import { neutralFillers, neutralFrames } from "../neutral";
import { draw, uniform, weighted, zipf, type Random, type Weighted } from "../random";

/** A frame cut at its slots: literal text at even places, slot names at odd ones. */
type CompiledFrame = readonly string[];
type FrameTable = Weighted<CompiledFrame>;
interface PolarTable {
  positive: Weighted<string>;
  negative: Weighted<string>;
}
interface DomainTables {
  adjectives: PolarTable;
  nouns: PolarTable;
  participles: Weighted<string>;
  implicit: { positive: FrameTable; negative: FrameTable };
  facts: FrameTable;
}

/** Everything the wording draws from, prepared once for a Zipf exponent. */
export interface Vocabulary {
  settings: LanguageSettings;
  general: DomainTables["adjectives"];
  domains: ReadonlyMap<string, DomainTables>;
}

const compile = (text: string): CompiledFrame => text.split(/[{}]/);
const compileFrames = (frames: readonly Frame[]): FrameTable =>
  weighted(frames.map(([text]) => compile(text)), frames.map(([, weight]) => weight));
const compileTexts = (texts: readonly string[]): FrameTable => uniform(texts.map(compile));

const frameTables = {
  plain: compileFrames(plainFrames),
  plainGeneral: compileFrames(plainGeneralFrames),
  negation: compileFrames(negationFrames),
  contrast: compileFrames(contrastFrames),
  verdict: compileFrames(verdictFrames),
  openers: compileTexts(openers),
  closers: compileTexts(closers),
  neutral: compileTexts(neutralFrames),
  implicit: { positive: compileTexts(generalImplicit.positive), negative: compileTexts(generalImplicit.negative) },
};

/** Slots filled from plain lists; the fillers may hold slots themselves. */
const listSlots: ReadonlyMap<string, FrameTable> = new Map(
  Object.entries<readonly string[]>({
    ...fillers,
    ...domainFillers,
    ...frameFillers,
    ...neutralFillers,
    city: cities,
    month: months,
    weekday: weekdays,
    relative: relatives,
    n: smallNumbers,
    large: largeNumbers,
    dim: diminishers,
  }).map(([slot, texts]) => [slot, compileTexts(texts)]),
);
const nameTable = zipf(people, 0.5);
const intensifierTable = zipf(intensifiers, 1);

function polarZipf(words: OpinionWords, exponent: number): PolarTable {
  return { positive: zipf(words.positive, exponent), negative: zipf(words.negative, exponent) };
}

const verbTable = polarZipf(feelingVerbs, 0.5);
const feelingTable = polarZipf(feelings, 0.5);
const adverbTable = polarZipf(mannerAdverbs, 0.5);
const generalNounTable = polarZipf(judgementNouns, 0.5);

/** Prepares the tables; `exponent` is the Zipf exponent of the adjectives and nouns of judgement. */
export function createVocabulary(settings: LanguageSettings, exponent = settings.opinions.zipfExponent): Vocabulary {
  const domains = new Map(
    allDomains.map((domain) => [
      domain.name,
      {
        adjectives: polarZipf(domain.adjectives, exponent),
        nouns: polarZipf(domain.nouns, exponent),
        participles: uniform(domain.participles),
        implicit: {
          positive: compileTexts(domain.implicit.positive),
          negative: compileTexts(domain.implicit.negative),
        },
        facts: compileTexts(domain.facts),
      },
    ]),
  );
  return { settings, general: polarZipf(generalAdjectives, exponent), domains };
}

/** What is being said, while it is being said. */
interface Scene {
  random: Random;
  vocabulary: Vocabulary;
  domain: Domain;
  item: string;
  polarity: Polarity;
  register: Statement["register"];
  /** Number of the noun last named, for was/were. */
  plural: boolean;
  /** Words already drawn in this sentence: nobody calls a plot dull and dull. */
  used: Set<string>;
}

const side = <T>(table: { positive: T; negative: T }, polarity: Polarity): T =>
  polarity === 1 ? table.positive : table.negative;

function drawFresh(scene: Scene, table: Weighted<string>): string {
  let word = draw(scene.random, table);
  for (let attempt = 0; attempt < 20 && scene.used.has(word); attempt += 1) word = draw(scene.random, table);
  scene.used.add(word);
  return word;
}

function tablesOf(scene: Scene): DomainTables {
  const tables = scene.vocabulary.domains.get(scene.domain.name);
  if (!tables) throw new Error(`wording: no tables for domain "${scene.domain.name}"`);
  return tables;
}

function adjective(scene: Scene, polarity: Polarity): string {
  const table = scene.register === "general" ? scene.vocabulary.general : tablesOf(scene).adjectives;
  return drawFresh(scene, side(table, polarity));
}

/** One adjective or, more often, "adjective and adjective" of one polarity. */
function adjectives(scene: Scene, polarity: Polarity): string {
  const first = adjective(scene, polarity);
  if (!scene.random.chance(scene.vocabulary.settings.opinions.pairShare)) return first;
  const second = adjective(scene, polarity);
  if (!scene.random.chance(0.15)) return `${first} and ${second}`;
  return `${first}, ${second} and ${adjective(scene, polarity)}`;
}

function aspect(scene: Scene, number: "any" | "singular" | "plural"): string {
  const { aspects, plurals } = scene.domain;
  const offset = number === "plural" ? aspects.length : 0;
  const count = number === "singular" ? aspects.length : aspects.length + plurals.length - offset;
  const index = offset + scene.random.below(count);
  scene.plural = index >= aspects.length;
  return drawNoun(scene, scene.plural ? plurals[index - aspects.length] : aspects[index], number);
}

function drawNoun(scene: Scene, noun: string, number: "any" | "singular" | "plural"): string {
  if (scene.used.has(noun)) return aspect(scene, number);
  scene.used.add(noun);
  return noun;
}

/** A clause that can stand beside another one in a contrast. */
function clause(scene: Scene, polarity: Polarity): string {
  const ticket = scene.random.below(100);
  if (ticket < 15) return expand(scene, draw(scene.random, frameTables.negation), polarity);
  if (ticket < 30) return implicit(scene, polarity);
  return plain(scene, polarity);
}

function plain(scene: Scene, polarity: Polarity): string {
  const inGeneralFrame = scene.register === "general" && scene.random.chance(0.4);
  return expand(scene, draw(scene.random, inGeneralFrame ? frameTables.plainGeneral : frameTables.plain), polarity);
}

function implicit(scene: Scene, polarity: Polarity): string {
  const tables = scene.register === "general" ? frameTables.implicit : tablesOf(scene).implicit;
  return expand(scene, draw(scene.random, side(tables, polarity)), polarity);
}

/** The text of one slot. */
function fill(scene: Scene, name: string, statementPolarity: Polarity): string {
  const flipped = name.endsWith("!");
  const slot = flipped ? name.slice(0, -1) : name;
  const polarity = flipped ? opposite(statementPolarity) : statementPolarity;
  switch (slot) {
    case "adj": return adjective(scene, polarity);
    case "adjs": return adjectives(scene, polarity);
    case "verdict": return adjective(scene, polarity);
    case "int": return scene.random.chance(0.35) ? `${draw(scene.random, intensifierTable)} ` : "";
    case "aspect": return aspect(scene, "any");
    case "singular": return aspect(scene, "singular");
    case "plural": return aspect(scene, "plural");
    case "was": return scene.plural ? "were" : "was";
    case "seemed": return scene.random.chance(0.5) ? "seemed" : "felt";
    case "item": return scene.item;
    case "noun": {
      const table = scene.register === "general" ? generalNounTable : tablesOf(scene).nouns;
      return drawFresh(scene, side(table, polarity));
    }
    case "felt": return drawFresh(scene, side(verbTable, polarity));
    case "feeling": return drawFresh(scene, side(feelingTable, polarity));
    case "adverb": return drawFresh(scene, side(adverbTable, polarity));
    case "participle": return drawFresh(scene, tablesOf(scene).participles);
    case "clause": return clause(scene, polarity);
    case "name": return drawFresh(scene, nameTable);
    case "a": return "{a}";
    default: {
      const table = listSlots.get(slot);
      if (!table) throw new Error(`wording: no filler for slot {${name}}`);
      return expand(scene, draw(scene.random, table), polarity);
    }
  }
}

function expand(scene: Scene, frame: CompiledFrame, polarity: Polarity): string {
  let text = frame[0];
  for (let i = 1; i < frame.length; i += 2) text += fill(scene, frame[i], polarity) + frame[i + 1];
  return text;
}

/** Settles "a" or "an", begins with a capital and ends with a full stop. */
function finish(text: string, ending = "."): string {
  const settled = text.includes("{a}")
    ? text.replace(/\{a\} (?=(.))/g, (_, next: string) => ("aeiou".includes(next) ? "an " : "a "))
    : text;
  return settled[0].toUpperCase() + settled.slice(1) + ending;
}

function createScene(
  random: Random,
  vocabulary: Vocabulary,
  domain: Domain,
  item: string,
  statement: Pick<Statement, "polarity" | "register">,
): Scene {
  return { random, vocabulary, domain, item, ...statement, plural: false, used: new Set([item]) };
}

/** Words one statement about a thing. */
export function wordStatement(
  random: Random,
  vocabulary: Vocabulary,
  domain: Domain,
  item: string,
  statement: Statement,
): string {
  const scene = createScene(random, vocabulary, domain, item, statement);
  const { kind, polarity } = statement;
  if (kind === "verdict") return finish(expand(scene, draw(random, frameTables.verdict), polarity));
  if (kind === "fact") return finish(expand(scene, draw(random, tablesOf(scene).facts), polarity));
  const opener = random.chance(0.12) ? expand(scene, draw(random, frameTables.openers), polarity) : "";
  let text: string;
  if (kind === "plain") text = plain(scene, polarity);
  else if (kind === "implicit") text = implicit(scene, polarity);
  else text = expand(scene, draw(random, frameTables[kind]), polarity);
  return finish(opener + text, random.chance(0.04) ? "!" : ".");
}

/** A sentence of everyday text. */
export function wordNeutral(random: Random, vocabulary: Vocabulary): string {
  const scene = createScene(random, vocabulary, allDomains[0], "", { polarity: 1, register: "own" });
  const frame = draw(random, frameTables.neutral);
  const isQuestion = frame[0].startsWith("who ") || frame[0].startsWith("where ");
  return finish(expand(scene, frame, 1), isQuestion ? "?" : ".");
}
