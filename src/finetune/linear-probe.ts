/** Linear probing: a head's final layer fitted to frozen features. By itself a baseline, and where standard fine-tuning may begin. */
import { createHash } from "node:crypto";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { tf } from "../model/backend";
import { collate, disposeBatch, type Sequence } from "../model/batch";
import { encoderForward } from "../model/encoder";
import type { FinalLayer, Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { prepareLogistic } from "../solvers/logistic";
import type { LabelledPrompts } from "./labelled-prompts";

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
export function headFeatures(model: Model, head: Head, sequences: Sequence[], batchSize = 64): Float64Array[] {
  const rows: Float64Array[] = [];
  for (let start = 0; start < sequences.length; start += batchSize) {
    const batch = collate(sequences.slice(start, start + batchSize), model.config);
    const flat = tf.tidy(() => head.forward(model, encoderForward(model, batch).hidden).trace.at(-1)!.dataSync());
    for (let i = 0; i < batch.size; i++) rows.push(Float64Array.from(flat.slice(i * model.config.hiddenSize, (i + 1) * model.config.hiddenSize)));
    disposeBatch(batch);
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
export function linearProbe(model: Model, head: Head, train: LabelledPrompts): LinearProbe {
  const layer = head.finalLayer?.(model);
  if (!layer) throw new Error(`linear probing needs a head with a final linear layer, which "${head.description}" has not`);
  const classes = layer.rows?.length ?? parameter(model, layer.weight).shape[0];
  const { weights, biases, inversePenalty, foldAccuracy } = fitClasses(headFeatures(model, head, train.sequences), train.labels, classes);
  const fitted = withRows(model, layer, weights, biases);
  const numbers = createHash("sha256").update(JSON.stringify([weights.map((row) => [...row]), biases])).digest("hex");
  return { model: { ...fitted, hash: `${model.hash}+probe(${numbers.slice(0, 32)})` }, inversePenalty, foldAccuracy, dispose: () => [layer.weight, layer.bias].forEach((name) => parameter(fitted, name).dispose()) };
}

/** One row of weights and one bias a class. */
function fitClasses(features: readonly Float64Array[], labels: readonly number[], classes: number): { weights: Float64Array[]; biases: number[]; inversePenalty: number; foldAccuracy: number[] } {
  // Weights lie in the span of the features, so the rows of G^½ (G the features' Gram matrix) stand for the features:
  // inner products are the same, and the problem has as many unknowns as examples.
  const { root, lift } = gramRoot(features);
  const n = features.length;
  // A binary problem in one score has half the penalty of a softmax over ∓ that score: features larger by √2 make up for it.
  const outputs = classes === 2 ? 1 : classes;
  const scale = classes === 2 ? Math.SQRT2 : 1;
  const size = n * outputs;
  const values = new Float64Array(size * size);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let a = 0; a < outputs; a++) values[(i * outputs + a) * size + j * outputs + a] = scale * root.get(i, j);
  const fit = prepareLogistic({ kernel: { values, shape: [n, outputs, n, outputs] }, labels: [...labels] })({ regularization: 0 });
  const { inversePenalty, foldAccuracy } = fit;
  const rowOf = (output: number): Float64Array => lift(Float64Array.from({ length: n }, (_, i) => scale * fit.weights[i * outputs + output]));
  if (classes === 2) {
    // The fitted score is w₂ − w₁ of the softmax, 2w of the text above.
    const row = rowOf(0).map((value) => value / 4);
    const bias = fit.intercepts[0] / 4;
    return { weights: [row.map((value) => -value), row], biases: [-bias, bias], inversePenalty, foldAccuracy };
  }
  const center = fit.intercepts.reduce((sum, value) => sum + value, 0) / classes;
  return { weights: Array.from({ length: classes }, (_, a) => rowOf(a)), biases: [...fit.intercepts].map((value) => value - center), inversePenalty, foldAccuracy };
}

/** G^½ of the features' Gram matrix, and the weights in the features' space that a vector v of weights on its rows stands for: Xᵀ G^−½ v. */
function gramRoot(features: readonly Float64Array[]): { root: Matrix; lift: (v: Float64Array) => Float64Array } {
  const x = new Matrix(features.map((row) => [...row]));
  const { eigenvectorMatrix: u, realEigenvalues } = new EigenvalueDecomposition(x.mmul(x.transpose()), { assumeSymmetric: true });
  const largest = Math.max(...realEigenvalues);
  const roots = realEigenvalues.map((value) => (value > largest * 1e-13 ? Math.sqrt(value) : 0));
  const root = u.mmul(Matrix.diag(roots)).mmul(u.transpose());
  const inverse = u.mmul(Matrix.diag(roots.map((value) => (value > 0 ? 1 / value : 0)))).mmul(u.transpose());
  return { root, lift: (v) => Float64Array.from(x.transpose().mmul(inverse.mmul(Matrix.columnVector([...v]))).to1DArray()) };
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
