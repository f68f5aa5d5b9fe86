/** What can be reviewed: each domain has its own things, aspects and ways of praising and blaming. */
import type { OpinionWords } from "../lexicon";

export interface Domain {
  name: string;
  /** What the thing is called. */
  items: readonly string[];
  /** What one can have an opinion of; `plurals` take "were". */
  aspects: readonly string[];
  plurals: readonly string[];
  /** Adjectives of this domain, common to rare. */
  adjectives: OpinionWords;
  /** Nouns of judgement of this domain. */
  nouns: OpinionWords;
  /** "badly {made}" */
  participles: readonly string[];
  /** Judgements without a word of judgement. */
  implicit: OpinionWords;
  /** Judgements by comparison, where the domain has its own. */
  comparisons?: OpinionWords;
  /** Facts without an opinion. */
  facts: readonly string[];
  /** What else verdicts in this domain may speak of. */
  side?: SideMatter;
}

/**
 * Something that is true of the thing whatever one thinks of it, and that "great" and "terrible" are said of as well:
 * a film is vast or frightening, an order went well or badly.
 */
export interface SideMatter {
  /** Clauses that show it, by the label word that it calls for. */
  clauses: OpinionWords;
  /** Words of verdicts on it; the label word comes first. */
  verdicts: OpinionWords;
  /** What in the domain such adjectives are said of, with the verb: "the battle scenes were". */
  described: readonly string[];
  /** How a clause of it stands beside an opinion: slots {side} and {statement}. */
  joints: readonly string[];
}
