import type { Sequence } from "../model/batch";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { accuracy, f1OfClassOne, type Predictions } from "../solvers/metrics";
import type { Metric } from "../tasks/task";

/** Prompts with the index of each one's label. */
export interface LabelledPrompts {
  sequences: Sequence[];
  labels: number[];
}

/** Predictions of a head on labelled prompts, [n, C]. */
const predictionsOf = (model: Model, head: Head, { sequences, labels }: LabelledPrompts): Predictions => {
  const values = predictLogits(model, head, sequences);
  return { values, shape: [labels.length, values.length / labels.length] };
};

/** Accuracy of a head on labelled prompts, from 0 to 1. */
export const evaluateAccuracy = (model: Model, head: Head, prompts: LabelledPrompts): number => accuracy(predictionsOf(model, head, prompts), prompts.labels);

/** Accuracy, and the score by the metric, of a head on labelled prompts, from 0 to 1. */
export function evaluateHead(model: Model, head: Head, prompts: LabelledPrompts, metric: Metric): { accuracy: number; score: number } {
  const predictions = predictionsOf(model, head, prompts);
  const share = accuracy(predictions, prompts.labels);
  return { accuracy: share, score: metric === "f1" ? f1OfClassOne(predictions, prompts.labels) : share };
}
