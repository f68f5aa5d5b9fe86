/** The output derivative χ at a model's outputs, which decides how natural a task is for it (Definitions 3.1 and 5.3). */
import { lossOfOutputs } from "./output-loss";
import type { OutputTable } from "./output-table";

/**
 * |χ| = |∂ℓ/∂f| of each example for cross-entropy, with respect to the logit of its own class: 1 − p(class), from 0 to 1. For two classes
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
    throw new Error(`there are outputs of ${examples} examples and ${labels.length} labels`);
  // The loss is a mean over the examples.
  const { derivative } = lossOfOutputs("cross-entropy", values, labels);
  return labels.map((label, i) => examples * Math.abs(derivative[i * outputs + (outputs === 1 ? 0 : label)]));
}
