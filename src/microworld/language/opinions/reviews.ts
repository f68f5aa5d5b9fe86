/** Reviews: a thing, an opinion of it, statements that agree, and sometimes a verdict. */
import type { Document } from "../document";
import type { Domain } from "./domain";
import { film, gadget, otherDomains } from "./domains/all";
import { finishSentence } from "../frame";
import { drawItem, drawKind, drawRegister, type Opinion, type OpinionKind, type Strength } from "./meaning";
import { recalled, wordPlot, wordProduction } from "./plots";
import { drawPolarity, opposite, side, type Polarity } from "./polarity";
import { draw, type Random } from "../random";
import type { LanguageSettings } from "../settings";
import type { KindShares, OpinionSettings } from "./settings";
import { gradedVerdict, opinionVerdict, wordVerdict, type Degree } from "./verdicts";
import { tablesOf } from "./vocabulary";
import { createScene, joinSide, wordFact, wordOpinion, wordSide, wordSideDescription } from "./wording";

/** Kinds that can have a clause of another matter beside them. */
export const joinable: ReadonlySet<OpinionKind> = new Set(["plain", "implicit", "contrast", "negation", "comparison"]);

/** Which way the side matter is, where there is one. */
type Side = Polarity | undefined;

/** What is reviewed. */
export interface Thing {
  domain: Domain;
  item: string;
  settings: OpinionSettings;
}

/** The meaning of one statement about a thing. */
export function drawStatement(random: Random, thing: Thing, polarity: Polarity, kinds: KindShares, strength?: Strength): Opinion {
  const { domain, item, settings } = thing;
  return {
    domain,
    item,
    polarity,
    kind: strength === "balanced" ? "plain" : drawKind(random, kinds),
    register: drawRegister(random, domain, settings),
    ...(strength && { strength }),
  };
}

function sentence(random: Random, text: string): string {
  return finishSentence(text, random.chance(0.04) ? "!" : ".");
}

/** Another matter in a sentence or two, with words of its own that verdicts take up. */
function sideSentence(random: Random, thing: Thing, way: Polarity): string {
  const { domain, item, settings } = thing;
  const scene = createScene(random, { domain, item, polarity: way, kind: "plain", register: "own" }, settings, settings.zipfExponent);
  return finishSentence(random.chance(0.3) ? wordSideDescription(scene, way) : wordSide(scene, way));
}

/**
 * A review of one to four statements. Whether its verdict, if it has one, speaks of the opinion is drawn first; a
 * verdict on the side matter needs the matter to be there.
 */
function drawReview(random: Random, language: LanguageSettings, domain: Domain, opinionShare: number): Document {
  const settings = language.opinions;
  const thing: Thing = { domain, item: drawItem(random, domain), settings };
  const opinion = drawPolarity(random);
  const hasVerdict = random.chance(language.naturalness);
  const ofOpinion = random.chance(opinionShare);
  const way: Side = domain.side && ((hasVerdict && !ofOpinion) || random.chance(settings.sideShare)) ? drawPolarity(random) : undefined;
  const sentences: string[] = [];
  const count = 1 + random.below(way === undefined ? 4 : 3);
  for (let i = 0; i < count; i += 1) {
    const polarity = random.chance(settings.consistency) ? opinion : opposite(opinion);
    const scene = createScene(random, drawStatement(random, thing, polarity, domain === gadget ? settings.gadgetKinds : settings.kinds), settings, settings.zipfExponent);
    const text = wordOpinion(scene);
    const joined = way !== undefined && i === 0 && joinable.has(scene.kind) && random.chance(0.4);
    const withPlot = domain === film && !joined && random.chance(0.12);
    sentences.push(sentence(random, joined ? joinSide(scene, way, text) : withPlot ? recalled(random, text) : text));
  }
  if (way !== undefined) sentences.splice(random.below(2), 0, sideSentence(random, thing, way));
  else if (random.chance(0.25)) sentences.unshift(fact(random, thing));
  const word = hasVerdict && (ofOpinion || way === undefined
    ? opinionVerdict(random, opinion, settings.labelWordShare)
    : sideVerdict(random, domain, way, settings.labelWordShare));
  return placed(random, sentences.slice(0, 4), word ? wordVerdict(random, word) : undefined);
}

