/**
 * The fold of each example, from 0, as scikit-learn's `StratifiedKFold(folds)` without shuffling deals them: classes
 * in order of first appearance, and within a class the examples in their order.
 *
 * @throws if no class has as many examples as there are folds
 */
export function stratifiedFolds(labels: readonly number[], folds: number): number[] {
  const classes = [...new Set(labels)];
  const encoded = labels.map((label) => classes.indexOf(label));
  const counts = classes.map((_, k) => encoded.filter((code) => code === k).length);
  if (!counts.some((count) => count >= folds)) {
    throw new Error(
      `${folds}-fold cross-validation needs at least ${folds} examples of a class; the most there are is ${Math.max(0, ...counts)}.`,
    );
  }
  // Dealing the sorted labels round by round decides how many of each class a fold gets.
  const sorted = [...encoded].sort((a, b) => a - b);
  const queues = classes.map((_, k) =>
    Array.from({ length: folds }, (_, fold) =>
      sorted.filter((code, i) => code === k && i % folds === fold).map(() => fold),
    ).flat(),
  );
  return encoded.map((code) => queues[code].shift()!);
}
