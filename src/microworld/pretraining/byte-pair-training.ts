/** A byte-level BPE vocabulary, learned from word counts (Sennrich et al. 2016; bytes as in GPT-2 and RoBERTa). */

/** GPT-2's pre-tokenizer: a word takes the space before it along. */
export const wordPattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** RoBERTa's special tokens in this vocabulary; a token's place is its id. */
export const specialTokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] as const;

/** A trained tokenizer: token → id, and merges in the order they were learned. */
export interface BytePairVocabulary {
  ids: Map<string, number>;
  merges: [string, string][];
}

/** GPT-2's printable stand-ins for the 256 bytes. */
export function byteCharacters(): string[] {
  const characters: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    characters.push(String.fromCharCode(printable ? byte : next++));
  }
  return characters;
}

const characters = byteCharacters();

/** A word as byte characters: " great" → "Ġgreat". */
export function toByteCharacters(word: string): string {
  return Array.from(Buffer.from(word, "utf8"), (byte) => characters[byte]).join("");
}

/** Counts the words of texts as the pre-tokenizer cuts them. */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(wordPattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/**
 * Merges the most frequent pair of neighbouring tokens, again and again, until the vocabulary
 * has `size` entries or no pair occurs twice. Ties go to the pair that sorts first, so the
 * result depends on the counts alone.
 */
export function trainBytePairs(counts: ReadonlyMap<string, number>, size: number): BytePairVocabulary {
  const ids = new Map<string, number>();
  for (const token of [...specialTokens, ...[...characters].sort()]) ids.set(token, ids.size);
  if (size < ids.size) throw new Error(`trainBytePairs: size ${size} is below the ${ids.size} special tokens and bytes`);
  const words = [...counts].map(([word, count]) => ({ symbols: [...toByteCharacters(word)], count }));
  const merges: [string, string][] = [];
  while (ids.size < size) {
    const pairs = new Map<string, number>();
    for (const { symbols, count } of words) {
      for (let i = 0; i + 1 < symbols.length; i += 1) {
        const pair = `${symbols[i]} ${symbols[i + 1]}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + count);
      }
    }
    let best = "";
    let bestCount = 1;
    for (const [pair, count] of pairs) {
      if (count > bestCount || (count === bestCount && best !== "" && pair < best)) [best, bestCount] = [pair, count];
    }
    if (best === "") break;
    const [left, right] = best.split(" ");
    merges.push([left, right]);
    if (!ids.has(left + right)) ids.set(left + right, ids.size);
    for (const word of words) word.symbols = mergePair(word.symbols, left, right);
  }
  return { ids, merges };
}

function mergePair(symbols: string[], left: string, right: string): string[] {
  if (!symbols.includes(left)) return symbols;
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i += 1) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      merged.push(left + right);
      i += 1;
    } else merged.push(symbols[i]);
  }
  return merged;
}

/**
 * Encodes plain text (no special tokens in it) fast, for a corpus of few word types: every word
 * is cut once and remembered.
 */
export function createFastEncoder({ ids, merges }: BytePairVocabulary): (text: string) => number[] {
  const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const cache = new Map<string, number[]>();
  const encodeWord = (word: string): number[] => {
    let symbols = [...toByteCharacters(word)];
    for (;;) {
      let best: number | undefined;
      for (let i = 0; i + 1 < symbols.length; i += 1) {
        const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`);
        if (rank !== undefined && (best === undefined || rank < best)) best = rank;
      }
      if (best === undefined) break;
      symbols = mergePair(symbols, ...merges[best]);
    }
    return symbols.map((symbol) => {
      const id = ids.get(symbol);
      if (id === undefined) throw new Error(`token "${symbol}" of word "${word}" is not in the vocabulary`);
      return id;
    });
  };
  return (text) => {
    const result: number[] = [];
    for (const [word] of text.matchAll(wordPattern)) {
      let encoded = cache.get(word);
      if (!encoded) cache.set(word, (encoded = encodeWord(word)));
      for (const id of encoded) result.push(id);
    }
    return result;
  };
}
