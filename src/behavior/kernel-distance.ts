import type { KernelTensor } from "../kernels/kernel-tensor";
import { checkTrainKernel } from "../solvers/problem";
import { agreementOf, type Agreement } from "./agreement";
import { cosine } from "./kernel-change";

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
    throw new Error(
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
