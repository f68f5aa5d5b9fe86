/**
 * From the sites of two sets of examples to the inner products of their gradients, parameter by parameter.
 * A slice of both sides' gradients is formed, used for every formula while it is small, and dropped.
 */
import { tf, type Tensor } from "../model/backend";
import type { Site } from "../model/site";
import { FORMULAS, type Formula } from "./formula";
import type { GradientSites } from "./gradient-sites";

export { FORMULAS, type Formula };

/**
 * Longest contraction in one float32 product. Longer ones lose digits (4 % at 125 million terms);
 * pieces of this length summed in float64 are right to about 2e-6.
 */
const SLICE = 65536;

/** Receives one float32 piece [C·n, C·m] of the sum (rows and columns output-major) and the parameter that it belongs to. */
export type AddPiece = (formula: Formula, parameter: string, piece: Float32Array) => void;

/** Adds up ⟨g, g′⟩ over all parameters, for each formula, for every pair of a training and an evaluation example. */
export function contract(train: GradientSites, evaluate: GradientSites, formulas: readonly Formula[], add: AddPiece): void {
  train.sites.forEach((site, index) => {
    tf.tidy(() => contractSite(site, evaluate.sites[index], formulas, add));
  });
}

function contractSite(train: Site, evaluate: Site, formulas: readonly Formula[], add: AddPiece): void {
  if (train.kind === "linear" && evaluate.kind === "linear") {
    if (formulas.length === 1 && formulas[0] === "sgd" && gramIsCheaper(train, evaluate)) {
      add("sgd", train.weight, gramProduct(train, evaluate));
    } else weightSlices(train, evaluate, (g, h) => addProducts(train.weight, g, h, formulas, add));
    if (train.bias) addProducts(train.bias, sumTokens(train.delta), sumTokens(evaluate.delta), formulas, add);
  } else if (train.kind === "norm" && evaluate.kind === "norm") {
    const scaled = (site: typeof train): Tensor => sumTokens(tf.mul(site.delta, site.input));
    addProducts(train.weight, scaled(train), scaled(evaluate), formulas, add);
    addProducts(train.bias, sumTokens(train.delta), sumTokens(evaluate.delta), formulas, add);
  } else if (train.kind === "rows" && evaluate.kind === "rows") {
    tableSlices(train, evaluate, (g, h) => addProducts(train.table, g, h, formulas, add));
  } else throw new Error("the two sides' sites do not correspond");
}

/** [C, B, T, H] → Σ_t, as [C·B, H]. */
const sumTokens = (delta: Tensor): Tensor => tf.sum(delta, 2).reshape([-1, delta.shape[3]!]);

/** All formulas for one slice of gradients: g [C·n, P] and h [C·m, P]. */
function addProducts(parameter: string, g: Tensor, h: Tensor, formulas: readonly Formula[], add: AddPiece): void {
  for (const formula of formulas) {
    // The gradient of a key bias is zero in exact arithmetic (softmax ignores a shift of all scores): its sign is noise.
    if (formula !== "sgd" && parameter.endsWith("attention.self.key.bias")) continue;
    const piece = tf.tidy(() => {
      const left = formula === "signgd" || formula === "asymmetric_signgd" ? tf.sign(g) : g;
      const right = formula === "signgd" || formula === "asymmetric_signgd_flipped" ? tf.sign(h) : h;
      return tf.matMul(left, right, false, true).dataSync() as Float32Array;
    });
    add(formula, parameter, piece);
  }
}

type LinearSite = Extract<Site, { kind: "linear" }>;
type RowsSite = Extract<Site, { kind: "rows" }>;

/** Forms both sides' weight gradients Σ_t δ_t x_tᵀ in slices of output rows, [C·B, rows · in] each. */
function weightSlices(train: LinearSite, evaluate: LinearSite, use: (g: Tensor, h: Tensor) => void): void {
  const inputs = train.input.shape[2]!;
  const outputs = train.delta.shape[3]!;
  const rows = Math.max(1, Math.floor(SLICE / inputs));
  const [trainInput, evaluateInput] = [train, evaluate].map(perOutput);
  for (let start = 0; start < outputs; start += rows) {
    const count = Math.min(rows, outputs - start);
    tf.tidy(() => use(weightSlice(train.delta, trainInput, start, count), weightSlice(evaluate.delta, evaluateInput, start, count)));
  }
}

