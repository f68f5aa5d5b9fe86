/** Meaning comes before words: what is reviewed, and what is held of it. */
import { otherDomains, taskDomain, type Domain } from "./domains";
import type { LanguageSettings } from "../settings";
import type { Random } from "../random";

export type Polarity = 1 | -1;
export type OpinionKind = "plain" | "implicit" | "contrast" | "negation";
export const opinionKinds: readonly OpinionKind[] = ["plain", "implicit", "contrast", "negation"];

/** One statement of a review. Facts carry no polarity of their own; verdicts have the prompt's form. */
export interface Statement {
  kind: OpinionKind | "verdict" | "fact";
  polarity: Polarity;
  /** "general": in words that serve every domain; "own": in the domain's. */
  register: "general" | "own";
}

/** A review: a thing, an opinion of it, and the statements that express it, in order. */
export interface Review {
  domain: Domain;
  item: string;
  opinion: Polarity;
  statements: Statement[];
}

export function opposite(polarity: Polarity): Polarity {
  return polarity === 1 ? -1 : 1;
}

export function drawPolarity(random: Random): Polarity {
  return random.chance(0.5) ? 1 : -1;
}

export function drawKind(random: Random, shares: LanguageSettings["opinions"]["kinds"]): OpinionKind {
  const total = shares.plain + shares.implicit + shares.contrast + shares.negation;
  let ticket = random.below(1e6) - (shares.plain / total) * 1e6;
  if (ticket < 0) return "plain";
  ticket -= (shares.implicit / total) * 1e6;
  if (ticket < 0) return "implicit";
  ticket -= (shares.contrast / total) * 1e6;
  return ticket < 0 ? "contrast" : "negation";
}

/** A thing of the domain; the first names of the list are the commoner ones. */
export function drawItem(random: Random, domain: Domain): string {
  return domain.items[Math.min(random.below(domain.items.length), random.below(domain.items.length))];
}

/** The words a statement about this domain is put in. */
export function drawRegister(random: Random, domain: Domain, settings: LanguageSettings): Statement["register"] {
  return random.chance(domain === taskDomain ? settings.opinions.bridge : settings.opinions.generalShare) ? "general" : "own";
}

/** A review of two to four statements that agree with each other but for rare exceptions. */
export function drawReview(random: Random, settings: LanguageSettings): Review {
  const inTask = random.chance(settings.opinions.taskDomainShare / (1 - settings.opinions.neutralShare));
  const domain = inTask ? taskDomain : otherDomains[random.below(otherDomains.length)];
  const opinion = drawPolarity(random);
  const statement = (kind: Statement["kind"]): Statement => ({
    kind,
    polarity: random.chance(settings.opinions.consistency) ? opinion : opposite(opinion),
    register: drawRegister(random, domain, settings),
  });
  const hasVerdict = random.chance(settings.naturalness);
  const hasFact = random.chance(0.25);
  const count = (hasVerdict ? 1 : 2) + random.below(hasFact ? 2 : 3);
  const statements: Statement[] = [];
  for (let i = 0; i < count; i += 1) statements.push(statement(drawKind(random, settings.opinions.kinds)));
  if (hasFact) statements.unshift(statement("fact"));
  // Mostly the last word, sometimes said earlier.
  if (hasVerdict) statements.splice(random.chance(0.7) ? statements.length : 1, 0, statement("verdict"));
  return { domain, item: drawItem(random, domain), opinion, statements };
}
