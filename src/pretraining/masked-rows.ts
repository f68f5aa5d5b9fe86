/** Documents packed into rows of one length, and whole words of them masked. */
import type { PackedRow } from "../model/batch";
import type { Tokenizer } from "../model/tokenizer";
import { mixedSeed, randomStream, shuffled } from "../random";
import { documentCount, documentIds, type EncodedDocuments } from "./documents";
import type { PretrainingSettings } from "./settings";

type Special = Pick<Tokenizer, "clsId" | "sepId" | "maskId">;

const OPEN_ROWS = 24;

/**
 * Packs documents into rows of at most `length` tokens, each document with its special tokens and cut into pieces where
 * it is longer. A piece goes into the first open row with room; of the open rows the fullest is closed when there are
 * more than a few.
 */
export function packRows(documents: Iterable<Int32Array>, length: number, { clsId, sepId }: Special): PackedRow[] {
  const [open, closed]: [PackedRow[], PackedRow[]] = [[], []];
  for (const document of documents) {
    for (let at = 0; at < document.length; at += length - 2) {
      const ids = [clsId, ...document.subarray(at, at + length - 2), sepId];
      let row = open.find((candidate) => candidate.ids.length + ids.length <= length);
      if (!row) {
        if (open.length === OPEN_ROWS) closed.push(...open.splice(fullest(open), 1));
        open.push((row = { ids: [], starts: [] }));
      }
      row.starts.push(row.ids.length);
      row.ids.push(...ids);
    }
  }
  return [...closed, ...open];
}

const fullest = (rows: readonly PackedRow[]): number =>
  rows.reduce((best, row, i) => (row.ids.length > rows[best].ids.length ? i : best), 0);

/** One pass over the documents in a new order, as batches of packed rows; rows that do not fill a batch are left out. */
export function epochBatches(
  documents: EncodedDocuments,
  { rows, length, seed }: Pick<PretrainingSettings, "rows" | "length" | "seed">,
  epoch: number,
  special: Special,
): PackedRow[][] {
  const random = randomStream(mixedSeed([seed, epoch]));
  const order = shuffled(
    Array.from({ length: documentCount(documents) }, (_, i) => i),
    random,
  );
  // Rows of short documents are closed late: shuffled again, batches are alike.
  const packed = shuffled(
    packRows(
      order.map((i) => documentIds(documents, i)),
      length,
      special,
    ),
    random,
  );
  return Array.from({ length: Math.floor(packed.length / rows) }, (_, i) => packed.slice(i * rows, (i + 1) * rows));
}

export interface MaskedRows {
  rows: PackedRow[];
  /** The places to predict in each row, in order, and what stood there. */
  places: number[][];
  targets: number[][];
}

/** How a tokenizer's vocabulary is masked. */
export interface Masking extends Special {
  /** Whether a token continues the word of the token before it. */
  continuesWord: Uint8Array;
  /** Tokens that may replace a masked one. */
  ordinary: Int32Array;
  share: number;
  reads: number;
}

/** What masking needs to know of a tokenizer. WordPiece marks the later pieces of a word ("##ly"); byte-level BPE its first ("Ġgreat"). */
export function maskingOf(
  tokenizer: Tokenizer,
  { maskedShare, reads }: Pick<PretrainingSettings, "maskedShare" | "reads">,
): Masking {
  const tokens = Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? "");
  const wordPiece = tokens.some((token) => token.startsWith("##"));
  // "Ġ" stands for a space, but is a letter itself.
  const isWord = (token: string): boolean => /^(?!Ġ)[\p{L}\p{N}']+$/u.test(token);
  const continuesWord = Uint8Array.from(tokens, (token) => Number(wordPiece ? token.startsWith("##") : isWord(token)));
  const special = new Set([tokenizer.clsId, tokenizer.sepId, tokenizer.maskId, tokenizer.padId, tokenizer.unkId]);
  const ordinary = Int32Array.from(tokens.keys()).filter((id) => !special.has(id));
  const { clsId, sepId, maskId } = tokenizer;
  return { clsId, sepId, maskId, continuesWord, ordinary, share: maskedShare, reads };
}

/**
 * Masks whole words: each is drawn with the probability `share`; of those drawn 80 % become masks, 10 % random tokens, and
 * 10 % stay. At most `reads` tokens of a row are predicted. The first row of a batch has at least one masked word.
 */
export function maskRows(batch: readonly PackedRow[], masking: Masking, seed: readonly number[]): MaskedRows {
  const random = randomStream(mixedSeed(seed));
  const result: MaskedRows = { rows: [], places: [], targets: [] };
  for (const row of batch) {
    const words = wordsOf(row.ids, masking);
    const drawn = shuffled(
      words.filter(() => random() < masking.share),
      random,
    );
    const ids = [...row.ids];
    const places: number[] = [];
    for (const word of drawn.length > 0 || result.rows.length > 0 ? drawn : words.slice(0, 1)) {
      if (places.length + word.length > masking.reads) continue;
      const ticket = random();
      for (const place of word) {
        if (ticket < 0.8) ids[place] = masking.maskId;
        else if (ticket < 0.9) ids[place] = masking.ordinary[Math.floor(random() * masking.ordinary.length)];
        places.push(place);
      }
    }
    places.sort((a, b) => a - b);
    result.rows.push({ ids, starts: row.starts });
    result.places.push(places);
    result.targets.push(places.map((place) => row.ids[place]));
  }
  return result;
}

/** The places of each word's tokens. */
function wordsOf(ids: readonly number[], { clsId, sepId, continuesWord }: Masking): number[][] {
  const words: number[][] = [];
  ids.forEach((id, place) => {
    if (id === clsId || id === sepId) return;
    const before = ids[place - 1];
    if (continuesWord[id] === 1 && words.length > 0 && before !== clsId) words[words.length - 1].push(place);
    else words.push([place]);
  });
  return words;
}
