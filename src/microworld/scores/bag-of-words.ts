/** The baseline without a language model: which words occur. */
import type { KernelTensor } from "../../kernels/kernel-tensor";
import type { Example } from "../../tasks/example";

/** The words of an example, each once, in small letters; in pairs marked with the side on which they stand. */
export function wordsOf({ texts }: Example): Set<string> {
  return new Set(texts.flatMap((text, side) => (text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []).map((word) => (texts.length > 1 ? `${side} ${word}` : word))));
}

/** Inner products of binary word counts with a constant feature beside them (the intercept), [n, 1, m, 1]. */
export function wordKernel(rows: readonly Set<string>[], columns: readonly Set<string>[]): KernelTensor {
  const values = new Float64Array(rows.length * columns.length);
  rows.forEach((row, i) =>
    columns.forEach((column, j) => {
      let shared = 1;
      for (const word of row) if (column.has(word)) shared++;
      values[i * columns.length + j] = shared;
    }),
  );
  return { values, shape: [rows.length, 1, columns.length, 1] };
}
