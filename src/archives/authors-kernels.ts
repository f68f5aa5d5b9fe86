/**
 * Kernels as the authors' code saves and publishes them: for each split X of a task a file X_kernels_TASK.pt, the tuple
 * (kernel, labels), and a file X_logits_TASK.pt, the tuple (pretrained logits, labels), both made by torch.save
 * (princeton-nlp/LM-Kernel-FT, src/kernel_trainer.py).
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import type { SplitKernels } from "../experiment/split-kernels";
import type { Formula } from "../kernels/formula";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { toFloat32, type StoredTensor } from "../files/safetensors";
import { readTorchFile, readTorchTensor, TorchTensor } from "../files/torch-file";
import { writeTorchFile } from "../files/torch-file-writer";
import type { Split } from "../tasks/task";

const kernelsName = (split: Split, task: string): string => `${split}_kernels_${task}.pt`;
const logitsName = (split: Split, task: string): string => `${split}_logits_${task}.pt`;

/** The task of a file name train_kernels_TASK.pt; undefined for any other. */
export const trainTask = (file: string): string | undefined => /^train_kernels_(.+)\.pt$/.exec(file)?.[1];

/**
 * The task whose kernels lie in an authors' folder, told by its train file; undefined if there is none.
 *
 * @throws if there are several
 */
export function authorsTask(directory: string): string | undefined {
  if (!existsSync(directory)) return undefined;
  const tasks = readdirSync(directory).flatMap((file) => trainTask(file) ?? []);
  if (tasks.length > 1)
    throw new InputError(
      `${directory} has the kernels of several tasks (${tasks.sort().join(", ")}): give a folder with those of one`,
    );
  return tasks[0];
}

/** Path of a split's kernels in an authors' folder, whether it exists or not; undefined if the folder is not one. */
export function authorsKernelFile(directory: string, split: Split): string | undefined {
  const task = authorsTask(directory);
  return task === undefined ? undefined : join(directory, kernelsName(split, task));
}

export interface AuthorsKernelsOptions {
  /** As in the files' names, such as "sst-2" or "mnli-mm". Default: the one whose train file is there. */
  task?: string;
}

/**
 * Reads one split from a folder of the authors' files. What their files leave open is taken from the numbers:
 * - two stacked kernels [2, n, C, m, C] are asymmetric_signgd and its flipped one;
 * - one kernel [n, C, m, C] is signgd if every entry is a whole number, as sums of signs are, and sgd otherwise;
 * - labels ±1 of the binary margin (C = 1) become class indices 0 and 1.
 *
 * Where there is no file of logits (their code writes them with --adjust_for_init only), the logits are NaN: the kernel
 * can be solved with f0 = inf, and a finite f0 is refused by the solver.
 *
 * @throws naming the file if it is missing, not as described, or holds NaN or infinity
 */
export function readAuthorsKernels(
  directory: string,
  split: Split,
  options: AuthorsKernelsOptions = {},
): SplitKernels & { metadata: Record<string, string> } {
  const task = options.task ?? authorsTask(directory);
  if (task === undefined)
    throw new InputError(`${directory} has no file train_kernels_TASK.pt: it is not a folder of the authors' kernels`);
  // Both MNLI test sets go with one training set.
  const path = join(directory, kernelsName(split, split === "train" ? task.replace(/-mm$/, "") : task));
  const { first: kernel, labels: stored } = readPair(path, "kernel");
  const shape = kernel.shape;
  const stacked = shape.length === 5;
  if (!(stacked && shape[0] === 2) && shape.length !== 4)
    wrongShape(path, "kernel", shape, "[n, C, m, C], or two stacked ones [2, n, C, m, C]");
  const axes = shape.slice(-4) as KernelTensor["shape"];
  const [, outputs, examples, columnOutputs] = axes;
  if (outputs !== columnOutputs || axes.includes(0))
    wrongShape(path, "kernel", shape, "[n, C, m, C] with the same C twice and none of them 0");
  const values = finite(asFloat64(kernel, path), path, "kernel");
  const half = values.length / 2;
  const kernels = new Map<Formula, KernelTensor>(
    stacked
      ? [
          ["asymmetric_signgd", { values: values.subarray(0, half), shape: axes }],
          ["asymmetric_signgd_flipped", { values: values.subarray(half), shape: axes }],
        ]
      : [[values.every(Number.isInteger) ? "signgd" : "sgd", { values, shape: axes }]],
  );
  const labels = classIndices(stored, examples, outputs, path);
  const logits = readLogits(join(directory, logitsName(split, task)), labels, outputs);
  return { kernels, labels, logits, metadata: { task, split, layout: "the authors'", file: path } };
}

export interface WriteAuthorsKernelsOptions {
  /** For the files' names, in their spelling: "sst-2". */
  task: string;
  /** Which kernel; "asymmetric_signgd" writes it together with its flipped one. */
  formula: Exclude<Formula, "asymmetric_signgd_flipped">;
}

/**
 * Writes one split as the authors' code does, for its --load_kernels: float64 kernel, float32 logits, and as labels int64
 * class indices, or float32 ±1 for the binary margin (C = 1). One folder holds one formula.
 *
 * @returns the paths of the two files, or of the kernel's alone where the logits are not known
 */
