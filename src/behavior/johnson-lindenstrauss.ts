/**
 * The Johnson–Lindenstrauss bound: how near inner products stay to the true ones under a random projection to d dimensions.
 *
 * A random projection keeps the squared norm of one vector within a factor 1 ± ε with probability at least
 * 1 − 2 exp(−(ε² − ε³) d / 4). Inner products follow from the norms of u + v and u − v: those of N vectors are all within
 * ε ‖u‖ ‖v‖ of the true ones with probability at least 1 − 4 N² exp(−(ε² − ε³) d / 4). The paper's Section 7 uses it for kernels of
 * LoRA, up to a constant factor before ε: docs/paper.md says what of that is confirmed.
 */
import { InputError } from "../errors";

/**
 * A lower bound of the probability that a random projection to d dimensions keeps all inner products of N vectors within
 * ε ‖u‖ ‖v‖: 1 − 4 N² exp(−(ε² − ε³) d / 4), or 0 where that is negative.
 *
 * @throws if ε is not between 0 and 1
 */
export function johnsonLindenstrauss(epsilon: number, dimension: number, vectors: number): number {
  if (!(epsilon > 0 && epsilon < 1)) throw new InputError(`ε must be between 0 and 1, not ${epsilon}`);
  check(dimension, vectors);
  return Math.max(0, 1 - 4 * vectors ** 2 * Math.exp((-(epsilon ** 2 - epsilon ** 3) * dimension) / 4));
}

/** ε² − ε³ grows up to here and falls beyond: a larger ε is never better. */
export const BEST_EPSILON = 2 / 3;

/**
 * The smallest ε that all inner products of N vectors keep with the given probability: the curve to draw beside measured
 * errors. Undefined where the dimension is too small for the bound to say anything.
 */
export function johnsonLindenstraussError(dimension: number, vectors: number, probability = 0.95): number | undefined {
  check(dimension, vectors, probability);
  const needed = exponent(vectors, probability) / dimension;
  if (needed > BEST_EPSILON ** 2 - BEST_EPSILON ** 3) return undefined;
  let [low, high] = [0, BEST_EPSILON];
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (middle ** 2 - middle ** 3 < needed) low = middle;
    else high = middle;
  }
  return high;
}

/** The smallest dimension that keeps all inner products of N vectors within ε, 0 < ε ≤ 2/3, with the given probability. */
export function johnsonLindenstraussDimension(epsilon: number, vectors: number, probability = 0.95): number {
  if (!(epsilon > 0 && epsilon <= BEST_EPSILON))
    throw new InputError(`ε must be above 0 and at most 2/3, not ${epsilon}`);
  check(1, vectors, probability);
  return Math.ceil(exponent(vectors, probability) / (epsilon ** 2 - epsilon ** 3));
}

/** (ε² − ε³) d for which the bound is the probability. */
const exponent = (vectors: number, probability: number): number => 4 * Math.log((4 * vectors ** 2) / (1 - probability));

function check(dimension: number, vectors: number, probability = 0): void {
  if (!(dimension >= 1)) throw new InputError(`the dimension must be at least 1, not ${dimension}`);
  if (!(vectors >= 1)) throw new InputError(`the number of vectors must be at least 1, not ${vectors}`);
  if (!(probability >= 0 && probability < 1))
    throw new InputError(`the probability must be at least 0 and below 1, not ${probability}`);
}
