/**
 * The building blocks of the encoder, each a forward function that returns what its backward needs.
 * Backward functions take δ [C, B, T, ·] for C outputs at once: the forward pass is shared by all of them.
 */
import { tf, type Tensor } from "./backend";
import { masked } from "./dropout";
import { erfc } from "./erfc";
import type { GeluTail } from "./model";

/**
 * A place where parameters enter the forward pass, with what the gradient of each example is made of there.
 * B examples, T tokens (or read rows), C outputs; δ is the derivative of output c with respect to the site's result.
 */
export type Site =
  /** y = x Wᵀ + b: the gradient of W is Σ_t δ_t x_tᵀ, that of b is Σ_t δ_t. */
  | { kind: "linear"; weight: string; bias?: string; input: Tensor /* [B,T,in] */; delta: Tensor /* [C,B,T,out] */ }
  /** y = γ ⊙ x̂ + β: the gradient of γ is Σ_t δ_t ⊙ x̂_t, that of β is Σ_t δ_t. */
  | { kind: "norm"; weight: string; bias: string; input: Tensor /* x̂ [B,T,H] */; delta: Tensor /* [C,B,T,H] */ }
  /** y_t = E[row_t]: the gradient of E is δ_t added to row_t. */
  | { kind: "rows"; table: string; rows: Tensor /* int32 [B,T] */; delta: Tensor /* [C,B,T,H] */ };

/** What one step of a backward pass gives: δ of the step's input, and the sites that it passed, in order. */
export interface Backward {
  delta: Tensor;
  sites: Site[];
}

/** y = x Wᵀ + b over the last axis; W is [out, in] as PyTorch keeps it. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [outputs, inputs] = weight.shape;
  const flat = tf.matMul(x.reshape([-1, inputs]), weight, false, true);
  const y = bias ? tf.add(flat, bias) : flat;
  return y.reshape([...x.shape.slice(0, -1), outputs]);
}

/** The derivative of {@link linear} with respect to x: δ W. */
export function linearBackward(delta: Tensor, weight: Tensor): Tensor {
  const [outputs, inputs] = weight.shape;
  const flat = tf.matMul(delta.reshape([-1, outputs]), weight);
  return flat.reshape([...delta.shape.slice(0, -1), inputs]);
}

export interface NormTrace {
  /** x̂ = (x − mean) / √(variance + ε) */
  normalized: Tensor;
  /** 1 / √(variance + ε), last axis 1 */
  inverseDeviation: Tensor;
}

/** Layer normalization over the last axis: γ ⊙ x̂ + β. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): NormTrace & { output: Tensor } {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
  const normalized = tf.mul(centred, inverseDeviation);
  return { normalized, inverseDeviation, output: tf.add(tf.mul(normalized, weight), bias) };
}

/** The derivative of {@link layerNorm} with respect to x. */
export function layerNormBackward(delta: Tensor, weight: Tensor, trace: NormTrace): Tensor {
  const inner = tf.mul(delta, weight);
  const mean = tf.mean(inner, -1, true);
  const slope = tf.mean(tf.mul(inner, trace.normalized), -1, true);
  const centred = tf.sub(tf.sub(inner, mean), tf.mul(trace.normalized, slope));
  return tf.mul(centred, trace.inverseDeviation);
}

const LOG_DENSITY_AT_ZERO = -0.5 * Math.log(2 * Math.PI);

/**
 * GELU u Φ(u) with the exact Gaussian distribution function, and its slope Φ(u) + u φ(u), which only a backward pass needs.
 * @param tail "rounded" computes Φ as (1 + erf) / 2, which in float32 is 0 below u = −5.5, and GELU with it
 */
