/** What a projection costs in exactness, measured on some of the examples. */
import type { Formula } from "./formula";
import { computeKernel, type KernelOptions } from "./kernel";
import { kernelError, type KernelError } from "./kernel-error";
import type { Projection } from "./projection";

export interface ProjectionErrorOptions extends Pick<
  KernelOptions,
  "model" | "outputs" | "formulas" | "parameters" | "signs" | "signal"
> {
  /** The examples: both kernels are those of these examples with themselves. */
  examples: KernelOptions["train"];
  projection: Projection;
}

/** Computes the kernel of the examples with themselves twice, projected and exact, and compares them, by formula. */
export async function projectionError({
  examples,
  projection,
  ...options
}: ProjectionErrorOptions): Promise<Map<Formula, KernelError>> {
  const exact = await computeKernel({ ...options, train: examples, evaluate: examples });
  const projected = await computeKernel({ ...options, train: examples, evaluate: examples, projection });
  return new Map(
    [...exact.kernels].map(([formula, { values }]) => [
      formula,
      kernelError(projected.kernels.get(formula)!.values, values),
    ]),
  );
}
