/** How far an axis reaches beyond its data, as a factor. */
const MARGIN = 1.2;

/** A logarithmic scale that fits its data: d3's own "nice" ends are whole decades, which may leave most of a figure empty. */
export function logScale(values: readonly number[]): object {
  const drawn = values.filter((value) => value > 0);
  return {
    type: "log",
    nice: false,
    ...(drawn.length > 0
      ? { domain: [Math.min(...drawn) / MARGIN, Math.max(...drawn) * MARGIN].map((end) => Number(end.toPrecision(3))) }
      : {}),
  };
}
