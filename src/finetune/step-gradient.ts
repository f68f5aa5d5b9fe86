/** The gradient of one optimizer step: of one batch, or the mean over several. */
import { tf, type Tensor } from "../model/backend";
import { collate } from "../model/batch";
import { seededDropout, type Dropout } from "../model/dropout";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import { mean } from "../solvers/metrics";
import { flatten, type FlatLayout } from "./flat-parameters";
import type { LabelledPrompts } from "./labelled-prompts";
import { crossEntropy, squaredError } from "./loss";
import { parameterGradients } from "./parameter-gradients";
import type { TrainingConfig } from "./training-config";

export interface StepInputs {
  model: Model;
  head: Head;
  /** The trained parameters. */
  layout: FlatLayout;
  train: LabelledPrompts;
  config: Pick<TrainingConfig, "loss" | "dropout" | "accumulate" | "learningRate" | "seed">;
  /** Steps taken so far: with the seed it decides the dropout masks. */
  step: number;
}

/** The `name` of the error of a run whose loss is no number any more. */
export const DIVERGED = "DivergedError";

/**
 * Mean loss over the batches and the flat gradient [P]: the sum over the batches divided by `accumulate`, as the
 * authors' trainer scales them.
 *
 * @param batches indices of training examples
 * @throws an error named {@link DIVERGED} if the loss is not finite
 */
export function stepGradient({ model, head, layout, train, config, step }: StepInputs, batches: readonly number[][]): { loss: number; gradient: Tensor } {
  const only = new Set(layout.names);
  const losses: number[] = [];
  let sum: Tensor | undefined;
  for (const [index, batch] of batches.entries()) {
    const lossOf = (config.loss === "l2" ? squaredError : crossEntropy)(batch.map((i) => train.labels[i]));
    const inputs = collate(batch.map((i) => train.sequences[i]), model.config);
    const { loss, gradients } = parameterGradients(model, head, inputs, lossOf, { only, dropout: dropoutOf(config, step, index) });
    const before = sum;
    sum = tf.tidy(() => {
      const gradient = flatten(layout, (name) => gradients.get(name)!);
      return before ? tf.add(before, gradient) : gradient;
    });
    before?.dispose();
    tf.dispose([...gradients.values()]);
    losses.push(loss);
  }
  const [total, loss] = [sum!, mean(losses)];
  if (!Number.isFinite(loss)) {
    total.dispose();
    throw Object.assign(new Error(`the training loss is ${loss} at step ${step + 1}: lower learningRate (${config.learningRate})`), { name: DIVERGED });
  }
  if (config.accumulate === 1) return { loss, gradient: total };
  const gradient = tf.tidy(() => tf.mul(total, 1 / config.accumulate));
  total.dispose();
  return { loss, gradient };
}

function dropoutOf({ dropout, seed }: Pick<TrainingConfig, "dropout" | "seed">, step: number, batch: number): Dropout | undefined {
  if (dropout === false) return undefined;
  return seededDropout([seed, step, batch], typeof dropout === "number" ? dropout : undefined);
}
