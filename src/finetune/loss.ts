import { tf, type Tensor } from "../model/backend";
import type { Loss } from "./parameter-gradients";

export type LossName = "cross-entropy" | "l2";

/** Mean cross-entropy of logits [B, C] against label indices. */
export const crossEntropy = (labels: readonly number[]): Loss => ofLabels("cross-entropy", labels);

/** Mean squared error of logits [B, C] against one-hot labels, over all B · C entries. */
export const squaredError = (labels: readonly number[]): Loss => ofLabels("l2", labels);

const ofLabels =
  (name: LossName, labels: readonly number[]): Loss =>
  (logits) =>
    targetLoss(name, tf.oneHot(tf.tensor1d([...labels], "int32"), logits.shape[1]!), 1 / labels.length)(logits);

/**
 * A mean loss against one-hot rows. A row of zeros is no example: it adds nothing to the loss or its derivative.
 * @param target [B, C]
 * @param share 1 / the number of examples
 */
export function targetLoss(name: LossName, target: Tensor, share: Tensor | number): Loss {
  return (logits) => {
    const isExample = tf.sum(target, -1, true);
    if (name === "l2") {
      const error = tf.mul(tf.sub(logits, target), isExample);
      const perEntry = tf.div(share, logits.shape[1]!);
      return { loss: tf.mul(tf.sum(tf.square(error)), perEntry), delta: tf.mul(error, tf.mul(perEntry, 2)) };
    }
    const logProbabilities = tf.logSoftmax(logits as never) as Tensor;
    const loss = tf.mul(tf.neg(tf.sum(tf.mul(target, logProbabilities))), share);
    return { loss, delta: tf.mul(tf.sub(tf.mul(tf.exp(logProbabilities), isExample), target), share) };
  };
}
