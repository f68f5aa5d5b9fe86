import { parameterGradients } from "../finetune/parameter-gradients";
import type { Outputs } from "../kernels/outputs";
import { tf } from "../model/backend";
import { collate, type Sequence } from "../model/batch";
import type { Model } from "../model/model";

/**
 * ∇f_c(x): the gradient of one output of one example with respect to every parameter it reaches, by parameter name,
 * flat and in float32. This is the plain way, one backward pass an example; kernels are computed without it.
 */
export function outputGradient(
  model: Model,
  { head, combine }: Outputs,
  example: Sequence,
  output = 0,
): Map<string, Float32Array> {
  const derivative = tf.tensor(combine[output], [1, combine[output].length]);
  const batch = collate([example], model.config);
  const { gradients } = parameterGradients(model, head, batch, (logits) => ({
    loss: tf.mean(logits),
    delta: tf.clone(derivative),
  }));
  const flat = new Map([...gradients].map(([name, gradient]) => [name, (gradient.dataSync() as Float32Array).slice()]));
  tf.dispose([derivative, ...gradients.values()]);
  return flat;
}

/** The part of the model that a parameter belongs to: "embeddings", "layer 1" and so on, or "head". */
export function parameterGroup(name: string): string {
  const layer = /\.layer\.(\d+)\./.exec(name);
  if (layer) return `layer ${Number(layer[1]) + 1}`;
  return name.includes(".embeddings.") ? "embeddings" : "head";
}
