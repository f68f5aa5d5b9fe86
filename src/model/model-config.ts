import { InputError } from "../errors";
import { ARCHITECTURES, architectureOf, wordEmbeddingsName, type Architecture, type ModelType } from "./architecture";

/** The sizes and constants of an encoder of one of the {@link ARCHITECTURES}, from its config.json. */
export interface ModelConfig {
  /** Which names its parameters have, and where positions begin. */
  modelType: ModelType;
  vocabSize: number;
  hiddenSize: number;
  /** Width of the embeddings where it is another, as in ELECTRA's small models: a linear layer leads from it to the hidden size. */
  embeddingSize?: number;
  /** Number of encoder layers. */
  layers: number;
  /** Attention heads; divides hiddenSize. */
  heads: number;
  /** Width of the feed-forward layer. */
  intermediateSize: number;
  /** Rows of the position table; a text may have {@link longestText} tokens, which is fewer in RoBERTa. */
  maxPositions: number;
  /** 0 where the architecture has no token types. */
  typeVocabSize: number;
  layerNormEps: number;
  padTokenId: number;
  /** The activation's name: "gelu", the exact one. */
  hiddenAct: string;
  /** Whether the decoder of the language-model head shares the word embeddings. */
  tieWordEmbeddings: boolean;
  hiddenDropout: number;
  attentionDropout: number;
  /** The parsed config.json. */
  raw: Record<string, unknown>;
}

/**
 * Checks a parsed config.json. What it leaves out gets the default of Hugging Face's RobertaConfig, BertConfig and
 * so on, except the five sizes that shape every weight.
 *
 * @param source the file's path, for errors
 * @throws naming the field and its value if this is no architecture that we can run
 */
export function parseModelConfig(raw: unknown, source: string): ModelConfig {
  const fail = (problem: string): never => {
    throw new InputError(`${source}: ${problem}`, { file: source });
  };
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return fail("not a JSON object");
  const fields = raw as Record<string, unknown>;

  const modelType = fields.model_type ?? modelTypeOfClass(fields.architectures);
  if (!isModelType(modelType)) {
    return fail(
      `model_type ${JSON.stringify(modelType)} is not supported: only ${Object.keys(ARCHITECTURES).join(", ")} are`,
    );
  }
  const architecture = architectureOf({ modelType });
  const { firstPosition, defaultPadTokenId, defaultEmbeddingSize } = architecture;
  for (const name of ["is_decoder", "add_cross_attention"]) {
    if (fields[name] === true) fail(`${name} is true, but only encoders are supported`);
  }
  const positions = fields.position_embedding_type ?? "absolute";
  if (positions !== "absolute")
    fail(`position_embedding_type ${JSON.stringify(positions)} is not supported, only "absolute"`);

  const number = (
    standardName: string,
    fallback: number | undefined,
    valid: (value: number) => boolean,
    kind: string,
  ): number => {
    const name = fieldName(architecture, standardName);
    const value = (name === null ? undefined : fields[name]) ?? fallback;
    if (typeof value === "number" && valid(value)) return value;
    return fail(value === undefined ? `${name} is missing` : `${name} is ${JSON.stringify(value)}, not ${kind}`);
  };
  const size = (name: string, fallback?: number): number =>
    number(
      name,
      fallback,
      (value) => Number.isSafeInteger(value) && value > 0 && value < 2 ** 31,
      "a positive whole number",
    );
  const share = (name: string): number => number(name, 0.1, (value) => value >= 0 && value < 1, "a number in [0, 1)");

  const called = (name: string): string => fieldName(architecture, name) ?? name;
  const hiddenAct = fields[called("hidden_act")] ?? "gelu";
  if (typeof hiddenAct !== "string" || !EXACT_GELU.includes(hiddenAct)) {
    return fail(`${called("hidden_act")} ${JSON.stringify(hiddenAct)} is not supported, only "gelu" (the exact one)`);
  }
  const tied = fields.tie_word_embeddings ?? true;
  if (typeof tied !== "boolean") return fail(`tie_word_embeddings is ${JSON.stringify(tied)}, not true or false`);

  const config: ModelConfig = {
    modelType,
    vocabSize: size("vocab_size"),
    hiddenSize: size("hidden_size"),
    layers: size("num_hidden_layers"),
    heads: size("num_attention_heads"),
    intermediateSize: size("intermediate_size"),
    maxPositions: size("max_position_embeddings", 512),
    typeVocabSize: fieldName(architecture, "type_vocab_size") === null ? 0 : size("type_vocab_size", 2),
    layerNormEps: number("layer_norm_eps", 1e-12, (value) => value > 0 && value < 1, "a small positive number"),
    padTokenId: number(
      "pad_token_id",
      defaultPadTokenId,
      (value) => Number.isSafeInteger(value) && value >= 0,
      "a token id",
    ),
    hiddenAct,
    tieWordEmbeddings: tied,
    hiddenDropout: share("hidden_dropout_prob"),
    attentionDropout: share("attention_probs_dropout_prob"),
    raw: fields,
  };
  if (defaultEmbeddingSize !== undefined) {
    const width = size("embedding_size", defaultEmbeddingSize);
    if (width !== config.hiddenSize) config.embeddingSize = width;
  }
  if (config.hiddenSize % config.heads !== 0) {
    fail(
      `${called("hidden_size")} ${config.hiddenSize} is not a multiple of ${called("num_attention_heads")} ${config.heads}`,
    );
  }
  if (config.padTokenId >= config.vocabSize)
    fail(`pad_token_id ${config.padTokenId} is outside the vocabulary of ${config.vocabSize}`);
  if (longestText(config) < 1) {
    fail(
      `max_position_embeddings ${config.maxPositions} leaves no position for a token (positions begin at ${firstPosition(config.padTokenId)})`,
    );
  }
  return config;
}

