import { randomStream } from "../random";
import { architectureOf, wordEmbeddingsName } from "./architecture";
import { hashOf, type Weight } from "./checkpoint";
import { parameterShapes, type ModelConfig } from "./model-config";
import { modelFromCheckpoint, type Model } from "./model";

/** Hugging Face's `initializer_range` where config.json does not say. */
const STANDARD_DEVIATION = 0.02;

/**
 * An untrained model of the same architecture, initialized as Hugging Face initializes RoBERTa, BERT and their relatives. Matrices are Gaussian with the config's `initializer_range` (0.02), biases 0, norm weights 1, the padding
 * token's embedding 0 (in RoBERTa its position too); a tied decoder equals the word embeddings. Release with `disposeModel`.
 */
export function randomWeights(config: ModelConfig, seed: number): Model {
  const architecture = architectureOf(config);
  const words = wordEmbeddingsName(architecture);
  const { initializer_range: range } = config.raw;
  const deviation = typeof range === "number" && range > 0 ? range : STANDARD_DEVIATION;
  const normal = normals(randomStream(seed));
  const weights = new Map<string, Weight>();
  for (const [name, shape] of parameterShapes(config)) {
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    if (/layer_?norm\.weight$/i.test(name)) data.fill(1);
    else if (!name.endsWith("bias")) data.forEach((_, i) => (data[i] = deviation * normal()));
    weights.set(name, { shape, data });
  }
  const width = config.embeddingSize ?? config.hiddenSize;
  const clear = (name: string): void =>
    void weights.get(name)!.data.fill(0, config.padTokenId * width, (config.padTokenId + 1) * width);
  clear(words);
  if (architecture.prefix === "roberta") clear(`${architecture.prefix}.embeddings.position_embeddings.weight`);
  if (config.tieWordEmbeddings)
    weights.set(architecture.head.decoder, { ...weights.get(words)!, data: weights.get(words)!.data.slice() });
  return modelFromCheckpoint({ config, weights, hash: hashOf(config, weights), directory: "" });
}

/** Standard normal deviates, by Box and Muller. */
function normals(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
