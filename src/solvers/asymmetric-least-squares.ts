import { InputError } from "../errors";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { mlMatrix } from "../packages";
import { asPredictions, type Predictions } from "./metrics";
import {
  addTransposedProduct,
  checkEvaluationKernel,
  checkLabels,
  checkTrainKernel,
  interleave,
  maximum,
  oneVsRestTargets,
  outputBlock,
  regularizer,
  scaledLogits,
  toMatrix,
  type EvaluationSet,
  type TrainingSet,
} from "./problem";

/** What to fit with a kernel that is not symmetric, and how to mix its two predictors. */
export interface AsymmetricOptions {
  /** Relative to the largest singular value of the train kernel (of each class's own one with several outputs). */
  regularization: number;
  /** f0 scaling s as for least squares: the labels are ±1 − logits/s. `Infinity` (the default) ignores the logits. */
  f0?: number;
  /** γ, the weight of the squared errors, above 0. Default 1, as the authors'. */
  gamma?: number;
  /** λ, from 0 to 1: the weight of the predictor with the sign on the training side. */
  lambda: number;
}

/** The two dual vectors of each output's problem, times its labels. */
interface DualVectors {
  /** α∘y and β∘y, [C][n]. */
  alpha: Float64Array[];
  beta: Float64Array[];
}

/** A train kernel prepared for any number of settings. */
export interface AsymmetricSolver {
  /** The dual vectors of a setting, remembered: λ only mixes their predictions. */
  fit(options: Omit<AsymmetricOptions, "lambda">): DualVectors;
  /** What a set of examples has in common between settings is remembered as long as the set is: do not change its numbers. */
  predict(options: AsymmetricOptions, evaluate: EvaluationSet): Predictions;
}

/**
 * Least squares for the asymmetric kernel K(i, x) = ⟨sign ∇f(i), ∇f(x)⟩ of Adam's early steps, after the least-squares
 * support vector machine of He et al. (2022), as the authors solve it (the paper's Appendix A.3), without bias terms:
 *
 *     [ I/γ   H  ] [α]   [1]        H_ij = y_i (K + r·σ_max(K)·I)_ij y_j,   y = ±1 − f0/s
 *     [ Hᵀ   I/γ ] [β] = [1]
 *
 * The prediction is λ·Kₓᵀ(α∘y) + (1 − λ)·K′ₓᵀ(β∘y) + f0(x)/s, where K′ₓ has the sign on the other side (`flipped`).
 *
 * Gotcha: the system has the eigenvalues 1/γ ± σ for every singular value σ of H, so it is nearly singular, and its
 * predictions poor, where 1/γ comes close to one of them. The authors' γ = 1 may do so: let γ be chosen on dev.
 *
 * With the margin (C = 1) this is the authors' solver. With several outputs, which theirs lacks, each class is solved
 * against the rest by its own block of the kernel, and the largest prediction wins.
 */
export function solveAsymmetric(train: TrainingSet, evaluate: EvaluationSet, options: AsymmetricOptions): Predictions {
  return prepareAsymmetric(train).predict(options, evaluate);
}

/** Prepares a train kernel: each regularization and f0 costs one singular value decomposition a class, γ and λ next to nothing. */
export function prepareAsymmetric({ kernel, labels, logits }: TrainingSet): AsymmetricSolver {
  const { examples, outputs } = checkTrainKernel(kernel);
  checkLabels(labels, examples, outputs);
  const blocks = Array.from({ length: outputs }, (_, c) => regularizer(outputBlock(kernel, c), examples));
  const targets = blocks.map((_, c) => oneVsRestTargets(labels, c, outputs));
  const solvers = new Map<string, ReturnType<typeof blockSolver>[]>();
  const duals = new Map<string, DualVectors>();

  const fit: AsymmetricSolver["fit"] = ({ regularization, f0 = Infinity, gamma = 1 }) => {
    if (!(gamma > 0 && Number.isFinite(gamma))) throw new InputError(`γ must be a number above 0, not ${gamma}.`);
    const key = `${regularization} ${f0}`;
    let own = solvers.get(key);
    if (!own) {
      const pretrained = scaledLogits(logits, f0, examples, outputs, "train");
      own = blocks.map((block, c) =>
        blockSolver(
          block(regularization),
          targets[c].map((target, i) => target - pretrained[i * outputs + c]),
        ),
      );
      solvers.set(key, own);
    }
    let dual = duals.get(`${key} ${gamma}`);
    if (!dual) {
      const solved = own.map((solve) => solve(gamma));
      dual = { alpha: solved.map(({ alpha }) => alpha), beta: solved.map(({ beta }) => beta) };
      duals.set(`${key} ${gamma}`, dual);
    }
    return dual;
  };

  // A grid asks for the same examples again and again: their blocks are extracted once, and λ mixes predictions already computed.
  const blocksOf = new WeakMap<EvaluationSet, EvaluationBlocks>();
  const parts = new WeakMap<EvaluationSet, { dual: DualVectors; omega: Float64Array; nu: Float64Array }>();

  const predict: AsymmetricSolver["predict"] = (options, evaluate) => {
    const { f0 = Infinity, lambda } = options;
    if (!(lambda >= 0 && lambda <= 1)) throw new InputError(`λ must be given, a number from 0 to 1; it is ${lambda}.`);
    const own = blocksOf.get(evaluate) ?? evaluationBlocks(evaluate, examples, outputs);
    blocksOf.set(evaluate, own);
    const dual = fit(options);
    let part = parts.get(evaluate);
    if (part?.dual !== dual) {
      part = {
        dual,
        omega: products(own.plain, dual.alpha, own.count),
        nu: products(own.flipped, dual.beta, own.count),
      };
      parts.set(evaluate, part);
    }
    const { omega, nu } = part;
    const values = scaledLogits(evaluate.logits, f0, own.count, outputs, "evaluation");
    values.forEach((pretrained, i) => (values[i] = lambda * omega[i] + (1 - lambda) * nu[i] + pretrained));
    return asPredictions({ values, shape: [own.count, outputs] });
  };
  return { fit, predict };
}

