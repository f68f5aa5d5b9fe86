import { tf } from "../../src/model/backend";
import type { Sequence } from "../../src/model/batch";
import type { Model } from "../../src/model/model";
import { ARCHITECTURES, type ModelType } from "../../src/model/architecture";
import { parseModelConfig, parameterShapes } from "../../src/model/model-config";

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `low` to `high`, both included. */
export const integerBetween = (random: () => number, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

export interface ModelSizes {
  layers: number;
  /** Hidden size of one head; the model's is `heads` times this. */
  headSize: number;
  heads: number;
  intermediate: number;
  vocabulary: number;
  /** Default: roberta. */
  modelType?: ModelType;
  /** Longest text; RoBERTa's position table has padId + 1 rows more. */
  longest: number;
  padId: number;
}

/**
 * A RoBERTa or BERT with Gaussian weights (standard deviation `spread`), biases too; norm weights are around 1.
 * Decoder and word embeddings differ.
 */
export function randomModel(sizes: ModelSizes, seed: number, spread = 0.2): Model {
  const { modelType = "roberta", layers, headSize, heads, intermediate, vocabulary, longest, padId } = sizes;
  const raw = {
    model_type: modelType,
    vocab_size: vocabulary,
    hidden_size: headSize * heads,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: intermediate,
    max_position_embeddings: longest + ARCHITECTURES[modelType].firstPosition(padId),
    type_vocab_size: 2,
    pad_token_id: padId,
    layer_norm_eps: 1e-5,
  };
  const config = parseModelConfig(raw, "random model");
  const random = seededRandom(seed);
  const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const parameters = new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const centre = /(LayerNorm|layer_norm)\.weight$/.test(name) ? 1 : 0;
      const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => centre + spread * gaussian());
      return [name, tf.keep(tf.tensor(values, shape))] as const;
    }),
  );
  return { config, parameters, hash: `random ${JSON.stringify(sizes)} ${seed} ${spread}` };
}

/** A text of random tokens (never padding), about a third of them repeated, with the read position anywhere. */
export function randomSequence(
  random: () => number,
  { vocabulary, padId }: Pick<ModelSizes, "vocabulary" | "padId">,
  length: number,
): Sequence {
  const ids: number[] = [];
  while (ids.length < length) {
    const id =
      ids.length > 0 && random() < 1 / 3
        ? ids[integerBetween(random, 0, ids.length - 1)]
        : integerBetween(random, 0, vocabulary - 1);
    if (id !== padId) ids.push(id);
  }
  return { ids, maskPosition: integerBetween(random, 0, length - 1) };
}
