/**
 * What tells the architectures apart. Their encoders compute the same (post-layer-norm, absolute positions, token type 0
 * throughout); what differs is names, where positions begin, and the few things that the fields below say.
 * A parameter in memory has BERT's name behind its own architecture's prefix, RoBERTa's head its own.
 */
export interface Architecture {
  /** How people write it. */
  title: string;
  /** What the classes of Hugging Face's transformers begin with: RobertaForMaskedLM. */
  className: string;
  /** What the names of the encoder's parameters begin with. */
  prefix: string;
  /** The masked-LM head: names of its dense layer and its norm (before ".weight"), and of the decoder's parameters. */
  head: { dense: string; norm: string; decoder: string; bias: string; decoderBias: string };
  /** The row of the position table that a text's first token has. */
  firstPosition: (padTokenId: number) => number;
  /** The padding token's id where config.json does not say. */
  defaultPadTokenId: number;
  /** Parts of names in memory and what files have in their place, to be replaced in this order. */
  renames?: readonly (readonly [string, string])[];
  /** Fields of config.json that have other names than in BERT, or that there are none of. */
  fields?: Readonly<Record<string, string | null>>;
  /** Whether training drops out a share of what attention adds to the residual stream. Default: true. */
  attendedDropout?: boolean;
  /** The width of the embeddings where config.json does not say. Default: hidden_size. */
  defaultEmbeddingSize?: number;
}

const ROBERTA = {
  title: "RoBERTa",
  className: "Roberta",
  prefix: "roberta",
  head: {
    dense: "lm_head.dense",
    norm: "lm_head.layer_norm",
    decoder: "lm_head.decoder.weight",
    bias: "lm_head.bias",
    decoderBias: "lm_head.decoder.bias",
  },
  firstPosition: (padTokenId: number): number => padTokenId + 1,
  defaultPadTokenId: 1,
} satisfies Architecture;

const BERT = {
  title: "BERT",
  className: "Bert",
  prefix: "bert",
  head: {
    dense: "cls.predictions.transform.dense",
    norm: "cls.predictions.transform.LayerNorm",
    decoder: "cls.predictions.decoder.weight",
    bias: "cls.predictions.bias",
    decoderBias: "cls.predictions.decoder.bias",
  },
  firstPosition: (): number => 0,
  defaultPadTokenId: 0,
} satisfies Architecture;

/** The architectures that can be run, by `model_type` of config.json. */
export const ARCHITECTURES = {
  roberta: ROBERTA,
  bert: BERT,
  "xlm-roberta": { ...ROBERTA, title: "XLM-RoBERTa", className: "XLMRoberta" },
  camembert: { ...ROBERTA, title: "CamemBERT", className: "Camembert" },
  distilbert: {
    ...BERT,
    title: "DistilBERT",
    className: "DistilBert",
    prefix: "distilbert",
    renames: [
      ["encoder.layer.", "transformer.layer."],
      ["attention.self.query", "attention.q_lin"],
      ["attention.self.key", "attention.k_lin"],
      ["attention.self.value", "attention.v_lin"],
      ["attention.output.dense", "attention.out_lin"],
      ["attention.output.LayerNorm", "sa_layer_norm"],
      ["intermediate.dense", "ffn.lin1"],
      ["output.dense", "ffn.lin2"],
      ["output.LayerNorm", "output_layer_norm"],
      ["cls.predictions.transform.dense", "vocab_transform"],
      ["cls.predictions.transform.LayerNorm", "vocab_layer_norm"],
      ["cls.predictions.decoder", "vocab_projector"],
      ["cls.predictions.bias", "vocab_projector.bias"],
    ],
    fields: {
      hidden_size: "dim",
      num_hidden_layers: "n_layers",
      num_attention_heads: "n_heads",
      intermediate_size: "hidden_dim",
      hidden_act: "activation",
      hidden_dropout_prob: "dropout",
      attention_probs_dropout_prob: "attention_dropout",
      type_vocab_size: null,
      layer_norm_eps: null,
    },
    attendedDropout: false,
  },
  electra: {
    ...BERT,
    title: "ELECTRA",
    className: "Electra",
    prefix: "electra",
    renames: [
      ["embeddings.project", "embeddings_project"],
      ["cls.predictions.transform", "generator_predictions"],
      ["cls.predictions.decoder", "generator_lm_head"],
      ["cls.predictions.bias", "generator_lm_head.bias"],
    ],
    defaultEmbeddingSize: 128,
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

/** A parameter's name in a file of Hugging Face's transformers. */
export const storedName = (name: string, { renames = [] }: Architecture): string =>
  renames.reduce((result, [ours, theirs]) => result.replace(ours, theirs), name);

/** A stored tensor's name in memory: the prefix may be absent there, and the oldest files say gamma and beta. */
export function nameInMemory(stored: string, { prefix, renames = [] }: Architecture): string {
  const modern = stored.replace(/LayerNorm\.gamma$/, "LayerNorm.weight").replace(/LayerNorm\.beta$/, "LayerNorm.bias");
  const name = renames.reduceRight((result, [ours, theirs]) => result.replace(theirs, ours), modern);
  return /^(embeddings|encoder)\./.test(name) ? `${prefix}.${name}` : name;
}

/** The name of the word embeddings [vocabulary, width of the embeddings]. */
export const wordEmbeddingsName = ({ prefix }: Architecture): string => `${prefix}.embeddings.word_embeddings.weight`;
