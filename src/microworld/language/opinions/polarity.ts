/** For or against. */
import type { OpinionWords } from "../lexicon";
import { compileFrames, type FrameTable } from "../frame";
import { zipf, type Random, type Weighted } from "../random";

export type Polarity = 1 | -1;

/** Something for each polarity. */
export interface Polar<T> {
  positive: T;
  negative: T;
}

export function opposite(polarity: Polarity): Polarity {
  return polarity === 1 ? -1 : 1;
}

export function drawPolarity(random: Random): Polarity {
  return random.chance(0.5) ? 1 : -1;
}

export function side<T>(both: Polar<T>, polarity: Polarity): T {
  return polarity === 1 ? both.positive : both.negative;
}

export function polarZipf(words: OpinionWords, exponent: number): Polar<Weighted<string>> {
  return { positive: zipf(words.positive, exponent), negative: zipf(words.negative, exponent) };
}

export function polarFrames(texts: OpinionWords): Polar<FrameTable> {
  return { positive: compileFrames(texts.positive), negative: compileFrames(texts.negative) };
}
