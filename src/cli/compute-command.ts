/** `kernel-view compute`: from a split folder to kernel files. */
import { existsSync, statSync } from "node:fs";
import { InputError } from "../errors";
import { writeKernels } from "../archives/kernel-files";
import { splitKernels } from "../experiment/split-kernels";
import { addCounts } from "../kernels/sign-count";
import { loadKernelJob, projectionErrorText, runKernelJob } from "./kernel-job";
import type { KernelOptionValues } from "./kernel-options";

export interface ComputeCommandOptions extends KernelOptionValues {
  out: string;
}

/** Computes the kernels of every split and writes one file each; returns their paths. */
export async function computeCommand(options: ComputeCommandOptions): Promise<string[]> {
  if (existsSync(options.out) && !statSync(options.out).isDirectory())
    throw new InputError(`--out ${options.out} is a file: give a folder`);
  const job = await loadKernelJob(options);
  const results = await runKernelJob(job, job.blocks, (control) => splitKernels({ ...job.kernels, ...control }));
  const signs = options.split.map((split) => results[split].signCount).reduce(addCounts, undefined);
  if (signs) {
    job.metadata.signsWithinRounding = `${signs.rounded} of ${signs.numbers} counted`;
    process.stderr.write(`Signs that float32's rounding decides: ${job.metadata.signsWithinRounding}\n`);
  }
  if (options.projectionCheck !== undefined) {
    job.metadata.projectionError = await projectionErrorText(job, options.projectionCheck);
    process.stderr.write(`Relative error of the projection in Frobenius norm: ${job.metadata.projectionError}\n`);
  }
  job.dispose();
  return options.split.map((split) => writeKernels(options.out, split, results[split], { ...job.metadata, split }));
}
