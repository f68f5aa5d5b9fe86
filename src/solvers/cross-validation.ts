/** Choosing the penalty of a logistic regression, as scikit-learn's `LogisticRegressionCV` does with its defaults. */
import { InputError } from "../errors";

/** scikit-learn's default `Cs=10`: log-spaced from 1e-4 to 1e4. */
export const INVERSE_PENALTIES: readonly number[] = Array.from({ length: 10 }, (_, i) => 10 ** (-4 + (8 * i) / 9));
const FOLDS = 5;

export interface ChosenPenalty {
  /** One of {@link INVERSE_PENALTIES}. */
  inversePenalty: number;
  /** Mean accuracy over the folds of each inverse penalty. */
  foldAccuracy: number[];
}

/**
 * The first of ten inverse penalties with the best mean accuracy over five stratified folds. A generator that pauses
 * after each fit.
 *
 * @param classes the fewest classes that every fit needs
 * @param predictor fits the examples `fitted` once for each inverse penalty, in their order, and predicts the classes of `held`
 * @throws if a fold leaves fewer classes to fit
 */
export function* choosePenalty(
  labels: readonly number[],
  classes: number,
  predictor: (fitted: number[], held: number[]) => (inversePenalty: number) => Generator<undefined, number[]>,
): Generator<undefined, ChosenPenalty> {
  const folds = stratifiedFolds(labels, FOLDS);
  const indices = [...labels.keys()];
  const totals = INVERSE_PENALTIES.map(() => 0);
  for (let fold = 0; fold < FOLDS; fold++) {
    const [fitted, held] = [indices.filter((i) => folds[i] !== fold), indices.filter((i) => folds[i] === fold)];
    const left = new Set(fitted.map((i) => labels[i])).size;
    if (left < classes)
      throw new InputError(
        `Cross-validation fold ${fold + 1} leaves ${left === 1 ? "one class only" : `${left} of ${classes} classes`} to fit: give more examples of each class.`,
      );
    const predict = predictor(fitted, held);
    for (const [k, inversePenalty] of INVERSE_PENALTIES.entries()) {
      const predicted = yield* predict(inversePenalty);
      totals[k] += predicted.filter((label, at) => label === labels[held[at]]).length / held.length;
      yield;
    }
  }
  const best = totals.indexOf(Math.max(...totals));
  return { inversePenalty: INVERSE_PENALTIES[best], foldAccuracy: totals.map((total) => total / FOLDS) };
}

/**
 * The fold of each example, from 0, as scikit-learn's `StratifiedKFold(folds)` without shuffling deals them: classes
 * in order of first appearance, and within a class the examples in their order.
 *
 * @throws if no class has as many examples as there are folds
 */
export function stratifiedFolds(labels: readonly number[], folds: number): number[] {
  const classes = [...new Set(labels)];
  const encoded = labels.map((label) => classes.indexOf(label));
  const most = Math.max(0, ...classes.map((_, k) => encoded.filter((code) => code === k).length));
  if (most < folds)
    throw new InputError(
      `${folds}-fold cross-validation needs at least ${folds} examples of a class; the most there are is ${most}.`,
    );
  // Dealing the sorted labels round by round decides how many of each class a fold gets.
  const sorted = [...encoded].sort((a, b) => a - b);
  const dealt = classes.map((_, k) =>
    Array.from({ length: folds }, (_, fold) =>
      sorted.filter((code, i) => code === k && i % folds === fold).map(() => fold),
    ).flat(),
  );
  const used = classes.map(() => 0);
  return encoded.map((code) => dealt[code][used[code]++]);
}
