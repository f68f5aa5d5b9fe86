/** The model before training: sizes, and random weights with word embeddings that know who occurs with whom. */
import { tf, type Tensor } from "../../model/backend";
import type { Weight } from "../../model/checkpoint";
import { parseModelConfig, parameterShapes, type ModelConfig } from "../../model/model-config";
import { createRandom, deriveSeed, type Random } from "../language/random";

/** Sizes of the microworld's model. */
export interface ModelSize {
  vocabularySize: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  /** Longest sequence in tokens, with <s> and </s>. */
  maxTokens: number;
}

/** The config.json of a RoBERTa of that size; dropout is 0 since the text never repeats. */
export function modelConfig(size: ModelSize): ModelConfig {
  const raw = {
    architectures: ["RobertaForMaskedLM"],
    model_type: "roberta",
    vocab_size: size.vocabularySize,
    hidden_size: size.hiddenSize,
    num_hidden_layers: size.layers,
    num_attention_heads: size.heads,
    intermediate_size: 4 * size.hiddenSize,
    max_position_embeddings: size.maxTokens + 2,
    type_vocab_size: 1,
    layer_norm_eps: 1e-5,
    bos_token_id: 0,
    pad_token_id: 1,
    eos_token_id: 2,
    hidden_act: "gelu",
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
    tie_word_embeddings: true,
    torch_dtype: "float32",
  };
  return parseModelConfig(raw, "the microworld's config");
}

/** Box and Muller's normal deviates. */
export function normals(random: Random, count: number): Float32Array {
  const uniform = (): number => (random.uint32() + 0.5) / 0x100000000;
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

/**
 * Waves of many lengths, [positions, width], standard deviation 0.05: neighbours are easy to attend to
 * from the first step on. The table is trained like any other parameter.
 */
function sinusoids(positions: number, width: number): Float32Array {
  const half = width / 2;
  const values = Float32Array.from({ length: positions * width }, (_, index) => {
    const [position, column] = [Math.floor(index / width), index % width];
    const angle = position * 1.5 * Math.exp((-(column % half) * Math.log(positions - 2)) / half);
    return column < half ? Math.sin(angle) : Math.cos(angle);
  });
  const scale = 0.05 / standardDeviation([values]);
  return values.map((value) => value * scale);
}

/** RoBERTa's initial weights: N(0, 0.02²), biases 0, norms 1; the word embeddings are given, [vocabulary, hidden]. */
export function initialWeights(config: ModelConfig, seed: number, wordEmbeddings: Float32Array): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  for (const [name, shape] of parameterShapes(config)) {
    const count = shape.reduce((a, b) => a * b, 1);
    let data: Float32Array;
    if (name.endsWith("word_embeddings.weight") || name === "lm_head.decoder.weight") data = wordEmbeddings.slice();
    else if (name.endsWith(".bias")) data = new Float32Array(count);
    else if (name.endsWith("position_embeddings.weight")) data = sinusoids(shape[0], shape[1]);
    else if (/layer_?norm\.weight$/i.test(name)) data = new Float32Array(count).fill(1);
    else data = normals(createRandom(deriveSeed(seed, "weights", name)), count).map((value) => 0.02 * value);
    weights.set(name, { shape, data });
  }
  return weights;
}

/** Positive pointwise mutual information of counts [n, n]; rare cells are damped. */
function positiveMutualInformation(counts: Float32Array, n: number): Tensor {
  const rows = new Float64Array(n);
  const columns = new Float64Array(n);
  let total = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const count = counts[i * n + j];
      rows[i] += count;
      columns[j] += count;
      total += count;
    }
  }
  const values = counts.map((count, index) => {
    if (count === 0) return 0;
    const information = Math.log((count * total) / (rows[Math.floor(index / n)] * columns[index % n]));
    return Math.max(0, information) * Math.min(1, count / 5);
  });
  return tf.tensor2d(values, [n, n]);
}

