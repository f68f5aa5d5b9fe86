/** Linear probing: a head's final layer fitted to frozen features. By itself a baseline, and where standard fine-tuning may begin. */
import { createHash } from "node:crypto";
import type { Matrix } from "ml-matrix";
import { tf } from "../model/backend";
import { collate, disposeBatch, type Sequence } from "../model/batch";
import { encoderForward } from "../model/encoder";
import type { FinalLayer, Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { mlMatrix } from "../packages";
import { prepareLogistic } from "../solvers/logistic";
import { runAtOnce } from "../steps";
import type { LabelledPrompts } from "./labelled-prompts";
import { softmaxRegression } from "./softmax-regression";

export interface LinearProbe {
  /** The model with the fitted final layer; its other parameters are shared. Release with {@link LinearProbe.dispose}. */
  model: Model;
  /** The inverse penalty that cross-validation chose. */
  inversePenalty: number;
  /** Mean accuracy over the folds of each inverse penalty. */
  foldAccuracy: number[];
  dispose(): void;
}

/** The inputs of a head's final layer, one row of H numbers an example. */
export const headFeatures = (model: Model, head: Head, sequences: Sequence[], batchSize = 64): Float64Array[] => runAtOnce(headFeaturesSteps(model, head, sequences, batchSize));

function* headFeaturesSteps(model: Model, head: Head, sequences: Sequence[], batchSize = 64): Generator<undefined, Float64Array[]> {
  const rows: Float64Array[] = [];
  for (let start = 0; start < sequences.length; start += batchSize) {
    const batch = collate(sequences.slice(start, start + batchSize), model.config);
    const flat = tf.tidy(() => head.forward(model, encoderForward(model, batch).hidden).trace.at(-1)!.dataSync());
    for (let i = 0; i < batch.size; i++) rows.push(Float64Array.from(flat.slice(i * model.config.hiddenSize, (i + 1) * model.config.hiddenSize)));
    disposeBatch(batch);
    yield;
  }
  return rows;
}

/**
 * Fits a head's final layer by logistic regression on frozen features and puts it into the model, as the authors'
 * linear-head trainer does: scikit-learn's `LogisticRegressionCV(multi_class="multinomial")` with its ten penalties and
 * five folds, in the order of the examples. Of two classes the rows become ∓w/2 and the biases ∓b/2, so the logits
 * differ by w·x + b (the softmax that was fitted has twice that; the larger logit is the same one).
 *
 * @param head the label words' head, or a new classifier
 * @throws if a head has no final layer, or a fold's training part one class only
 */
export const linearProbe = (model: Model, head: Head, train: LabelledPrompts): LinearProbe => runAtOnce(linearProbeSteps(model, head, train));

/** {@link linearProbe} as a generator that pauses between pieces of work. */
export function* linearProbeSteps(model: Model, head: Head, train: LabelledPrompts): Generator<undefined, LinearProbe> {
  const layer = head.finalLayer?.(model);
  if (!layer) throw new Error(`linear probing needs a head with a final linear layer, which "${head.description}" has not`);
  const classes = layer.rows?.length ?? parameter(model, layer.weight).shape[0];
  const { weights, biases, inversePenalty, foldAccuracy } = yield* fitClasses(yield* headFeaturesSteps(model, head, train.sequences), train.labels, classes);
  const fitted = withRows(model, layer, weights, biases);
  const numbers = createHash("sha256").update(JSON.stringify([weights.map((row) => [...row]), biases])).digest("hex");
  return { model: { ...fitted, hash: `${model.hash}+probe(${numbers.slice(0, 32)})` }, inversePenalty, foldAccuracy, dispose: () => [layer.weight, layer.bias].forEach((name) => parameter(fitted, name).dispose()) };
}

/** One row of weights and one bias a class. */
function* fitClasses(features: readonly Float64Array[], labels: readonly number[], classes: number): Generator<undefined, { weights: Float64Array[]; biases: number[]; inversePenalty: number; foldAccuracy: number[] }> {
  // Weights lie in the span of the features, so rows with the same inner products stand for the features: the problem
  // then has no more unknowns than examples.
  const { coordinates, root, lift } = span(features);
  if (classes > 2) {
    const { weights, intercepts, inversePenalty, foldAccuracy } = yield* softmaxRegression(coordinates, labels, classes);
    return { weights: weights.map(lift.coordinates), biases: intercepts, inversePenalty, foldAccuracy };
  }
  // A binary problem in one score has half the penalty of a softmax over ∓ that score: features larger by √2 make up for it.
  const n = features.length;
  const values = Float64Array.from(root.to1DArray(), (value) => Math.SQRT2 * value);
  const { weights, intercepts, inversePenalty, foldAccuracy } = prepareLogistic({ kernel: { values, shape: [n, 1, n, 1] }, labels: [...labels] })({ regularization: 0 });
  // The fitted score is 2 (w·x + b) of the text above; each row has half of w.
  const row = lift.root(weights.map((value) => (Math.SQRT2 * value) / 4));
  const bias = intercepts[0] / 4;
  return { weights: [row.map((value) => -value), row], biases: [-bias, bias], inversePenalty, foldAccuracy };
}

interface Span {
  /** U S of the features' singular value decomposition X = U S Vᵀ: one row an example, one column a singular value. */
  coordinates: Float64Array[];
  /** G^½ = U S Uᵀ, for G = X Xᵀ. */
  root: Matrix;
  /** The weights in the features' space that weights on the coordinates (V v), or on the root's rows (V Uᵀ v), stand for. */
  lift: Record<"coordinates" | "root", (v: Float64Array) => Float64Array>;
}

function span(features: readonly Float64Array[]): Span {
  const x = new mlMatrix.Matrix(features.map((row) => [...row]));
  const { eigenvectorMatrix, realEigenvalues } = new mlMatrix.EigenvalueDecomposition(x.mmul(x.transpose()), { assumeSymmetric: true });
  const largest = Math.max(...realEigenvalues);
  const kept = realEigenvalues.map((_, k) => k).filter((k) => realEigenvalues[k] > largest * 1e-13);
  const singular = kept.map((k) => Math.sqrt(realEigenvalues[k]));
  const u = eigenvectorMatrix.subMatrixColumn(kept);
  const scaled = u.mmul(mlMatrix.Matrix.diag(singular));
  const v = x.transpose().mmul(u.mmul(mlMatrix.Matrix.diag(singular.map((value) => 1 / value))));
  const times = (matrix: Matrix, weights: Float64Array): Matrix => matrix.mmul(mlMatrix.Matrix.columnVector([...weights]));
  return {
    coordinates: scaled.to2DArray().map((row) => Float64Array.from(row)),
    root: scaled.mmul(u.transpose()),
    lift: {
      coordinates: (weights) => Float64Array.from(times(v, weights).to1DArray()),
      root: (weights) => Float64Array.from(v.mmul(times(u.transpose(), weights)).to1DArray()),
    },
  };
}

/** The model with new rows in the layer, those of the label words or all of them. */
function withRows(model: Model, { weight, bias, rows }: FinalLayer, weights: readonly Float64Array[], biases: readonly number[]): Model {
  const replaced = (name: string, values: readonly ArrayLike<number>[]): [string, ReturnType<typeof tf.tensor>] => {
    const before = parameter(model, name);
    const data = (before.dataSync() as Float32Array).slice();
    values.forEach((row, a) => data.set(row, (rows?.[a] ?? a) * row.length));
    return [name, tf.keep(tf.tensor(data, before.shape))];
  };
  return { ...model, parameters: new Map([...model.parameters, replaced(weight, weights), replaced(bias, biases.map((value) => [value]))]) };
}
