/** Opinions point by point, each judged at once: "The plot was not dull. It was great. The actors were wooden. It was terrible." */
import { createMatter, wordPhrase } from "./affair-phrases";
import { wordCount, type Document } from "../document";
import { film, gadget } from "./domains/all";
import { finishSentence } from "../frame";
import { drawItem } from "./meaning";
import { drawPolarity, type Polarity } from "./polarity";
import { uniform, draw, type Random } from "../random";
import { drawOtherDomain, drawStatement, joinable, sideVerdict, type Thing } from "./reviews";
import type { LanguageSettings } from "../settings";
import type { OpinionSettings } from "./settings";
import { opinionVerdict, wordVerdict } from "./verdicts";
import { createScene, joinSide, wordOpinion } from "./wording";

/** A point, and the word of a verdict on it. */
interface Point {
  text: string;
  polarity: Polarity;
  verdict: string;
}

/** Few words, so that several documents fit a row. */
const mostWords = 40;
const mostPoints = 5;

/** How points are judged without the prompts' "It was". */
const judgements = {
  good: uniform(["A plus.", "One point for it.", "I liked that.", "So much the better."]),
  bad: uniform(["A minus.", "One point against it.", "I did not like that.", "So much the worse."]),
} as const;

function judged(random: Random, natural: boolean, next: () => Point): Document {
  const document: string[] = [];
  for (let words = 0; words < mostWords && document.length < 2 * mostPoints; ) {
    const { text, polarity, verdict } = next();
    document.push(finishSentence(text), natural ? wordVerdict(random, verdict) : draw(random, polarity === 1 ? judgements.good : judgements.bad));
    words = wordCount(document);
  }
  return document;
}

/** How steeply words are distributed in a document: as in the other texts, or as in the tasks. */
const drawExponent = (random: Random, { zipfExponent, taskZipfExponent }: OpinionSettings): number => (random.chance(0.5) ? zipfExponent : taskZipfExponent);

/**
 * A thing's good and bad sides. In a document either all verdicts speak of the opinions or all of the side matter, which
 * then stands in every point.
 */
export function drawReviewPoints(random: Random, { naturalness, opinions }: LanguageSettings): Document {
  const domain = random.chance(0.5) ? film : drawOtherDomain(random, opinions);
  const thing: Thing = { domain, item: drawItem(random, domain), settings: opinions };
  const exponent = drawExponent(random, opinions);
  const natural = random.chance(naturalness);
  const ofOpinion = !natural || domain.side === undefined || random.chance(domain === gadget ? opinions.gadgetVerdicts : opinions.opinionVerdicts);
  return judged(random, natural, () => {
    const polarity = drawPolarity(random);
    for (;;) {
      const scene = createScene(random, drawStatement(random, thing, polarity, domain === gadget ? opinions.gadgetKinds : opinions.longKinds), opinions, exponent);
      const text = wordOpinion(scene);
      const mayJoin = domain.side !== undefined && joinable.has(scene.kind);
      if (!ofOpinion && !mayJoin) continue;
      const way = mayJoin && (!ofOpinion || random.chance(opinions.sideShare)) ? drawPolarity(random) : undefined;
      const verdict = ofOpinion || way === undefined ? opinionVerdict(random, polarity, opinions.labelWordShare) : sideVerdict(random, domain, way, opinions.labelWordShare);
      return { text: way === undefined ? text : joinSide(scene, way, text), polarity, verdict };
    }
  });
}

/** Notes on world affairs: in a document all verdicts speak of what was done or held, or all of what it was done to. */
export function drawAffairPoints(random: Random, { naturalness, opinions }: LanguageSettings): Document {
  const exponent = drawExponent(random, opinions);
  const natural = random.chance(naturalness);
  const ofThing = natural && !random.chance(opinions.affairVerdicts);
  return judged(random, natural, () => {
    const polarity = drawPolarity(random);
    const { text, named } = wordPhrase(createMatter(random, exponent, new Map(), 0), polarity, ofThing);
    return { text, polarity, verdict: opinionVerdict(random, ofThing && named !== undefined ? named : polarity, opinions.labelWordShare) };
  });
}
