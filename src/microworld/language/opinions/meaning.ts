/** What is held of a thing, before it is worded. */
import type { Domain } from "./domain";
import { film } from "./domains/all";
import type { Random } from "../random";
import type { KindShares, OpinionSettings } from "./settings";
import type { Polarity } from "./polarity";

export const opinionKinds = ["plain", "implicit", "contrast", "negation", "comparison", "irony"] as const;
export type OpinionKind = (typeof opinionKinds)[number];

/** How strongly it is held. */
export type Strength = "strong" | "mild" | "balanced";

/** An opinion of a thing, as one statement. */
export interface Opinion {
  domain: Domain;
  item: string;
  polarity: Polarity;
  kind: OpinionKind;
  /** "general": in words that serve every domain; "own": in the domain's. */
  register: "general" | "own";
  /** Left out where the statement is not graded. */
  strength?: Strength;
}

export function drawKind(random: Random, shares: KindShares): OpinionKind {
  const total = opinionKinds.reduce((sum, kind) => sum + shares[kind], 0);
  let ticket = (random.below(1e6) / 1e6) * total;
  for (const kind of opinionKinds) {
    ticket -= shares[kind];
    if (ticket < 0) return kind;
  }
  return "plain";
}

/** A thing of the domain; the first names of the list are the commoner ones. */
export function drawItem(random: Random, domain: Domain): string {
  return domain.items[Math.min(random.below(domain.items.length), random.below(domain.items.length))];
}

/** The words a statement about this domain is put in. */
export function drawRegister(random: Random, domain: Domain, settings: OpinionSettings): Opinion["register"] {
  return random.chance(domain === film ? settings.bridge : settings.generalShare) ? "general" : "own";
}
