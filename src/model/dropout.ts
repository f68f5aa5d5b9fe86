/** Dropout as RoBERTa and BERT have it in training: seeded, so that a run can be repeated and a gradient checked. */
import { mixedSeed, randomStream } from "../random";
import { tf, type Tensor } from "./backend";

/** Draws the masks of one forward pass, in its order. */
export interface Dropout {
  /** 0 with the probability `rate` and 1 / (1 − rate) otherwise, independently; undefined at rate 0. */
  mask(shape: number[], rate: number): Tensor | undefined;
}

/**
 * Dropout whose masks follow from the seed; a new one gives the same masks again.
 * @param fixedRate replaces the rates in the model's config
 */
export function seededDropout(seed: readonly number[], fixedRate?: number): Dropout {
  const random = randomStream(mixedSeed(seed));
  return {
    mask(shape, ownRate) {
      const rate = fixedRate ?? ownRate;
      if (rate === 0) return undefined;
      const kept = 1 / (1 - rate);
      const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
      for (let i = 0; i < values.length; i++) values[i] = random() < rate ? 0 : kept;
      return tf.tensor(values, shape);
    },
  };
}

/** x ⊙ mask, or x itself without a mask: dropout forward, and backward with the same mask. */
export const masked = (x: Tensor, mask: Tensor | undefined): Tensor => (mask ? tf.mul(x, mask) : x);
