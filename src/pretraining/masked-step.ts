/** An optimizer step of masked language modelling as one TensorFlow graph. */
import type { FlatLayout } from "../finetune/flat-parameters";
import { stepFunctions, frozenInputs, listed, numbered } from "../finetune/step-functions";
import { stepRates } from "../finetune/optimizer";
import type { Loss } from "../finetune/parameter-gradients";
import { disposeState, type Trained } from "../finetune/training-step";
import { floats, tf, type Tensor } from "../model/backend";
import { batchTensors, collatePacked, disposeBatch } from "../model/batch";
import { compiled, type Tensors } from "../model/compiled";
import { encoderForward } from "../model/encoder";
import { vocabularyHead } from "../model/head";
import type { Model } from "../model/model";
import { mean } from "../solvers/metrics";
import type { MaskedRows } from "./masked-rows";
import type { PretrainingSettings } from "./settings";

export interface MaskedSteps {
  /** A step: the mean loss before it, and the state after it; the one before is freed. */
  take(state: Trained, batch: MaskedRows, step: number, learningRate: number): { loss: number; state: Trained };
  dispose(): void;
}

/** As RoBERTa was pretrained. */
export const OPTIMIZER = {
  optimizer: "adamw",
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  clipNorm: 1,
  loss: "cross-entropy",
  accumulate: 1,
} as const;

/** Mean cross-entropy over the places of a batch: `labels` [N] are token ids, `weights` [N] are 1 / the number of places, or 0 where a row has fewer. */
const maskedLoss =
  ({ labels, weights }: Tensors): Loss =>
  (logits) => {
    const classes = logits.shape.at(-1)!;
    const logProbabilities = tf.logSoftmax(logits.reshape([-1, classes]));
    const target = tf.oneHot(labels, classes, 1, 0, "float32");
    const weight = tf.expandDims(weights, 1);
    const loss = tf.neg(tf.sum(tf.mul(tf.sum(tf.mul(target, logProbabilities), 1, true), weight)));
    const delta = tf.mul(tf.sub(tf.exp(logProbabilities), target), weight);
    return { loss, delta: delta.reshape(logits.shape) };
  };

/** The steps that train the layouts' parameters. */
export function maskedSteps(model: Model, layouts: readonly FlatLayout[], settings: PretrainingSettings): MaskedSteps {
  const { whole } = stepFunctions(
    { model, head: vocabularyHead, layouts, config: { ...OPTIMIZER, weightDecay: settings.weightDecay } },
    maskedLoss,
  );
  const graph = compiled(whole, { name: "a pretraining step", sessions: 1 });
  const frozen = frozenInputs(model, layouts);
  return {
    take(state, masked, step, learningRate) {
      const { batch, own } = inputsOf(model, masked, settings);
      const rates = stepRates("adamw", { ...OPTIMIZER, weightDecay: settings.weightDecay }, step + 1, learningRate);
      const scalars = { stepSize: tf.scalar(rates.stepSize), decay: tf.scalar(rates.decay) };
      const given = {
        ...frozen,
        ...batchTensors(batch),
        ...own,
        ...scalars,
        ...numbered("theta", state.parameters),
        ...numbered("moment", state.moments),
      };
      const { loss, ...after } = graph(given);
      const value = floats(loss)[0];
      disposeBatch(batch);
      tf.dispose([loss, ...Object.values(own), ...Object.values(scalars)]);
      disposeState(state);
      return { loss: value, state: { parameters: listed("theta", after), moments: listed("moment", after) } };
    },
    dispose: () => graph.dispose(),
  };
}

function inputsOf(
  model: Model,
  { rows, places, targets }: MaskedRows,
  { length, reads }: PretrainingSettings,
): { batch: ReturnType<typeof collatePacked>; own: { labels: Tensor; weights: Tensor } } {
  const count = places.reduce((sum, row) => sum + row.length, 0);
  const labels = new Int32Array(rows.length * reads);
  const weights = new Float32Array(rows.length * reads);
  targets.forEach((row, r) => {
    labels.set(row, r * reads);
    weights.fill(1 / count, r * reads, r * reads + row.length);
  });
  return {
    batch: collatePacked(rows, model.config, { length, reads }, places),
    own: { labels: tf.tensor1d(labels, "int32"), weights: tf.tensor1d(weights) },
  };
}

/** The mean loss of batches, without a step. */
export function maskedLossOf(model: Model, batches: readonly MaskedRows[], settings: PretrainingSettings): number {
  const losses = batches.map((masked) => {
    const { batch, own } = inputsOf(model, masked, settings);
    const loss = tf.tidy(
      () => maskedLoss(own)(vocabularyHead.forward(model, encoderForward(model, batch).hidden).logits).loss,
    );
    const value = floats(loss)[0];
    disposeBatch(batch);
    tf.dispose([loss, ...Object.values(own)]);
    return value;
  });
  return mean(losses);
}
