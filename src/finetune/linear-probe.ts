/** Linear probing: a head's final layer fitted to frozen features. By itself a baseline, and where standard fine-tuning may begin. */
import { InputError } from "../errors";
import { floats, tf, type Tensor } from "../model/backend";
import type { FinalLayer, Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { headFeaturesSteps } from "../model/predict";
import { runAtOnce } from "../steps";
import { keyOf } from "../store/slot";
import type { LabelledPrompts } from "./labelled-prompts";
import { checkClasses } from "../solvers/metrics";
import { featureRows, softmaxRegression } from "../solvers/softmax-regression";

export interface LinearProbe {
  /** The model with the fitted final layer; its other parameters are shared. Release with {@link LinearProbe.dispose}. */
  model: Model;
  /** The inverse penalty that cross-validation chose. */
  inversePenalty: number;
  /** Mean accuracy over the folds of each inverse penalty. */
  foldAccuracy: number[];
  dispose(): void;
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
export const linearProbe = (model: Model, head: Head, train: LabelledPrompts): LinearProbe =>
  runAtOnce(linearProbeSteps(model, head, train));

/** {@link linearProbe} as a generator that pauses between pieces of work. */
export function* linearProbeSteps(model: Model, head: Head, train: LabelledPrompts): Generator<undefined, LinearProbe> {
  checkClasses(train.labels, train.target);
  const layer = head.finalLayer?.(model);
  if (!layer)
    throw new InputError(`linear probing needs a head with a final linear layer, which "${head.description}" has not`);
  const classes = layer.rows?.length ?? parameter(model, layer.weight).shape[0];
  const features = featureRows(yield* headFeaturesSteps(model, head, train.sequences), train.labels.length);
  const { inversePenalty, foldAccuracy, ...fit } = yield* softmaxRegression(features, train.labels, classes);
  // Of two classes each row is half of scikit-learn's one, so that the logits differ by its score.
  const share = classes === 2 ? 0.5 : 1;
  const [weights, biases] = [
    fit.weights.map((row) => row.map((value) => share * value)),
    fit.intercepts.map((value) => share * value),
  ];
  const fitted = withRows(model, layer, weights, biases);
  const numbers = keyOf([weights.map((row) => [...row]), biases]);
  return {
    model: { ...fitted, hash: `${model.hash}+probe(${numbers.slice(0, 32)})` },
    inversePenalty,
    foldAccuracy,
    dispose: () => [layer.weight, layer.bias].forEach((name) => parameter(fitted, name).dispose()),
  };
}

/** The model with new rows in the layer, those of the label words or all of them. */
function withRows(
  model: Model,
  { weight, bias, rows }: FinalLayer,
  weights: readonly Float64Array[],
  biases: readonly number[],
): Model {
  const replaced = (name: string, values: readonly ArrayLike<number>[]): [string, Tensor] => {
    const before = parameter(model, name);
    const data = floats(before).slice();
    values.forEach((row, a) => data.set(row, (rows?.[a] ?? a) * row.length));
    return [name, tf.keep(tf.tensor(data, before.shape))];
  };
  return {
    ...model,
    parameters: new Map([
      ...model.parameters,
      replaced(weight, weights),
      replaced(
        bias,
        biases.map((value) => [value]),
      ),
    ]),
  };
}
