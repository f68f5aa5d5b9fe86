import { johnsonLindenstraussError } from "../behavior/johnson-lindenstrauss";
import type { KernelDistance } from "../behavior/kernel-distance";
import { type ChartSpec, distinct, PALETTE, SERIES_COLORS, VEGA_LITE_SCHEMA } from "./spec";

/** The kernel of training in a subspace, and how far it is from the one that it stands for. */
export interface SubspacePoint extends Pick<KernelDistance, "relativeError" | "largestNormalized"> {
  /** "LoRA", "random subspace", "BitFit". Methods with one point are drawn without a line. */
  method: string;
  /** Rank or dimension. */
  dimension: number;
}

export interface SubspaceChartOptions {
  title?: string;
  /** What the dimension is. Default "dimension". */
  dimensionTitle?: string;
  /** Number of vectors whose inner products the bound is for: rows of the kernel, n · C. */
  vectors: number;
  /** With which the bound holds. Default 0.95. */
  probability?: number;
}

const BOUND_POINTS = 40;

/**
 * Distance of subspace kernels from the full one against rank or dimension, both axes logarithmic. Left: relative error of all
 * entries (Frobenius norm). Right: the largest |K_ij − K′_ij| / √(K′_ii K′_jj), which the Johnson–Lindenstrauss bound is about;
 * the bound is drawn from the dimension on at which it says anything.
 */
export function subspaceChart(points: readonly SubspacePoint[], options: SubspaceChartOptions): ChartSpec {
  if (points.length === 0) throw new Error("The subspace chart needs at least one point.");
  const { title = "Kernels of subspaces", dimensionTitle = "dimension", vectors, probability = 0.95 } = options;
  const methods = distinct(points.map(({ method }) => method));
  const dimensions = points.map(({ dimension }) => dimension);
  const [low, high] = [Math.min(...dimensions), Math.max(...dimensions)];
  const bound = boundOf(low, high, vectors, probability);
  const x = { field: "dimension", type: "quantitative", title: dimensionTitle, scale: { type: "log", domain: low < high ? [low, high] : [low / 2, high * 2] }, axis: { tickCount: 5, format: "~s" } };
  const color = { field: "method", type: "nominal", title: "subspace", scale: { domain: methods, range: SERIES_COLORS }, legend: { labelLimit: 0 } };
  const panel = (field: "relativeError" | "largestNormalized", name: string, more: object[]) => {
    const y = { field, type: "quantitative", title: name, scale: { type: "log" }, axis: { format: "~g", tickCount: 5 } };
    const tooltip = [{ field: "method", title: "subspace" }, { field: "dimension", title: dimensionTitle }, { field, title: name, format: ".3~g" }];
    // An exact kernel has distance 0, which a logarithm has not.
    const data = { values: points.filter((point) => point[field] > 0).map(({ method, dimension, [field]: value }) => ({ method, dimension, [field]: value })) };
    return { width: 260, height: 220, layer: [{ data, mark: { type: "line", point: { size: 30 }, strokeWidth: 1.5 }, encoding: { x, y, color, tooltip } }, ...more] };
  };
  const line = bound.length === 0 ? [] : [boundLine(bound, x, probability)];
  const note = bound.length === 0 ? "the Johnson–Lindenstrauss bound says nothing at these dimensions" : `dashed: Johnson–Lindenstrauss bound, all ${vectors} × ${vectors} entries with probability ${probability}`;
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: relative error of ${methods.map((method) => readingOf(points.filter((point) => point.method === method))).join("; ")}; ${note}`,
    title: { text: [title, note], anchor: "start" },
    hconcat: [panel("relativeError", "relative error of the kernel", []), panel("largestNormalized", "largest normalized error", line)],
  };
}

interface BoundPoint {
  dimension: number;
  bound: number;
}

/** Evenly spaced on a logarithmic scale; the bound needs a whole number of dimensions as little as the axis does. */
function boundOf(low: number, high: number, vectors: number, probability: number): BoundPoint[] {
  const at = Array.from({ length: BOUND_POINTS + 1 }, (_, i) => low * (high / low) ** (i / BOUND_POINTS));
  return distinct(at).flatMap((dimension) => {
    const bound = johnsonLindenstraussError(dimension, vectors, probability);
    return bound === undefined ? [] : [{ dimension, bound }];
  });
}

const boundLine = (bound: readonly BoundPoint[], x: object, probability: number): object => ({
  data: { values: bound },
  mark: { type: "line", strokeDash: [6, 4], strokeWidth: 2, color: PALETTE.grey },
  encoding: {
    x,
    y: { field: "bound", type: "quantitative" },
    tooltip: [
      { field: "dimension", title: "dimension", format: ".3~s" },
      { field: "bound", title: `bound with probability ${probability}`, format: ".3~g" },
    ],
  },
});

function readingOf(points: readonly SubspacePoint[]): string {
  const last = points.reduce((largest, point) => (point.dimension > largest.dimension ? point : largest));
  return `${last.method} ${last.relativeError.toPrecision(2)} at ${last.dimension}`;
}