export function writeAuthorsKernels(
  directory: string,
  split: Split,
  { kernels, labels, target, logits }: SplitKernels,
  { task, formula }: WriteAuthorsKernelsOptions,
): string[] {
  if (target) throw new InputError("the authors' files are for classes, and the labels of these kernels are numbers");
  if (!/^[\w.-]+$/.test(task))
    throw new InputError(
      `${JSON.stringify(task)} cannot be a part of a file's name: give the task's name, such as sst-2`,
    );
  const names: Formula[] =
    formula === "asymmetric_signgd" ? ["asymmetric_signgd", "asymmetric_signgd_flipped"] : [formula];
  const parts = names.map((name) => {
    const kernel = kernels.get(name);
    if (kernel) return kernel;
    throw new InputError(
      `the ${name} kernel was not computed, so ${kernelsName(split, task)} cannot be written; there is: ${[...kernels.keys()].join(", ") || "none"}`,
    );
  });
  const [{ values, shape }] = parts;
  const kernel: StoredTensor = parts.length === 1 ? { dtype: "F64", shape, data: values } : stack(parts);
  const stored: StoredTensor =
    shape[1] === 1
      ? { dtype: "F32", shape: [labels.length], data: Float32Array.from(labels, (label) => 2 * label - 1) }
      : { dtype: "I64", shape: [labels.length], data: BigInt64Array.from(labels, BigInt) };
  mkdirSync(directory, { recursive: true });
  const paths = [join(directory, kernelsName(split, task)), join(directory, logitsName(split, task))];
  writeTorchFile(paths[0], [kernel, stored]);
  // NaN stands for logits that the kernels were read without.
  if (logits.values.some(Number.isNaN)) return [paths[0]];
  writeTorchFile(paths[1], [{ dtype: "F32", shape: logits.shape, data: logits.values }, stored]);
  return paths;
}

function stack(parts: readonly KernelTensor[]): StoredTensor {
  const [{ values, shape }] = parts;
  const data = new Float64Array(parts.length * values.length);
  parts.forEach((part, i) => data.set(part.values, i * values.length));
  return { dtype: "F64", shape: [parts.length, ...shape], data };
}

/** @throws naming the file if what it holds is no tuple of a tensor and labels */
export function tensorAndLabels(path: string, name: string): [TorchTensor, labels: unknown] {
  const value = readTorchFile(path);
  if (!Array.isArray(value) || value.length !== 2 || !(value[0] instanceof TorchTensor))
    return damaged(path, `${path} does not hold a tuple (${name}, labels)`);
  return [value[0], value[1]];
}

/** A file with a tuple of a tensor and labels, which may be a tensor or a list of numbers. */
function readPair(path: string, name: string): { first: StoredTensor; labels: number[] } {
  if (!existsSync(path)) throw new InputError(`${path} does not exist`, { file: path });
  const [tensor, stored] = tensorAndLabels(path, name);
  let labels = stored;
  if (stored instanceof TorchTensor) {
    const { shape } = stored;
    // Some collators give each label a row of its own.
    if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1))
      wrongShape(path, "labels", shape, "[X examples]");
    labels = Array.from(readTorchTensor(stored).data as Float64Array, Number);
  }
  if (!Array.isArray(labels) || labels.some((label) => typeof label !== "number"))
    return damaged(path, `${path}: its labels are neither a tensor nor a list of numbers`);
  return { first: readTorchTensor(tensor), labels };
}

/** Class indices from what their code stores: class indices, or −1 and 1 with the margin as the one output. */
function classIndices(stored: number[], examples: number, outputs: number, path: string): number[] {
  if (stored.length !== examples)
    damaged(path, `${path} has ${stored.length} labels for a kernel with ${examples} examples`);
  const signs = outputs === 1 && stored.every((label) => label === 1 || label === -1);
  const classes = Math.max(outputs, 2);
  const bad = signs ? -1 : stored.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (bad >= 0)
    damaged(
      path,
      `${path}: label ${bad} is ${stored[bad]}, expected ${outputs === 1 ? "-1 or 1" : `a class index from 0 to ${classes - 1}`}`,
    );
  return signs ? stored.map((label) => (label + 1) / 2) : stored;
}

function readLogits(path: string, labels: number[], outputs: number): LogitsTensor {
  const shape: LogitsTensor["shape"] = [labels.length, outputs];
  if (!existsSync(path)) return { values: new Float32Array(labels.length * outputs).fill(NaN), shape };
  const { first, labels: stored } = readPair(path, "logits");
  if (first.shape.length !== 2 || first.shape[0] !== shape[0] || first.shape[1] !== shape[1])
    wrongShape(path, "logits", first.shape, `[${shape.join(", ")}], as the kernel has`);
  const own = classIndices(stored, labels.length, outputs, path);
  const differs = labels.findIndex((label, i) => label !== own[i]);
  if (differs >= 0)
    damaged(
      path,
      `${path} goes with other data than the kernel beside it: its label ${differs} is ${own[differs]}, not ${labels[differs]}`,
    );
  return { values: finite(floats(first, path), path, "tensor of logits"), shape };
}

const floats = (tensor: StoredTensor, path: string): Float32Array =>
  ["F64", "F32", "F16", "BF16"].includes(tensor.dtype)
    ? toFloat32(tensor)
    : damaged(path, `${path}: its logits have type ${tensor.dtype}, expected floating-point numbers`);

function asFloat64({ dtype, data }: StoredTensor, path: string): Float64Array {
  if (dtype === "F64") return data as Float64Array;
  if (dtype === "F32") return Float64Array.from(data as Float32Array);
  return damaged(path, `${path}: its kernel has type ${dtype}, expected F64 or F32`);
}

function finite<T extends Float32Array | Float64Array>(values: T, path: string, name: string): T {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) damaged(path, `${path}: its ${name} has ${String(values[bad])} at flat index ${bad}`);
  return values;
}

function wrongShape(path: string, name: string, shape: readonly number[], expected: string): never {
  damaged(path, `${path}: the shape of its ${name} is [${shape.join(", ")}], expected ${expected}`);
}

function damaged(file: string, problem: string): never {
  throw new CorruptFileError(problem, { file });
}
