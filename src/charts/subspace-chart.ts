import {
  BEST_EPSILON,
  johnsonLindenstraussDimension,
  johnsonLindenstraussError,
} from "../behavior/johnson-lindenstrauss";
import type { KernelDistance } from "../behavior/kernel-comparison";
import {
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  figure,
  groupBy,
  logScale,
  PALETTE,
  type Part,
  quantity,
  requireSome,
  series,
  titleLines,
  tooltip,
} from "./figure";
import { layer } from "./marks";

/** The kernel of training in a subspace, and how far it is from the full one. */
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
}

/** With which the bound holds. */
const PROBABILITY = 0.95;
const BOUND_POINTS = 40;
const HEIGHT = 220;
/** The bound is followed down to this error at least, and to the smallest one that was measured if that is larger. */
const BOUND_END = 0.2;

/**
 * Distance of subspace kernels from the full one against rank or dimension, both axes logarithmic. Left: relative error of all
 * entries (Frobenius norm). Right: the largest |K_ij − K′_ij| / √(K′_ii K′_jj), which the Johnson–Lindenstrauss bound is about.
 * The bound says nothing below a certain dimension, often the largest one that was measured: the right axis reaches so far beyond
 * that the bound can be seen, and a thin line marks where it begins.
 *
 * @throws InputError without a point
 */
export function subspaceChart(points: readonly SubspacePoint[], options: SubspaceChartOptions): ChartSpec {
  requireSome(points, "subspace chart", "point");
  const { title = "Kernels of subspaces", dimensionTitle = "dimension", vectors } = options;
  const [low, high] = extent(points.map(({ dimension }) => dimension));
  const begin = johnsonLindenstraussDimension(BEST_EPSILON, vectors, PROBABILITY);
  const end = Math.max(high, johnsonLindenstraussDimension(BOUND_END, vectors, PROBABILITY));
  const bound = boundOf(Math.max(begin, low), end, vectors);
  const xTo = (last: number) =>
    quantity(dimensionTitle, {
      scale: { type: "log", domain: low < last ? [low, last] : [low / 2, last * 2] },
      axis: { tickCount: 5, format: "~s" },
    })("dimension");
  const color = series("method", distinct(points.map(({ method }) => method)), {
    title: "subspace",
    legend: { labelLimit: 0 },
  });
  const panel = (
    field: "relativeError" | "largestNormalized",
    name: string,
    x: Part,
    guides: readonly { bound: number }[],
    more: Part[],
  ): Part => ({
    width: 260,
    height: HEIGHT,
    layer: [
      layer(
        // An exact kernel has distance 0, which a logarithm has not.
        points
          .filter((point) => point[field] > 0)
          .map(({ method, dimension, [field]: value }) => ({ method, dimension, [field]: value })),
        { type: "line", point: { size: 30 }, strokeWidth: 1.5 },
        {
          x,
          y: quantity(name, {
            scale: logScale([...points.map((point) => point[field]), ...guides.map((one) => one.bound)]),
            axis: { format: "~g", tickCount: 5 },
          })(field),
          color,
          tooltip: tooltip({ method: "subspace", dimension: dimensionTitle, [field]: [name, DIGITS] }),
        },
      ),
      ...more,
    ],
  });
  const extended = xTo(end);
  const boundBegin = layer(
    [{ dimension: begin }],
    { type: "rule", strokeWidth: 1, color: PALETTE.grey },
    {
      x: extended,
      y: { value: 0 },
      y2: { value: HEIGHT },
      tooltip: tooltip({ dimension: "the bound says nothing below" }),
    },
  );
  const boundLine = layer(
    bound,
    { type: "line", strokeDash: [6, 4], strokeWidth: 2, color: PALETTE.grey },
    {
      x: extended,
      y: { field: "bound", type: "quantitative" },
      tooltip: tooltip({
        dimension: ["dimension", ".3~s"],
        bound: [`bound with probability ${PROBABILITY}`, DIGITS],
      }),
    },
  );
  const note = `dashed: Johnson–Lindenstrauss bound, all ${vectors} × ${vectors} entries with probability ${PROBABILITY}; it says nothing below ${begin} dimensions`;
  return figure({
    title,
    reading: `relative error of ${groupBy(points, ({ method }) => method)
      .map(readingOf)
      .join("; ")}; ${note}`,
    subtitle: titleLines(note),
    hconcat: [
      panel("relativeError", "relative error of the kernel", xTo(high), [], []),
      panel("largestNormalized", "largest normalized error", extended, bound, [boundBegin, boundLine]),
    ],
  });
}

/** Evenly spaced on a logarithmic scale; the bound needs a whole number of dimensions as little as the axis does. */
function boundOf(low: number, high: number, vectors: number): { dimension: number; bound: number }[] {
  const at = Array.from({ length: BOUND_POINTS + 1 }, (_, i) => low * (high / low) ** (i / BOUND_POINTS));
  return distinct(at).flatMap((dimension) => {
    const bound = johnsonLindenstraussError(dimension, vectors, PROBABILITY);
    return bound === undefined ? [] : [{ dimension, bound }];
  });
}

function readingOf(points: readonly SubspacePoint[]): string {
  const last = points.reduce((largest, point) => (point.dimension > largest.dimension ? point : largest));
  return `${last.method} ${last.relativeError.toPrecision(2)} at ${last.dimension}`;
}