/** The word of a verdict that speaks of the side matter. */
export function sideVerdict(random: Random, domain: Domain, way: Polarity, labelWordShare: number): string {
  if (random.chance(labelWordShare)) return way === 1 ? "great" : "terrible";
  return draw(random, side(tablesOf(domain).side!.verdicts, way));
}

function fact(random: Random, thing: Thing): string {
  const { domain, item, settings } = thing;
  if (domain === film && random.chance(0.5)) return finishSentence(random.chance(0.5) ? wordPlot(random) : wordProduction(random));
  return finishSentence(wordFact(createScene(random, { domain, item, polarity: 1, kind: "plain", register: "own" }, settings, settings.zipfExponent)));
}

/** Verdicts are mostly the last word, and sometimes said earlier. */
function placed(random: Random, sentences: string[], verdict: string | undefined): Document {
  if (verdict !== undefined) sentences.splice(random.chance(0.75) ? sentences.length : 1, 0, verdict);
  return sentences;
}

export function drawFilmReview(random: Random, language: LanguageSettings): Document {
  return drawReview(random, language, film, language.opinions.opinionVerdicts);
}

/** What else than films is reviewed. */
export function drawOtherDomain(random: Random, { gadgetShare }: OpinionSettings): Domain {
  return random.chance(gadgetShare) ? gadget : otherDomains[1 + random.below(otherDomains.length - 1)];
}

/** A review of something else than a film. */
export function drawOtherReview(random: Random, language: LanguageSettings): Document {
  const domain = drawOtherDomain(random, language.opinions);
  return drawReview(random, language, domain, domain === gadget ? language.opinions.gadgetVerdicts : 1);
}

/** Polarity and strength of a degree; what is in the middle is put from either end. */
export function meaningOfDegree(random: Random, degree: Degree): { polarity: Polarity; strength: Strength } {
  if (degree === 2) return { polarity: drawPolarity(random), strength: "balanced" };
  return { polarity: degree > 2 ? 1 : -1, strength: degree === 0 || degree === 4 ? "strong" : "mild" };
}

/** A review that says how good: half of them of films, where verdicts speak of scale and fright as well. */
export function drawGradedReview(random: Random, language: LanguageSettings): Document {
  const settings = language.opinions;
  const domain = random.chance(0.5) ? film : otherDomains[random.below(otherDomains.length)];
  const thing: Thing = { domain, item: drawItem(random, domain), settings };
  const degree = random.below(5) as Degree;
  const hasVerdict = random.chance(language.naturalness);
  const ofOpinion = domain !== film || random.chance(settings.opinionVerdicts);
  const way: Side = domain === film && ((hasVerdict && !ofOpinion) || random.chance(settings.sideShare)) ? drawPolarity(random) : undefined;
  const sentences = Array.from({ length: 1 + random.below(3) }, () => {
    const { polarity, strength } = meaningOfDegree(random, degree);
    return sentence(random, wordOpinion(createScene(random, drawStatement(random, thing, polarity, settings.kinds, strength), settings, settings.zipfExponent)));
  });
  if (way !== undefined) sentences.splice(random.below(2), 0, sideSentence(random, thing, way));
  const word = hasVerdict && (ofOpinion || way === undefined ? gradedVerdict(random, degree) : sideVerdict(random, domain, way, settings.labelWordShare));
  return placed(random, sentences, word ? wordVerdict(random, word) : undefined);
}

/** One sentence of a sentiment task, without capital and full stop. */
export interface ReviewSentence {
  text: string;
  kind: string;
}

/** Words one statement about a thing of the domain as the tasks put it, sometimes with the side matter beside it. */
export function drawTaskSentence(
  random: Random,
  settings: OpinionSettings,
  domain: Domain,
  meaning: { polarity: Polarity; strength?: Strength },
  kinds: KindShares,
): ReviewSentence {
  const thing: Thing = { domain, item: drawItem(random, domain), settings };
  const scene = createScene(random, drawStatement(random, thing, meaning.polarity, kinds, meaning.strength), settings, settings.taskZipfExponent);
  const text = wordOpinion(scene);
  const kind = meaning.strength ?? scene.kind;
  if (!domain.side || !joinable.has(scene.kind) || !random.chance(settings.taskSideShare)) return { text, kind };
  return { text: joinSide(scene, drawPolarity(random), text), kind: `${kind} with side` };
}
