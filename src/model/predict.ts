import { tf } from "./backend";
import { collate, disposeBatch, type Sequence } from "./batch";
import type { Head } from "./head";
import type { Model } from "./model";
import { encoderForward } from "./encoder";

/** A head's logits on a list of prompts, [n, W] row-major, `batchSize` prompts at a time. */
export function predictLogits(model: Model, head: Head, sequences: Sequence[], batchSize = 64): Float32Array {
  const parts: number[] = [];
  for (let start = 0; start < sequences.length; start += batchSize) {
    const batch = collate(sequences.slice(start, start + batchSize), model.config);
    const logits = tf.tidy(() => head.forward(model, encoderForward(model, batch).hidden).logits.dataSync());
    disposeBatch(batch);
    for (const value of logits) parts.push(value);
  }
  return Float32Array.from(parts);
}
