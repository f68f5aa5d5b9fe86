import { InputError } from "../errors";
import { loraNames } from "./affine";
import { tf } from "./backend";
import { parameter, type Model } from "./model";

export interface LoraOptions {
  /** Rank of the factors, at least 1. */
  rank: number;
  /** The factors' product counts alpha / rank times. */
  alpha: number;
  /** Linear layers of the encoder that get factors, by the end of their names. Default: query and value, as the LoRA paper has it. */
  targets?: readonly string[];
  seed: number;
}

const DEFAULT_TARGETS = ["attention.self.query", "attention.self.value"];

/**
 * Adds LoRA factors to linear layers: A uniform in ±1/√in (PyTorch's Linear initialization, which LoRA's authors
 * and PEFT use), B zero, so that the model's outputs do not change.
 *
 * @returns a model that shares the old one's tensors; its factors are named as PEFT names them
 * @throws if no layer ends in one of the targets
 */
export function withLora(model: Model, { rank, alpha, targets = DEFAULT_TARGETS, seed }: LoraOptions): Model {
  if (!Number.isInteger(rank) || rank < 1)
    throw new InputError(`the rank of LoRA factors must be a whole number of at least 1, not ${rank}`);
  const parameters = new Map(model.parameters);
  const layers = [...model.parameters.keys()]
    .filter((name) => name.endsWith(".weight"))
    .map((name) => name.slice(0, -".weight".length));
  const chosen = targets.flatMap((target) => {
    const found = layers.filter((layer) => layer.includes(".encoder.layer.") && layer.endsWith(`.${target}`));
    const example = `for example ${DEFAULT_TARGETS.join(", ")}, attention.output.dense, intermediate.dense`;
    if (found.length === 0 || target.includes("LayerNorm"))
      throw new InputError(`LoRA target "${target}" names no linear layer of the encoder: ${example}`);
    return found;
  });
  // "output.dense" names attention.output.dense too: each layer counts once.
  for (const layer of new Set(chosen)) {
    const [outputs, inputs] = parameter(model, `${layer}.weight`).shape;
    const { a, b } = loraNames(layer);
    const bound = 1 / Math.sqrt(inputs);
    parameters.set(a, tf.keep(tf.randomUniform([rank, inputs], -bound, bound, "float32", seed + parameters.size)));
    parameters.set(b, tf.keep(tf.zeros([outputs, rank])));
  }
  const hash = `${model.hash}+lora(${rank},${alpha},${targets.join(",")},${seed})`;
  return { ...model, parameters, loraScale: alpha / rank, hash };
}
