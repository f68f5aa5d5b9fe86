/** Kernels as files: OUT/train.safetensors, OUT/dev.safetensors, OUT/test.safetensors. The authors' files are read too. */
import { mkdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { FORMULAS, type Formula } from "../kernels/formula";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../files/safetensors";
import type { Split } from "../tasks/task";
import { authorsKernelFile, readAuthorsKernels } from "./authors-kernels";
import type { SplitKernels } from "../experiment/split-kernels";

const ownFile = (directory: string, split: Split): string => join(directory, `${split}.safetensors`);

/**
 * The file with a split's kernels, whether it exists or not: in a folder of the authors' files, theirs.
 *
 * @throws if a folder has the kernels of several tasks
 */
export function kernelFile(directory: string, split: Split): string {
  const own = ownFile(directory, split);
  return existsSync(own) ? own : (authorsKernelFile(directory, split) ?? own);
}

const BY_PARAMETER = "_by_parameter";
/** The metadata's key for the breakdown's parameter names. */
const BREAKDOWN = "breakdown";

/**
 * Writes one split's kernels: a float64 tensor named after each formula with the axes of the authors' files
 * [train examples, train logits, X examples, X logits], int64 `labels` (class indices; float64 places between the bounds where
 * labels are numbers) and float32 `logits`
 * [X examples, X logits]. With a breakdown also a float64 tensor `<formula>_by_parameter`, [parameters, train examples,
 * train logits, X examples, X logits], with the parameters' names as a JSON list in the metadata's `breakdown`.
 * The file appears only when it is whole.
 *
 * @param provenance what the numbers depend on, kept as the file's metadata
 */
export function writeKernels(
  directory: string,
  split: Split,
  { kernels, shares, labels, target, logits }: SplitKernels,
  provenance: Record<string, string>,
): string {
  mkdirSync(directory, { recursive: true });
  const tensors = new Map<string, StoredTensor>();
  for (const [formula, { values, shape }] of kernels) tensors.set(formula, { dtype: "F64", shape, data: values });
  const parameters =
    shares && [...new Set([...shares.values()].flatMap((byParameter) => [...byParameter.keys()]))].sort();
  if (shares && parameters)
    for (const [formula, byParameter] of shares)
      tensors.set(`${formula}${BY_PARAMETER}`, stacked(byParameter, parameters, kernels.get(formula)!.shape));
  const shape = [labels.length];
  tensors.set(
    "labels",
    target
      ? { dtype: "F64", shape, data: Float64Array.from(labels) }
      : { dtype: "I64", shape, data: BigInt64Array.from(labels, BigInt) },
  );
  tensors.set("logits", { dtype: "F32", shape: logits.shape, data: logits.values });
  const path = ownFile(directory, split);
  writeSafetensors(path, tensors, {
    ...provenance,
    ...(parameters ? { [BREAKDOWN]: JSON.stringify(parameters) } : {}),
  });
  return path;
}

/**
 * Reads a split's kernels from a folder of {@link writeKernels}, or from one of the authors' files
 * (see {@link readAuthorsKernels}).
 *
 * @throws naming the file and the tensor if one is missing, of another type or shape, or holds NaN or infinity
 */
export function readKernels(directory: string, split: Split): SplitKernels & { metadata: Record<string, string> } {
  const path = kernelFile(directory, split);
  if (path.endsWith(".pt")) return readAuthorsKernels(directory, split);
  if (!existsSync(path))
    throw new InputError(`${path} does not exist: write it with kernel-view compute --out ${directory}`);
  const { tensors, metadata } = readSafetensors(path);
  const logits = tensorOf(tensors, "logits", "F32", 2, path);
  const [examples, outputs] = logits.shape;
  const target = tensors.get("labels")?.dtype === "F64" ? "number" : undefined;
  const labels = Array.from(tensorOf(tensors, "labels", target ? "F64" : "I64", 1, path).data as BigInt64Array, Number);
  checkShape(labels.length === examples, path, "labels", [labels.length], `${examples} of them, as logits has`);
  const kernels = new Map<Formula, KernelTensor>();
  for (const formula of FORMULAS.filter((name) => tensors.has(name))) {
    const { shape, data } = tensorOf(tensors, formula, "F64", 4, path);
    const fits = shape[1] === outputs && shape[2] === examples && shape[3] === outputs;
    checkShape(fits, path, formula, shape, `[train examples, ${outputs}, ${examples}, ${outputs}]`);
    kernels.set(formula, { values: data as Float64Array, shape: shape as KernelTensor["shape"] });
  }
  const shares = readShares(tensors, kernels, metadata, path);
  return {
    kernels,
    ...(shares ? { shares } : {}),
    labels,
    ...(target ? { target } : {}),
    logits: { values: logits.data as Float32Array, shape: [examples, outputs] },
    metadata,
  };
}

/** One tensor of all parameters' shares; a parameter without a share in this formula has zeros. */
function stacked(
  byParameter: Map<string, KernelTensor>,
  parameters: string[],
  shape: KernelTensor["shape"],
): StoredTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float64Array(parameters.length * size);
  parameters.forEach((name, p) => data.set(byParameter.get(name)?.values ?? [], p * size));
  return { dtype: "F64", shape: [parameters.length, ...shape], data };
}

