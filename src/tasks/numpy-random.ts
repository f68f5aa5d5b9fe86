import { InputError } from "../errors";

/**
 * numpy's legacy random numbers, `numpy.random.RandomState(seed)` and `numpy.random.seed(seed)`: the Mersenne Twister
 * MT19937 of Matsumoto and Nishimura (1998), and the shuffle that numpy has kept since. The authors' splits come from it.
 */
export interface NumpyRandom {
  /** The next 32 random bits, as an integer from 0 to 2³² − 1. */
  uint32(): number;
}

const N = 624;
const M = 397;

/**
 * A generator in the state of `RandomState(seed)`.
 *
 * @param seed an integer from 0 to 2³² − 1
 */
export function numpyRandom(seed: number): NumpyRandom {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new InputError(`seed ${seed}: numpy takes integers from 0 to 4294967295`);
  const state = initialState(seed);
  let next = N;
  return {
    uint32: () => {
      if (next === N) {
        twist(state);
        next = 0;
      }
      return temper(state[next++]);
    },
  };
}

/** init_genrand of the reference implementation. */
function initialState(seed: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  return state;
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
    state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

function temper(y: number): number {
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}

/** An integer from 0 to `max`, both included: bits under the smallest mask that covers `max`, drawn until one fits. */
function interval(random: NumpyRandom, max: number): number {
  if (max === 0) return 0;
  const mask = 0xffffffff >>> Math.clz32(max);
  for (;;) {
    const value = (random.uint32() & mask) >>> 0;
    if (value <= max) return value;
  }
}

/** `random.shuffle(items)`: in place. */
export function shuffle(items: { [index: number]: unknown; readonly length: number }, random: NumpyRandom): void {
  for (let i = items.length - 1; i >= 1; i--) {
    const j = interval(random, i);
    [items[i], items[j]] = [items[j], items[i]];
  }
}

/**
 * `random.permutation(count)`: the integers from 0 to count − 1, shuffled. Its first n are also the rows, in their
 * order, that pandas' `DataFrame.sample(n, random_state=…)` takes.
 */
export function permutation(count: number, random: NumpyRandom): number[] {
  const items = Array.from({ length: count }, (_, i) => i);
  shuffle(items, random);
  return items;
}
