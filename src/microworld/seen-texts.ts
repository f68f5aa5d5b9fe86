/** Which texts a model has read in pretraining. */
import { corpusBlock } from "./language/corpus";
import { wordCount } from "./language/document";
import type { LanguageSettings } from "./language/settings";
import { documentKeys } from "./language/text-keys";
import { stagesOf, type TrainingRecord } from "./card";

/** The text of one stage: as many blocks as hold at least so many words. */
export interface ReadText {
  language: LanguageSettings;
  languageSeed: number;
  documentsPerBlock: number;
  words: number;
}

/**
 * What the runs of a record have read. Words stand for tokens, of which there are never fewer, so a little more than was
 * read is taken.
 */
export function readTexts(record: TrainingRecord): ReadText[] {
  return stagesOf(record).map(({ settings: { language, languageSeed, documentsPerBlock }, tokens }) => ({ language, languageSeed, documentsPerBlock, words: tokens }));
}

export interface Seen {
  /** Keys of the wanted texts that occur. */
  texts: Set<string>;
  /** Pairs of wanted texts, as {@link pairKey}, that occur in one document. */
  pairs: Set<string>;
}

export const pairKey = (keys: readonly string[]): string => keys.join(" | ");

/**
 * Which of the wanted texts occur in what was read, and which pairs together.
 * @param wanted the keys of each example's text or two texts
 * @param heldOut keys that the text was made without, as in pretraining
 */
export function seenTexts(texts: readonly ReadText[], wanted: readonly (readonly string[])[], heldOut: ReadonlySet<string>, onBlock?: (words: number, total: number) => void): Seen {
  const seen: Seen = { texts: new Set(), pairs: new Set() };
  const partners = new Map<string, readonly string[][]>();
  for (const keys of wanted) for (const key of keys) partners.set(key, [...(partners.get(key) ?? []), ...(keys.length > 1 ? [[...keys]] : [])]);
  const total = texts.reduce((sum, { words }) => sum + words, 0);
  let done = 0;
  for (const { language, languageSeed, documentsPerBlock, words } of texts) {
    let own = 0;
    for (let block = 0; own < words; block += 1) {
      for (const document of corpusBlock(language, languageSeed, block, documentsPerBlock, heldOut)) {
        const found = documentKeys(document).filter((key) => partners.has(key));
        for (const key of found) {
          seen.texts.add(key);
          for (const pair of partners.get(key) ?? []) if (pair.every((part) => found.includes(part))) seen.pairs.add(pairKey(pair));
        }
        own += wordCount(document);
      }
      onBlock?.(done + Math.min(own, words), total);
    }
    done += words;
  }
  return seen;
}
