/**
 * From the factors of two sets of examples to the inner products of their gradients, parameter by parameter.
 * Where gradients must be formed, a slice of both sides is formed, used for every formula while it is small, and dropped.
 */
import { isKeyBias } from "../model/architecture";
import { tf, type Tensor } from "../model/backend";
import type { Factor, MatrixFactor, TableFactor } from "./factors";
import { signsOf, takesSigns, type Formula } from "./formula";
import { gramIsCheaper, gramOfMatrix, gramOfOneToken, gramOfTable, pairsFit, type SharedGrams } from "./gram";

/**
 * Longest contraction in one float32 product. Longer ones lose digits (an error of 4 % at 125 million terms);
 * pieces of this length, summed in float64, have a relative error of about 2e-6.
 */
export const LONGEST_PRODUCT = 65536;

/** Receives one float32 piece [C·n, C·m] of the sum over parameters (rows and columns output-major). */
export type AddPiece = (formula: Formula, piece: Float32Array) => void;

/**
 * Which signs the sign formulas take where float32 rounds the gradient. "exact": those of exact arithmetic. A key bias
 * then counts as zero, because its gradient is zero (softmax ignores a shift of all scores), and the tiny gradients that
 * GELU passes far below zero keep their signs. "float32": those of the authors' code. A key bias counts with the sign of
 * its rounding noise, and GELU is zero from −5.5 down.
 */
export type SignRounding = "exact" | "float32";

export interface Contraction {
  formulas: readonly Formula[];
  signs: SignRounding;
  /** Products of inputs that several parameters share. */
  shared: SharedGrams;
}

/** Adds up ⟨g, g′⟩ over one parameter, for each formula and every pair of a training and an evaluation example. Pauses between slices. */
export function* contractFactors(
  parameter: string,
  train: Factor,
  evaluate: Factor,
  contraction: Contraction,
  add: AddPiece,
): Generator<undefined, void> {
  const { shared, signs } = contraction;
  const noise = signs === "exact" && isKeyBias(parameter);
  const formulas = noise ? contraction.formulas.filter((formula) => !takesSigns(formula)) : contraction.formulas;
  if (formulas.length === 0) return;
  if (train.kind === "projected" && evaluate.kind === "projected") {
    for (const formula of formulas) {
      const [left, right] = [
        signsOf(formula).train ? train.sign : train.gradient,
        signsOf(formula).evaluate ? evaluate.sign : evaluate.gradient,
      ];
      yield* contractFactors(parameter, left, right, { ...contraction, formulas: ["sgd"] }, (_, piece) =>
        add(formula, piece),
      );
    }
    return;
  }
  const onlySgd = formulas.length === 1 && formulas[0] === "sgd";
  const addAll = (g: Tensor, h: Tensor): void => addProducts(g, h, formulas, add);

  if (train.kind === "vector" && evaluate.kind === "vector") tf.tidy(() => addAll(train.gradient, evaluate.gradient));
  else if (train.kind === "matrix" && evaluate.kind === "matrix") {
    if (train.input.shape[1] === 1 && evaluate.input.shape[1] === 1) {
      for (const formula of formulas) add(formula, gramOfOneToken(train, evaluate, signsOf(formula)));
    } else if (onlySgd && gramIsCheaper(train, evaluate)) add("sgd", gramOfMatrix(train, evaluate, shared));
    else yield* matrixSlices(train, evaluate, addAll);
  } else if (train.kind === "table" && evaluate.kind === "table") {
    if (onlySgd && pairsFit(train.rows, evaluate.rows)) add("sgd", gramOfTable(train, evaluate, shared));
    else yield* tableSlices(train, evaluate, addAll);
  } else throw new Error(`the two sides' factors of ${parameter} do not correspond`);
}

/** All formulas for one slice of gradients: g [C·n, P] and h [C·m, P]. */
function addProducts(g: Tensor, h: Tensor, formulas: readonly Formula[], add: AddPiece): void {
  const [signOfG, signOfH] = [g, h].map((gradient) => {
    let sign: Tensor | undefined;
    return () => (sign ??= tf.sign(gradient));
  });
  for (const formula of formulas) {
    const { train, evaluate } = signsOf(formula);
    add(formula, rowProducts(train ? signOfG() : g, evaluate ? signOfH() : h));
  }
}

