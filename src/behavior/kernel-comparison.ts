/**
 * How far a kernel moved (the fixed-features half of Definition 3.2 of the paper), how far an approximate kernel is from the
 * exact one, how well a kernel is aligned with a task, and how well any prediction agrees with what happened.
 */
import { InputError } from "../errors";
import { kernelError, type KernelTensor } from "../kernels/kernel-tensor";
import { doubleCentered } from "../solvers/double-centered";
import { checkTrainKernel, encodeTargets } from "../solvers/problem";
import { FIXED_FEATURES_DISTANCE } from "./verdicts";

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
    throw new InputError(
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

/** The middle value, or the mean of the two in the middle. */
export function medianOfSorted(values: ArrayLike<number>): number {
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/** ‖u − v‖. */
export function distanceBetween(u: Float64Array, v: Float64Array): number {
  return Math.sqrt(u.reduce((sum, value, i) => sum + (value - v[i]) ** 2, 0));
}

/** ⟨u, v⟩ / (‖u‖ ‖v‖). */
export function cosine(u: ArrayLike<number>, v: ArrayLike<number>): number {
  let [product, ofU, ofV] = [0, 0, 0];
  for (let i = 0; i < u.length; i++) {
    product += u[i] * v[i];
    ofU += u[i] ** 2;
    ofV += v[i] ** 2;
  }
  return product / Math.sqrt(ofU * ofV);
}

/** How far a kernel of examples with themselves is from another one. */
export interface KernelDistance extends Agreement {
  /** ⟨K, K′⟩ / (‖K‖ ‖K′‖): 1 where one is a multiple of the other. */
  cosine: number;
  /** The largest |K_ij − K′_ij| / √(K′_ii K′_jj), rows i being examples' outputs: the ε of the Johnson–Lindenstrauss bound. */
  largestNormalized: number;
}

/**
 * Compares an approximate kernel with the one that it stands for, both [n, C, n, C].
 *
 * @throws if the shapes differ
 */
export function kernelDistance(approximate: KernelTensor, exact: KernelTensor): KernelDistance {
  const { size } = checkTrainKernel(exact);
  if (String(approximate.shape) !== String(exact.shape))
    throw new InputError(
      `kernels of shapes [${approximate.shape.join(", ")}] and [${exact.shape.join(", ")}] cannot be compared`,
    );
  const norms = Float64Array.from({ length: size }, (_, i) => Math.sqrt(exact.values[i * size + i]));
  let largestNormalized = 0;
  exact.values.forEach((value, k) => {
    const difference = Math.abs(approximate.values[k] - value);
    // A gradient of zeros has products of zeros on both sides.
    if (difference > 0)
      largestNormalized = Math.max(largestNormalized, difference / (norms[Math.floor(k / size)] * norms[k % size]));
  });
  return {
    ...agreementOf(approximate.values, exact.values),
    cosine: cosine(approximate.values, exact.values),
    largestNormalized,
  };
}

/** How well a prediction agrees with what happened. */
export interface Agreement {
  /** Pearson's correlation over all entries. NaN where one side is constant. */
  correlation: number;
  /** ‖predicted − actual‖ / ‖actual‖. */
  relativeError: number;
  /** The factor that the prediction would have to be multiplied by to be closest: 1 for a right one. NaN for a prediction of zeros. */
  scale: number;
  /** Relative error after multiplying by that factor: what is wrong beside the size. */
  scaledError: number;
}

/** Compares two lists of changes entry by entry. */
export function agreementOf(predicted: ArrayLike<number>, actual: ArrayLike<number>): Agreement {
  const n = actual.length;
  if (predicted.length !== n || n === 0)
    throw new InputError(`a prediction of ${predicted.length} numbers cannot be compared with ${n}`);
  let [meanP, meanA] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanP += predicted[i] / n;
    meanA += actual[i] / n;
  }
  let [pp, aa, pa, centredPP, centredAA, centredPA, error] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [p, a] = [predicted[i], actual[i]];
    pp += p * p;
    aa += a * a;
    pa += p * a;
    centredPP += (p - meanP) ** 2;
    centredAA += (a - meanA) ** 2;
    centredPA += (p - meanP) * (a - meanA);
    error += (p - a) ** 2;
  }
  const scale = pa / pp;
  // ‖scale p − a‖² = ‖a‖² − ⟨p, a⟩² / ‖p‖², never below 0 but for rounding.
  const scaledError = Math.sqrt(Math.max(0, aa - (pa * pa) / pp) / aa);
  return {
    correlation: centredPA / Math.sqrt(centredPP * centredAA),
    relativeError: Math.sqrt(error / aa),
    scale,
    scaledError,
  };
}

/**
 * Kernel–target alignment (Cristianini et al. 2001): the cosine ⟨K, y yᵀ⟩ / (‖K‖ ‖y yᵀ‖) of a kernel with the one that
 * would solve the task at once, from −1 to 1. y are the solvers' targets: one-hot, or ±1 for the margin.
 *
 * @param kernel [n, C, n, C], of examples with themselves
 * @param labels class index of each example
 * @param options centred: take the mean over examples out of both, for each pair of outputs (Cortes et al. 2012), so
 *   that what all examples have in common does not count. Default: true.
 */
export function kernelTargetAlignment(
  kernel: KernelTensor,
  labels: readonly number[],
  { centred = true } = {},
): number {
  const { examples: n, outputs: c, size } = checkTrainKernel(kernel);
  const y = encodeTargets(labels, n, c);
  const target = Float64Array.from({ length: size * size }, (_, k) => y[Math.floor(k / size)] * y[k % size]);
  if (!centred) return cosine(kernel.values, target);
  return cosine(centredOverExamples(kernel.values, n, c), centredOverExamples(target, n, c));
}

/** H K_ab H with H = I − 1 1ᵀ/n for each pair of outputs (a, b); the pairs one after the other. */
function centredOverExamples(values: Float64Array, n: number, c: number): Float64Array {
  const result = new Float64Array(values.length);
  for (let a = 0; a < c; a++)
    for (let b = 0; b < c; b++) {
      const block = Float64Array.from(
        { length: n * n },
        (_, k) => values[(Math.floor(k / n) * c + a) * n * c + (k % n) * c + b],
      );
      result.set(doubleCentered(block, n, n), (a * c + b) * n * n);
    }
  return result;
}
