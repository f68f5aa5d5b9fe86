import type { KernelTensor } from "./kernel-tensor";

/**
 * One number for each pair of examples, to draw a kernel of several outputs: the mean over outputs of K[i,c,j,c],
 * [n, m] row-major. With the margin (C = 1) the kernel itself.
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