/** An evaluation set's kernels output by output, [C] of [n, m]. */
interface EvaluationBlocks {
  count: number;
  plain: Float64Array[];
  flipped: Float64Array[];
}

function evaluationBlocks({ kernel, flipped }: EvaluationSet, examples: number, outputs: number): EvaluationBlocks {
  const count = checkEvaluationKernel(kernel, examples, outputs);
  if (!flipped)
    throw new InputError(
      "The asymmetric solver also needs the flipped evaluation kernel, whose sign is on the other side.",
    );
  if (checkEvaluationKernel(flipped, examples, outputs, "flipped evaluation kernel") !== count) {
    throw new InputError(`The evaluation kernel has ${count} examples and the flipped one ${flipped.shape[2]}.`);
  }
  const blocks = (of: KernelTensor): Float64Array[] => Array.from({ length: outputs }, (_, c) => outputBlock(of, c));
  return { count, plain: blocks(kernel), flipped: blocks(flipped) };
}

/** Every output's block, transposed, times its dual vector; [m, C]. */
function products(blocks: readonly Float64Array[], duals: readonly Float64Array[], count: number): Float64Array {
  const columns = blocks.map((block, c) => {
    const column = new Float64Array(count);
    addTransposedProduct(block, duals[c], column);
    return column;
  });
  return interleave(columns);
}

/**
 * With H = U Σ Vᵀ the system falls apart into pairs: in p, q = (Uᵀα ± Vᵀβ)/√2 it is (1/γ ± σ)·p, q = (Uᵀ1 ± Vᵀ1)/√2,
 * whose minimum-norm solution leaves out what is zero but for float32's rounding: gradients have no more digits.
 */
function blockSolver(
  kernel: Float64Array,
  y: Float64Array,
): (gamma: number) => { alpha: Float64Array; beta: Float64Array } {
  const size = y.length;
  const weighted = kernel.map((value, k) => y[Math.floor(k / size)] * value * y[k % size]);
  const { diagonal, leftSingularVectors, rightSingularVectors } = new mlMatrix.SingularValueDecomposition(
    toMatrix(weighted, size),
  );
  const [left, right] = [leftSingularVectors.transpose().to2DArray(), rightSingularVectors.transpose().to2DArray()];
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const [ones, others] = [left.map(sum), right.map(sum)];
  return (gamma) => {
    const cutoff = 2 ** -23 * (1 / gamma + maximum(diagonal));
    const divided = (value: number, by: number): number => (Math.abs(by) <= cutoff ? 0 : value / by);
    const [alpha, beta] = [new Float64Array(size), new Float64Array(size)];
    diagonal.forEach((singular, k) => {
      const sigma = singular <= cutoff ? 0 : singular;
      const plus = divided((ones[k] + others[k]) / 2, 1 / gamma + sigma);
      const minus = divided((ones[k] - others[k]) / 2, 1 / gamma - sigma);
      for (let i = 0; i < size; i++) {
        alpha[i] += left[k][i] * (plus + minus) * y[i];
        beta[i] += right[k][i] * (plus - minus) * y[i];
      }
    });
    return { alpha, beta };
  };
}
