/** Which training examples decided? One prediction of kernel regression as the sum that it is, and without each of its examples. */
import { InputError } from "../errors";
import { decomposeKernel, leastSquaresWeights, type LeastSquaresOptions } from "./least-squares";
import {
  addTransposedProduct,
  checkEvaluationKernel,
  scaledLogits,
  type EvaluationSet,
  type TrainingSet,
} from "./problem";

/** One example to predict, and the training examples to predict it from. */
export interface PredictionProblem extends LeastSquaresOptions {
  train: TrainingSet;
  /** Its kernel has one column example, [n, C, 1, C]. */
  evaluate: EvaluationSet;
}

/** A prediction f(x)/s + Σᵢ αᵢ K(xᵢ, x), taken apart; for C outputs, each is taken apart. */
export interface PredictionTerms {
  /** What each training example adds, Σₐ αᵢₐ K(xᵢ, a; x, c): [n, C], row-major. */
  terms: Float64Array;
  /** What is kept of the pretrained outputs, f(x)/s: [C]; 0 for s = ∞. */
  pretrained: Float64Array;
  /** The prediction as the solver gives it, [C]. */
  prediction: Float64Array;
}

/**
 * Takes one prediction of {@link solveLeastSquares} apart into what each training example adds to it.
 *
 * @throws if the kernels, labels and logits do not go together, or there is more than one example to predict
 */
export function predictionTerms({
  train,
  evaluate,
  regularization,
  f0 = Infinity,
}: PredictionProblem): PredictionTerms {
  const decomposition = decomposeKernel(train.kernel);
  const { examples, outputs } = decomposition;
  checkOne(evaluate, examples, outputs);
  const alpha = leastSquaresWeights(decomposition, {
    trainLabels: train.labels,
    trainLogits: train.logits,
    regularization,
    f0,
  });
  const { values } = evaluate.kernel;
  const terms = new Float64Array(examples * outputs);
  for (let row = 0; row < alpha.length; row++) {
    const example = Math.floor(row / outputs);
    for (let c = 0; c < outputs; c++) terms[example * outputs + c] += alpha[row] * values[row * outputs + c];
  }
  const pretrained = scaledLogits(evaluate.logits, f0, 1, outputs, "evaluation");
  const prediction = Float64Array.from(pretrained);
  addTransposedProduct(values, alpha, prediction);
  return { terms, pretrained, prediction };
}

/**
 * The prediction of one example without each training example in turn, [n, C], row-major: n new solves, each with the
 * regularization relative to the largest singular value of the kernel that is left.
 *
 * @throws as {@link predictionTerms}, and for fewer than two training examples
 */
export function leaveOneOut({ train, evaluate, ...options }: PredictionProblem): Float64Array {
  const [examples, outputs] = train.kernel.shape;
  if (examples < 2) throw new InputError("Leaving one training example out needs at least two of them.");
  checkOne(evaluate, examples, outputs);
  const all = Array.from({ length: examples }, (_, i) => i);
  const without = (example: number): Float64Array => {
    const kept = all.filter((i) => i !== example);
    return predictionTerms({ ...withExamples({ train, evaluate }, kept), ...options }).prediction;
  };
  return Float64Array.from(all.flatMap((example) => [...without(example)]));
}

/** A problem with some of its training examples. */
export const withExamples = (
  { train, evaluate }: Pick<PredictionProblem, "train" | "evaluate">,
  kept: number[],
): Pick<PredictionProblem, "train" | "evaluate"> => ({
  train: {
    kernel: part(train.kernel, kept, kept),
    labels: kept.map((i) => train.labels[i]),
    logits: train.logits && rows(train.logits, kept),
  },
  evaluate: { ...evaluate, kernel: part(evaluate.kernel, kept, [0]) },
});

function checkOne({ kernel }: EvaluationSet, examples: number, outputs: number): void {
  const count = checkEvaluationKernel(kernel, examples, outputs);
  if (count !== 1)
    throw new InputError(`One prediction is taken apart at a time: the evaluation kernel has ${count} examples.`);
}

/** A kernel [n, C, m, C] with some of its row and column examples. */
function part(
  { values, shape: [, c, m] }: TrainingSet["kernel"],
  rowExamples: number[],
  columnExamples: number[],
): TrainingSet["kernel"] {
  const outputs = Array.from({ length: c }, (_, output) => output);
  const kept = rowExamples.flatMap((i) =>
    outputs.flatMap((a) => columnExamples.flatMap((j) => outputs.map((b) => values[((i * c + a) * m + j) * c + b]))),
  );
  return { values: Float64Array.from(kept), shape: [rowExamples.length, c, columnExamples.length, c] };
}

/** Some rows of outputs [n, C]. */
function rows(
  { values, shape: [, c] }: NonNullable<TrainingSet["logits"]>,
  examples: number[],
): NonNullable<TrainingSet["logits"]> {
  return {
    values: Float32Array.from(examples.flatMap((i) => [...values.subarray(i * c, (i + 1) * c)])),
    shape: [examples.length, c],
  };
}
