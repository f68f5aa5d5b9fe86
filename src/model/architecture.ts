/**
 * What tells RoBERTa and BERT apart. Their encoders compute the same (post-layer-norm, absolute positions, token
 * type 0 throughout) under other names; what else differs is where positions begin.
 */
export interface Architecture {
  /** The class of Hugging Face's transformers that names the parameters so. */
  className: string;
  /** What the names of the encoder's parameters begin with. */
  prefix: string;
  /** The masked-LM head: names of its dense layer and its norm (before ".weight"), and of the decoder's parameters. */
  head: { dense: string; norm: string; decoder: string; bias: string; decoderBias: string };
  /** The row of the position table that a text's first token has. */
  firstPosition: (padTokenId: number) => number;
  /** The padding token's id where config.json does not say. */
  defaultPadTokenId: number;
}

/** The architectures that can be run, by `model_type` of config.json. */
export const ARCHITECTURES = {
  roberta: {
    className: "RobertaForMaskedLM",
    prefix: "roberta",
    head: {
      dense: "lm_head.dense",
      norm: "lm_head.layer_norm",
      decoder: "lm_head.decoder.weight",
      bias: "lm_head.bias",
      decoderBias: "lm_head.decoder.bias",
    },
    firstPosition: (padTokenId) => padTokenId + 1,
    defaultPadTokenId: 1,
  },
  bert: {
    className: "BertForMaskedLM",
    prefix: "bert",
    head: {
      dense: "cls.predictions.transform.dense",
      norm: "cls.predictions.transform.LayerNorm",
      decoder: "cls.predictions.decoder.weight",
      bias: "cls.predictions.bias",
      decoderBias: "cls.predictions.decoder.bias",
    },
    firstPosition: () => 0,
    defaultPadTokenId: 0,
  },
} as const satisfies Record<string, Architecture>;

export type ModelType = keyof typeof ARCHITECTURES;

/**
 * Whether a parameter is a key bias. Its gradient is zero but for rounding: it shifts all scores of a query alike, which
 * softmax ignores.
 */
export const isKeyBias = (parameter: string): boolean => parameter.endsWith("attention.self.key.bias");

/** The architecture of a model, from its config. */
export const architectureOf = ({ modelType }: { modelType: ModelType }): Architecture => ARCHITECTURES[modelType];

/** The name of the word embeddings [vocabulary, hidden]. */
export const wordEmbeddingsName = ({ prefix }: Architecture): string => `${prefix}.embeddings.word_embeddings.weight`;
