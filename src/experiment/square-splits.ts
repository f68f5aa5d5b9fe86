import type { Formula } from "../kernels/formula";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import type { SplitKernels } from "./split-kernels";

export interface SquareSplitsOptions<Name extends string> {
  /** [n, C, n, C], of all examples with themselves: one split after another, in the order of `splits`. */
  kernel: KernelTensor;
  /** Outputs f of the same examples, [n, C]. */
  logits: LogitsTensor;
  /** Class indices of each split's examples. */
  splits: Record<Name | "train", { labels: number[] }>;
  /** What the kernel is called. Default "sgd". */
  formula?: Formula;
}

/**
 * The kernels that a solver needs, training examples with each split, cut out of one kernel of all examples with
 * themselves. For kernels that are made of coordinates of all examples at once, as a random subspace's is.
 *
 * @throws if the splits have not as many examples as kernel and logits
 */
export function squareSplits<Name extends string>({
  kernel,
  logits,
  splits,
  formula = "sgd",
}: SquareSplitsOptions<Name>): Record<Name | "train", SplitKernels> {
  const [n, c, columns] = kernel.shape;
  const names = Object.keys(splits) as (Name | "train")[];
  const total = names.reduce((sum, name) => sum + splits[name].labels.length, 0);
  if (n !== columns || total !== n || logits.shape[0] !== n || logits.shape[1] !== c) {
    throw new Error(
      `splits of ${total} examples need a kernel of as many with themselves, and their outputs; the kernel has shape [${kernel.shape.join(", ")}], the outputs [${logits.shape.join(", ")}]`,
    );
  }
  const starts = new Map<string, number>();
  let next = 0;
  for (const name of names) {
    starts.set(name, next);
    next += splits[name].labels.length;
  }
  const [from, count] = [starts.get("train")!, splits.train.labels.length];
  const entries = names.map((name): [Name | "train", SplitKernels] => {
    const { labels } = splits[name];
    const start = starts.get(name)!;
    const values = new Float64Array(count * c * labels.length * c);
    for (let row = 0; row < count * c; row++) {
      const first = (from * c + row) * n * c + start * c;
      values.set(kernel.values.subarray(first, first + labels.length * c), row * labels.length * c);
    }
    const own: KernelTensor = { values, shape: [count, c, labels.length, c] };
    return [
      name,
      {
        kernels: new Map([[formula, own]]),
        labels,
        logits: { values: logits.values.slice(start * c, (start + labels.length) * c), shape: [labels.length, c] },
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Name | "train", SplitKernels>;
}
