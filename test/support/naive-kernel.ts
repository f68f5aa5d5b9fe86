/**
 * Kernels computed in the plainest way, to compare ours with: one example and one output at a time, tfjs' automatic
 * differentiation, whole gradients in memory, products added up in float64. Shares only the forward pass.
 */
import { FORMULAS, type Formula } from "../../src/kernels/formula";
import type { SignRounding } from "../../src/kernels/contract";
import type { Outputs } from "../../src/kernels/outputs";
import { tf, type Tensor } from "../../src/model/backend";
import { collate, disposeBatch, type Sequence } from "../../src/model/batch";
import type { Model } from "../../src/model/model";
import { encoderForward } from "../../src/model/encoder";

/** A gradient by parameter, flat. */
export type Gradient = Map<string, Float32Array>;

/** ∇f_c(x) for every output c, by automatic differentiation. */
export function naiveGradients(model: Model, { head, combine }: Outputs, example: Sequence): Gradient[] {
  const names = [...model.parameters.keys()];
  const batch = collate([example], model.config);
  const gradients = combine.map((row) => {
    const f = (...values: Tensor[]): Tensor => {
      const current = { ...model, parameters: new Map(names.map((name, i) => [name, values[i]])) };
      const { logits } = head.forward(current, encoderForward(current, batch).hidden);
      return tf.sum(tf.mul(logits, tf.tensor(row)));
    };
    const parameters = names.map((name) => model.parameters.get(name)!);
    // tf.grads refuses parameters that f does not reach (a tied head's decoder); the function beneath it gives null for them.
    const found = tf.tidy(
      () => tf.engine().gradients(() => f(...parameters), parameters, undefined, true).grads,
    ) as (Tensor | null)[];
    const gradient = new Map(
      names.map((name, i) => [name, (found[i]?.dataSync() ?? new Float32Array(parameters[i].size)) as Float32Array]),
    );
    tf.dispose(found.filter((tensor) => tensor !== null));
    return gradient;
  });
  disposeBatch(batch);
  return gradients;
}

/** Share of the largest gradient of a parameter, or of its row in an embedding table, below which float32 arithmetic does not decide the sign of an entry. */
export const ROUNDING = 1e-5;

export interface NaiveKernel {
  /** float64 [n, C, m, C] row-major. */
  values: Float64Array;
  /** How far each entry may be off because signs of gradients below {@link ROUNDING} are not decided, same axes. */
  undecided: Float64Array;
}

export interface NaiveOptions {
  /** Names of the parameters that count. Default: all. */
  parameters?: ReadonlySet<string>;
  signs?: SignRounding;
}

/** Every formula's kernel from {@link naiveGradients} of both sides: gradients [example][output]. */
export function naiveKernels(
  train: Gradient[][],
  evaluate: Gradient[][],
  options: NaiveOptions = {},
): Map<Formula, NaiveKernel> {
  const [rows, columns] = [train.flat(), evaluate.flat()].map((side) =>
    side.map((gradient) => gradientViews(gradient, options)),
  );
  const entries = (of: (row: Views, column: Views) => number): Float64Array =>
    Float64Array.from(rows.flatMap((row) => columns.map((column) => of(row, column))));
  return new Map(
    FORMULAS.map((formula) => {
      if (formula === "sgd")
        return [formula, { values: entries((g, h) => dot(g.all, h.all)), undecided: entries(() => 0) }];
      const [left, right] = [formula !== "asymmetric_signgd_flipped", formula !== "asymmetric_signgd"];
      const values = entries((g, h) => dot(left ? g.signs : g.counted, right ? h.signs : h.counted));
      // A wrong sign is off by at most 2, and counts as much as what it is multiplied with.
      const undecided = entries((g, h) => {
        const [a, b] = [left ? g.signs : g.counted, right ? h.signs : h.counted];
        let sum = 0;
        if (left) for (const p of g.undecided) sum += 2 * (h.isUndecided[p] && right ? 1 : Math.abs(b[p]));
        if (right) for (const p of h.undecided) sum += 2 * (g.isUndecided[p] && left ? 1 : Math.abs(a[p]));
        return sum;
      });
      return [formula, { values, undecided }];
    }),
  );
}

/** A gradient over the selected parameters, flat, in the forms that the formulas take. */
interface Views {
  all: Float64Array;
  /** What sign formulas take: key biases, whose true gradient is zero, are zero unless float32's rounding counts. */
  counted: Float64Array;
  signs: Float64Array;
  isUndecided: Uint8Array;
  undecided: number[];
}

function gradientViews(gradient: Gradient, { parameters, signs = "exact" }: NaiveOptions): Views {
  const selected = [...gradient].filter(([name]) => parameters?.has(name) ?? true);
  const size = selected.reduce((sum, [, values]) => sum + values.length, 0);
  const hidden = [...gradient].find(([name]) => name.endsWith(".embeddings.LayerNorm.weight"))![1].length;
  const [all, counted, isUndecided, undecided]: [Float64Array, Float64Array, Uint8Array, number[]] = [
    new Float64Array(size),
    new Float64Array(size),
    new Uint8Array(size),
    [],
  ];
  let at = 0;
  for (const [name, values] of selected) {
    const keyBias = name.endsWith("attention.self.key.bias");
    // Each row of a table has its gradient from its own tokens, far from the read position a small one.
    const width = name.endsWith("_embeddings.weight") ? hidden : values.length;
    let largest = 0;
    for (const [place, value] of values.entries()) {
      if (place % width === 0)
        largest = values.subarray(place, place + width).reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
      all[at] = value;
      counted[at] = keyBias && signs === "exact" ? 0 : value;
      if (counted[at] !== 0 && (keyBias || Math.abs(value) <= ROUNDING * largest)) {
        isUndecided[at] = 1;
        undecided.push(at);
      }
      at++;
    }
  }
  return { all, counted, signs: counted.map(Math.sign), isUndecided, undecided };
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < left.length; p++) sum += left[p] * right[p];
  return sum;
}
