/** How far an approximate kernel is from the exact one. */
export interface KernelError {
  /** ‖K̃ − K‖ / ‖K‖ in Frobenius norm. */
  frobenius: number;
  /** The largest |K̃ − K| over the largest |K|. */
  largest: number;
}

/** @throws if the two have different sizes */
export function kernelError(approximate: ArrayLike<number>, exact: ArrayLike<number>): KernelError {
  if (approximate.length !== exact.length)
    throw new Error(`kernels of different sizes cannot be compared: ${approximate.length} and ${exact.length} numbers`);
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
