/** The C outputs f_c on n examples, float64 [n, C] row-major: scores where C > 1, the margin where C = 1. */
export interface OutputTable {
  values: Float64Array;
  shape: [examples: number, outputs: number];
}
