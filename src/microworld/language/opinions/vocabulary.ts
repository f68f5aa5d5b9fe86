/** Tables to draw from, prepared once. */
import type { Domain } from "./domain";
import { allDomains } from "./domains/all";
import { compileFrames, type FrameTable } from "../frame";
import { generalAdjectives } from "../lexicon";
import { polarFrames, polarZipf, type Polar } from "./polarity";
import { uniform, type Weighted } from "../random";

export interface DomainTables {
  implicit: Polar<FrameTable>;
  comparisons?: Polar<FrameTable>;
  facts: FrameTable;
  participles: Weighted<string>;
  side?: { clauses: Polar<FrameTable>; verdicts: Polar<Weighted<string>>; described: Weighted<string>; joints: FrameTable };
}

function domainTables({ implicit, comparisons, facts, participles, side }: Domain): DomainTables {
  return {
    implicit: polarFrames(implicit),
    ...(comparisons && { comparisons: polarFrames(comparisons) }),
    facts: compileFrames(facts),
    participles: uniform(participles),
    ...(side && {
      side: {
        clauses: polarFrames(side.clauses),
        verdicts: polarZipf(side.verdicts, 1),
        described: uniform(side.described),
        joints: compileFrames(side.joints),
      },
    }),
  };
}

const tablesByDomain: ReadonlyMap<Domain, DomainTables> = new Map(allDomains.map((domain) => [domain, domainTables(domain)]));

export function tablesOf(domain: Domain): DomainTables {
  return tablesByDomain.get(domain)!;
}

/** Opinion words at one steepness of Zipf's law. */
export interface OpinionTables {
  general: Polar<Weighted<string>>;
  adjectives: ReadonlyMap<Domain, Polar<Weighted<string>>>;
  nouns: ReadonlyMap<Domain, Polar<Weighted<string>>>;
}

const byExponent = new Map<number, OpinionTables>();

/** The opinion words with the given Zipf exponent, a multiple of 0.5. */
export function opinionTables(exponent: number): OpinionTables {
  let tables = byExponent.get(exponent);
  if (!tables) {
    tables = {
      general: polarZipf(generalAdjectives, exponent),
      adjectives: new Map(allDomains.map((domain) => [domain, polarZipf(domain.adjectives, exponent)])),
      nouns: new Map(allDomains.map((domain) => [domain, polarZipf(domain.nouns, exponent)])),
    };
    byExponent.set(exponent, tables);
  }
  return tables;
}
