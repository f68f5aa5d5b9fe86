/** How far a kernel moved: the fixed-features half of kernel behaviour (Definition 3.2 of the paper), by kernel entries. */
import { kernelError, type KernelTensor } from "../kernels/kernel-tensor";

/** Below this average relative distance the paper's Section 6 calls features fixed. */
export const FIXED_FEATURES_DISTANCE = 2.0;

export interface KernelChange {
  /** |K_after − K_before| / |K_before| of each entry, with the kernel's axes; Infinity where an entry was zero and is not. */
  distances: KernelTensor;
  /** Mean over the entries that were not zero: the number to hold against {@link FIXED_FEATURES_DISTANCE}. Entries near zero weigh heavily in it. NaN if all were zero. */
  mean: number;
  /** Median over the same entries, which a few entries near zero do not move. */
  median: number;
  /** ‖K_after − K_before‖ / ‖K_before‖ in Frobenius norm. */
  frobenius: number;
  /** ⟨K_before, K_after⟩ / (‖K_before‖ ‖K_after‖): 1 where the kernel was only scaled. NaN if one is all zero. */
  cosine: number;
  /** Entries that were zero and are not: left out of mean and median. */
  fromZero: number;
  /** Whether the mean is below {@link FIXED_FEATURES_DISTANCE}. */
  fixed: boolean;
}

/**
 * How far the entries of a kernel moved: the mean and the median of |after − before| / |before|, and other distances
 * (Section 6.2 of the paper).
 *
 * @throws if the two have different shapes
 */
export function kernelChange(before: KernelTensor, after: KernelTensor): KernelChange {
  if (String(before.shape) !== String(after.shape))
    throw new Error(
      `the kernel has shape [${before.shape.join(", ")}] before and [${after.shape.join(", ")}] after: both must be of the same examples and outputs`,
    );
  const distances = before.values.map((value, i) => {
    const difference = Math.abs(after.values[i] - value);
    return difference === 0 ? 0 : difference / Math.abs(value);
  });
  const finite = distances.filter((distance, i) => before.values[i] !== 0 && !Number.isNaN(distance)).sort();
  const mean = finite.reduce((sum, distance) => sum + distance, 0) / finite.length;
  return {
    distances: { values: distances, shape: before.shape },
    mean,
    median: medianOfSorted(finite),
    frobenius: kernelError(after.values, before.values).frobenius,
    cosine: cosine(before.values, after.values),
    fromZero: distances.reduce((count, distance) => count + (distance === Infinity ? 1 : 0), 0),
    fixed: mean < FIXED_FEATURES_DISTANCE,
  };
}

function medianOfSorted(values: ArrayLike<number>): number {
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/** The cosine of two vectors, ⟨u, v⟩ / (‖u‖ ‖v‖), from −1 to 1. */
export function cosine(u: ArrayLike<number>, v: ArrayLike<number>): number {
  let [product, ofU, ofV] = [0, 0, 0];
  for (let i = 0; i < u.length; i++) {
    product += u[i] * v[i];
    ofU += u[i] ** 2;
    ofV += v[i] ** 2;
  }
  return product / Math.sqrt(ofU * ofV);
}
