/**
 * Seeded random numbers in integer arithmetic, so that the language comes out
 * byte-identical on every machine.
 */

/** A stream of random numbers. */
export interface Random {
  /** The next unsigned 32-bit integer. */
  uint32(): number;
  /** A whole number in 0 … bound−1; bound ≤ 2^21. */
  below(bound: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
}

/** MurmurHash3's finalizer: a bijection of 32-bit integers that scatters neighbouring seeds. */
function scatter(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One seed out of several numbers and names, for example (42, "test", 7). */
export function deriveSeed(...parts: (number | string)[]): number {
  let seed = 0x9e3779b9;
  for (const part of parts) {
    const numbers = typeof part === "number" ? [part] : Array.from(part, (c) => c.charCodeAt(0));
    for (const number of numbers) {
      seed = scatter((seed ^ scatter(number)) + 0x9e3779b9);
    }
    seed = scatter(seed + 0x7f4a7c15);
  }
  return seed;
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, period 2^32. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    uint32,
    // The product stays below 2^53, so the division is exact on every machine.
    below: (bound) => Math.floor((uint32() * bound) / 0x100000000),
    chance: (probability) => uint32() < probability * 0x100000000,
  };
}

/** A list to draw from, with whole-number cumulative weights. */
export interface Weighted<T> {
  readonly values: readonly T[];
  readonly cumulative: readonly number[];
}

/** Weights are rounded to millionths of their sum. */
export function weighted<T>(values: readonly T[], weights: readonly number[]): Weighted<T> {
  if (values.length === 0 || values.length !== weights.length) {
    throw new Error(`weighted: ${values.length} values but ${weights.length} weights`);
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  const cumulative = weights.map((weight) => (sum += Math.max(1, Math.round((weight / total) * 1e6))));
  return { values, cumulative };
}

/** All values equally likely. */
export function uniform<T>(values: readonly T[]): Weighted<T> {
  return weighted(values, values.map(() => 1));
}

/**
 * Zipf's law: the weight of rank r (from 1) is 1/r^exponent. Exponents are multiples of
 * one half, because square roots are exact on every machine and general powers are not.
 */
export function zipf<T>(values: readonly T[], exponent: number): Weighted<T> {
  if (!Number.isInteger(exponent * 2) || exponent < 0) {
    throw new Error(`zipf: exponent ${exponent} is not a multiple of 0.5`);
  }
  const weights = values.map((_, index) => {
    let weight = 1;
    for (let halves = 0; halves < exponent * 2; halves += 1) weight /= Math.sqrt(index + 1);
    return weight;
  });
  return weighted(values, weights);
}

/** Draws one value. */
export function draw<T>(random: Random, from: Weighted<T>): T {
  const { cumulative, values } = from;
  const ticket = random.below(cumulative[cumulative.length - 1]);
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ticket < cumulative[middle]) high = middle;
    else low = middle + 1;
  }
  return values[low];
}

/** Fisher–Yates; returns a new array. */
export function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
