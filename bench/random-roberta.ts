/** A model of roberta-base's shape with random weights, and random prompts for it. */
import type { Sequence } from "../src/model/batch";
import type { Model } from "../src/model/model";
import { parseModelConfig } from "../src/model/model-config";
import { randomWeights } from "../src/model/random-weights";
import { randomStream } from "../src/random";

const RAW = {
  model_type: "roberta",
  ...{ vocab_size: 50265, hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
  ...{ max_position_embeddings: 514, type_vocab_size: 1, layer_norm_eps: 1e-5, pad_token_id: 1, hidden_act: "gelu" },
};

export const randomRoberta = (): Model => randomWeights(parseModelConfig(RAW, "the bench's configuration"), 1);

export function randomSequences(count: number, tokens: number, seed = 1): Sequence[] {
  const random = randomStream(seed);
  return Array.from({ length: count }, () => ({
    ids: Array.from({ length: tokens }, () => 4 + Math.floor(random() * 50000)),
    maskPosition: tokens - 2,
  }));
}