export function gelu(u: Tensor, tail: GeluTail = "exact"): { output: Tensor; slope: () => Tensor } {
  // Each operation is a pass over the widest activations of the network: they are as few as tfjs allows.
  const v = tf.mul(u, -Math.SQRT1_2);
  const cdf = tf.mul(tail === "exact" ? erfc(v) : tf.sub(1, tf.erf(v)), 0.5);
  const slope = (): Tensor => {
    const density = tf.exp(tf.sub(LOG_DENSITY_AT_ZERO, tf.square(v)));
    return tf.add(cdf, tf.mul(u, density));
  };
  return { output: tf.mul(u, cdf), slope };
}

/** [N, T, heads · d] → [N, heads, T, d] */
export const splitHeads = (x: Tensor, heads: number): Tensor => {
  const [n, t, h] = x.shape;
  return tf.transpose(x.reshape([n, t, heads, h / heads]), [0, 2, 1, 3]);
};

/** [N, heads, T, d] → [N, T, heads · d] */
export const mergeHeads = (x: Tensor): Tensor => {
  const [n, heads, t, d] = x.shape;
  return tf.transpose(x, [0, 2, 1, 3]).reshape([n, t, heads * d]);
};

export interface AttentionTrace {
  /** [B, heads, R, d], already scaled by 1/√d */
  query: Tensor;
  /** [B, heads, T, d] */
  key: Tensor;
  /** [B, heads, T, d] */
  value: Tensor;
  /** softmax of the scores, [B, heads, R, T] */
  probabilities: Tensor;
  /** Dropout of the probabilities, [B, heads, R, T]. */
  mask?: Tensor;
}

/**
 * Scaled dot-product attention of R query rows over T keys.
 * @param query [B, R, H]; key and value [B, T, H]
 * @param bias added to the scores, [B, 1, 1 or R, T]
 * @param drawMask draws a dropout mask for the probabilities; by default there is none
 * @returns context [B, R, H]
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor,
  heads: number,
  drawMask: (shape: number[]) => Tensor | undefined = () => undefined,
): AttentionTrace & { context: Tensor } {
  const scale = Math.sqrt(heads / query.shape[2]!);
  const q = splitHeads(tf.mul(query, scale), heads);
  const k = splitHeads(key, heads);
  const v = splitHeads(value, heads);
  const probabilities = tf.softmax(tf.add(tf.matMul(q, k, false, true), bias));
  const mask = drawMask(probabilities.shape);
  const context = mergeHeads(tf.matMul(masked(probabilities, mask), v));
  return { query: q, key: k, value: v, probabilities, mask, context };
}

/** The derivatives of {@link attention}: δ of the context [C, B, R, H] → δ of query [C, B, R, H], key and value [C, B, T, H]. */
export function attentionBackward(delta: Tensor, trace: AttentionTrace): { query: Tensor; key: Tensor; value: Tensor } {
  const [c, b, r, h] = delta.shape;
  const heads = trace.query.shape[1]!;
  const t = trace.key.shape[2]!;
  const perOutput = (x: Tensor): Tensor => (c === 1 ? x : tf.tile(x, [c, 1, 1, 1]));
  const probabilities = perOutput(trace.probabilities);
  const dContext = splitHeads(delta.reshape([c * b, r, h]), heads);
  const mask = trace.mask && perOutput(trace.mask);
  const dValue = tf.matMul(masked(probabilities, mask), dContext, true, false);
  const dProbabilities = masked(tf.matMul(dContext, perOutput(trace.value), false, true), mask);
  const weighted = tf.mul(dProbabilities, probabilities);
  const dScores = tf.sub(weighted, tf.mul(probabilities, tf.sum(weighted, -1, true)));
  const dQuery = tf.mul(tf.matMul(dScores, perOutput(trace.key)), Math.sqrt(heads / h));
  const dKey = tf.matMul(dScores, perOutput(trace.query), true, false);
  return {
    query: mergeHeads(dQuery).reshape([c, b, r, h]),
    key: mergeHeads(dKey).reshape([c, b, t, h]),
    value: mergeHeads(dValue).reshape([c, b, t, h]),
  };
}
