/** Baselines that use no gradient: logistic regression on features of the texts, for every penalty. */
import { featureRows, softmaxFits, softmaxScores } from "../solvers/softmax-regression";
import type { Model } from "../model/model";
import { meanStatesSteps } from "../model/predict";
import { entriesOf, recordOf } from "../records";
import type { Predictions } from "../solvers/metrics";
import type { Example, Split } from "../tasks/task";
import type { Inputs } from "../experiment/inputs";

/** One row of features for each example. */
export type SplitFeatures = Record<Split, Float64Array[]>;

/** How often each word of the training texts occurs in a text, in the order of the words' first appearance; the two texts of a pair have separate counts. */
export function wordCounts(examples: Record<Split, readonly Example[]>): SplitFeatures {
  const words = [...new Set(examples.train.flatMap(wordsOf))];
  const places = new Map(words.map((word, place) => [word, place]));
  const count = (example: Example): Float64Array => {
    const counts = new Float64Array(words.length);
    for (const word of wordsOf(example)) if (places.has(word)) counts[places.get(word)!]++;
    return counts;
  };
  return { train: examples.train.map(count), dev: examples.dev.map(count), test: examples.test.map(count) };
}

/** In lower case, without punctuation. */
const wordsOf = ({ texts }: Example): string[] =>
  texts.flatMap((text, side) =>
    (text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []).map((word) =>
      texts.length > 1 ? `${side} ${word}` : word,
    ),
  );

/** The mean of each text's last hidden states over its tokens. */
export function* pooledStates(model: Model, inputs: Record<Split, Inputs>): Generator<undefined, SplitFeatures> {
  const features: [Split, Float64Array[]][] = [];
  for (const [split, { sequences }] of entriesOf(inputs))
    features.push([split, featureRows(yield* meanStatesSteps(model, sequences), sequences.length)]);
  return recordOf(features);
}

/** What logistic regression on the training features predicts for the other splits, for each inverse penalty in turn. */
export function* regressionOn(
  features: SplitFeatures,
  labels: readonly number[],
  { classes, inversePenalties }: { classes: number; inversePenalties: readonly number[] },
): Generator<undefined, { inversePenalty: number; dev: Predictions; test: Predictions }[]> {
  const fits = yield* softmaxFits(features.train, labels, classes, inversePenalties);
  return fits.map((fit, i) => {
    const on = (split: Split): Predictions => ({
      values: Float64Array.from(features[split].flatMap((x) => softmaxScores(fit, x))),
      shape: [features[split].length, classes],
    });
    return { inversePenalty: inversePenalties[i], dev: on("dev"), test: on("test") };
  });
}
