import { sequenceKey, type Sequence } from "../model/batch";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { accuracy, asProbabilities, metricScore, type Predictions } from "../solvers/metrics";
import { runAtOnce } from "../steps";
import { isNumberMetric, type Metric, type Target } from "../tasks/task";

/** Prompts with the index of each one's label, or its number's place between the bounds. */
export interface LabelledPrompts {
  sequences: Sequence[];
  labels: number[];
  /** What labels are; default: classes. */
  target?: Target;
}

/** What tells labelled prompts from others, for keys. */
export const promptsKey = ({ sequences, labels }: LabelledPrompts): unknown[] => [labels, sequences.map(sequenceKey)];

/** Predictions of a head on labelled prompts, [n, C]. */
function* predictionsOf(
  model: Model,
  head: Head,
  { sequences, labels }: LabelledPrompts,
): Generator<undefined, Predictions> {
  const values = yield* predictLogitsSteps(model, head, sequences);
  return { values, shape: [labels.length, values.length / labels.length] };
}

/** Accuracy of a head on labelled prompts, from 0 to 1. */
export const evaluateAccuracy = (model: Model, head: Head, prompts: LabelledPrompts): number =>
  accuracy(runAtOnce(predictionsOf(model, head, prompts)), prompts.labels);

/** Accuracy, and the score by the metric, of a head on labelled prompts, from 0 to 1. */
export const evaluateHead = (model: Model, head: Head, prompts: LabelledPrompts, metric: Metric): HeadScores =>
  runAtOnce(evaluateHeadSteps(model, head, prompts, metric));

export interface HeadScores {
  /** From 0 to 1; of numbers, by the bounds that they are nearer to. */
  accuracy: number;
  /** By the metric, which may be accuracy again. */
  score: number;
}

/** {@link evaluateHead} as a generator that pauses after each batch. */
export function* evaluateHeadSteps(
  model: Model,
  head: Head,
  prompts: LabelledPrompts,
  metric: Metric,
): Generator<undefined, HeadScores> {
  const predictions = yield* predictionsOf(model, head, prompts);
  const share = accuracy(predictions, prompts.labels);
  const read = isNumberMetric(metric) ? asProbabilities(predictions) : predictions;
  return { accuracy: share, score: metricScore(metric, read, prompts.labels) };
}
