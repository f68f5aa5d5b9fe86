/** What the measuring processes (ours and PyTorch's) write, and what is made of it. Loads no tensor backend. */

/** A workload's prompts.json. */
export interface Prompts {
  labelWordIds: number[];
  train: { ids: number[]; maskPosition: number }[];
  evaluate: { ids: number[]; maskPosition: number }[];
}

/** Kernel values by formula, row-major [training examples, evaluation examples]. */
export type Kernels = Record<string, number[]>;

export interface MeasuredRun {
  /** One for each timed call. */
  seconds: number[];
  /** Resident memory with the model loaded, before the first call, and the largest ever; in bytes. */
  loaded: number;
  peak: number;
  kernels: Kernels;
  /** Blocks that came from disk. */
  reused?: number;
}

/** GFLOP/s by kind of product, and versions of what computed them. */
export interface Calibration {
  versions: Record<string, string>;
  [product: string]: number | Record<string, string>;
}

/** The authors' algorithm's two steps, in seconds: one Jacobian of an outer batch, and one outer with one inner batch. */
export interface AuthorsTime {
  outer: number;
  inner: number;
  /** Outer and inner batches that were timed. */
  timed: [number, number];
  peak: number;
  /** Kernel entries that the timed steps computed: training example, evaluation example, value. */
  entries: [number, number, number][];
}

export const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

/** The largest |found − expected| / |expected| over all entries. */
export function largestRelativeDifference(found: number[], expected: number[]): number {
  if (found.length !== expected.length)
    throw new Error(`a kernel has ${found.length} entries where ${expected.length} are expected`);
  // NaN must not hide: Math.max keeps it.
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i] - value) / Math.abs(value)), 0);
}

/** Three significant digits, without an exponent. */
export function round3(value: number): string {
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
}

/** A Markdown table. */
export function markdownTable(header: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |\n`;
  return line(header) + line(header.map(() => "---")) + rows.map(line).join("");
}
