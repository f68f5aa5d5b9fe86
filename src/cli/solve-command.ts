/** `kernel-view solve`: from kernel files to accuracies. */
import { existsSync } from "node:fs";
import { kernelFile, readKernels } from "../experiment/kernel-files";
import { settingsGrid, solveKernels, zeroShotAccuracy, type Solved } from "../experiment/solve-kernels";
import type { SplitKernels } from "../experiment/split-kernels";
import type { Formula } from "../kernels/formula";
import type { Split } from "../tasks/task";
import { tableBundle } from "../notebook/show-table";

export interface SolveCommandOptions {
  kernels: string;
  solver: "lstsq";
  formula: Formula;
  f0: number[];
  regularization: number[];
  json: boolean;
}

/** Solves with every setting and returns the text to print: a table, or JSON. */
export function solveCommand({ kernels, solver, formula, f0, regularization, json }: SolveCommandOptions): string {
  const present = (["dev", "test"] as const).filter((split) => existsSync(kernelFile(kernels, split)));
  const splits: { [split in Split]?: SplitKernels } & { train: SplitKernels } = { train: readKernels(kernels, "train") };
  for (const split of present) splits[split] = readKernels(kernels, split);
  const solved = solveKernels(splits as Record<Split, SplitKernels>, settingsGrid(regularization, f0), formula);
  const zeroShot = Object.fromEntries(Object.entries(splits).map(([split, own]) => [split, zeroShotAccuracy(own)]));
  if (json) return JSON.stringify({ kernels, solver, formula, zeroShot, results: solved.map(asJson) }, undefined, 2);
  return tableBundle(solved.map(asRow), { caption: `${formula} kernel, ${solver}: accuracy in percent` })["text/plain"] as string;
}

/** JSON has no infinity: it is written "inf", as the option is. */
const asJson = ({ regularization, f0, scores }: Solved<Split>): object => ({ regularization, f0: f0 === Infinity ? "inf" : f0, ...scores });

function asRow({ regularization, f0, scores }: Solved<Split>): object {
  const percents = Object.entries(scores).map(([split, { accuracy }]) => [split, (accuracy * 100).toFixed(1)]);
  return { regularization, f0: f0 === Infinity ? "inf" : f0, ...Object.fromEntries(percents) };
}
