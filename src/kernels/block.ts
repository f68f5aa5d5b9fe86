/** One block of a kernel: some training × some evaluation examples. */
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { contractFactors, type KeyBiasSign } from "./contract";
import { factorsOfPass, type Factor, type GradientFactors } from "./factors";
import type { Formula } from "./formula";
import { sharedGrams } from "./gram";
import type { Outputs } from "./outputs";
import { projectedPass, type Projection, type Projector } from "./projection";

/** What a kernel is a kernel of, apart from the examples. */
export interface KernelSettings {
  model: Model;
  outputs: Outputs;
  formulas: readonly Formula[];
  /** Names of the parameters whose gradients count. */
  parameters: ReadonlySet<string>;
  keyBiasSign: KeyBiasSign;
  /** Whether each parameter's share is kept as well. */
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
}

/** Sums over parameters in float64: float32 sums over millions of them lose digits. */
interface Sums {
  total: Map<Formula, Float64Array>;
  shares: Map<Formula, Map<string, Float64Array>>;
}

/**
 * Computes a block: the evaluation examples run forward and backward once, and each parameter's products are taken
 * as soon as its factor is there, so that memory does not grow with the number of parameters.
 *
 * @param evaluate "train" for the training examples with themselves, which then run only once
 * @param projector of the settings' projection, with which the training side was projected
 */
export function* blockSteps(settings: KernelSettings, train: GradientFactors, evaluate: readonly Sequence[] | "train", projector?: Projector): Generator<undefined, KernelBlock> {
  const c = train.outputs;
  const m = evaluate === "train" ? train.size : evaluate.length;
  const size = c * train.size * c * m;
  const sums: Sums = { total: new Map(settings.formulas.map((formula) => [formula, new Float64Array(size)])), shares: new Map() };
  const shared = sharedGrams();
  let values = train.values;
  try {
    const pairs = evaluate === "train" ? ownFactors(train) : projectedPass(factorsOfPass(settings.model, settings.outputs, [...evaluate], settings.parameters), projector, train.factors);
    for (const step of pairs) {
      if (step && "values" in step) values = step.values;
      else if (step) {
        const { parameter, factor } = step;
        const contraction = { ...settings, shared };
        yield* contractFactors(parameter, factorOf(train, parameter), factor, contraction, (formula, piece) => addPiece(sums, settings.breakdown, formula, parameter, piece));
      } else yield;
    }
  } finally {
    shared.dispose();
  }
  const arrange = (sum: Float64Array): Float64Array => examplesFirst(sum, train.size, m, c);
  const arrangeAll = <K>(byName: Map<K, Float64Array>): Map<K, Float64Array> => new Map([...byName].map(([name, sum]) => [name, arrange(sum)]));
  const shares = new Map([...sums.shares].map(([formula, byParameter]) => [formula, arrangeAll(byParameter)]));
  return { kernels: arrangeAll(sums.total), shares, trainLogits: train.values, evaluateLogits: values };
}

function* ownFactors({ factors }: GradientFactors): Generator<{ parameter: string; factor: Factor }> {
  for (const [parameter, factor] of factors) yield { parameter, factor };
}

function factorOf(train: GradientFactors, parameter: string): Factor {
  const factor = train.factors.get(parameter);
  if (!factor) throw new Error(`the training side has no gradient of ${parameter}`);
  return factor;
}

function addPiece(sums: Sums, breakdown: boolean, formula: Formula, parameter: string, piece: Float32Array): void {
  addTo(sums.total.get(formula)!, piece);
  if (!breakdown) return;
  const shares = sums.shares.get(formula) ?? new Map<string, Float64Array>();
  sums.shares.set(formula, shares);
  if (!shares.has(parameter)) shares.set(parameter, new Float64Array(piece.length));
  addTo(shares.get(parameter)!, piece);
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
      for (let b = 0; b < c; b++)
        for (let j = 0; j < m; j++) result[((i * c + a) * m + j) * c + b] = values[from++];
  return result;
}
