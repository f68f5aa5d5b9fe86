/** A training batch as the inputs of a step: everything in it that changes from one batch to the next. */
import { tf, type Tensor } from "../model/backend";
import { batchTensors, disposeBatch, type Batch, type Sequence } from "../model/batch";
import type { Tensors } from "../model/compiled";
import { seededDropout, type Dropout } from "../model/dropout";
import { encoderForward } from "../model/encoder";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import type { LabelledPrompts } from "./labelled-prompts";
import { packedBatch, type BatchShape } from "./packed-batches";
import type { TrainingConfig } from "./training-config";

export interface StepInputs {
  tensors: Record<string, Tensor>;
  dispose(): void;
}

interface BatchSource {
  model: Model;
  head: Head;
  train: LabelledPrompts;
  /** Number of the head's logits. */
  classes: number;
  config: Pick<TrainingConfig, "dropout" | "seed">;
}

/**
 * Makes training examples the inputs of a step: the batch's tensors by their names, `target` rows [rows · reads, classes], one-hot,
 * or [1 − y, y] for a number y, and zero where there is no example, `share` = 1 / the number of examples, and dropout masks `mask.0`, `mask.1`, …
 *
 * @returns a function of the examples' indices and the batch's shape; `draw` decides the dropout masks, with the run's seed
 */
export function stepInputsOf(
  source: BatchSource,
): (indices: readonly number[], shape: BatchShape, draw: readonly number[]) => StepInputs {
  const masks = new Map<string, MaskShape[]>();
  return (indices, shape, draw) =>
    inputsOf(source, indices, shape, draw, (batch) => {
      const key = JSON.stringify(shape);
      if (!masks.has(key)) masks.set(key, masksOf(source.model, source.head, batch));
      return masks.get(key)!;
    });
}

type MaskShape = [shape: number[], rate: number];

function inputsOf(
  { model, train, classes, config }: BatchSource,
  indices: readonly number[],
  shape: BatchShape,
  draw: readonly number[],
  masksFor: (batch: Batch) => MaskShape[],
): StepInputs {
  const sequences: Sequence[] = indices.map((i) => train.sequences[i]);
  const { batch, places } = packedBatch(sequences, model.config, shape);
  const target = new Float32Array(shape.rows * shape.reads * classes);
  places.forEach((place, i) => {
    const label = train.labels[indices[i]];
    const [lower, part] = [Math.floor(label), label % 1];
    target[place * classes + lower] = 1 - part;
    if (part > 0) target[place * classes + lower + 1] = part;
  });
  const own: Record<string, Tensor> = {
    target: tf.tensor2d(target, [shape.rows * shape.reads, classes]),
    share: tf.scalar(1 / indices.length),
  };
  if (config.dropout !== false) {
    const dropout = seededDropout(
      [config.seed, ...draw],
      typeof config.dropout === "number" ? config.dropout : undefined,
    );
    masksFor(batch).forEach(([maskShape, rate], i) => {
      const mask = dropout.mask(maskShape, rate);
      if (mask) own[`mask.${i}`] = mask;
    });
  }
  return {
    tensors: { ...batchTensors(batch), ...own },
    dispose: () => {
      disposeBatch(batch);
      tf.dispose(Object.values(own));
    },
  };
}

/** The batch among a step's inputs. */
export function givenBatch(inputs: Tensors): Batch {
  const tensors = batchTensors(inputs);
  const [size, length] = tensors.ids.shape;
  return { size, length, ...tensors };
}

/** Hands out the masks among a step's inputs, in the order in which {@link stepInputsOf} drew them: copies, because a backward pass frees them. */
export function givenMasks(inputs: Tensors): Dropout {
  let count = 0;
  return {
    mask() {
      const name = `mask.${count++}`;
      return name in inputs ? tf.clone(inputs[name]) : undefined;
    },
  };
}

/** Shape and rate of each dropout mask of a forward pass, found by one without dropout. */
function masksOf(model: Model, head: Head, batch: Batch): MaskShape[] {
  const masks: MaskShape[] = [];
  const dropout: Dropout = { mask: (...mask) => void masks.push(mask) as undefined };
  tf.tidy(() => void headOnReads(head, batch).forward(model, encoderForward(model, batch, dropout).hidden, dropout));
  return masks;
}

/** A head for batches with several prompts in a row: it sees each read row as one example. */
export function headOnReads(head: Head, { readRows }: Pick<Batch, "readRows">): Head {
  const [rows, reads] = readRows.shape;
  return {
    ...head,
    forward: (model, hidden, dropout) =>
      head.forward(model, hidden.reshape([rows * reads, 1, hidden.shape[2]!]), dropout),
    backward(model, trace, delta) {
      const step = head.backward(model, trace, delta);
      return { ...step, delta: step.delta.reshape([delta.shape[0], rows, reads, step.delta.shape[3]!]) };
    },
  };
}
