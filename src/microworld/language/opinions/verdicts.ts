/** What verdicts of the sentiment prompt's form say: "It was great." */
import { compileFrames, expandFrame, finishSentence } from "../frame";
import { generalAdjectives, intensifiers } from "../lexicon";
import { polarZipf, side, type Polarity } from "./polarity";
import { draw, weighted, zipf, type Random, type Weighted } from "../random";
import { verdictFrames } from "./frames/verdict";

const frames = compileFrames(verdictFrames);
const intensifierTable = zipf(intensifiers, 1);
const general = polarZipf(generalAdjectives, 1);

/** "It was" with a word for it. */
export function wordVerdict(random: Random, word: string): string {
  const text = expandFrame(draw(random, frames), (slot) =>
    slot === "verdict" ? word : random.chance(0.35) ? `${draw(random, intensifierTable)} ` : "");
  return finishSentence(text);
}

/** The word of a verdict that speaks of the opinion. */
export function opinionVerdict(random: Random, polarity: Polarity, labelWordShare: number): string {
  if (random.chance(labelWordShare)) return polarity === 1 ? "great" : "terrible";
  return draw(random, side(general, polarity));
}

/** Degrees of an opinion, as indices into the labels of SST-5. */
export type Degree = 0 | 1 | 2 | 3 | 4;

/** People are sparing with the ends of the scale, and "good" and "bad" cover two degrees each. */
const gradedVerdicts: readonly Weighted<string>[] = [
  weighted(["terrible", "bad", "awful"], [55, 35, 10]),
  weighted(["bad", "okay", "terrible", "poor"], [65, 15, 10, 10]),
  weighted(["okay", "good", "bad", "average"], [60, 15, 15, 10]),
  weighted(["good", "okay", "great", "nice"], [65, 15, 10, 10]),
  weighted(["great", "good", "wonderful"], [55, 35, 10]),
];

/** The word of a verdict on something held to be that good. */
export function gradedVerdict(random: Random, degree: Degree): string {
  return draw(random, gradedVerdicts[degree]);
}
