/**
 * Random projection of gradients: fewer numbers for each, with the same inner products in expectation.
 *
 * A weight's gradient G = Σ_t δ_t x_tᵀ [out, in] is replaced by p independent blocks R_bᵀ G S_b = Σ_t (R_bᵀ δ_t)(S_bᵀ x_t)ᵀ of k_out × k_in
 * numbers, R_b and S_b with independent entries of mean 0 and variance 1, all divided by √(p · k_out · k_in): since E[R Rᵀ] = k_out I
 * and E[S Sᵀ] = k_in I, ⟨P(G), P(G′)⟩ has the expectation ⟨G, G′⟩, and G is never formed.
 *
 * Its variance for gradients of rank about r is ‖G‖² ‖G′‖² · O((1 + k/r) / dimension). One block alone (k = √dimension) would therefore
 * have an error that falls like dimension^(-1/4) only; blocks of a fixed side, more of them for a larger dimension, give 1/√dimension.
 * Where an example has one token (r = 1), δ and x are projected apart and stay apart, to k numbers each: variance O(1 / k) for 2 k numbers.
 */
import { InputError } from "../errors";
import { tf, type Tensor } from "../model/backend";
import { LONGEST_PRODUCT } from "./contract";
import { disposeAll, tidied, type Factor, type Pass, type PassStep } from "./factors";
import { projectionOf, type RandomMatrices } from "./projected-factor";
import { PROJECTION_KINDS, randomMatrix, type ProjectionKind } from "./random-matrix";

export { PROJECTION_KINDS, type ProjectionKind };

export interface Projection {
  /** The most numbers kept of each parameter's gradient, for each example and output; of a table's, in each row that the example uses. */
  dimension: number;
  kind: ProjectionKind;
  /** Another seed gives other, independent random matrices. */
  seed: number;
}

/** The projection in words, for keys and metadata of files. */
export const projectionText = ({ kind, dimension, seed }: Projection): string =>
  `${kind}, dimension ${dimension}, seed ${seed}`;

/** Projects factors with random matrices, which it makes when they are needed and keeps until it is disposed of. */
export interface Projector {
  /**
   * Pauses between pieces of long work. Returns new tensors, or undefined where the factor stays exact.
   * @param counterpart the other side's projected factor, if there is one: both get the same form
   */
  project(parameter: string, factor: Factor, counterpart?: Factor): Generator<undefined, Factor | undefined>;
  dispose(): void;
}

/**
 * @param signs whether to project the gradients' signs as well, which sign formulas need
 * @throws {InputError} if the dimension or the seed is out of range, or the kind unknown
 */
export function createProjector(projection: Projection, signs: boolean): Projector {
  checkProjection(projection);
  const { dimension, kind, seed } = projection;
  const matrices = new Map<string, Tensor>();
  const matricesOf =
    (parameter: string): RandomMatrices =>
    (side, rows, columns) => {
      const name = [parameter, side, rows, columns];
      const key = JSON.stringify(name);
      const matrix =
        matrices.get(key) ?? tf.keep(tf.tensor2d(randomMatrix(kind, seed, name, rows * columns), [rows, columns]));
      matrices.set(key, matrix);
      return matrix;
    };
  return {
    *project(parameter, factor, counterpart) {
      const work = projectionOf(factor, counterpart, dimension, matricesOf(parameter));
      if (!work) return undefined;
      const gradient = tidied(work.gradient);
      if (!signs) return gradient;
      let sign: Factor | undefined;
      try {
        sign = yield* work.sign();
        return { kind: "projected", gradient, sign };
      } finally {
        if (!sign) disposeAll(gradient);
      }
    },
    dispose() {
      for (const matrix of matrices.values()) matrix.dispose();
      matrices.clear();
    },
  };
}

/** @throws {InputError} naming the value that is out of range */
export function checkProjection({ dimension, kind, seed }: Projection): void {
  if (!Number.isInteger(dimension) || dimension < 2 || dimension > LONGEST_PRODUCT) {
    throw new InputError(
      `the projection's dimension must be a whole number from 2 to ${LONGEST_PRODUCT}, not ${dimension}: where more are needed, compute without a projection`,
    );
  }
  if (!PROJECTION_KINDS.includes(kind))
    throw new InputError(
      `the projection's kind must be one of ${PROJECTION_KINDS.join(", ")}, not ${JSON.stringify(kind)}`,
    );
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new InputError(`the projection's seed must be a whole number of at least 0, not ${seed}`);
}

/** A pass whose factors are projected; each lives until the next step. */
export const projected = (pass: Pass, projector: Projector): Pass =>
  function* (sequences, counterparts): Generator<PassStep, void> {
    for (const step of pass(sequences, counterparts)) {
      if (!step || "values" in step) yield step;
      else {
        const { parameter, factor } = step;
        const short = yield* projector.project(parameter, factor, counterparts?.get(parameter));
        try {
          yield { parameter, factor: short ?? factor };
        } finally {
          disposeAll(short);
        }
      }
    }
  };
