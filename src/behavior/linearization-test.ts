/** The linearization test along a fine-tuning run (Section 6 of the paper): f_0, f_t and f_lin at every checkpoint. */
import { computeOutputsSteps } from "../kernels/outputs";
import { accuracy, asPredictions, type Predictions } from "../solvers/metrics";
import { runSteps } from "../steps";
import { distanceBetween } from "./kernel-comparison";
import { linearizationSteps, type LinearizationOptions } from "./linearization";
import type { OutputTable } from "./output-loss";
import { recoveredGain, type RecoveredGain, type GainScores } from "./verdicts";

export interface LinearizationTestOptions extends LinearizationOptions {
  /** Class index of each example. */
  labels: readonly number[];
  /** The score from 0 to 1 that gains are measured in. Default: accuracy. */
  score?: (predictions: Predictions, labels: readonly number[]) => number;
  /** See {@link recoveredGain}. */
  smallestGain?: number;
}

/** One checkpoint θ_t. */
export interface LinearizationTest extends GainScores, RecoveredGain {
  /** f(x; θ_0), f(x; θ_t) and f_lin(x), [n, C]. */
  startOutputs: OutputTable;
  tunedOutputs: OutputTable;
  linearizedOutputs: OutputTable;
  /** ‖f_lin − f_t‖ / ‖f_t − f_0‖ over all examples and outputs: 0 for a linear model, 1 for what f_0 alone would give. NaN where nothing moved. */
  error: number;
}

/**
 * The linearization test (Section 6 of the paper) for each tuned model: the scores of f_0, f_t and f_lin, the share of the
 * gain that f_lin has, and its relative error. All tuned models share one backward pass at θ_0.
 *
 * @throws as {@link linearize}
 */
export const linearizationTest = (
  options: LinearizationTestOptions,
  signal?: AbortSignal,
): Promise<LinearizationTest[]> => runSteps(linearizationTestSteps(options), signal);

function* linearizationTestSteps({
  labels,
  score = accuracy,
  smallestGain,
  ...options
}: LinearizationTestOptions): Generator<undefined, LinearizationTest[]> {
  const { start, linearized } = yield* linearizationSteps(options);
  const scoreOf = (outputs: OutputTable): number => score(asPredictions(outputs), labels);
  const tests: LinearizationTest[] = [];
  for (const [k, model] of options.tuned.entries()) {
    const { values, shape } = yield* computeOutputsSteps(model, options.outputs, [...options.sequences]);
    const tunedOutputs: OutputTable = { values: Float64Array.from(values), shape };
    const linearizedOutputs = linearized[k];
    const scores = { start: scoreOf(start), tuned: scoreOf(tunedOutputs), linearized: scoreOf(linearizedOutputs) };
    const distance = (from: OutputTable): number => distanceBetween(tunedOutputs.values, from.values);
    const error = distance(linearizedOutputs) / distance(start);
    const gain = recoveredGain(scores, smallestGain);
    tests.push({ ...scores, ...gain, startOutputs: start, tunedOutputs, linearizedOutputs, error });
  }
  return tests;
}
