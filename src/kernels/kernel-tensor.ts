/** A kernel as an array, and what can be said of it as a whole. */
import { InputError } from "../errors";

/**
 * Kernel values with the axes of the authors' files:
 * [train examples, train logits, X examples, X logits], row-major.
 * With the binary margin as the one output, both logit axes have length 1.
 */
export interface KernelTensor {
  values: Float64Array;
  shape: [trainExamples: number, trainLogits: number, examples: number, logits: number];
}

/** A model's outputs f on a list of examples, [examples, logits], row-major; one column for the binary margin. */
export interface LogitsTensor {
  values: Float32Array;
  shape: [examples: number, logits: number];
}

/**
 * One number for each pair of examples, to draw a kernel of several outputs: the mean over outputs c of K[i,c,j,c],
 * [n, m] row-major. With one output (the margin) this is the kernel itself.
 *
 * @param kernel [n, C, m, C]
 */
export function exampleKernel({ values, shape: [n, c, m] }: KernelTensor): Float64Array {
  return Float64Array.from({ length: n * m }, (_, k) => {
    const [i, j] = [Math.floor(k / m), k % m];
    let sum = 0;
    for (let output = 0; output < c; output++) sum += values[((i * c + output) * m + j) * c + output];
    return sum / c;
  });
}

/**
 * ‖K − Kᵀ‖ / ‖K‖ in the Frobenius norm, for a kernel of examples with themselves: 0 where K[i,a,j,b] = K[j,b,i,a], √2 on
 * average for independent random entries, at most 2. A kernel of zeros has asymmetry 0.
 *
 * @param kernel [n, C, n, C]
 * @throws {InputError} if the kernel is not square
 */
export function kernelAsymmetry({ values, shape }: KernelTensor): number {
  const [n, c, m, d] = shape;
  if (n !== m || c !== d)
    throw new InputError(
      `only a kernel of examples with themselves, [n, C, n, C], has an asymmetry; this one is [${shape.join(", ")}]`,
    );
  const size = n * c;
  let [difference, total] = [0, 0];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const value = values[i * size + j];
      total += value ** 2;
      difference += (value - values[j * size + i]) ** 2;
    }
  }
  return total === 0 ? 0 : Math.sqrt(difference / total);
}

/** How far an approximate kernel is from the exact one. */
export interface KernelError {
  /** ‖K̃ − K‖ / ‖K‖ in Frobenius norm. */
  frobenius: number;
  /** The largest |K̃ − K| over the largest |K|. */
  largest: number;
}

/** @throws {InputError} if the two have different sizes */
export function kernelError(approximate: ArrayLike<number>, exact: ArrayLike<number>): KernelError {
  if (approximate.length !== exact.length)
    throw new InputError(
      `kernels of different sizes cannot be compared: ${approximate.length} and ${exact.length} numbers`,
    );
  let [squares, ofDifferences, largest, largestDifference] = [0, 0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const difference = Math.abs(approximate[i] - exact[i]);
    squares += exact[i] ** 2;
    ofDifferences += difference ** 2;
    largest = Math.max(largest, Math.abs(exact[i]));
    largestDifference = Math.max(largestDifference, difference);
  }
  // Two kernels of zeros agree.
  const ratio = (part: number, whole: number): number => (part === 0 ? 0 : part / whole);
  return { frobenius: Math.sqrt(ratio(ofDifferences, squares)), largest: ratio(largestDifference, largest) };
}
