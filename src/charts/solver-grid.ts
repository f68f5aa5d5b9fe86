import { InputError } from "../errors";
import type { Solved } from "../experiment/solve-kernels";
import { distinct } from "./figure";

/** The kernel's score for one setting of the solver, on one split and one seed. */
export interface GridPoint {
  regularization: number;
  /** Infinity when the pretrained logits are ignored. */
  f0: number;
  /** Of the asymmetric solver. */
  gamma?: number;
  lambda?: number;
  split: "train" | "dev" | "test";
  seed: number;
  /** From 0 to 1. */
  accuracy: number;
}

/** The points of one seed's grid, for the charts of a grid. */
export function gridPoints<Name extends GridPoint["split"]>(grid: readonly Solved<Name>[], seed: number): GridPoint[] {
  if (grid.some(({ scores }) => (Object.keys(scores) as Name[]).some((split) => scores[split].pearson !== undefined)))
    throw new InputError("charts of a grid draw accuracies, and the labels of this one are numbers: use its table");
  return grid.flatMap(({ scores, ...setting }) =>
    (Object.keys(scores) as Name[]).map((split) => ({ ...setting, split, seed, accuracy: scores[split].accuracy })),
  );
}

/** The splits that there are points of, in the order in which they are named. */
export const splitsOf = (points: readonly GridPoint[]): GridPoint["split"][] =>
  (["train", "dev", "test"] as const).filter((split) => points.some((point) => point.split === split));

/** Titles of the settings: `f0` is the name of a parameter, and words say what it does. */
export const REGULARIZATION = ["regularization (times the largest", "singular value of the train kernel)"];
export const F0 = ["f0 (divides the", "pretrained logits)"];

/** A setting in words: "regularization 0.1, f0 10". */
export function settingOf({
  regularization,
  f0,
  gamma,
  lambda,
}: Omit<GridPoint, "split" | "seed" | "accuracy">): string {
  return [
    `regularization ${settingLabel(regularization)}`,
    `f0 ${settingLabel(f0)}`,
    ...(gamma === undefined ? [] : [`γ ${settingLabel(gamma)}`]),
    ...(lambda === undefined ? [] : [`λ ${settingLabel(lambda)}`]),
  ].join(", ");
}

/** A field's values in increasing order, as the charts write them. */
export function labels(points: readonly GridPoint[], field: "regularization" | "f0" | "gamma" | "lambda"): string[] {
  const values = distinct(points.flatMap((point) => point[field] ?? []));
  return distinct(values.sort((a, b) => a - b).map(settingLabel));
}

/** Short and exact enough to tell a grid's values apart: 0, 0.001, 0.0032, 10000, ∞. */
export const settingLabel = (value: number): string =>
  value === Infinity ? "∞" : String(Number(value.toPrecision(4)));
