import { tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { runAtOnce } from "../steps";
import type { LogitsTensor } from "./kernel-tensor";

/** The C functions f_c of the model whose gradients the kernel compares: f = M · logits. */
export interface Outputs {
  head: Head;
  /** M, [C][W]: the identity for all logits, [[-1, 1]] for the binary margin. */
  combine: number[][];
}

/** One output for each of the head's logits. */
export function logitOutputs(head: Head, width: number): Outputs {
  const combine = Array.from({ length: width }, (_, c) => Array.from({ length: width }, (_, w) => (c === w ? 1 : 0)));
  return { head, combine };
}

/** The binary margin f = logit₁ − logit₀. */
export const marginOutput = (head: Head): Outputs => ({ head, combine: [[-1, 1]] });

/** f = M · logits for every example: [n, W] → [n, C], row-major. */
export function combineLogits({ combine }: Outputs, logits: Float32Array): Float32Array {
  const [c, w] = [combine.length, combine[0].length];
  return Float32Array.from({ length: (logits.length / w) * c }, (_, k) => {
    const example = Math.floor(k / c);
    return combine[k % c].reduce((sum, factor, word) => sum + factor * logits[example * w + word], 0);
  });
}

/** ∂f_c/∂logits for every example, [C, B, W]. */
export function outputDerivative({ combine }: Outputs, size: number): Tensor {
  const [c, w] = [combine.length, combine[0].length];
  return tf.tile(tf.tensor(combine).reshape([c, 1, w]), [1, size, 1]);
}

/** The C outputs f_c on n prompts, [n, C], without gradients. */
export const computeOutputs = (model: Model, outputs: Outputs, sequences: Sequence[]): LogitsTensor =>
  runAtOnce(computeOutputsSteps(model, outputs, sequences));

/** {@link computeOutputs} as a generator that pauses after each batch. */
export function* computeOutputsSteps(
  model: Model,
  outputs: Outputs,
  sequences: Sequence[],
): Generator<undefined, LogitsTensor> {
  const values = combineLogits(outputs, yield* predictLogitsSteps(model, outputs.head, sequences));
  return { values, shape: [sequences.length, outputs.combine.length] };
}
