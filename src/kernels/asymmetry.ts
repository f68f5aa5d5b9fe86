import type { KernelTensor } from "./kernel-tensor";

/**
 * ‖K − Kᵀ‖ / ‖K‖ in the Frobenius norm, for a kernel of examples with themselves: 0 where K[i,a,j,b] = K[j,b,i,a], √2 on
 * average for independent random entries, 2 at most. 0 for a kernel of zeros.
 *
 * @param kernel [n, C, n, C]
 * @throws if the kernel is not square
 */
export function kernelAsymmetry({ values, shape }: KernelTensor): number {
  const [n, c, m, d] = shape;
  if (n !== m || c !== d)
    throw new Error(
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
