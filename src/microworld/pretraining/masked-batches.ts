/** Batches of masked text: documents of like length together, 80/10/10 masking drawn anew for every batch. */
import { createRandom, deriveSeed, shuffled } from "../language/random";

/** How many of the tokens are predicted. */
export interface MaskingSettings {
  /** Tokens at least this frequent in the text count as common: function words, punctuation. */
  commonFrequency: number;
  /** Share of common tokens that are predicted. */
  commonShare: number;
  /** Share of the other tokens that are predicted. */
  contentShare: number;
}

/** A batch of documents with <s> and </s>, masked. */
export interface MaskedBatch {
  /** Token ids after masking, one row a document. */
  inputs: number[][];
  /** Places to predict in each row, and what stood there. */
  places: number[][];
  targets: number[][];
  /** Number of tokens, masked or not. */
  tokens: number;
}

const [bos, eos, mask, firstOrdinary] = [0, 2, 4, 5];

/** Masking probability of every token id, from its frequency in a sample. */
export function maskingProbabilities(sample: readonly number[][], vocabularySize: number, settings: MaskingSettings): Float64Array {
  const counts = new Float64Array(vocabularySize);
  let total = 0;
  for (const ids of sample) {
    for (const id of ids) counts[id] += 1;
    total += ids.length;
  }
  return counts.map((count) => (count / total >= settings.commonFrequency ? settings.commonShare : settings.contentShare));
}

/** Cuts a block of encoded documents into batches of about `tokensPerBatch` tokens, in random order. */
export function cutBatches(documents: readonly number[][], tokensPerBatch: number, seed: number): number[][][] {
  const sorted = documents.map((ids) => [bos, ...ids, eos]).sort((a, b) => a.length - b.length);
  const batches: number[][][] = [];
  let batch: number[][] = [];
  for (const ids of sorted) {
    if (batch.length > 0 && (batch.length + 1) * ids.length > tokensPerBatch) {
      batches.push(batch);
      batch = [];
    }
    batch.push(ids);
  }
  if (batch.length > 0) batches.push(batch);
  return shuffled(createRandom(deriveSeed(seed, "order")), batches);
}

/**
 * Masks a batch: of the tokens drawn for prediction 80 % become <mask>, 10 % a random token, 10 % stay.
 * A batch in which nothing was drawn gets one place, so that it has a loss.
 */
export function maskBatch(rows: readonly number[][], probabilities: Float64Array, seed: number): MaskedBatch {
  const random = createRandom(seed);
  const vocabularySize = probabilities.length;
  const inputs = rows.map((row) => [...row]);
  const places: number[][] = rows.map(() => []);
  const targets: number[][] = rows.map(() => []);
  const take = (r: number, t: number): void => {
    places[r].push(t);
    targets[r].push(rows[r][t]);
    const ticket = random.below(10);
    if (ticket < 8) inputs[r][t] = mask;
    else if (ticket === 8) inputs[r][t] = firstOrdinary + random.below(vocabularySize - firstOrdinary);
  };
  rows.forEach((row, r) => {
    for (let t = 1; t + 1 < row.length; t += 1) if (random.chance(probabilities[row[t]])) take(r, t);
  });
  if (places.every((list) => list.length === 0)) take(0, 1);
  return { inputs, places, targets, tokens: rows.reduce((sum, row) => sum + row.length, 0) };
}
