import type { KernelTensor } from "../kernels/kernel-tensor";
import { doubleCentered } from "../solvers/double-centered";
import { checkTrainKernel, encodeTargets } from "../solvers/problem";
import { cosine } from "./kernel-change";

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
