import type { Sequence } from "../model/batch";

/** Indices of the examples in batches of about the same length, the shortest first: little padding. */
export function similarLengths(sequences: readonly Sequence[], batchSize: number): number[][] {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) throw new Error(`batchSize must be a whole number of at least 1, not ${batchSize}`);
  const order = sequences.map((_, i) => i).sort((i, j) => sequences[i].ids.length - sequences[j].ids.length || i - j);
  return Array.from({ length: Math.ceil(order.length / batchSize) }, (_, k) => order.slice(k * batchSize, (k + 1) * batchSize));
}
