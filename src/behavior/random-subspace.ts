/**
 * The kernel of training in a random subspace (intrinsic dimension, Li et al. 2018): θ = θ_0 + P z with z in d dimensions and
 * P of independent entries with mean 0 and variance 1/d. The gradient with respect to z is Pᵀ ∇f, so that
 * K_d = ⟨Pᵀ∇f, Pᵀ∇f′⟩ has the kernel of all parameters as its expectation, and the error of a Johnson–Lindenstrauss projection.
 *
 * Unlike the projection that makes kernels cheaper (kernels/projection.ts, a subspace for each parameter and cheap random
 * matrices), this is one dense P over all parameters: exactly the subspace method, at a cost of parameters × d.
 */
import { InputError } from "../errors";
import { isKeyBias } from "../model/architecture";
import { tf, type Tensor } from "../model/backend";
import { byLength, type Sequence } from "../model/batch";
import { parameter, type Model } from "../model/model";
import { passOf, type Factor } from "../kernels/factors";
import type { KernelTensor } from "../kernels/kernel-tensor";
import type { Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { PROJECTION_KINDS, randomMatrix, type ProjectionKind } from "../kernels/random-matrix";
import { keptFactors, type GradientFactors } from "../kernels/training-side";
import { runSteps } from "../steps";

export interface RandomSubspaceOptions {
  model: Model;
  outputs: Outputs;
  /** The kernels are those of these examples with themselves; all their factors are kept at once. */
  examples: readonly Sequence[];
  /** Each gives a kernel. P of a smaller one is the first columns of the largest one's, scaled: the subspaces are nested, their errors not independent. */
  dimensions: readonly number[];
  kind?: ProjectionKind;
  seed: number;
  /** The parameters that the subspace lies in. Default: all. */
  parameters?: ParameterFilter;
  /** Examples in a pass. Default 32. */
  batchSize?: number;
}

/**
 * The SGD kernels K_d = ⟨Pᵀ∇f, Pᵀ∇f′⟩, [n, C, n, C], of training in random subspaces, by dimension d. The entries of P have
 * mean 0 and variance 1/d, so the expectation of K_d is the kernel of all parameters.
 */
export const randomSubspaceKernels = (
  options: RandomSubspaceOptions,
  signal?: AbortSignal,
): Promise<Map<number, KernelTensor>> => runSteps(randomSubspaceSteps(options), signal);

/** {@link randomSubspaceKernels} with a pause after each slice of P. */
export function* randomSubspaceSteps(options: RandomSubspaceOptions): Generator<undefined, Map<number, KernelTensor>> {
  check(options);
  const { outputs, examples, dimensions } = options;
  const [n, c, d] = [examples.length, outputs.combine.length, Math.max(...dimensions)];
  const coordinates = yield* subspaceCoordinates(options, d);
  const wanted = [...new Set(dimensions)].sort((a, b) => a - b);
  const kernels = new Map<number, KernelTensor>();
  const size = n * c;
  const products = new Float64Array(size * size);
  let from = 0;
  for (const dimension of wanted) {
    for (let i = 0; i < size; i++)
      for (let j = i; j < size; j++) {
        let sum = 0;
        for (let k = from; k < dimension; k++) sum += coordinates[i * d + k] * coordinates[j * d + k];
        products[i * size + j] += sum;
        products[j * size + i] = products[i * size + j];
      }
    from = dimension;
    kernels.set(dimension, { values: products.map((value) => value / dimension), shape: [n, c, n, c] });
    yield;
  }
  return new Map(dimensions.map((dimension) => [dimension, kernels.get(dimension)!]));
}

/** Random numbers in one slice of P. */
const SLICE = 2 ** 22;

/** √d Pᵀ∇f_c(x_i), [n · C, d]. */
function* subspaceCoordinates(
  { model, outputs, examples, kind = "rademacher", seed, parameters = [], batchSize = 32 }: RandomSubspaceOptions,
  d: number,
): Generator<undefined, Float64Array> {
  const counted = selectParameters(model.parameters.keys(), parameters);
  const c = outputs.combine.length;
  const coordinates = new Float64Array(examples.length * c * d);
  const batches: { indices: number[]; factors: GradientFactors }[] = [];
  try {
    for (const indices of byLength(examples, { examples: batchSize }))
      batches.push({
        indices,
        factors: yield* keptFactors(
          passOf(model, outputs, counted),
          indices.map((i) => examples[i]),
        ),
      });
    for (const name of counted) {
      if (isKeyBias(name) || !batches[0].factors.factors.has(name)) continue;
      const sides = batches.map(({ indices, factors }) => ({ indices, factor: factors.factors.get(name)! }));
      const { rows, width } = rowsOf(
        parameter(model, name),
        sides.map(({ factor }) => factor),
      );
      const count = Math.max(1, Math.floor(SLICE / (width * d)));
      for (let first = 0; first < rows.length; first += count) {
        const part = rows.slice(first, first + count);
        const random = new Float32Array(part.length * width * d);
        part.forEach((row, place) =>
          random.set(randomMatrix(kind, seed, [name, row, d], width * d), place * width * d),
        );
        tf.tidy(() => {
          const matrix = tf.tensor2d(random, [part.length * width, d]);
          for (const { indices, factor } of sides) {
            const values = tf.matMul(gradientRows(factor, part), matrix).dataSync() as Float32Array; // [C·B, d]
            indices.forEach((example, b) => {
              for (let a = 0; a < c; a++)
                for (let k = 0; k < d; k++)
                  coordinates[(example * c + a) * d + k] += values[(a * indices.length + b) * d + k];
            });
          }
        });
        yield;
      }
    }
    return coordinates;
  } finally {
    for (const { factors } of batches) factors.dispose();
  }
}

/** A parameter as a matrix, and which of its rows have a gradient: of a table those that an example uses. */
function rowsOf(tensor: Tensor, factors: readonly Factor[]): { rows: number[]; width: number } {
  const tables = factors.flatMap((factor) =>
    factor.kind === "table" ? [...(factor.rows.dataSync() as Int32Array)] : [],
  );
  if (tables.length > 0) return { rows: [...new Set(tables)].sort((a, b) => a - b), width: tensor.shape[1] ?? 1 };
  if (tensor.rank === 1) return { rows: [0], width: tensor.size };
  return { rows: Array.from({ length: tensor.shape[0] }, (_, row) => row), width: tensor.shape[1]! };
}

/** Some rows of the gradients of one parameter, [C·B, rows · width]; the rows of a weight are consecutive. */
function gradientRows(factor: Factor, rows: readonly number[]): Tensor {
  if (factor.kind === "vector") return factor.gradient;
  if (factor.kind === "projected") throw new Error("a projected gradient cannot be projected again");
  const [c, b, t, width] = factor.delta.shape as [number, number, number, number];
  const perOutput = (x: Tensor): Tensor => (c === 1 ? x : tf.tile(x, [c, 1, 1]));
  const delta = factor.delta.reshape([c * b, t, width]);
  if (factor.kind === "matrix") {
    const part = tf.slice(delta, [0, 0, rows[0]], [c * b, t, rows.length]);
    return tf.matMul(part, perOutput(factor.input), true, false).reshape([c * b, -1]);
  }
  const wanted = tf.tensor3d([...rows], [1, 1, rows.length], "int32");
  const uses = tf.cast(tf.equal(factor.rows.reshape([b, t, 1]), wanted), "float32");
  return tf.matMul(perOutput(uses), delta, true, false).reshape([c * b, -1]);
}

function check({ dimensions, kind, seed, examples }: RandomSubspaceOptions): void {
  if (examples.length === 0) throw new InputError("a kernel needs at least one example");
  const wrong = dimensions.find((dimension) => !Number.isInteger(dimension) || dimension < 1);
  if (wrong !== undefined || dimensions.length === 0)
    throw new InputError(
      `the dimensions of random subspaces must be whole numbers of at least 1, not ${wrong ?? "none at all"}`,
    );
  if (kind !== undefined && !PROJECTION_KINDS.includes(kind))
    throw new InputError(
      `the kind of random numbers must be one of ${PROJECTION_KINDS.join(", ")}, not ${JSON.stringify(kind)}`,
    );
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new InputError(`the seed of a random subspace must be a whole number of at least 0, not ${seed}`);
}
