import { runAtOnce } from "../steps";
import { floats, tf, type Tensor } from "./backend";
import { byLength, collate, disposeBatch, type BatchLimits, type Sequence } from "./batch";
import { hiddenSteps } from "./encoder";
import type { Head } from "./head";
import type { Model } from "./model";

/** Large enough for products at full speed, small enough for the activations of one layer to stay below 250 MB at roberta-base's size. */
const BATCH: BatchLimits = { examples: 64, tokens: 4096 };

/** A head's logits on a list of prompts, [n, W] row-major. */
export const predictLogits = (model: Model, head: Head, sequences: readonly Sequence[], limits = BATCH): Float32Array =>
  runAtOnce(predictLogitsSteps(model, head, sequences, limits));

/** {@link predictLogits} as a generator that pauses after each layer. */
export const predictLogitsSteps = (
  model: Model,
  head: Head,
  sequences: readonly Sequence[],
  limits = BATCH,
): Generator<undefined, Float32Array> =>
  rowsOf(model, sequences, (hidden) => head.forward(model, hidden).logits, limits);

/** The inputs of a head's final layer, [n, H] row-major; pauses after each layer of the encoder. */
export const headFeaturesSteps = (
  model: Model,
  head: Head,
  sequences: readonly Sequence[],
): Generator<undefined, Float32Array> =>
  rowsOf(model, sequences, (hidden) => head.forward(model, hidden).trace.at(-1)!, BATCH);

/** The mean of each text's last hidden states over all its tokens, special ones too, [n, H] row-major; pauses after each layer. */
export const meanStatesSteps = (model: Model, sequences: readonly Sequence[]): Generator<undefined, Float32Array> =>
  rowsOf(
    model,
    sequences,
    (hidden, texts) => tf.matMul(tokenShares(texts, hidden.shape[1]!), hidden),
    BATCH,
    ({ ids }) => ids.map((_, t) => t),
  );

/** 1 / length at a text's tokens, 0 behind them, [B, 1, R]. */
function tokenShares(texts: readonly Sequence[], rows: number): Tensor {
  const shares = texts.flatMap(({ ids }) =>
    Array.from({ length: rows }, (_, t) => (t < ids.length ? 1 / ids.length : 0)),
  );
  return tf.tensor3d(shares, [texts.length, 1, rows]);
}

/**
 * Numbers that are made of the hidden states [B, R, H] of each prompt, in the order of the prompts.
 * @param read the positions to read in a prompt; default: its mask position
 */
function* rowsOf(
  model: Model,
  sequences: readonly Sequence[],
  take: (hidden: Tensor, texts: readonly Sequence[]) => Tensor,
  limits: BatchLimits,
  read = ({ maskPosition }: Sequence): number[] => [maskPosition],
): Generator<undefined, Float32Array> {
  let rows = new Float32Array();
  for (const indices of byLength(sequences, limits)) {
    const texts = indices.map((i) => sequences[i]);
    const batch = collate(texts, model.config, texts.map(read));
    try {
      const hidden = yield* hiddenSteps(model, batch);
      const values = tf.tidy(() => floats(take(hidden, texts)));
      hidden.dispose();
      const width = values.length / indices.length;
      if (rows.length === 0) rows = new Float32Array(sequences.length * width);
      indices.forEach((index, place) => rows.set(values.subarray(place * width, (place + 1) * width), index * width));
    } finally {
      disposeBatch(batch);
    }
    yield;
  }
  return rows;
}
