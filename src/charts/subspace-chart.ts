import {
  BEST_EPSILON,
  johnsonLindenstraussDimension,
  johnsonLindenstraussError,
} from "../behavior/johnson-lindenstrauss";
import type { KernelDistance } from "../behavior/kernel-comparison";
import { logScale } from "./log-scale";
import { type ChartSpec, distinct, PALETTE, SERIES_COLORS, titleLines, VEGA_LITE_SCHEMA } from "./spec";

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
const HEIGHT = 220;
/** The bound is followed down to this error at least, and to the smallest one that was measured if that is larger. */
const BOUND_END = 0.2;

/**
 * Distance of subspace kernels from the full one against rank or dimension, both axes logarithmic. Left: relative error of all
 * entries (Frobenius norm). Right: the largest |K_ij − K′_ij| / √(K′_ii K′_jj), which the Johnson–Lindenstrauss bound is about.
 * The bound says nothing below a certain dimension, often the largest one that was measured: the right axis reaches so far beyond
 * that the bound can be seen, and a thin line marks where it begins.
 */
export function subspaceChart(points: readonly SubspacePoint[], options: SubspaceChartOptions): ChartSpec {
  if (points.length === 0) throw new Error("The subspace chart needs at least one point.");
  const { title = "Kernels of subspaces", dimensionTitle = "dimension", vectors, probability = 0.95 } = options;
  const methods = distinct(points.map(({ method }) => method));
  const dimensions = points.map(({ dimension }) => dimension);
  const [low, high] = [Math.min(...dimensions), Math.max(...dimensions)];
  const begin = johnsonLindenstraussDimension(BEST_EPSILON, vectors, probability);
  const end = Math.max(high, johnsonLindenstraussDimension(BOUND_END, vectors, probability));
  const bound = boundOf(Math.max(begin, low), end, vectors, probability);
  const xTo = (last: number) => ({
    field: "dimension",
    type: "quantitative",
    title: dimensionTitle,
    scale: { type: "log", domain: low < last ? [low, last] : [low / 2, last * 2] },
    axis: { tickCount: 5, format: "~s" },
  });
  const color = {
    field: "method",
    type: "nominal",
    title: "subspace",
    scale: { domain: methods, range: SERIES_COLORS },
    legend: { labelLimit: 0 },
  };
  const panel = (field: "relativeError" | "largestNormalized", name: string, x: object, more: object[]) => {
    const y = {
      field,
      type: "quantitative",
      title: name,
      scale: logScale([
        ...points.map((point) => point[field]),
        ...(field === "largestNormalized" ? bound.map((one) => one.bound) : []),
      ]),
      axis: { format: "~g", tickCount: 5 },
    };
    const tooltip = [
      { field: "method", title: "subspace" },
      { field: "dimension", title: dimensionTitle },
      { field, title: name, format: ".3~g" },
    ];
    // An exact kernel has distance 0, which a logarithm has not.
    const data = {
      values: points
        .filter((point) => point[field] > 0)
        .map(({ method, dimension, [field]: value }) => ({ method, dimension, [field]: value })),
    };
    return {
      width: 260,
      height: HEIGHT,
      layer: [
        { data, mark: { type: "line", point: { size: 30 }, strokeWidth: 1.5 }, encoding: { x, y, color, tooltip } },
        ...more,
      ],
    };
  };
  const [measured, extended] = [xTo(high), xTo(end)];
  const note = `dashed: Johnson–Lindenstrauss bound, all ${vectors} × ${vectors} entries with probability ${probability}; it says nothing below ${begin} dimensions`;
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: relative error of ${methods.map((method) => readingOf(points.filter((point) => point.method === method))).join("; ")}; ${note}`,
    title: { text: titleLines(title), subtitle: titleLines(note), anchor: "start" },
    hconcat: [
      panel("relativeError", "relative error of the kernel", measured, []),
      panel("largestNormalized", "largest normalized error", extended, [
        boundStart(begin, extended),
        boundLine(bound, extended, probability),
      ]),
    ],
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

const boundStart = (dimension: number, x: object): object => ({
  data: { values: [{ dimension }] },
  mark: { type: "rule", strokeWidth: 1, color: PALETTE.grey },
  encoding: {
    x,
    y: { value: 0 },
    y2: { value: HEIGHT },
    tooltip: [{ field: "dimension", title: "the bound says nothing below" }],
  },
});

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
