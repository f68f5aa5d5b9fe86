/**
 * Theorem 4.3 as an experiment: the first steps of training against what kernels at θ_0 predict for them.
 *
 * - SGD, f_t(ξ) − f_{t−1}(ξ) ≈ −η Σ χ_t K_SGD(ξ, ξ_t): exact to first order in η, for batches (χ of their mean loss) and any outputs.
 * - SignGD and, early, Adam: f_t(ξ) − f_{t−1}(ξ) ≈ −η sign(χ_t) K_A-SignGD(ξ, ξ_t), the sign taken of the training example's
 *   gradient. This needs one example per step and one output (the margin): the sign of a sum of gradients is not the sum of signs.
 * - K_SignGD, signs on both sides, is the symmetric kernel that solvers can use in its place; its size is not that of a change of f.
 *
 * χ_t = ∂ℓ/∂f is the training run's own at each step, at θ_{t−1}. docs/paper.md says what confirms the theorem; the experiment
 * itself checks what it says.
 */
import { InputError } from "../errors";
import { createOptimizer, type OptimizerName } from "../finetune/optimizer";
import { disposeFlatParameters, flatLayout, flatten, withFlatParameters } from "../finetune/flat-parameters";
import { parameterGradients, type ParameterGradients } from "../finetune/parameter-gradients";
import { takesSigns } from "../kernels/formula";
import { computeKernel, type KernelOptions } from "../kernels/kernel";
import { computeOutputsSteps, combineLogits, type Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { tf, type Tensor } from "../model/backend";
import { collate, type Sequence } from "../model/batch";
import { parameter, type Model } from "../model/model";
import { runSteps } from "../steps";
import { agreementOf, type Agreement } from "./kernel-comparison";
import { checkBatches } from "./kernel-descent";
import { lossOfOutputs, type OutputLoss } from "./output-loss";

/** The kernels that predict changes of f. */
export const PREDICTING_FORMULAS = ["sgd", "signgd", "asymmetric_signgd"] as const;

/** Name of a kernel that predicts changes of f. */
export type PredictingFormula = (typeof PREDICTING_FORMULAS)[number];

export interface EarlyStepsOptions {
  /** θ_0. */
  model: Model;
  /** The functions f; sign formulas need one alone, the margin. */
  outputs: Outputs;
  train: { sequences: readonly Sequence[]; labels: readonly number[] };
  /** The examples ξ whose outputs are followed. */
  evaluate: readonly Sequence[];
  optimizer: OptimizerName;
  /** The learning rate of each step: as many steps are taken. There is no clipping. */
  rates: readonly number[];
  /** Indices of each step's training examples; sign formulas need one example per step. */
  batches: readonly (readonly number[])[];
  /** Default: cross-entropy. */
  loss?: OutputLoss;
  /** Default: all three where the sign formulas apply, else the SGD kernel. */
  formulas?: readonly PredictingFormula[];
  /** The parameters that are trained. Default: all. */
  parameters?: ParameterFilter;
  /** Keeps the kernels at θ_0, which do not depend on the optimizer and its learning rates. */
  store?: KernelOptions["store"];
}

/** State after a step. */
export interface EarlyStep {
  /** 1 after the first. */
  step: number;
  learningRate: number;
  /** The batch's mean loss before the step. */
  loss: number;
  /** f_t − f_0 on the evaluation examples, [m, C]. */
  change: Float64Array;
  /** What each kernel predicts for it, added up over the steps so far, and how well that agrees. */
  predictions: Map<PredictingFormula, { predicted: Float64Array; agreement: Agreement }>;
}

/**
 * Trains from θ_0, predicts the change of f after each step with the kernels at θ_0 (Definition 3.3 and Theorem 4.3 of
 * the paper), and compares.
 *
 * @returns a record for each step, the first one first
 * @throws if batches and rates do not fit, or a sign formula is asked for with several examples a step or several outputs
 */
export async function earlySteps(options: EarlyStepsOptions, signal?: AbortSignal): Promise<EarlyStep[]> {
  const { model, outputs, train, evaluate, batches, parameters, store } = options;
  const formulas = chosenFormulas(options);
  check(options);
  const used = [...new Set(batches.flat())];
  const sides = { train: used.map((i) => train.sequences[i]), evaluate };
  const { kernels } = await computeKernel({ model, outputs, ...sides, formulas, parameters, store, signal });
  const place = new Map(used.map((example, i) => [example, i]));
  const rowOf: KernelRow = (formula, example, a) => {
    const { values, shape } = kernels.get(formula)!;
    const [, c, m] = shape;
    const start = (place.get(example)! * c + a) * m * c;
    return values.subarray(start, start + m * c);
  };
  return runSteps(trajectory(options, formulas, rowOf), signal);
}

/** The row of a kernel [n, C, m, C] that belongs to an output of a training example. */
type KernelRow = (formula: PredictingFormula, example: number, output: number) => Float64Array;

function* trajectory(
  options: EarlyStepsOptions,
  formulas: readonly PredictingFormula[],
  rowOf: KernelRow,
): Generator<undefined, EarlyStep[]> {
  const { model, outputs, train, evaluate, rates, batches, loss = "cross-entropy", parameters = [] } = options;
  const counted = selectParameters(model.parameters.keys(), parameters);
  const optimizer = createOptimizer(options.optimizer);
  const start = (yield* computeOutputsSteps(model, outputs, [...evaluate])).values;
  const c = outputs.combine.length;
  const predicted = new Map(formulas.map((formula) => [formula, new Float64Array(start.length)]));
  const steps: EarlyStep[] = [];
  let current: { model: Model; vector: Tensor; layout: ReturnType<typeof flatLayout> } | undefined;
  const release = (): void => {
    if (!current) return;
    disposeFlatParameters(current.model, current.layout);
    current.vector.dispose();
  };
  try {
    for (const [t, learningRate] of rates.entries()) {
      const batch = batches[t];
      const result = outputGradients(
        current?.model ?? model,
        outputs,
        batch.map((i) => train.sequences[i]),
        batch.map((i) => train.labels[i]),
        loss,
      );
      if (!current) {
        const layout = flatLayout(
          model,
          [...result.gradients.keys()].filter((name) => counted.has(name)),
        );
        const vector = flatten(layout, (name) => parameter(model, name));
        current = { layout, vector, model: withFlatParameters(model, layout, vector) };
      }
      const { layout, vector } = current;
      const next = tf.tidy(() => {
        const gradient = flatten(layout, (name) => result.gradients.get(name)!);
        return optimizer.update(vector, gradient, learningRate);
      });
      tf.dispose([...result.gradients.values()]);
      release();
      current = { layout, vector: next, model: withFlatParameters(model, layout, next) };
      // Adds −η Σ χ K(·, ξ_t), with sign(χ) for sign formulas.
      for (const [formula, sum] of predicted)
        result.derivative.forEach((chi, k) => {
          const weight = learningRate * (formula === "sgd" ? chi : Math.sign(chi));
          const row = rowOf(formula, batch[Math.floor(k / c)], k % c);
          row.forEach((value, i) => (sum[i] -= weight * value));
        });
      yield;
      const now = (yield* computeOutputsSteps(current.model, outputs, [...evaluate])).values;
      const change = Float64Array.from(now, (value, i) => value - start[i]);
      const judged = (sum: Float64Array) => ({ predicted: sum.slice(), agreement: agreementOf(sum, change) });
      const predictions = new Map([...predicted].map(([formula, sum]) => [formula, judged(sum)]));
      steps.push({ step: t + 1, learningRate, loss: result.loss, change, predictions });
      yield;
    }
    return steps;
  } finally {
    release();
    optimizer.dispose();
  }
}

/** The loss of outputs f = M · logits and its gradient with respect to the parameters. */
export function outputGradients(
  model: Model,
  outputs: Outputs,
  sequences: Sequence[],
  labels: number[],
  kind: OutputLoss,
): { loss: number; derivative: Float64Array; gradients: ParameterGradients } {
  let derivative = new Float64Array();
  const { loss, gradients } = parameterGradients(model, outputs.head, collate(sequences, model.config), (logits) => {
    const result = lossOfOutputs(kind, combineLogits(outputs, logits.dataSync() as Float32Array), labels);
    derivative = result.derivative as typeof derivative;
    const ofOutputs = tf.tensor2d(Float32Array.from(derivative), [labels.length, outputs.combine.length]);
    return { loss: tf.scalar(result.loss), delta: tf.matMul(ofOutputs, tf.tensor2d(outputs.combine)) };
  });
  return { loss, derivative, gradients };
}

const signsApply = ({ outputs, batches }: EarlyStepsOptions): boolean =>
  outputs.combine.length === 1 && batches.every((batch) => batch.length === 1);

const chosenFormulas = (options: EarlyStepsOptions): readonly PredictingFormula[] =>
  options.formulas ?? (signsApply(options) ? PREDICTING_FORMULAS : ["sgd"]);

function check(options: EarlyStepsOptions): void {
  const { train, evaluate, rates, batches } = options;
  if (train.sequences.length !== train.labels.length)
    throw new InputError(
      `train has ${train.sequences.length} prompts and ${train.labels.length} labels; both must be the same number`,
    );
  if (evaluate.length === 0) throw new InputError("evaluate needs at least one example");
  if (rates.length === 0 || batches.length < rates.length)
    throw new InputError(
      `there are ${rates.length} learning rates and ${batches.length} batches: give one of each for every step, at least one`,
    );
  checkBatches(batches, train.labels.length);
  const sign = chosenFormulas(options).find(takesSigns);
  if (sign && !signsApply(options))
    throw new InputError(
      `the ${sign} kernel predicts steps on one example with one output (the margin): use such outputs and batches, or only the formula sgd`,
    );
}
