/** The kernels that a task's classes are solved with, cut into train, dev and test. */
import type { Inputs } from "../../experiment/inputs";
import type { Formula } from "../../kernels/formula";
import { computeKernel } from "../../kernels/kernel";
import type { KernelTensor, LogitsTensor } from "../../kernels/kernel-tensor";
import type { Outputs } from "../../kernels/outputs";
import type { Head } from "../../model/head";
import type { Model } from "../../model/model";
import { symmetrized } from "../../solvers/least-squares";
import { mean } from "../../solvers/metrics";
import type { Split } from "../../tasks/task";
import type { ClassProblem } from "./regression";

/**
 * The functions that are linearized: the logit of a class less the mean of the others'. For two classes this is the
 * margin of class 1 alone (class 0's is its negative), for more one function a class. What softmax ignores is not in them.
 */
export function classOutputs(head: Head, classes: number): Outputs[] {
  const of = (own: number): Outputs => ({ head, combine: [Array.from({ length: classes }, (_, c) => (c === own ? 1 : -1 / (classes - 1)))] });
  return classes === 2 ? [of(1)] : Array.from({ length: classes }, (_, own) => of(own));
}

/** Kernels of one class's function, by formula, [train, 1, train + dev + test, 1]. */
export interface ClassKernels {
  kernels: Map<Formula, KernelTensor>;
  logits: LogitsTensor;
}

/** The kernels of every class's function with itself, the training examples against all. Signs are those of the authors' float32, with which the stored tables were made. */
export async function classKernels(model: Model, outputs: readonly Outputs[], inputs: Record<Split, Inputs>, formulas: readonly Formula[], signal?: AbortSignal): Promise<ClassKernels[]> {
  const evaluate = [...inputs.train.sequences, ...inputs.dev.sequences, ...inputs.test.sequences];
  const all: ClassKernels[] = [];
  for (const own of outputs) {
    const { kernels, evaluateLogits } = await computeKernel({ model, outputs: own, train: inputs.train.sequences, evaluate, formulas, signs: "float32", trainBlock: inputs.train.sequences.length, signal });
    all.push({ kernels, logits: evaluateLogits });
  }
  return all;
}

/** The formulas that a kernel regression needs: the asymmetric one also with its sign on the other side. */
export const formulasFor = (formula: Formula): Formula[] => (formula === "asymmetric_signgd" ? [formula, "asymmetric_signgd_flipped"] : [formula]);

/** The problem that a class's kernels pose; `sizes` are those of train, dev and test. */
export function classProblem({ kernels, logits }: ClassKernels, formula: Formula, sizes: Record<Split, number>): ClassProblem {
  const from = { train: 0, dev: sizes.train, test: sizes.train + sizes.dev };
  const part = (of: Formula, split: Split): KernelTensor => columns(kernels.get(of)!, from[split], sizes[split]);
  const logitsOf = (split: Split): LogitsTensor => ({ values: logits.values.slice(from[split], from[split] + sizes[split]), shape: [sizes[split], 1] });
  const asymmetric = formula === "asymmetric_signgd";
  const own = part(formula, "train");
  const evaluation = (split: "dev" | "test"): ClassProblem["dev"] => ({
    kernel: part(formula, split),
    logits: logitsOf(split),
    ...(asymmetric ? { flipped: part("asymmetric_signgd_flipped", split) } : {}),
  });
  return { train: { kernel: asymmetric ? own : symmetrized(own), logits: logitsOf("train") }, dev: evaluation("dev"), test: evaluation("test") };
}

/** Some examples' columns of a kernel with one output. */
function columns({ values, shape: [n, , total] }: KernelTensor, from: number, count: number): KernelTensor {
  const cut = new Float64Array(n * count);
  for (let i = 0; i < n; i++) cut.set(values.subarray(i * total + from, i * total + from + count), i * count);
  return { values: cut, shape: [n, 1, count, 1] };
}

/** Training examples whose gradients set the scale of learning rates. */
const SCALE_EXAMPLES = 16;

/** Mean of ‖∇f‖² over classes and some training examples, taken evenly: what an SGD step of size 1 moves f by. */
export async function gradientScale(model: Model, outputs: readonly Outputs[], { sequences }: Inputs, signal?: AbortSignal): Promise<number> {
  const count = Math.min(SCALE_EXAMPLES, sequences.length);
  const some = Array.from({ length: count }, (_, i) => sequences[Math.floor((i * sequences.length) / count)]);
  const diagonal: number[] = [];
  for (const own of outputs) {
    const { kernels } = await computeKernel({ model, outputs: own, train: some, evaluate: some, signal });
    const { values } = kernels.get("sgd")!;
    for (let i = 0; i < count; i++) diagonal.push(values[i * count + i]);
  }
  return mean(diagonal);
}
