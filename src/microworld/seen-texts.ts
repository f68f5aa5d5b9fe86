/** Which texts a model has read in pretraining. */
import { corpusBlock } from "./language/corpus";
import { wordCount } from "./language/document";
import type { LanguageSettings } from "./language/settings";
import { sentenceKey } from "./language/text-keys";
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

/** So many first words of a text are looked up before the rest is compared. */
const lookedUp = 3;

/**
 * A search for texts in running words: wherever their words stand in a row, be it inside a longer sentence. It shares but
 * the form of the keys with what leaves held-out texts out of the pretraining text, so that it can find what that misses.
 */
export function wordRuns(keys: Iterable<string>): (words: readonly string[]) => Set<string> {
  const byStart = new Map<string, { key: string; words: string[] }[]>();
  for (const key of new Set(keys)) {
    const words = key.split(" ");
    const start = words.slice(0, lookedUp).join(" ");
    byStart.set(start, [...(byStart.get(start) ?? []), { key, words }]);
  }
  return (running) => {
    const found = new Set<string>();
    for (let at = 0; at < running.length; at += 1) {
      let start = "";
      for (let length = 1; length <= lookedUp && at + length <= running.length; length += 1) {
        start = length === 1 ? running[at] : `${start} ${running[at + length - 1]}`;
        for (const { key, words } of byStart.get(start) ?? []) if (words.every((word, i) => running[at + i] === word)) found.add(key);
      }
    }
    return found;
  };
}

/**
 * Which of the wanted texts occur word for word in what was read, and which pairs in one document.
 * @param wanted the keys of each example's text or two texts
 * @param heldOut keys that the text was made without, as in pretraining
 */
export function seenTexts(texts: readonly ReadText[], wanted: readonly (readonly string[])[], heldOut: ReadonlySet<string>, onBlock?: (words: number, total: number) => void): Seen {
  const seen: Seen = { texts: new Set(), pairs: new Set() };
  const find = wordRuns(wanted.flat());
  const pairsOf = new Map<string, (readonly string[])[]>();
  for (const keys of wanted) if (keys.length > 1) for (const key of keys) pairsOf.set(key, [...(pairsOf.get(key) ?? []), keys]);
  const total = texts.reduce((sum, { words }) => sum + words, 0);
  let done = 0;
  for (const { language, languageSeed, documentsPerBlock, words } of texts) {
    let own = 0;
    for (let block = 0; own < words; block += 1) {
      for (const document of corpusBlock(language, languageSeed, block, documentsPerBlock, heldOut)) {
        const found = find(document.map(sentenceKey).join(" ").split(" "));
        for (const key of found) {
          seen.texts.add(key);
          for (const pair of pairsOf.get(key) ?? []) if (pair.every((part) => found.has(part))) seen.pairs.add(pairKey(pair));
        }
        own += wordCount(document);
      }
      onBlock?.(done + Math.min(own, words), total);
    }
    done += words;
  }
  return seen;
}
