/** Fine-tuning as the authors' trainer does it: shuffled batches, clipping, linear decay, the best checkpoint on dev. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { tf, type Tensor } from "../model/backend";
import { collate, type Sequence } from "../model/batch";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { accuracy, mean } from "../solvers/metrics";
import { randomStream, shuffled } from "../random";
import { disposeFlatParameters, flatLayout, flatten, withFlatParameters } from "./flat-parameters";
import { crossEntropy, squaredError } from "./loss";
import { clipByNorm, createOptimizer, type OptimizerName } from "./optimizer";
import { parameterGradients } from "./parameter-gradients";

/** Prompts with the index of each one's label. */
export interface LabelledPrompts {
  sequences: Sequence[];
  labels: number[];
}

export interface FineTuneOptions {
  model: Model;
  head: Head;
  train: LabelledPrompts;
  dev: LabelledPrompts;
  optimizer: OptimizerName;
  /** Peak learning rate; it decays linearly to 0 at `steps`. */
  learningRate: number;
  steps: number;
  batchSize: number;
  /** Evaluate on dev after every so many steps, and after the last. Default: once an epoch. */
  evaluateEvery?: number;
  /** Steps of linear warm-up. Default 0. */
  warmupSteps?: number;
  /** Largest global norm of a gradient. Default 1, for every optimizer. */
  clipNorm?: number;
  loss?: "cross-entropy" | "l2";
  /** Orders the examples. */
  seed: number;
  onProgress?: (progress: { done: number; total: number }) => void;
  signal?: AbortSignal;
}

export interface TrainingRecord {
  /** Steps taken. */
  step: number;
  /** Mean training loss since the last record. */
  loss: number;
  learningRate: number;
  devAccuracy: number;
  /** ‖θ_t − θ_0‖ over the trained parameters. */
  distance: number;
}

export interface FineTuned {
  /** The model with the parameters that did best on dev (the first best, as the authors keep it). Release with {@link FineTuned.dispose}. */
  model: Model;
  best: TrainingRecord;
  history: TrainingRecord[];
  dispose(): void;
}

/** The learning rate of step t = 0 … steps − 1: linear warm-up, then linear decay to 0. */
export const linearSchedule = (peak: number, t: number, steps: number, warmup = 0): number =>
  t < warmup ? (peak * t) / warmup : (peak * (steps - t)) / Math.max(1, steps - warmup);

/** Accuracy of a head on labelled prompts, from 0 to 1. */
export function evaluateAccuracy(model: Model, head: Head, { sequences, labels }: LabelledPrompts): number {
  const values = predictLogits(model, head, sequences);
  return accuracy({ values, shape: [labels.length, values.length / labels.length] }, labels);
}

/** Batches of example indices for ever: each epoch is a new shuffle, its last batch may be smaller. */
function* batches(count: number, batchSize: number, seed: number): Generator<number[]> {
  const random = randomStream(seed);
  const indices = Array.from({ length: count }, (_, i) => i);
  for (;;) {
    const order = shuffled(indices, random);
    for (let start = 0; start < count; start += batchSize) yield order.slice(start, start + batchSize);
  }
}

/** Trains all parameters that the head's loss reaches. The same options give the same bits on one machine. */
export async function fineTune(options: FineTuneOptions): Promise<FineTuned> {
  const { model, head, train, dev, steps, learningRate, warmupSteps = 0, clipNorm = 1, seed, onProgress, signal } = options;
  checkOptions(options);
  const every = options.evaluateEvery ?? Math.ceil(train.labels.length / options.batchSize);
  const lossOf = options.loss === "l2" ? squaredError : crossEntropy;
  const gradientsOf = (current: Model, batch: number[]): ReturnType<typeof parameterGradients> => {
    const inputs = collate(batch.map((i) => train.sequences[i]), model.config);
    return parameterGradients(current, head, inputs, lossOf(batch.map((i) => train.labels[i])));
  };
  const order = batches(train.labels.length, options.batchSize, seed);
  const optimizer = createOptimizer(options.optimizer);
  const layout = flatLayout(model, trainedParameters(model, head, train.sequences[0]));
  const start = flatten(layout, (name) => parameter(model, name));
  const history: TrainingRecord[] = [];
  let vector = tf.clone(start);
  let current = withFlatParameters(model, layout, vector);
  let best: { vector: Tensor; record: TrainingRecord } | undefined;
  let losses: number[] = [];

  const record = (step: number, rate: number): void => {
    const devAccuracy = evaluateAccuracy(current, head, dev);
    const distance = tf.tidy(() => tf.sqrt(tf.sum(tf.square(tf.sub(vector, start)))).dataSync()[0]);
    const entry = { step, loss: mean(losses), learningRate: rate, devAccuracy, distance };
    history.push(entry);
    losses = [];
    if (best && devAccuracy <= best.record.devAccuracy) return;
    best?.vector.dispose();
    best = { vector: tf.clone(vector), record: entry };
  };

  try {
    for (let t = 0; t < steps; t++) {
      signal?.throwIfAborted();
      const rate = linearSchedule(learningRate, t, steps, warmupSteps);
      const { loss, gradients } = gradientsOf(current, order.next().value as number[]);
      losses.push(loss);
      const next = tf.tidy(() => {
        const gradient = flatten(layout, (name) => gradients.get(name)!);
        return optimizer.update(vector, clipByNorm(gradient, clipNorm), rate);
      });
      tf.dispose([vector, ...gradients.values()]);
      disposeFlatParameters(current, layout);
      vector = next;
      current = withFlatParameters(model, layout, vector);
      if ((t + 1) % every === 0 || t === steps - 1) record(t + 1, rate);
      onProgress?.({ done: t + 1, total: steps });
      await nextTurn();
    }
    const tuned = withFlatParameters(model, layout, best!.vector);
    const described = { ...tuned, hash: `${model.hash}+${options.optimizer}(${learningRate},${steps},${options.batchSize},${seed})` };
    return { model: described, best: best!.record, history, dispose: () => disposeFlatParameters(tuned, layout) };
  } finally {
    optimizer.dispose();
    disposeFlatParameters(current, layout);
    tf.dispose([vector, start]);
    best?.vector.dispose();
  }
}

/** Names of the parameters that the head's loss reaches, found by one backward pass. */
function trainedParameters(model: Model, head: Head, example: Sequence): string[] {
  const batch = collate([example], model.config);
  const { gradients } = parameterGradients(model, head, batch, (logits) => ({ loss: tf.mean(logits), delta: tf.onesLike(logits) }));
  tf.dispose([...gradients.values()]);
  return [...gradients.keys()];
}

function checkOptions({ train, dev, steps, batchSize, learningRate }: FineTuneOptions): void {
  const positive = (name: string, value: number): void => {
    if (!(value > 0)) throw new Error(`${name} must be positive, not ${value}`);
  };
  positive("steps", steps);
  positive("batchSize", batchSize);
  positive("learningRate", learningRate);
  for (const [name, { sequences, labels }] of Object.entries({ train, dev })) {
    if (labels.length === 0 || sequences.length !== labels.length)
      throw new Error(`${name}: ${sequences.length} prompts and ${labels.length} labels; both must be the same number, at least 1`);
  }
}
