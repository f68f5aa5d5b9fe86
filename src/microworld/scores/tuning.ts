/** Fine-tuning with a few learning rates; the development examples choose the rate and the checkpoint. */
import type { Inputs } from "../../experiment/inputs";
import { fineTune } from "../../finetune/fine-tune";
import type { Head } from "../../model/head";
import type { Model } from "../../model/model";
import { predictLogitsSteps } from "../../model/predict";
import type { Predictions } from "../../solvers/metrics";
import { runSteps } from "../../steps";
import type { Metric, Split } from "../../tasks/task";
import { decisive, measure, type Measured } from "./regression";

export interface TuningOptions {
  optimizer: "sgd" | "adamw";
  /** Rising. */
  learningRates: readonly number[];
  steps: number;
  batchSize: number;
  evaluateEvery: number;
  metric: Metric;
  seed: number;
  signal?: AbortSignal;
}

export interface Tuned {
  learningRate: number;
  bestStep: number;
  dev: Measured;
  test: Measured;
}

/**
 * The run whose best checkpoint does best on the development examples; the smaller cross-entropy there decides among
 * equals. Rates are tried from the middle one upward while that helps, and downward only if it did not at once: what
 * lies beyond a rate that is too large or too small is not tried.
 */
export async function tune(model: Model, head: Head, inputs: Record<Split, Inputs>, options: TuningOptions): Promise<Tuned> {
  const { learningRates, metric, ...rest } = options;
  if (learningRates.length === 0) throw new Error("fine-tuning needs at least one learning rate");
  let best: (Tuned & { loss: number }) | undefined;
  /** Whether this rate is the best so far. */
  const attempt = async (learningRate: number): Promise<boolean> => {
    const tuned = await fineTune({ ...rest, model, head, train: inputs.train, dev: inputs.dev, learningRate });
    try {
      const onDev = await runSteps(predictSteps(tuned.model, head, inputs.dev), options.signal);
      const dev = measure(onDev, inputs.dev.labels, metric);
      const loss = crossEntropy(onDev, inputs.dev.labels);
      if (best && (decisive(dev) < decisive(best.dev) || (decisive(dev) === decisive(best.dev) && !(loss < best.loss)))) return false;
      const test = measure(await runSteps(predictSteps(tuned.model, head, inputs.test), options.signal), inputs.test.labels, metric);
      best = { learningRate, bestStep: tuned.best.step, dev, test, loss };
      return true;
    } finally {
      tuned.dispose();
    }
  };
  await climb(learningRates, attempt);
  const { loss: _, ...chosen } = best!;
  return chosen;
}

/** Tries the middle one, then those above it while each is better, then, if the first of those was not, those below. */
export async function climb(rates: readonly number[], attempt: (rate: number) => Promise<boolean>): Promise<void> {
  const middle = Math.floor((rates.length - 1) / 2);
  await attempt(rates[middle]);
  let place = middle + 1;
  while (place < rates.length && (await attempt(rates[place]))) place++;
  // A step up that helped: the rates below the middle are further away.
  if (place > middle + 1) return;
  for (let below = middle - 1; below >= 0 && (await attempt(rates[below])); below--);
}

/** A head's logits on a split, [examples, classes]. */
export function* predictSteps(model: Model, head: Head, { sequences }: Inputs): Generator<undefined, Predictions> {
  const values = yield* predictLogitsSteps(model, head, sequences);
  return { values, shape: [sequences.length, values.length / sequences.length] };
}

/** Mean of −log p(label) in nats. */
export function crossEntropy({ values, shape: [examples, classes] }: Predictions, labels: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < examples; i++) {
    const row = Array.from(values.subarray(i * classes, (i + 1) * classes));
    const top = Math.max(...row);
    sum += top + Math.log(row.reduce((total, value) => total + Math.exp(value - top), 0)) - row[labels[i]];
  }
  return sum / examples;
}
