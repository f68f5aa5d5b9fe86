import { runAtOnce } from "../steps";
import { tf, type Tensor } from "./backend";
import { byLength, collate, disposeBatch, type BatchLimits, type Sequence } from "./batch";
import { hiddenSteps } from "./encoder";
import type { Head } from "./head";
import type { Model } from "./model";

/** Large enough for products at full speed, small enough for the activations of one layer to stay below 250 MB at roberta-base's size. */
const BATCH: BatchLimits = { examples: 64, tokens: 4096 };

/** A head's logits on a list of prompts, [n, W] row-major. */
export const predictLogits = (model: Model, head: Head, sequences: readonly Sequence[], limits = BATCH): Float32Array => runAtOnce(predictLogitsSteps(model, head, sequences, limits));

/** {@link predictLogits} as a generator that pauses after each layer. */
export const predictLogitsSteps = (model: Model, head: Head, sequences: readonly Sequence[], limits = BATCH): Generator<undefined, Float32Array> =>
  rowsOf(model, head, sequences, ({ logits }) => logits, limits);

/** The inputs of a head's final layer, [n, H] row-major; pauses after each layer of the encoder. */
export const headFeaturesSteps = (model: Model, head: Head, sequences: readonly Sequence[]): Generator<undefined, Float32Array> =>
  rowsOf(model, head, sequences, ({ trace }) => trace.at(-1)!, BATCH);

/** Numbers that a head makes of each prompt, in the order of the prompts. */
function* rowsOf(model: Model, head: Head, sequences: readonly Sequence[], take: (result: ReturnType<Head["forward"]>) => Tensor, limits: BatchLimits): Generator<undefined, Float32Array> {
  let rows = new Float32Array();
  for (const indices of byLength(sequences, limits)) {
    const batch = collate(indices.map((i) => sequences[i]), model.config);
    try {
      const hidden = yield* hiddenSteps(model, batch);
      const values = tf.tidy(() => take(head.forward(model, hidden)).dataSync());
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
