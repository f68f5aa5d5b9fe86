/**
 * An attention head that begins by comparing words: each token attends to the same word wherever it stands and brings
 * back where that was, so that "has this been said before?" is there to be used. Masked language modelling alone asks
 * that of masked words only, and 25 million tokens of it left visible words uncompared.
 */
import type { Matrix } from "ml-matrix";
import type { Checkpoint, Weight } from "../../model/checkpoint";
import { mlMatrix } from "../../packages";
import { createRandom, deriveSeed, type Random } from "../language/random";
import type { BytePairVocabulary } from "./byte-pair-training";
import { normals, orthonormalize } from "./model-start";

export interface ComparisonHeadSettings {
  /** Which head of the first layer, from 0. */
  head: number;
  /** Attention to the same word, in nats for each dimension of the head; 0.3 gives it nine tenths of the attention. */
  sharpness: number;
}

const samples = 8000;
const positionRange = [2, 62] as const;
/** Directions that hold what the position embeddings tell. */
const positionDirections = 14;
/** Of the others, as many as whitening leaves out, since next to nothing varies along them. */
const idleDirections = 4;

/** The checkpoint with one head of its first layer replaced. Query and key are one whitened projection without positions; the value is the position. */
export function withComparisonHead(checkpoint: Checkpoint, vocabulary: BytePairVocabulary, { head, sharpness }: ComparisonHeadSettings, seed: number): Checkpoint {
  const { hiddenSize: width, heads } = checkpoint.config;
  const size = width / heads;
  if (!Number.isInteger(head) || head < 0 || head >= heads) throw new Error(`comparisonHead.head is ${head}; the model has the heads 0 to ${heads - 1}`);
  const wordDirections = width - positionDirections - idleDirections;
  const longest = checkpoint.config.maxPositions;
  if (size < positionDirections || size > wordDirections || longest < positionRange[1]) throw new Error(`comparisonHead: a model of width ${width} with ${heads} heads and ${longest} positions has no room for it`);
  const random = createRandom(deriveSeed(seed, "comparison head"));
  const words = [...vocabulary.ids].flatMap(([token, id]) => (/^Ġ[A-Za-z]+$/.test(token) ? [id] : []));
  const embed = createEmbedding(checkpoint.weights, width);
  const [low, high] = positionRange;
  const drawWord = (): number => words[random.below(words.length)];

  const sample = Array.from({ length: samples }, () => embed(drawWord(), low + random.below(high - low)));
  const mean = meanOf(sample);
  const some = Array.from({ length: samples / 16 }, drawWord);
  const byPosition = Array.from({ length: high - low }, (_, i) => meanOf(some.map((word) => embed(word, low + i))));
  const positions = leading(covariance(byPosition, meanOf(byPosition)), positionDirections);
  const wordCovariance = covariance(sample.map((x) => without(x, positions.vectors)), without(mean, positions.vectors));
  const whitened = leading(wordCovariance, wordDirections);
  const turn = orthonormalRows(random, size, wordDirections);
  const project = turn.map((row) => combine(row.map((value, i) => value / Math.sqrt(whitened.values[i])), whitened.vectors));
  const scale = Math.sqrt(sharpness * Math.sqrt(size));
  const comparing = project.map((row) => row.map((value) => scale * value));
  const telling = positions.vectors.map((row, i) => row.map((value) => (0.5 * value) / Math.sqrt(positions.values[i])));
  // What was found goes where the embeddings say least. The very smallest direction is the one that layer norm empties.
  const quiet = leading(covariance(sample, mean), width).vectors.reverse().slice(1, positionDirections + 1);

  const weights = new Map([...checkpoint.weights].map(([name, { shape, data }]): [string, Weight] => [name, { shape, data: data.slice() }]));
  const attention = "roberta.encoder.layer.0.attention.";
  const first = head * size;
  const setRows = (name: string, rows: readonly (readonly number[])[]): void => {
    const matrix = dataOf(weights, `${attention}self.${name}.weight`);
    const bias = dataOf(weights, `${attention}self.${name}.bias`);
    for (let r = 0; r < size; r += 1) {
      matrix.set(rows[r] ?? new Float32Array(width), (first + r) * width);
      // A key's bias adds the same to all scores.
      bias[first + r] = rows[r] && name !== "key" ? -dot(rows[r], mean) : 0;
    }
  };
  setRows("query", comparing);
  setRows("key", comparing);
  setRows("value", telling);
  const output = dataOf(weights, `${attention}output.dense.weight`);
  for (let i = 0; i < width; i += 1) for (let c = 0; c < size; c += 1) output[i * width + first + c] = quiet[c]?.[i] ?? 0;
  return { ...checkpoint, weights };
}

function dataOf(weights: ReadonlyMap<string, Weight>, name: string): Float32Array {
  const weight = weights.get(name);
  if (!weight) throw new Error(`comparisonHead: the model has no parameter ${name}`);
  return weight.data;
}

/** The embedding layer as the encoder reads it: the sum of three tables, layer norm. */
function createEmbedding(weights: ReadonlyMap<string, Weight>, width: number): (word: number, position: number) => number[] {
  const [wordTable, positionTable, typeTable, gain, bias] = ["word_embeddings.weight", "position_embeddings.weight", "token_type_embeddings.weight", "LayerNorm.weight", "LayerNorm.bias"].map((name) =>
    dataOf(weights, `roberta.embeddings.${name}`),
  );
  return (word, position) => {
    const sum = Array.from({ length: width }, (_, i) => wordTable[word * width + i] + positionTable[position * width + i] + typeTable[i]);
    const mean = sum.reduce((a, b) => a + b, 0) / width;
    const variance = sum.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    return sum.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[i] + bias[i]);
  };
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

const meanOf = (rows: readonly (readonly number[])[]): number[] => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);

/** Σ cᵢ rowᵢ */
const combine = (coefficients: readonly number[], rows: readonly (readonly number[])[]): number[] =>
  rows[0].map((_, i) => coefficients.reduce((sum, value, k) => sum + value * rows[k][i], 0));

/** x less its part in the span of orthonormal directions. */
const without = (x: readonly number[], directions: readonly (readonly number[])[]): number[] => {
  const part = combine(directions.map((direction) => dot(x, direction)), directions);
  return x.map((value, i) => value - part[i]);
};

function covariance(rows: readonly (readonly number[])[], mean: readonly number[]): Matrix {
  const centred = new mlMatrix.Matrix(rows.map((row) => row.map((value, i) => value - mean[i])));
  return centred.transpose().mmul(centred).div(rows.length);
}

/** The eigenvectors of the largest eigenvalues, as rows, and those. */
function leading(symmetric: Matrix, count: number): { vectors: number[][]; values: number[] } {
  const { realEigenvalues, eigenvectorMatrix } = new mlMatrix.EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]).slice(0, count);
  return { vectors: order.map((i) => eigenvectorMatrix.getColumn(i)), values: order.map((i) => realEigenvalues[i]) };
}

function orthonormalRows(random: Random, count: number, length: number): number[][] {
  const rows = Array.from({ length: count }, () => Float64Array.from(normals(random, length)));
  orthonormalize(rows);
  return rows.map((row) => [...row]);
}
