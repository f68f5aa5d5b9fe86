import { tf } from "./backend";
import { collate, disposeBatch, type Sequence } from "./batch";
import type { Head } from "./head";
import type { Model } from "./model";
import { encoderForward } from "./encoder";
import { runAtOnce } from "../steps";

/** A head's logits on a list of prompts, [n, W] row-major, `batchSize` prompts at a time. */
export const predictLogits = (model: Model, head: Head, sequences: Sequence[], batchSize = 64): Float32Array => runAtOnce(predictLogitsSteps(model, head, sequences, batchSize));

/** {@link predictLogits} as a generator that pauses after each batch. */
export function* predictLogitsSteps(model: Model, head: Head, sequences: Sequence[], batchSize = 64): Generator<undefined, Float32Array> {
  const parts: number[] = [];
  for (let start = 0; start < sequences.length; start += batchSize) {
    const batch = collate(sequences.slice(start, start + batchSize), model.config);
    const logits = tf.tidy(() => head.forward(model, encoderForward(model, batch).hidden).logits.dataSync());
    disposeBatch(batch);
    for (const value of logits) parts.push(value);
    yield;
  }
  return Float32Array.from(parts);
}
