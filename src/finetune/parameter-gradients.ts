import { isKeyBias } from "../model/architecture";
import { floats, tf, type Tensor } from "../model/backend";
import { disposeBatch, type Batch } from "../model/batch";
import type { Dropout } from "../model/dropout";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { encoderBackward, encoderForward } from "../model/encoder";
import type { Site } from "../model/layers";
import { checkClasses } from "../solvers/metrics";

/** Gradients of a batch's mean loss, by parameter name, each of the parameter's shape. */
export type ParameterGradients = Map<string, Tensor>;

/** The mean loss of a batch and its derivative with respect to the logits (of the logits' shape). */
export type Loss = (logits: Tensor) => { loss: Tensor; delta: Tensor };

export type LossName = "cross-entropy" | "l2";

/** Mean cross-entropy of logits [B, C] against label indices. */
export const crossEntropy = (labels: readonly number[]): Loss => ofLabels("cross-entropy", labels);

/** Mean squared error of logits [B, C] against one-hot labels, over all B · C entries. */
export const squaredError = (labels: readonly number[]): Loss => ofLabels("l2", labels);

const ofLabels =
  (name: LossName, labels: readonly number[]): Loss =>
  (logits) => {
    checkClasses(labels);
    return targetLoss(name, tf.oneHot(tf.tensor1d([...labels], "int32"), logits.shape[1]!), 1 / labels.length)(logits);
  };

/**
 * A mean loss against one-hot rows, or rows of probabilities. A row of zeros is no example: it adds nothing to the loss or its derivative.
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
    const logProbabilities = tf.logSoftmax(logits);
    const loss = tf.mul(tf.neg(tf.sum(tf.mul(target, logProbabilities))), share);
    return { loss, delta: tf.mul(tf.sub(tf.mul(tf.exp(logProbabilities), isExample), target), share) };
  };
}

export interface GradientOptions {
  /** The parameters whose gradients are wanted. Default: every one that the loss reaches. */
  only?: ReadonlySet<string>;
  /** Dropout of this forward pass, and of its backward pass. Default: none. */
  dropout?: Dropout;
}

/** Adds a parameter's gradient, formed only if it is wanted. */
type AddGradient = (name: string, gradient: () => Tensor) => void;

/**
 * The loss of one batch and its gradient with respect to every parameter that it reaches, or those that are asked for.
 * @returns gradients that the caller disposes of; the batch is disposed of here
 */
export function parameterGradients(
  model: Model,
  head: Head,
  batch: Batch,
  loss: Loss,
  options: GradientOptions = {},
): { loss: number; gradients: ParameterGradients } {
  const { loss: value, gradients } = gradientTensors(model, head, batch, loss, options);
  const result = { loss: floats(value)[0], gradients };
  value.dispose();
  disposeBatch(batch);
  return result;
}

/** {@link parameterGradients} with the loss as a tensor: a function of tensors only. The batch stays the caller's, and so does what is returned. */
export function gradientTensors(
  model: Model,
  head: Head,
  batch: Batch,
  loss: Loss,
  { only, dropout }: GradientOptions = {},
): { loss: Tensor; gradients: ParameterGradients } {
  const gradients: ParameterGradients = new Map();
  const add: AddGradient = (name, form) => {
    if (only && !only.has(name)) return;
    const before = gradients.get(name);
    const gradient = form();
    gradients.set(name, tf.keep(before ? tf.add(before, gradient) : tf.clone(gradient)));
    before?.dispose();
  };
  const lowest = lowestLayer(model, only);
  const value = tf.tidy(() => {
    const { hidden, trace } = encoderForward(model, batch, dropout);
    const { logits, trace: headTrace } = head.forward(model, hidden, dropout);
    const { loss: mean, delta } = loss(logits);
    const top = head.backward(model, headTrace, tf.expandDims(delta, 0));
    for (const site of top.sites) tf.tidy(() => addSite(model, site, add));
    for (const site of encoderBackward(model, batch, trace, top.delta, lowest))
      tf.tidy(() => addSite(model, site, add));
    return mean;
  });
  return { loss: value, gradients };
}

/** The lowest layer with a parameter that is asked for: -1 for the embeddings, and one above the last layer for none. */
function lowestLayer(model: Model, only: ReadonlySet<string> | undefined): number {
  const layerOf = (name: string): number => {
    if (name.includes(".embeddings.")) return -1;
    const layer = /\.encoder\.layer\.(\d+)\./.exec(name);
    return layer ? Number(layer[1]) : model.config.layers;
  };
  return only ? Math.min(model.config.layers, ...[...only].map(layerOf)) : -1;
}

/** Adds up a site's gradient over examples and tokens: one product for a weight, sums for biases and norms. */
function addSite(model: Model, site: Site, add: AddGradient): void {
  const width = site.delta.shape[3]!;
  const delta = site.delta.reshape([-1, width]);
  if (site.kind === "linear") {
    add(site.weight, () => tf.matMul(delta, site.input.reshape([-1, site.input.shape[2]!]), true, false));
    if (site.bias && !isKeyBias(site.bias)) add(site.bias, () => tf.sum(delta, 0));
  } else if (site.kind === "norm") {
    add(site.weight, () => tf.sum(tf.mul(delta, site.input.reshape([-1, width])), 0));
    add(site.bias, () => tf.sum(delta, 0));
  } else {
    const table = parameter(model, site.table);
    add(site.table, () => tf.unsortedSegmentSum(delta, site.rows.flatten(), table.shape[0]).reshape(table.shape));
  }
}