function readShares(
  tensors: Map<string, StoredTensor>,
  kernels: SplitKernels["kernels"],
  metadata: Record<string, string>,
  path: string,
): SplitKernels["shares"] {
  if (![...kernels.keys()].some((formula) => tensors.has(`${formula}${BY_PARAMETER}`))) return undefined;
  const parameters = parameterNames(metadata[BREAKDOWN], path);
  const shares: NonNullable<SplitKernels["shares"]> = new Map();
  for (const [formula, { shape }] of kernels) {
    const name = `${formula}${BY_PARAMETER}`;
    const tensor = tensorOf(tensors, name, "F64", 5, path);
    const expected = [parameters.length, ...shape];
    checkShape(tensor.shape.join() === expected.join(), path, name, tensor.shape, `[${expected.join(", ")}]`);
    const size = tensor.data.length / parameters.length;
    const share = (p: number): KernelTensor => ({
      values: (tensor.data as Float64Array).slice(p * size, (p + 1) * size),
      shape,
    });
    shares.set(formula, new Map(parameters.map((parameter, p) => [parameter, share(p)])));
  }
  return shares;
}

function parameterNames(json: string | undefined, path: string): string[] {
  try {
    const names = JSON.parse(json ?? "") as unknown;
    if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string"))
      return names as string[];
  } catch {
    // The error is below.
  }
  throw new CorruptFileError(`${path}: the metadata's "${BREAKDOWN}" is not a JSON list of parameter names`);
}

function tensorOf(
  tensors: Map<string, StoredTensor>,
  name: string,
  dtype: StoredTensor["dtype"],
  axes: number,
  path: string,
): StoredTensor {
  const tensor = tensors.get(name);
  if (!tensor)
    throw new CorruptFileError(`${path} has no tensor "${name}"; it has: ${[...tensors.keys()].join(", ") || "none"}`);
  if (tensor.dtype !== dtype)
    throw new CorruptFileError(`${path}: tensor "${name}" has type ${tensor.dtype}, expected ${dtype}`);
  checkShape(tensor.shape.length === axes, path, name, tensor.shape, `${axes} axes`);
  if (dtype !== "I64") {
    const bad = (tensor.data as Float64Array).findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new CorruptFileError(`${path}: tensor "${name}" holds ${String(tensor.data[bad])} at flat index ${bad}`);
  }
  return tensor;
}

function checkShape(fits: boolean, path: string, name: string, shape: readonly number[], expected: string): void {
  if (!fits)
    throw new CorruptFileError(`${path}: tensor "${name}" has shape [${shape.join(", ")}], expected ${expected}`);
}
