import { InputError } from "../errors";

/**
 * A matrix without what its rows and columns have in common: v_ij − mean_i − mean_j + mean, row-major.
 * Of a kernel it leaves how much more two examples share than each shares with all others.
 */
export function doubleCentered(values: ArrayLike<number>, rows: number, columns: number): Float64Array {
  if (values.length !== rows * columns || values.length === 0) {
    throw new InputError(
      `A matrix of ${rows} × ${columns} needs as many values, and at least one; there are ${values.length}.`,
    );
  }
  const rowMeans = new Float64Array(rows);
  const columnMeans = new Float64Array(columns);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    rowMeans[Math.floor(i / columns)] += values[i] / columns;
    columnMeans[i % columns] += values[i] / rows;
    total += values[i] / values.length;
  }
  return Float64Array.from(
    { length: values.length },
    (_, i) => values[i] - rowMeans[Math.floor(i / columns)] - columnMeans[i % columns] + total,
  );
}
