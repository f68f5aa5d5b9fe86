/** One block of a kernel: some training × some evaluation examples. */
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { contractFactors, type SignRounding } from "./contract";
import { passOf, type Factor, type PassStep } from "./factors";
import { fromOwnProducts, withoutMirrors, type Formula } from "./formula";
import { sharedGrams } from "./gram";
import type { Outputs } from "./outputs";
import type { Projection } from "./projection";
import type { SignCount } from "./sign-count";
import type { GradientFactors } from "./training-side";

/** Everything that a kernel depends on apart from the examples. */
export interface KernelSettings {
  model: Model;
  outputs: Outputs;
  formulas: readonly Formula[];
  /** Names of the parameters whose gradients count. */
  parameters: ReadonlySet<string>;
  signs: SignRounding;
  /** Whether to keep each parameter's share as well. */
  breakdown: boolean;
  /** Projects gradients longer than its dimension. Default: none, the kernel is exact. */
  projection?: Projection;
}

/** All formulas for n training × m evaluation examples, and the outputs f of both. */
export interface KernelBlock {
  /** float64 [n, C, m, C] row-major, by formula. */
  kernels: Map<Formula, Float64Array>;
  /** Each parameter's share of each formula's kernel, by formula and parameter; empty without a breakdown. */
  shares: Map<Formula, Map<string, Float64Array>>;
  /** float32 [n, C] and [m, C] row-major. */
  trainLogits: Float32Array;
  evaluateLogits: Float32Array;
  /** With sign formulas: how many signs rounding decides, in some of the examples. */
  signCount?: SignCount;
}

/**
 * Computes a block: the evaluation examples run forward and backward once, and each parameter's products are taken
 * as soon as its factor is known, so that memory does not grow with the number of parameters.
 *
 * @param evaluate "train" for the training examples with themselves, which then run only once
 * @param pass runs the evaluation examples: projected if the training side is. Default: the exact pass
 */
export function* blockSteps(
  settings: KernelSettings,
  train: GradientFactors,
  evaluate: readonly Sequence[] | "train",
  pass = passOf(settings.model, settings.outputs, settings.parameters),
): Generator<undefined, KernelBlock> {
  const [n, c] = [train.size, train.outputs];
  const [m, formulas] =
    evaluate === "train" ? [n, withoutMirrors(settings.formulas)] : [evaluate.length, settings.formulas];
  // In float64: float32 sums over millions of parameters lose digits.
  const zeros = (): Map<Formula, Float64Array> =>
    new Map(formulas.map((formula) => [formula, new Float64Array(c * n * c * m)]));
  const total = zeros();
  const shares = new Map<string, Map<Formula, Float64Array>>();
  const shareOf = (parameter: string): Map<Formula, Float64Array> => {
    const share = shares.get(parameter) ?? zeros();
    shares.set(parameter, share);
    return share;
  };
  const shared = sharedGrams();
  let values = train.values;
  try {
    const steps = evaluate === "train" ? ownFactors(train) : pass([...evaluate], train.factors);
    for (const step of steps) {
      if (step && "values" in step) values = step.values;
      else if (step) {
        const { parameter, factor } = step;
        const contraction = { ...settings, formulas, shared };
        yield* contractFactors(parameter, factorOf(train, parameter), factor, contraction, (formula, piece) => {
          addTo(total.get(formula)!, piece);
          if (settings.breakdown) addTo(shareOf(parameter).get(formula)!, piece);
        });
      } else yield;
    }
  } finally {
    shared.dispose();
  }
  const arrange = (byFormula: Map<Formula, Float64Array>): Map<Formula, Float64Array> => {
    const arranged = new Map([...byFormula].map(([formula, sum]) => [formula, examplesFirst(sum, n, m, c)]));
    return evaluate === "train"
      ? new Map(settings.formulas.map((formula) => [formula, fromOwnProducts(formula, arranged, n * c)]))
      : arranged;
  };
  const arranged = [...shares].map(([parameter, byFormula]) => [parameter, arrange(byFormula)] as const);
  const sharesOf = (formula: Formula) =>
    new Map(arranged.map(([parameter, byFormula]) => [parameter, byFormula.get(formula)!]));
  return {
    kernels: arrange(total),
    shares: new Map(settings.breakdown ? settings.formulas.map((formula) => [formula, sharesOf(formula)]) : []),
    trainLogits: train.values,
    evaluateLogits: values,
  };
}

function* ownFactors({ factors }: GradientFactors): Generator<PassStep> {
  for (const [parameter, factor] of factors) yield { parameter, factor };
}

function factorOf(train: GradientFactors, parameter: string): Factor {
  const factor = train.factors.get(parameter);
  if (!factor) throw new Error(`the training side has no gradient of ${parameter}`);
  return factor;
}

function addTo(sum: Float64Array, piece: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] += piece[i];
}

/** [C, n, C, m] → [n, C, m, C] */
function examplesFirst(values: Float64Array, n: number, m: number, c: number): Float64Array {
  const result = new Float64Array(values.length);
  let from = 0;
  for (let a = 0; a < c; a++)
    for (let i = 0; i < n; i++)
      for (let b = 0; b < c; b++) for (let j = 0; j < m; j++) result[((i * c + a) * m + j) * c + b] = values[from++];
  return result;
}