/** The site's input repeated for each of the C outputs, [C·B, T, in]. */
function perOutput(site: LinearSite): Tensor {
  const outputs = site.delta.shape[0];
  return outputs === 1 ? site.input : tf.tile(site.input, [outputs, 1, 1]);
}

function weightSlice(delta: Tensor, input: Tensor, start: number, count: number): Tensor {
  const [c, b, t] = delta.shape as [number, number, number, number];
  const part = tf.slice(delta, [0, 0, 0, start], [c, b, t, count]).reshape([c * b, t, count]);
  return tf.matMul(part, input, true, false).reshape([c * b, -1]);
}

/** Operations of the two forms: gradients once for each example and then pairs, or pairs of tokens. */
function gramIsCheaper(train: LinearSite, evaluate: LinearSite): boolean {
  const [c, n, t, outputs] = train.delta.shape;
  const [, m, s] = evaluate.delta.shape;
  const inputs = train.input.shape[2]!;
  const explicit = inputs * outputs * (c * n * t + c * m * s + c * c * n * m);
  // The element-wise part of the Gram form is bound by memory, not by arithmetic: weigh it up.
  const gram = n * t * m * s * (inputs + c * c * (outputs + 40));
  return gram < explicit;
}

/** ⟨Σ_t δ_t x_tᵀ, Σ_s δ′_s x′_sᵀ⟩ = Σ_ts (δ_t · δ′_s)(x_t · x′_s), without forming a gradient. */
function gramProduct(train: LinearSite, evaluate: LinearSite): Float32Array {
  const [c, n, t, outputs] = train.delta.shape as [number, number, number, number];
  const [, m, s] = evaluate.delta.shape as [number, number, number, number];
  const inputs = train.input.shape[2]!;
  const result = new Float32Array(c * n * c * m);
  const x = tf.matMul(train.input.reshape([n * t, inputs]), evaluate.input.reshape([m * s, inputs]), false, true);
  const deltas = (delta: Tensor): Tensor[] => tf.unstack(delta).map((d) => d.reshape([-1, outputs]));
  const evaluateDeltas = deltas(evaluate.delta);
  deltas(train.delta).forEach((d, a) => {
    evaluateDeltas.forEach((e, b) => {
      const piece = tf.tidy(() => tf.sum(tf.mul(x, tf.matMul(d, e, false, true)).reshape([n, t, m, s]), [1, 3]).dataSync());
      for (let i = 0; i < n; i++) result.set(piece.subarray(i * m, (i + 1) * m), (a * n + i) * c * m + b * m);
    });
  });
  return result;
}

/**
 * Gradients of a table (embeddings) are zero outside of the rows that an example uses, so only rows
 * used on both sides count: those are gathered into [C·B, rows · H] slices.
 */
function tableSlices(train: RowsSite, evaluate: RowsSite, use: (g: Tensor, h: Tensor) => void): void {
  const [trainRows, evaluateRows] = [train, evaluate].map((site) => site.rows.dataSync() as Int32Array);
  const inEvaluate = new Set(evaluateRows);
  const shared = [...new Set(trainRows)].filter((row) => inEvaluate.has(row));
  const width = train.delta.shape[3]!;
  const rows = Math.max(1, Math.floor(SLICE / width));
  for (let start = 0; start < shared.length; start += rows) {
    const part = shared.slice(start, start + rows);
    tf.tidy(() => use(tableSlice(train, trainRows, part), tableSlice(evaluate, evaluateRows, part)));
  }
}

/** The gradient of some rows of a table, [C·B, rows · H]: δ of each token added to its row. */
function tableSlice(site: RowsSite, tokenRows: Int32Array, part: number[]): Tensor {
  const [c, b, t] = site.delta.shape as [number, number, number, number];
  const place = new Map(part.map((row, index) => [row, index]));
  const uses = new Float32Array(b * t * part.length); // [B, T, rows]: 1 where the token is that row
  tokenRows.forEach((row, token) => {
    const index = place.get(row);
    if (index !== undefined) uses[token * part.length + index] = 1;
  });
  const tiled = tf.tile(tf.tensor(uses, [b, t, part.length]), [c, 1, 1]);
  return tf.matMul(tiled, site.delta.reshape([c * b, t, -1]), true, false).reshape([c * b, -1]);
}
