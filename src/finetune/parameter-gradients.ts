import { tf, type Tensor } from "../model/backend";
import { disposeBatch, type Batch } from "../model/batch";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { encoderBackward, encoderForward } from "../model/encoder";
import type { Site } from "../model/site";

/** Gradients of a batch's mean loss, by parameter name, each of the parameter's shape. */
export type ParameterGradients = Map<string, Tensor>;

/** The mean loss of a batch and its derivative with respect to the logits (of the logits' shape). */
export type Loss = (logits: Tensor) => { loss: Tensor; delta: Tensor };

/**
 * The loss of one batch and its gradient with respect to every parameter that it reaches.
 * @returns gradients that the caller disposes of; the batch is disposed of here
 */
export function parameterGradients(model: Model, head: Head, batch: Batch, loss: Loss): { loss: number; gradients: ParameterGradients } {
  const gradients: ParameterGradients = new Map();
  const add = (name: string, gradient: Tensor): void => {
    const before = gradients.get(name);
    gradients.set(name, tf.keep(before ? tf.add(before, gradient) : tf.clone(gradient)));
    before?.dispose();
  };
  const value = tf.tidy(() => {
    const { hidden, trace } = encoderForward(model, batch);
    const { logits, trace: headTrace } = head.forward(model, hidden);
    const { loss: mean, delta } = loss(logits);
    const top = head.backward(model, headTrace, tf.expandDims(delta, 0));
    for (const site of top.sites) tf.tidy(() => addSite(model, site, add));
    for (const site of encoderBackward(model, batch, trace, top.delta)) tf.tidy(() => addSite(model, site, add));
    return mean.dataSync()[0];
  });
  disposeBatch(batch);
  return { loss: value, gradients };
}

/** Adds up a site's gradient over examples and tokens: one product for a weight, sums for biases and norms. */
function addSite(model: Model, site: Site, add: (name: string, gradient: Tensor) => void): void {
  const width = site.delta.shape[3]!;
  const delta = site.delta.reshape([-1, width]);
  if (site.kind === "linear") {
    add(site.weight, tf.matMul(delta, site.input.reshape([-1, site.input.shape[2]!]), true, false));
    // A key bias shifts all scores of a query alike, which softmax ignores: its gradient is zero but for round-off.
    if (site.bias && !site.bias.endsWith("attention.self.key.bias")) add(site.bias, tf.sum(delta, 0));
  } else if (site.kind === "norm") {
    add(site.weight, tf.sum(tf.mul(delta, site.input.reshape([-1, width])), 0));
    add(site.bias, tf.sum(delta, 0));
  } else {
    const table = parameter(model, site.table);
    const gradient = tf.unsortedSegmentSum(delta, site.rows.reshape([-1]) as never, table.shape[0]);
    add(site.table, gradient.reshape(table.shape));
  }
}
