/** Outputs f of examples, their loss, and the output derivative χ = ∂ℓ/∂f (the paper's Definition 3.1). */
import { InputError } from "../errors";
import { encodeTargets } from "../solvers/problem";

/** The C outputs f_c on n examples, float64 [n, C] row-major: scores where C > 1, the margin where C = 1. */
export interface OutputTable {
  values: Float64Array;
  shape: [examples: number, outputs: number];
}

/**
 * Losses of the outputs f: softmax cross-entropy of C logits, or of the margin f₁ − f₀ (the same number, from one
 * output); "l2" is the squared distance to the solvers' targets, one-hot or ±1.
 */
export type OutputLoss = "cross-entropy" | "l2";

/** A batch's mean loss, and its derivative with respect to the outputs. */
export interface LossOfOutputs {
  loss: number;
  /** [B, C], χ of each example (the paper's output derivative, Definition 3.1: ∂ℓ/∂f) divided by B. */
  derivative: Float64Array;
}

/**
 * The mean loss of B examples; "l2" is a mean over outputs too.
 *
 * @param outputs f, [B, C] row-major; C = 1 is the margin
 * @param labels class index of each example
 */
export function lossOfOutputs(loss: OutputLoss, outputs: ArrayLike<number>, labels: readonly number[]): LossOfOutputs {
  const b = labels.length;
  const c = outputs.length / b;
  const targets = encodeTargets(labels, b, c);
  const derivative = new Float64Array(b * c);
  let sum = 0;
  for (let i = 0; i < b; i++) {
    if (loss === "l2") {
      for (let k = i * c; k < (i + 1) * c; k++) {
        const error = outputs[k] - targets[k];
        sum += error ** 2 / c;
        derivative[k] = (2 * error) / (b * c);
      }
    } else if (c === 1) {
      const against = -targets[i] * outputs[i];
      sum += Math.max(against, 0) + Math.log1p(Math.exp(-Math.abs(against)));
      derivative[i] = -targets[i] / (1 + Math.exp(-against)) / b;
    } else {
      let largest = -Infinity;
      for (let a = 0; a < c; a++) largest = Math.max(largest, outputs[i * c + a]);
      let total = 0;
      for (let a = 0; a < c; a++) total += Math.exp(outputs[i * c + a] - largest);
      for (let k = i * c; k < (i + 1) * c; k++) {
        const logProbability = outputs[k] - largest - Math.log(total);
        if (targets[k] === 1) sum -= logProbability;
        derivative[k] = (Math.exp(logProbability) - targets[k]) / b;
      }
    }
  }
  return { loss: sum / b, derivative };
}

/**
 * How natural a task is for a model (Definition 5.3): |χ| = |∂ℓ/∂f| of each example for cross-entropy, with respect to the logit of its own class: 1 − p(class), from 0 to 1. For two classes
 * the derivative with respect to the margin f₁ − f₀ has the same size.
 *
 * @param outputs f, [n, C]; C = 1 is the margin
 * @param labels class index of each example
 */
export function outputDerivatives(
  { values, shape: [examples, outputs] }: OutputTable,
  labels: readonly number[],
): number[] {
  if (labels.length !== examples)
    throw new InputError(`there are outputs of ${examples} examples and ${labels.length} labels`);
  // The loss is a mean over the examples.
  const { derivative } = lossOfOutputs("cross-entropy", values, labels);
  return labels.map((label, i) => examples * Math.abs(derivative[i * outputs + (outputs === 1 ? 0 : label)]));
}
