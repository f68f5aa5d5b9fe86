/** The loss of masked language modelling, with its derivative. */
import type { Loss } from "../../finetune/parameter-gradients";
import { tf } from "../../model/backend";
import type { MaskedBatch } from "./masked-batches";

/** Number of places that are predicted in a batch. */
export const countPlaces = ({ places }: Pick<MaskedBatch, "places">): number => places.reduce((sum, row) => sum + row.length, 0);

/**
 * Cross-entropy summed over the places of a masked batch and divided by `count`; each row has `reads` of them, those
 * that it lacks are ignored.
 * @param count the places of all batches that are averaged over; default: those of this batch
 */
export function maskedLoss({ places, targets }: Pick<MaskedBatch, "places" | "targets">, reads: number, count = countPlaces({ places })): Loss {
  const labels = new Int32Array(places.length * reads);
  const weights = new Float32Array(places.length * reads);
  targets.forEach((row, r) => {
    labels.set(row, r * reads);
    weights.fill(1 / count, r * reads, r * reads + row.length);
  });
  return (logits) => {
    const classes = logits.shape[2] as number;
    const probabilities = tf.softmax(logits.reshape([-1, classes]));
    const share = tf.tensor2d(weights, [weights.length, 1]);
    const target = tf.oneHot(tf.tensor1d(labels, "int32"), classes, 1, 0, "float32");
    // float32 keeps a probability down to 1e-38: far below what a loss can tell.
    const chosen = tf.maximum(tf.sum(tf.mul(target, probabilities), 1, true), 1e-37);
    const loss = tf.neg(tf.sum(tf.mul(tf.log(chosen), share)));
    const delta = tf.mul(tf.sub(probabilities, target), share);
    return { loss, delta: delta.reshape(logits.shape) };
  };
}
