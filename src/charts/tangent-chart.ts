import { type ChartSpec, distinct, SERIES_COLORS, SOLID_LEGEND, VEGA_LITE_SCHEMA } from "./spec";

/** f of one example at one place of the straight line from θ_0 to θ_t, and on its tangent at θ_0. */
export interface TangentPoint {
  /** A figure of its own each: "width 4". */
  panel: string;
  /** "input at 30°". */
  example: string;
  /** 0 at θ_0, 1 at θ_t. */
  share: number;
  value: number;
  tangent: number;
}

/** f along the line from θ_0 to θ_t, solid, and its tangents at θ_0, dashed: f_lin is where a tangent ends. */
export function tangentChart(
  points: readonly TangentPoint[],
  title = "From the first to the last parameters",
): ChartSpec {
  if (points.length === 0) throw new Error("The tangent chart needs at least one point.");
  const panels = distinct(points.map(({ panel }) => panel));
  const examples = distinct(points.map(({ example }) => example));
  if (examples.length > SERIES_COLORS.length)
    throw new Error(`The tangent chart has colours for ${SERIES_COLORS.length} examples, not ${examples.length}.`);
  const values = points.flatMap(({ value, tangent }) => [value, tangent]);
  const x = {
    field: "share",
    type: "quantitative",
    title: "share of the way",
    scale: { domain: [0, 1] },
    axis: { format: ".0%", tickCount: 5 },
  };
  const y = (field: string, first: boolean) => ({
    field,
    type: "quantitative",
    title: first ? "f" : null,
    scale: { domain: [Math.min(...values), Math.max(...values)], nice: true },
  });
  const color = {
    field: "example",
    type: "nominal",
    title: "input",
    scale: { domain: examples, range: SERIES_COLORS },
    legend: SOLID_LEGEND,
  };
  const tooltip = [
    { field: "example", title: "input" },
    { field: "share", title: "share of the way", format: ".0%" },
    { field: "value", title: "f", format: ".3~g" },
    { field: "tangent", title: "tangent", format: ".3~g" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: f along the line and its tangents at the start, for ${examples.join(", ")}; ${panels.join(" and ")}`,
    title: {
      text: [title, "solid: f; dashed: its tangent at the start, which ends at the linearization"],
      anchor: "start",
    },
    hconcat: panels.map((panel, index) => ({
      title: panel,
      data: { values: points.filter((point) => point.panel === panel) },
      width: 230,
      height: 220,
      layer: [
        { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y: y("value", index === 0), color, tooltip } },
        {
          mark: { type: "line", strokeWidth: 1.5, strokeDash: [5, 4] },
          encoding: { x, y: y("tangent", index === 0), color, tooltip },
        },
      ],
    })),
  };
}