/** g hᵀ for few long rows. With the larger number of rows on the left the product takes up to a third less time. */
function rowProducts(g: Tensor, h: Tensor): Float32Array {
  const [n, m] = [g.shape[0], h.shape[0]];
  if (m <= n) return tf.matMul(g, h, false, true).dataSync() as Float32Array;
  const transposed = tf.matMul(h, g, false, true).dataSync() as Float32Array;
  const product = new Float32Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) product[i * m + j] = transposed[j * n + i];
  return product;
}

/** Forms both sides' weight gradients Σ_t δ_t x_tᵀ in slices of the longer axis, [C·B, slice · other] each. */
export function* matrixSlices(
  train: MatrixFactor,
  evaluate: MatrixFactor,
  use: (g: Tensor, h: Tensor) => void,
): Generator<undefined, void> {
  const [, , , outputs] = train.delta.shape as number[];
  const inputs = train.input.shape[2]!;
  const count = Math.max(1, Math.floor(LONGEST_PRODUCT / Math.min(inputs, outputs)));
  for (let start = 0; start < Math.max(inputs, outputs); start += count) {
    tf.tidy(() => {
      const g = matrixSlice(train, start, count);
      use(g, train === evaluate ? g : matrixSlice(evaluate, start, count));
    });
    yield;
  }
}

function matrixSlice({ input, delta }: MatrixFactor, start: number, count: number): Tensor {
  const [c, b, t, outputs] = delta.shape as number[];
  const inputs = input.shape[2]!;
  const perOutput = (x: Tensor): Tensor => (c === 1 ? x : tf.tile(x, [c, 1, 1]));
  const flat = delta.reshape([c * b, t, outputs]);
  const part = (x: Tensor): Tensor => tf.slice(x, [0, 0, start], [x.shape[0], t, Math.min(count, x.shape[2]! - start)]);
  const gradient =
    outputs >= inputs
      ? tf.matMul(part(flat), perOutput(input), true, false)
      : tf.matMul(flat, perOutput(part(input)), true, false);
  return gradient.reshape([c * b, -1]);
}

/**
 * Gradients of a table are zero outside of the rows that an example uses, so only rows used on both sides count.
 * They are gathered into [C·B, rows · H] slices.
 */
export function* tableSlices(
  train: TableFactor,
  evaluate: TableFactor,
  use: (g: Tensor, h: Tensor) => void,
): Generator<undefined, void> {
  const [trainRows, evaluateRows] = [train, evaluate].map(({ rows }) => rows.dataSync() as Int32Array);
  const inEvaluate = new Set(evaluateRows);
  const both = [...new Set(trainRows)].filter((row) => inEvaluate.has(row));
  const width = train.delta.shape[3]!;
  const count = Math.max(1, Math.floor(LONGEST_PRODUCT / width));
  for (let start = 0; start < both.length; start += count) {
    const part = both.slice(start, start + count);
    tf.tidy(() => use(tableSlice(train, trainRows, part), tableSlice(evaluate, evaluateRows, part)));
    yield;
  }
}

/** The gradient of some rows of a table, [C·B, rows · H]: δ of each token added to its row. */
function tableSlice({ delta }: TableFactor, tokenRows: Int32Array, part: number[]): Tensor {
  const [c, b, t] = delta.shape as [number, number, number, number];
  const place = new Map(part.map((row, index) => [row, index]));
  const uses = new Float32Array(b * t * part.length); // [B, T, rows]: 1 where the token is that row
  tokenRows.forEach((row, token) => {
    const index = place.get(row);
    if (index !== undefined) uses[token * part.length + index] = 1;
  });
  const tiled = tf.tile(tf.tensor(uses, [b, t, part.length]), [c, 1, 1]);
  return tf.matMul(tiled, delta.reshape([c * b, t, -1]), true, false).reshape([c * b, -1]);
}