/** Gram–Schmidt, twice for accuracy, on the columns of [n, k], in place. */
export function orthonormalize(columns: Float64Array[]): void {
  columns.forEach((column, index) => {
    for (let pass = 0; pass < 2; pass += 1) {
      for (let other = 0; other < index; other += 1) {
        let dot = 0;
        for (let i = 0; i < column.length; i += 1) dot += column[i] * columns[other][i];
        for (let i = 0; i < column.length; i += 1) column[i] -= dot * columns[other][i];
      }
    }
    const norm = Math.hypot(...column) || 1;
    for (let i = 0; i < column.length; i += 1) column[i] /= norm;
  });
}

/** The k leading left singular vectors of a matrix times √σ, as columns, by orthogonal iteration. */
function leadingDirections(matrix: Tensor, k: number, random: Random): Float64Array[] {
  const n = matrix.shape[0];
  const extra = k + 8;
  let columns = Array.from({ length: extra }, () => Float64Array.from(normals(random, n)));
  orthonormalize(columns);
  for (let iteration = 0; iteration < 8; iteration += 1) {
    const flat = Float32Array.from({ length: n * extra }, (_, index) => columns[index % extra][Math.floor(index / extra)]);
    const product = tf.tidy(() => tf.matMul(matrix, tf.matMul(matrix, tf.tensor2d(flat, [n, extra]), true, false)).dataSync());
    columns = columns.map((_, c) => Float64Array.from({ length: n }, (_unused, i) => product[i * extra + c]));
    if (iteration < 7) orthonormalize(columns);
  }
  // ‖M Mᵀ q‖ is σ²; the direction is scaled by √σ.
  return columns.slice(0, k).map((column) => {
    const norm = Math.hypot(...column) || 1;
    return column.map((value) => (value / norm) * Math.pow(norm, 0.25));
  });
}

/**
 * Word embeddings out of co-occurrence: half the directions from words of the same document, a quarter
 * each from the words before and after (PPMI, truncated SVD), turned at random and scaled to the
 * standard deviation `deviation`. A start without them takes several times the text to find polarity.
 * @returns [vocabulary, hidden], row-major
 */
export function cooccurrenceEmbeddings(
  documents: readonly number[][],
  vocabularySize: number,
  hiddenSize: number,
  seed: number,
  deviation = 0.05,
): Float32Array {
  const n = vocabularySize;
  const together = new Float32Array(n * n);
  const neighbours = new Float32Array(n * n);
  for (const ids of documents) {
    const types = [...new Set(ids)];
    for (const a of types) for (const b of types) if (a !== b) together[a * n + b] += 1;
    for (let i = 0; i + 1 < ids.length; i += 1) neighbours[ids[i] * n + ids[i + 1]] += 1;
  }
  const random = createRandom(deriveSeed(seed, "embeddings"));
  const groups = tf.tidy(() => {
    const byDocument = leadingDirections(positiveMutualInformation(together, n), hiddenSize / 2, random);
    const next = positiveMutualInformation(neighbours, n);
    return [
      byDocument,
      leadingDirections(next, hiddenSize / 4, random),
      leadingDirections(tf.transpose(next), hiddenSize / 4, random),
    ] as never;
  }) as Float64Array[][];
  const columns = groups.flatMap((group) => {
    const scale = 1 / standardDeviation(group);
    return group.map((column) => column.map((value) => value * scale));
  });
  const turn = Array.from({ length: hiddenSize }, () => Float64Array.from(normals(random, hiddenSize)));
  orthonormalize(turn);
  const embeddings = new Float32Array(n * hiddenSize);
  for (let i = 0; i < n; i += 1) {
    for (let h = 0; h < hiddenSize; h += 1) {
      let sum = 0;
      for (let c = 0; c < hiddenSize; c += 1) sum += columns[c][i] * turn[h][c];
      embeddings[i * hiddenSize + h] = sum;
    }
  }
  const scale = deviation / standardDeviation([embeddings]);
  return embeddings.map((value) => value * scale);
}

function standardDeviation(arrays: ArrayLike<number>[]): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const array of arrays) {
    for (let i = 0; i < array.length; i += 1) {
      sum += array[i];
      squares += array[i] * array[i];
    }
    count += array.length;
  }
  return Math.sqrt(squares / count - (sum / count) ** 2) || 1;
}
