/** Batches of masked text: documents packed into rows of one length, 80/10/10 masking drawn anew for every batch. */
import type { PackedRow } from "../../model/batch";
import { createRandom, deriveSeed, shuffled } from "../language/random";

/** How many of the tokens are predicted. */
export interface MaskingSettings {
  /** Tokens at least this frequent in the text count as common: function words, punctuation. */
  commonFrequency: number;
  /** Share of common tokens that are predicted. */
  commonShare: number;
  /** Share of the other tokens that are predicted. */
  contentShare: number;
  /** Share of the words that prompts ask for that are predicted: a small text has few of them, so none goes to waste. */
  labelWordShare: number;
  /** Other words that are predicted as often as those. */
  furtherWords?: readonly string[];
}

/** The fixed shape of every batch. */
export interface BatchShape {
  rows: number;
  /** Tokens of a row. */
  length: number;
  /** Most places predicted in a row; what is drawn beyond them stays as it is. */
  reads: number;
}

/** Packed rows of documents, masked. */
export interface MaskedBatch {
  rows: PackedRow[];
  /** Places to predict in each row, and what stood there. */
  places: number[][];
  targets: number[][];
  /** Number of tokens, masked or not, without padding. */
  tokens: number;
}

const [bos, eos, mask, firstOrdinary] = [0, 2, 4, 5];

/** Masking probability of every token id, from its frequency in a sample; `labelWords` are the ids that prompts ask for. */
export function maskingProbabilities(sample: readonly number[][], vocabularySize: number, settings: MaskingSettings, labelWords: readonly number[]): Float64Array {
  const counts = new Float64Array(vocabularySize);
  let total = 0;
  for (const ids of sample) {
    for (const id of ids) counts[id] += 1;
    total += ids.length;
  }
  const shares = counts.map((count) => (count / total >= settings.commonFrequency ? settings.commonShare : settings.contentShare));
  for (const id of labelWords) shares[id] = settings.labelWordShare;
  return shares;
}

/**
 * Packs encoded documents into rows of at most `length` tokens, each with <s> and </s>, and the rows into full batches,
 * in random order. A document goes into the first open row that has room; of the open rows the fullest is closed when
 * there are more than a few. What is left of a block when no full batch remains is dropped.
 */
export function packBatches(documents: readonly number[][], { rows, length }: BatchShape, seed: number): PackedRow[][] {
  const order = shuffled(createRandom(deriveSeed(seed, "order")), documents);
  const open: PackedRow[] = [];
  const closed: PackedRow[] = [];
  for (const document of order) {
    const ids = [bos, ...document.slice(0, length - 2), eos];
    let row = open.find((candidate) => candidate.ids.length + ids.length <= length);
    if (!row) {
      if (open.length === openRows) closed.push(...open.splice(fullest(open), 1));
      open.push((row = { ids: [], starts: [] }));
    }
    row.starts.push(row.ids.length);
    row.ids.push(...ids);
  }
  closed.push(...open);
  return Array.from({ length: Math.floor(closed.length / rows) }, (_, i) => closed.slice(i * rows, (i + 1) * rows));
}

const openRows = 24;

function fullest(rows: readonly PackedRow[]): number {
  return rows.reduce((best, row, i) => (row.ids.length > rows[best].ids.length ? i : best), 0);
}

/**
 * Masks a batch: of the tokens drawn for prediction 80 % become <mask>, 10 % a random token, 10 % stay.
 * A batch in which nothing was drawn gets one place, so that it has a loss.
 */
export function maskBatch(batch: readonly PackedRow[], probabilities: Float64Array, reads: number, seed: number): MaskedBatch {
  const random = createRandom(seed);
  const vocabularySize = probabilities.length;
  const rows = batch.map(({ ids, starts }) => ({ ids: [...ids], starts }));
  const places: number[][] = rows.map(() => []);
  const targets: number[][] = rows.map(() => []);
  const take = (r: number, t: number): void => {
    places[r].push(t);
    targets[r].push(batch[r].ids[t]);
    const ticket = random.below(10);
    if (ticket < 8) rows[r].ids[t] = mask;
    else if (ticket === 8) rows[r].ids[t] = firstOrdinary + random.below(vocabularySize - firstOrdinary);
  };
  batch.forEach(({ ids }, r) => {
    const drawn = ids.flatMap((id, t) => (id >= firstOrdinary && random.chance(probabilities[id]) ? [t] : []));
    const kept = drawn.length <= reads ? drawn : shuffled(random, drawn).slice(0, reads);
    for (const t of kept) take(r, t);
  });
  if (places.every((list) => list.length === 0)) take(0, 1);
  return { rows, places, targets, tokens: rows.reduce((sum, { ids }) => sum + ids.length, 0) };
}
