import { InputError } from "../errors";
import type { StoredTensor } from "../files/safetensors";
import { architectureOf } from "./architecture";
import { floats, tf, type Tensor } from "./backend";
import type { Checkpoint, ModelConfig } from "./checkpoint";

/** How GELU is computed far below zero, where it is tiny: to full precision, or as the authors' float32 rounds it, to zero. */
export type GeluTail = "exact" | "rounded";

/** A checkpoint whose weights are tensors. Parameter names and shapes are Hugging Face's. */
export interface Model {
  config: ModelConfig;
  parameters: ReadonlyMap<string, Tensor>;
  /** Identifies the weights and their configuration: part of every cache key. */
  hash: string;
  /** α / rank: what the product of LoRA factors is multiplied by, where the model has such factors. */
  loraScale?: number;
  /** Default: "exact". */
  geluTail?: GeluTail;
}

/** Moves a checkpoint's weights to the tensor backend. Release them with {@link disposeModel}. */
export function modelFromCheckpoint(checkpoint: Checkpoint): Model {
  const parameters = new Map<string, Tensor>();
  for (const [name, { data, shape }] of checkpoint.weights)
    parameters.set(name, tf.keep(tf.tensor(data, shape, "float32")));
  return { config: checkpoint.config, parameters, hash: checkpoint.hash };
}

/** Frees the memory of a model's parameters. */
export function disposeModel(model: Model): void {
  for (const tensor of model.parameters.values()) tensor.dispose();
}

/** How many numbers a model is made of; a decoder tied to the word embeddings counts with them. */
export function parameterCount({ config, parameters }: Model): number {
  const decoder = config.tieWordEmbeddings ? architectureOf(config).head.decoder : undefined;
  return [...parameters].reduce((sum, [name, { size }]) => sum + (name === decoder ? 0 : size), 0);
}

/**
 * The parameter of that name.
 * @throws {InputError} if it belongs to the language-model head and the model has none
 */
export function parameter(model: Model, name: string): Tensor {
  const tensor = model.parameters.get(name);
  if (tensor) return tensor;
  const { dense, norm, decoder, bias } = architectureOf(model.config).head;
  if ([`${dense}.weight`, `${dense}.bias`, `${norm}.weight`, `${norm}.bias`, decoder, bias].includes(name))
    throw new InputError(
      `the model has no masked-language-model head (no ${name}), which a prompt reads: take a checkpoint of the pretrained model, or work without a prompt`,
    );
  throw new Error(`the model has no parameter "${name}"`);
}

/** A float32 tensor as a safetensors file has it. */
export const stored = (tensor: Tensor): StoredTensor<"F32"> => ({
  dtype: "F32",
  shape: tensor.shape,
  data: floats(tensor),
});
