import type { SplitKernels } from "./split-kernels";

/** How many numbers were compared, and how many of them are not the same. */
export interface ComparedNumbers {
  numbers: number;
  different: number;
}

/**
 * Compares what was read from files with what was written to them, number for number: every kernel that was read, the
 * labels and the logits. The same means the same bits, but for NaN: −0 is not 0, and what differs by rounding differs.
 *
 * @throws if a kernel that was read was not written, or a shape is another
 */
export function compareSplitKernels(read: SplitKernels, written: SplitKernels): ComparedNumbers {
  const pairs: [string, ArrayLike<number>, readonly number[], ArrayLike<number>, readonly number[]][] = [
    ...read.kernels,
  ].map(([formula, kernel]) => {
    const own = written.kernels.get(formula);
    if (!own)
      throw new Error(
        `a kernel ${formula} was read that was not written; there was: ${[...written.kernels.keys()].join(", ") || "none"}`,
      );
    return [`kernel ${formula}`, kernel.values, kernel.shape, own.values, own.shape];
  });
  pairs.push(["logits", read.logits.values, read.logits.shape, written.logits.values, written.logits.shape]);
  pairs.push(["labels", read.labels, [read.labels.length], written.labels, [written.labels.length]]);
  const result = { numbers: 0, different: 0 };
  for (const [name, values, shape, expected, expectedShape] of pairs) {
    if (shape.join() !== expectedShape.join())
      throw new Error(`the ${name} that was read has shape [${shape.join(", ")}], not [${expectedShape.join(", ")}]`);
    result.numbers += values.length;
    for (let i = 0; i < values.length; i++) if (!Object.is(values[i], expected[i])) result.different++;
  }
  return result;
}
