import { FIXED_FEATURES_DISTANCE, LINEARIZED_SHARE } from "../behavior/verdicts";
import { logScale } from "./log-scale";
import { type ChartSpec, distinct, PALETTE, SERIES_COLORS, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** Both tests' numbers of one measurement. */
export interface TwoTestsPoint {
  task: string;
  method: string;
  seed: number;
  /** The share of the gain that the linearization has too; without one there is no point. */
  share?: number;
  /** Mean relative distance of kernel entries. */
  distance?: number;
}

export interface TwoTestsOptions {
  title?: string;
}

/** A share is a quotient of small differences: beyond these ends a point is drawn at the edge. */
const SHARES = [-0.5, 1.5] as const;
const SIZE = { width: 430, height: 300 };

/**
 * The two tests of Definition 3.2 against each other, a point for each measurement: to the left of the dashed line features are fixed, above
 * the other one fine-tuning is linearized. A click in the legend leaves one method.
 */
export function twoTestsChart(
  points: readonly TwoTestsPoint[],
  { title = "The two tests together" }: TwoTestsOptions = {},
): ChartSpec {
  const own = points.flatMap(({ share, distance, ...names }) =>
    share === undefined || distance === undefined
      ? []
      : [{ ...names, share, distance, drawn: Math.min(SHARES[1], Math.max(SHARES[0], share)) }],
  );
  if (own.length === 0)
    throw new Error("The two-tests chart needs at least one measurement with a share of the gain and a distance.");
  const methods = distinct(own.map(({ method }) => method));
  const distances = [...own.map(({ distance }) => distance), FIXED_FEATURES_DISTANCE];
  const [low, high] = [Math.min(...distances), Math.max(...distances)];
  // Distances of entries near zero can be anything.
  const wide = low > 0 && high > 20 * low;
  const x = {
    field: "distance",
    type: "quantitative",
    title: "mean relative distance of kernel entries (dashed: 2.0)",
    scale: wide ? logScale(distances) : { domain: [0, Math.max(high, 1.25 * FIXED_FEATURES_DISTANCE)], nice: true },
    axis: { format: "~g", tickCount: 6 },
  };
  const y = {
    field: "drawn",
    type: "quantitative",
    title: "share of the gain that is linear (dashed: 50 %)",
    scale: { domain: [...SHARES] },
    axis: { format: ".0%", tickCount: 6 },
  };
  const color = {
    field: "method",
    type: "nominal",
    title: "method",
    scale: { domain: methods, range: SERIES_COLORS },
    legend: SOLID_LEGEND,
  };
  const shape = {
    field: "method",
    type: "nominal",
    title: "method",
    scale: { domain: methods, range: ["circle", "square", "triangle-up", "diamond", "cross"] },
    legend: SOLID_LEGEND,
  };
  const outside = own.filter(({ share, drawn }) => share !== drawn).length;
  const lacking = points.length - own.length;
  const notes = [
    "upper left: both tests pass",
    ...(outside > 0 ? [`${outside} with a share beyond the axis at its edge`] : []),
    ...(lacking > 0 ? [`${lacking} without a share are not drawn`] : []),
  ];
  const passing = own.filter(
    ({ share, distance }) => share >= LINEARIZED_SHARE && distance < FIXED_FEATURES_DISTANCE,
  ).length;
  const rule = { type: "rule", strokeWidth: 2, strokeDash: [6, 4], color: PALETTE.grey };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${passing} of ${own.length} measurements with both numbers pass both tests${lacking > 0 ? `; ${lacking} have no share` : ""}`,
    title: { text: titleLines(title), anchor: "start", subtitle: notes },
    ...SIZE,
    layer: [
      // With both ends: Vega counts a rule without them as twice as long, and leaves room for it.
      {
        data: { values: [{ distance: FIXED_FEATURES_DISTANCE }] },
        mark: rule,
        encoding: { x, y: { value: 0 }, y2: { value: SIZE.height } },
      },
      {
        data: { values: [{ drawn: LINEARIZED_SHARE }] },
        mark: rule,
        encoding: { y, x: { value: 0 }, x2: { value: SIZE.width } },
      },
      {
        params: [{ name: "method", select: { type: "point", fields: ["method"] }, bind: "legend" }],
        data: { values: own },
        mark: { type: "point", filled: true, size: 70 },
        encoding: {
          x,
          y,
          color,
          shape,
          opacity: { condition: { param: "method", value: 0.85 }, value: 0.08 },
          tooltip: [
            { field: "task", title: "task" },
            { field: "method", title: "method" },
            { field: "seed", title: "seed" },
            { field: "share", title: "share of the gain", format: ".0%" },
            { field: "distance", title: "mean distance", format: ".3~g" },
          ],
        },
      },
    ],
  };
}