/** Names that transformers has for u Φ(u) with the exact distribution function. */
const EXACT_GELU: readonly string[] = ["gelu", "gelu_python"];

const isModelType = (value: unknown): value is ModelType =>
  typeof value === "string" && Object.hasOwn(ARCHITECTURES, value);

/** What the architecture's config.json calls a field of BERT's; null if it has none such. */
const fieldName = ({ fields = {} }: Architecture, name: string): string | null =>
  fields[name] === undefined ? name : fields[name];

/** The model_type whose classes have the name in config.json's `architectures`, or undefined: oldest files do not say it. */
function modelTypeOfClass(architectures: unknown): string | undefined {
  const [name] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  const types = Object.entries(ARCHITECTURES).filter(
    ([, { className }]) => typeof name === "string" && name.startsWith(className),
  );
  return types[0]?.[0];
}

/** The most tokens a text may have: the rows of the position table from the first token's on. */
export const longestText = (config: Pick<ModelConfig, "modelType" | "padTokenId" | "maxPositions">): number =>
  config.maxPositions - architectureOf(config).firstPosition(config.padTokenId);

/** The config.json of a model: whatever `raw` has, with the fields of {@link ModelConfig} written over it. */
export function toRawConfig(config: ModelConfig): Record<string, unknown> {
  const architecture = architectureOf(config);
  const written = {
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    ...(architecture.defaultEmbeddingSize && { embedding_size: config.embeddingSize ?? config.hiddenSize }),
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabSize,
    layer_norm_eps: config.layerNormEps,
    pad_token_id: config.padTokenId,
    hidden_act: config.hiddenAct,
    tie_word_embeddings: config.tieWordEmbeddings,
    hidden_dropout_prob: config.hiddenDropout,
    attention_probs_dropout_prob: config.attentionDropout,
  };
  return {
    architectures: [`${architecture.className}ForMaskedLM`],
    ...config.raw,
    model_type: config.modelType,
    ...Object.fromEntries(
      Object.entries(written).flatMap(([standard, value]) => {
        const name = fieldName(architecture, standard);
        return name === null ? [] : [[name, value]];
      }),
    ),
  };
}

/**
 * Names and shapes of all parameters, in the order of the forward pass. A linear layer's weight is [outputs, inputs].
 * @param has which there are: without its dense layer the whole language-model head is left out. Default: all
 */
export function parameterShapes(
  config: ModelConfig,
  has: (name: string) => boolean = () => true,
): Map<string, number[]> {
  const { vocabSize, hiddenSize, embeddingSize, intermediateSize, maxPositions, typeVocabSize, layers } = config;
  const width = embeddingSize ?? hiddenSize;
  const architecture = architectureOf(config);
  const { prefix, head } = architecture;
  const shapes = new Map<string, number[]>();
  const linear = (name: string, outputs: number, inputs: number): void => {
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  };
  const layerNorm = (name: string, size = hiddenSize): void => {
    shapes.set(`${name}.weight`, [size]).set(`${name}.bias`, [size]);
  };
  shapes.set(wordEmbeddingsName(architecture), [vocabSize, width]);
  shapes.set(`${prefix}.embeddings.position_embeddings.weight`, [maxPositions, width]);
  if (typeVocabSize > 0) shapes.set(`${prefix}.embeddings.token_type_embeddings.weight`, [typeVocabSize, width]);
  layerNorm(`${prefix}.embeddings.LayerNorm`, width);
  if (embeddingSize !== undefined) linear(`${prefix}.embeddings.project`, hiddenSize, embeddingSize);
  for (let layer = 0; layer < layers; layer++) {
    const name = `${prefix}.encoder.layer.${layer}`;
    for (const part of ["query", "key", "value"]) linear(`${name}.attention.self.${part}`, hiddenSize, hiddenSize);
    linear(`${name}.attention.output.dense`, hiddenSize, hiddenSize);
    layerNorm(`${name}.attention.output.LayerNorm`);
    linear(`${name}.intermediate.dense`, intermediateSize, hiddenSize);
    linear(`${name}.output.dense`, hiddenSize, intermediateSize);
    layerNorm(`${name}.output.LayerNorm`);
  }
  if (!has(`${head.dense}.weight`)) return shapes;
  linear(head.dense, width, hiddenSize);
  layerNorm(head.norm, width);
  shapes.set(head.decoder, [vocabSize, width]);
  shapes.set(head.bias, [vocabSize]);
  return shapes;
}
