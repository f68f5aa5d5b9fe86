import { isKeyBias } from "../model/architecture";
import { tf, type Tensor } from "../model/backend";
import { disposeBatch, type Batch } from "../model/batch";
import type { Dropout } from "../model/dropout";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { encoderBackward, encoderForward } from "../model/encoder";
import type { Site } from "../model/site";

/** Gradients of a batch's mean loss, by parameter name, each of the parameter's shape. */
export type ParameterGradients = Map<string, Tensor>;

/** The mean loss of a batch and its derivative with respect to the logits (of the logits' shape). */
export type Loss = (logits: Tensor) => { loss: Tensor; delta: Tensor };

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
  const result = { loss: value.dataSync()[0], gradients };
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
    add(site.table, () =>
      tf.unsortedSegmentSum(delta, site.rows.reshape([-1]) as never, table.shape[0]).reshape(table.shape),
    );
  }
}
