/** Linear layers by their parameters' names, with low-rank factors where the model has them (LoRA, Hu et al. 2022). */
import { tf, type Tensor } from "./backend";
import { linear, linearBackward, type Backward, type Site } from "./layers";
import { parameter, type Model } from "./model";

/** The names of a linear layer's low-rank factors: A [rank, in] and B [out, rank]. */
export const loraNames = (layer: string): { a: string; b: string } => ({
  a: `${layer}.lora_A.weight`,
  b: `${layer}.lora_B.weight`,
});

/** y = x Wᵀ + b, plus s (x Aᵀ) Bᵀ if the layer has LoRA factors; `layer` is the name before ".weight". */
export function affine(model: Model, layer: string, x: Tensor): Tensor {
  const y = linear(x, parameter(model, `${layer}.weight`), parameter(model, `${layer}.bias`));
  const lora = loraOf(model, layer);
  return lora ? tf.add(y, linear(tf.mul(linear(x, lora.a), lora.scale), lora.b)) : y;
}

/**
 * The backward pass of {@link affine}.
 * @param x the layer's input [B, T, in]
 * @param delta [C, B, T, out]
 */
export function affineBackward(model: Model, layer: string, x: Tensor, delta: Tensor): Backward {
  const sites: Site[] = [{ kind: "linear", weight: `${layer}.weight`, bias: `${layer}.bias`, input: x, delta }];
  const dInput = linearBackward(delta, parameter(model, `${layer}.weight`));
  const lora = loraOf(model, layer);
  if (!lora) return { delta: dInput, sites };
  const { a, b } = loraNames(layer);
  const dLow = tf.mul(linearBackward(delta, lora.b), lora.scale); // [C, B, T, rank]
  sites.push({ kind: "linear", weight: b, input: tf.mul(linear(x, lora.a), lora.scale), delta });
  sites.push({ kind: "linear", weight: a, input: x, delta: dLow });
  return { delta: tf.add(dInput, linearBackward(dLow, lora.a)), sites };
}

function loraOf(model: Model, layer: string): { a: Tensor; b: Tensor; scale: number } | undefined {
  const { a, b } = loraNames(layer);
  return model.parameters.has(a)
    ? { a: parameter(model, a), b: parameter(model, b), scale: model.loraScale ?? 1 }
    : undefined;
}
