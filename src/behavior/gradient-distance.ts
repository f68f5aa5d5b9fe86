/**
 * The fixed-features test by gradients: ‖∇f(x; θ_t) − ∇f(x; θ_0)‖ / ‖∇f(x; θ_0)‖ for every example and output.
 *
 * A weight's gradient is Σ_t δ_t x_tᵀ, and the difference of two is Σ_t (δ_t − δ′_t) x_tᵀ + Σ_t δ′_t (x_t − x′_t)ᵀ, the same
 * kind of sum over twice as many terms, all of them as small as the change: its norm follows from inner products of
 * terms, without forming a gradient, and keeps the digits of a small difference, which ‖g‖² + ‖g′‖² − 2⟨g, g′⟩ would lose.
 */
import { isKeyBias } from "../model/architecture";
import { floats, tf, type Tensor } from "../model/backend";
import { byLength, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { factorsOfPass, passOf, type Factor } from "../kernels/factors";
import { numbersOf } from "../kernels/gram";
import type { Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { keptFactors } from "../kernels/training-side";
import { groupBy } from "../records";
import { runSteps } from "../steps";
import { movedParameters } from "./displacement";
import { FIXED_FEATURES_DISTANCE } from "./verdicts";
import type { OutputTable } from "./output-loss";
import { kindOfParameter, layerOfParameter } from "./fixed-features";

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

/**
 * ‖∇f(x; θ_t) − ∇f(x; θ_0)‖ / ‖∇f(x; θ_0)‖ for every example and output, [n, C]: of all parameters, of each layer's and
 * of each kind. The fixed-features test by gradients; {@link fixedFeatures} takes kernel entries.
 *
 * @throws if the tuned model has other parameters or shapes than the start
 */
export const gradientDistance = (options: GradientDistanceOptions, signal?: AbortSignal): Promise<GradientDistance> =>
  runSteps(gradientDistanceSteps(options), signal);

/** Squared norms, [n · C], of differences and of the starting model's gradients. */
interface Squares {
  difference: Float64Array;
  start: Float64Array;
}

/** {@link gradientDistance} with a pause after each parameter. */
export function* gradientDistanceSteps({
  model,
  tuned,
  outputs,
  sequences,
  parameters = [],
  batchSize = 8,
}: GradientDistanceOptions): Generator<undefined, GradientDistance> {
  movedParameters(model, tuned); // the same parameters, of the same shapes
  const counted = selectParameters(model.parameters.keys(), parameters);
  const c = outputs.combine.length;
  const sums = new Map<string, Squares>();
  const zeros = (): Float64Array => new Float64Array(sequences.length * c);
  for (const indices of byLength(sequences, { examples: batchSize })) {
    const batch = indices.map((i) => sequences[i]);
    const addTo = (sum: Float64Array, piece: Float32Array): void =>
      indices.forEach((i, b) => {
        for (let a = 0; a < c; a++) sum[i * c + a] += piece[a * indices.length + b];
      });
    const before = yield* keptFactors(passOf(model, outputs, counted), batch);
    try {
      for (const step of factorsOfPass(tuned, outputs, batch, counted)) {
        if (step && "parameter" in step && !isKeyBias(step.parameter)) {
          const start = before.factors.get(step.parameter)!;
          const sum = sums.get(step.parameter) ?? { difference: zeros(), start: zeros() };
          sums.set(step.parameter, sum);
          addTo(sum.start, squaredNorms(start));
          addTo(sum.difference, squaredNorms(step.factor, start));
        }
        yield;
      }
    } finally {
      before.dispose();
    }
  }
  const byPart = (partOf: (name: string) => string): Map<string, GradientChange> =>
    new Map(
      groupBy([...sums], ([name]) => partOf(name)).map((own) => [
        partOf(own[0][0]),
        changeOf(
          own.map(([, squares]) => squares),
          [sequences.length, c],
        ),
      ]),
    );
  return {
    whole: changeOf([...sums.values()], [sequences.length, c]),
    layers: byPart(layerOfParameter),
    kinds: byPart(kindOfParameter),
  };
}

function changeOf(squares: readonly Squares[], shape: [number, number]): GradientChange {
  const values = Float64Array.from({ length: shape[0] * shape[1] }, (_, k) => {
    const total = (side: keyof Squares): number => squares.reduce((sum, each) => sum + each[side][k], 0);
    // Sums of products of either sign: rounding may leave a norm of nearly zero below it.
    return total("start") <= 0 ? NaN : Math.sqrt(Math.max(0, total("difference")) / total("start"));
  });
  const known = values.filter((value) => !Number.isNaN(value));
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return { distances: { values, shape }, mean, fixed: mean < FIXED_FEATURES_DISTANCE };
}

/** ‖g − g′‖² of each example and output, [C·B]; g′ is zero if it is left out. */
const squaredNorms = (factor: Factor, minus?: Factor): Float32Array => numbersOf(() => floats(squares(factor, minus)));

function squares(factor: Factor, minus?: Factor): Tensor {
  if (factor.kind === "vector" && (!minus || minus.kind === "vector"))
    return sumOfSquares(minus ? tf.sub(factor.gradient, minus.gradient) : factor.gradient);
  // The examples are the same in both passes, and so are the rows of a table that they use.
  if (factor.kind === "table" && (!minus || minus.kind === "table"))
    return tableSquares(factor.rows, minus ? tf.sub(factor.delta, minus.delta) : factor.delta);
  if (factor.kind === "matrix" && (!minus || minus.kind === "matrix")) {
    if (!minus) return matrixSquares(factor.input, factor.delta);
    const input = tf.concat([factor.input, tf.sub(factor.input, minus.input)], 1);
    return matrixSquares(input, tf.concat([tf.sub(factor.delta, minus.delta), minus.delta], 2));
  }
  throw new Error("the two models' gradients do not correspond");
}

/** [N, …] → [N] */
const sumOfSquares = (x: Tensor): Tensor => tf.sum(tf.square(x.reshape([x.shape[0], -1])), 1);

/** ‖Σ_t δ_t x_tᵀ‖² = Σ_ts (δ_t · δ_s)(x_t · x_s). */
function matrixSquares(input: Tensor, delta: Tensor): Tensor {
  const [c, b, t, outputs] = delta.shape as [number, number, number, number];
  const flat = delta.reshape([c * b, t, outputs]);
  const ofInputs = tf.matMul(input, input, false, true);
  const pairs = tf.mul(tf.matMul(flat, flat, false, true), c === 1 ? ofInputs : tf.tile(ofInputs, [c, 1, 1]));
  return tf.sum(tf.sum(pairs, 2), 1);
}

/** A table's gradient adds the δs of tokens with the same row. Each such sum is formed for every one of its tokens, so that it counts for 1 / their number. */
function tableSquares(rows: Tensor, delta: Tensor): Tensor {
  const [c, b, t, width] = delta.shape as [number, number, number, number];
  const same = tf.cast(tf.equal(rows.reshape([b, t, 1]), rows.reshape([b, 1, t])), "float32");
  const sums = tf.matMul(tf.tile(same, [c, 1, 1]), delta.reshape([c * b, t, width]));
  return sumOfSquares(tf.mul(sums, tf.tile(tf.rsqrt(tf.sum(same, 2, true)), [c, 1, 1])));
}
