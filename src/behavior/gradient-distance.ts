/**
 * The fixed-features test by gradients: ‖∇f(x; θ_t) − ∇f(x; θ_0)‖ / ‖∇f(x; θ_0)‖ for every example and output.
 *
 * The difference of two weights' gradients Σ_t δ_t x_tᵀ is itself such a sum, over the tokens of both passes, with −δ in
 * one: it is formed at once, in slices. Taking ‖g‖² + ‖g′‖² − 2⟨g, g′⟩ apart would lose the digits of a small difference.
 */
import { tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { LONGEST_PRODUCT } from "../kernels/contract";
import type { Factor } from "../kernels/factor";
import { factorsOfPass, keptFactors } from "../kernels/factors";
import type { Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { runSteps } from "../steps";
import { movedParameters } from "./displacement";
import { similarLengths } from "./example-batches";
import { FIXED_FEATURES_DISTANCE } from "./kernel-change";
import type { OutputTable } from "./output-table";
import { kindOfParameter, layerOfParameter } from "./parameter-parts";

export interface GradientDistanceOptions {
  /** θ_0. */
  model: Model;
  /** θ_t. */
  tuned: Model;
  outputs: Outputs;
  sequences: readonly Sequence[];
  /** The parameters whose gradients count. Default: all. */
  parameters?: ParameterFilter;
  /** Examples in a pass; the starting model's factors of that many are kept. Default 8. */
  batchSize?: number;
}

/** Relative distances of gradients, [n, C]; NaN where the gradient was zero. */
export interface GradientChange {
  distances: OutputTable;
  /** Mean over examples and outputs whose gradient was not zero. NaN if all were. */
  mean: number;
  /** Whether the mean is below the paper's threshold of 2.0 (which may have been meant for kernel entries). */
  fixed: boolean;
}

export interface GradientDistance {
  whole: GradientChange;
  layers: Map<string, GradientChange>;
  kinds: Map<string, GradientChange>;
}

/** Compares the gradients of every example's outputs at θ_t with those at θ_0. */
export const gradientDistance = (options: GradientDistanceOptions, signal?: AbortSignal): Promise<GradientDistance> => runSteps(gradientDistanceSteps(options), signal);

/** Squared norms, [n · C], of differences and of the starting model's gradients. */
interface Squares {
  difference: Float64Array;
  start: Float64Array;
}

/** {@link gradientDistance} with a pause after each slice of a parameter. */
export function* gradientDistanceSteps({ model, tuned, outputs, sequences, parameters = [], batchSize = 8 }: GradientDistanceOptions): Generator<undefined, GradientDistance> {
  movedParameters(model, tuned); // the same parameters, of the same shapes
  const counted = selectParameters(model.parameters.keys(), parameters);
  const c = outputs.combine.length;
  const sums = new Map<string, Squares>();
  const sumOf = (parameter: string): Squares => {
    const sum = sums.get(parameter) ?? { difference: new Float64Array(sequences.length * c), start: new Float64Array(sequences.length * c) };
    sums.set(parameter, sum);
    return sum;
  };
  for (const indices of similarLengths(sequences, batchSize)) {
    const batch = indices.map((i) => sequences[i]);
    const addTo = (sum: Float64Array, piece: Float32Array): void =>
      indices.forEach((i, b) => {
        for (let a = 0; a < c; a++) sum[i * c + a] += piece[a * indices.length + b];
      });
    const before = yield* keptFactors(model, outputs, batch, counted);
    try {
      for (const step of factorsOfPass(tuned, outputs, batch, counted)) {
        // A key bias has no gradient but rounding: softmax ignores a shift of all scores.
        if (step && "parameter" in step && !step.parameter.endsWith("attention.self.key.bias")) {
          const start = before.factors.get(step.parameter)!;
          const sum = sumOf(step.parameter);
          yield* squaredNorms(start, undefined, (piece) => addTo(sum.start, piece));
          yield* squaredNorms(step.factor, start, (piece) => addTo(sum.difference, piece));
        }
        yield;
      }
    } finally {
      before.dispose();
    }
  }
  return {
    whole: changeOf([...sums.values()], [sequences.length, c]),
    layers: byPart(sums, layerOfParameter, [sequences.length, c]),
    kinds: byPart(sums, kindOfParameter, [sequences.length, c]),
  };
}

function byPart(sums: ReadonlyMap<string, Squares>, partOf: (name: string) => string, shape: [number, number]): Map<string, GradientChange> {
  const parts = new Map<string, Squares[]>();
  for (const [name, squares] of sums) parts.set(partOf(name), [...(parts.get(partOf(name)) ?? []), squares]);
  return new Map([...parts].map(([part, squares]) => [part, changeOf(squares, shape)]));
}

function changeOf(squares: readonly Squares[], shape: [number, number]): GradientChange {
  const total = (of: (squares: Squares) => Float64Array, k: number): number => squares.reduce((sum, each) => sum + of(each)[k], 0);
  const values = Float64Array.from({ length: shape[0] * shape[1] }, (_, k) => {
    const start = total((each) => each.start, k);
    return start === 0 ? NaN : Math.sqrt(total((each) => each.difference, k) / start);
  });
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { distances: { values, shape }, mean, fixed: mean < FIXED_FEATURES_DISTANCE };
}

/** ‖g − g′‖² of each example and output, [C·B] in pieces to add up; g′ is zero if it is left out. */
function* squaredNorms(factor: Factor, minus: Factor | undefined, add: (piece: Float32Array) => void): Generator<undefined, void> {
  if (factor.kind === "vector" && (!minus || minus.kind === "vector")) {
    tf.tidy(() => add(sumOfSquares(minus ? tf.sub(factor.gradient, minus.gradient) : factor.gradient)));
  } else if (factor.kind === "table" && (!minus || minus.kind === "table")) {
    tf.tidy(() => add(tableSquares(joinTokens(factor.rows, minus?.rows, 1), joinTokens(factor.delta, minus && tf.neg(minus.delta), 2))));
  } else if (factor.kind === "matrix" && (!minus || minus.kind === "matrix")) {
    const [c, b, , outputs] = factor.delta.shape as number[];
    const inputs = factor.input.shape[2]!;
    const count = Math.max(1, Math.floor(LONGEST_PRODUCT / inputs));
    for (let first = 0; first < outputs; first += count) {
      tf.tidy(() => {
        const input = joinTokens(factor.input, minus?.input, 1);
        const delta = joinTokens(factor.delta, minus && tf.neg(minus.delta), 2).reshape([c * b, -1, outputs]);
        const part = tf.slice(delta, [0, 0, first], [c * b, delta.shape[1]!, Math.min(count, outputs - first)]);
        add(sumOfSquares(tf.matMul(part, c === 1 ? input : tf.tile(input, [c, 1, 1]), true, false)));
      });
      yield;
    }
  } else throw new Error("the two models' gradients do not correspond");
}

const joinTokens = (x: Tensor, other: Tensor | undefined, axis: number): Tensor => (other ? tf.concat([x, other], axis) : x);

/** [N, …] → [N] */
const sumOfSquares = (x: Tensor): Float32Array => tf.sum(tf.square(x.reshape([x.shape[0], -1])), 1).dataSync() as Float32Array;

/** A table's gradient adds the δs of tokens with the same row. Each such sum is formed for every one of its tokens, so that it counts for 1 / their number. */
function tableSquares(rows: Tensor, delta: Tensor): Float32Array {
  const [c, b, t, width] = delta.shape as [number, number, number, number];
  const same = tf.cast(tf.equal(rows.reshape([b, t, 1]), rows.reshape([b, 1, t])), "float32");
  const sums = tf.matMul(c === 1 ? same : tf.tile(same, [c, 1, 1]), delta.reshape([c * b, t, width]));
  const counted = tf.mul(sums, tf.rsqrt(tf.sum(same, 2, true)).tile([c, 1, 1]));
  return sumOfSquares(counted);
}
