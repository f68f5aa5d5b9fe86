import { exampleKernel, type KernelTensor } from "../../kernels/kernel-tensor";
import type { SplitKernels } from "../../experiment/split-kernels";
import { counted } from "../../counted";
import type { MimeBundle } from "../display-sink";
import { isObject, stacked, table } from "./facts";

/** Rows and columns of a kernel that are shown. */
const CORNER = 6;

type ByFormula = ReadonlyMap<string, KernelTensor>;

/** A kernel matrix, what `computeKernel` and `splitKernels` give back: sizes, extremes and the first entries. */
export function kernelBundle(value: Record<string, unknown>): MimeBundle | undefined {
  if (isKernel(value)) return corner(value, `Kernel of ${sizes(value)}`);
  if (isByFormula(value.kernels)) return kernelsBundle(value.kernels);
  // Without running getters of whatever value this is.
  const entries = Object.keys(value).map((name): [string, unknown] => [
    name,
    Object.getOwnPropertyDescriptor(value, name)?.value,
  ]);
  return entries.length > 0 && entries.every(isSplitEntry) ? splitsBundle(entries) : undefined;
}

function kernelsBundle(kernels: ByFormula): MimeBundle {
  const [[formula, first]] = kernels;
  const rows = [...kernels].map(([formula, kernel]) => ({ formula, ...range(kernel.values) }));
  return stacked(table(rows, `Kernel of ${sizes(first)}`), corner(first, `First entries, ${formula}`));
}

function splitsBundle(splits: readonly [string, SplitKernels][]): MimeBundle {
  const rows = splits.flatMap(([split, { kernels, labels }]) =>
    [...kernels].map(([formula, { values }]) => ({
      split,
      examples: labels.length,
      "of each class": classCounts(labels),
      formula,
      ...range(values),
    })),
  );
  const [[, { kernels }]] = splits;
  const [[, { shape }]] = kernels;
  return table(
    rows,
    `Kernels of ${counted(shape[0], "training example")} with those of each split, ${counted(shape[1], "output")}`,
  );
}

/** The first entries; of several outputs, the mean over them. */
function corner(kernel: KernelTensor, caption: string): MimeBundle {
  const [n, c, m] = kernel.shape;
  const entries = exampleKernel(kernel);
  const rows = Array.from({ length: n }, (_, i) => ({
    "": i + 1,
    ...Object.fromEntries(
      Array.from({ length: Math.min(m, CORNER) }, (_, j) => [`x${subscript(j + 1)}`, entries[i * m + j]]),
    ),
    ...(m > CORNER ? { "…": "…" } : {}),
  }));
  return table(rows, `${caption}${c > 1 ? ", mean over outputs" : ""}`, CORNER);
}

const subscript = (number: number): string => String(number).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[Number(digit)]);

const sizes = ({ shape: [n, c, m] }: KernelTensor): string =>
  `${counted(n, "training example")} with ${counted(m, "example")}, ${counted(c, "output")}`;

function range(values: Float64Array): { smallest: number; mean: number; largest: number } {
  let [smallest, largest, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
    sum += value;
  }
  return { smallest, mean: sum / values.length, largest };
}

const classCounts = (labels: readonly number[]): string =>
  Array.from({ length: Math.max(...labels, -1) + 1 }, (_, label) => labels.filter((one) => one === label).length).join(
    " + ",
  );

const isKernel = (value: unknown): value is KernelTensor =>
  isObject(value) &&
  value.values instanceof Float64Array &&
  Array.isArray(value.shape) &&
  value.shape.length === 4 &&
  value.values.length > 0 &&
  value.values.length === (value.shape as number[]).reduce((all, size) => all * size, 1);

const isByFormula = (value: unknown): value is ByFormula =>
  value instanceof Map && value.size > 0 && [...value.values()].every(isKernel);

const isSplitEntry = (entry: [string, unknown]): entry is [string, SplitKernels] =>
  isObject(entry[1]) && isByFormula(entry[1].kernels) && Array.isArray(entry[1].labels);
