/** One shard's part of a step: the same operations on whatever thread they run. */
import { flatLayout, flatten, type FlatLayout } from "../../finetune/flat-parameters";
import { parameterGradients } from "../../finetune/parameter-gradients";
import { tf, type Tensor } from "../../model/backend";
import { collatePacked } from "../../model/batch";
import { vocabularyHead } from "../../model/head";
import type { Model } from "../../model/model";
import type { BatchShape, MaskedBatch } from "./masked-batches";
import { maskedLoss } from "./masked-loss";

/** A step's loss, or a shard's part of it, and its gradient [P]. */
export interface LossAndGradient {
  loss: number;
  gradient: Tensor;
}

/** The layout of what is trained. A key bias has no gradient, and the decoder is the word embeddings: neither is trained on its own. */
export function pretrainedLayout(model: Model): FlatLayout {
  return flatLayout(model, [...model.parameters.keys()].filter((name) => !name.endsWith("self.key.bias") && name !== "lm_head.decoder.weight"));
}

/**
 * A shard's part of the mean loss over `count` places, and its gradient, which the caller disposes of.
 * @param count the places of all shards of the step
 */
export function maskedGradient(model: Model, layout: FlatLayout, masked: MaskedBatch, shape: BatchShape, count: number): LossAndGradient {
  const batch = collatePacked(masked.rows, model.config, shape, masked.places);
  const { loss, gradients } = parameterGradients(model, vocabularyHead, batch, maskedLoss(masked, shape.reads, count));
  const gradient = flatten(layout, (name) => gradients.get(name) as Tensor);
  tf.dispose([...gradients.values()]);
  return { loss, gradient };
}
