import { tf, type Tensor } from "../model/backend";
import type { Loss } from "./parameter-gradients";

/** Mean cross-entropy of logits [B, C] against label indices. */
export function crossEntropy(labels: readonly number[]): Loss {
  return (logits) => {
    const [size, classes] = logits.shape as [number, number];
    const target = tf.oneHot(tf.tensor1d([...labels], "int32"), classes);
    const logProbabilities = tf.logSoftmax(logits as never) as Tensor;
    const loss = tf.neg(tf.mean(tf.sum(tf.mul(target, logProbabilities), -1)));
    return { loss, delta: tf.div(tf.sub(tf.exp(logProbabilities), target), size) };
  };
}

/** Mean squared error of logits [B, C] against one-hot labels, over all B · C entries. */
export function squaredError(labels: readonly number[]): Loss {
  return (logits) => {
    const [size, classes] = logits.shape as [number, number];
    const error = tf.sub(logits, tf.oneHot(tf.tensor1d([...labels], "int32"), classes));
    return { loss: tf.mean(tf.square(error)), delta: tf.mul(error, 2 / (size * classes)) };
  };
}
