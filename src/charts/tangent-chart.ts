import {
  AXIS_PERCENT,
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  figure,
  groupBy,
  quantity,
  requireColors,
  requireSome,
  series,
  tooltip,
} from "./figure";
import { layer } from "./marks";

/** f of one example at one place of the straight line from θ₀ to θ_t, and on its tangent at θ₀. */
export interface TangentPoint {
  /** A figure of its own each: "width 4". */
  panel: string;
  /** "input at 30°". */
  example: string;
  /** 0 at the first parameters, 1 at the last. */
  share: number;
  value: number;
  tangent: number;
}

/**
 * f along the line from the first to the last parameters, solid, and its tangents at the start, dashed: the
 * linearization is where a tangent ends.
 *
 * @throws InputError without a point, or with more examples than colours
 */
export function tangentChart(
  points: readonly TangentPoint[],
  title = "From the first to the last parameters",
): ChartSpec {
  requireSome(points, "tangent chart", "point");
  const examples = distinct(points.map(({ example }) => example));
  requireColors(examples, "tangent chart", "examples");
  const panels = groupBy(points, ({ panel }) => panel);
  const common = {
    x: quantity("share of the way", { scale: { domain: [0, 1] }, axis: { format: AXIS_PERCENT, tickCount: 5 } })(
      "share",
    ),
    color: series("example", examples, { title: "input" }),
    tooltip: tooltip({
      example: "input",
      share: ["share of the way", AXIS_PERCENT],
      value: ["f", DIGITS],
      tangent: ["tangent", DIGITS],
    }),
  };
  const domain = extent(points.flatMap(({ value, tangent }) => [value, tangent]));
  return figure({
    title,
    reading: `f along the line and its tangents at the start, for ${examples.join(", ")}; ${panels.map(([{ panel }]) => panel).join(" and ")}`,
    lines: ["solid: f; dashed: its tangent at the start, which ends at the linearization"],
    hconcat: panels.map((own, index) => {
      const y = quantity(index === 0 ? "f" : null, { scale: { domain, nice: true } });
      return {
        title: own[0].panel,
        data: { values: own },
        width: 230,
        height: 220,
        layer: [
          layer(undefined, { type: "line", strokeWidth: 2 }, { ...common, y: y("value") }),
          layer(undefined, { type: "line", strokeWidth: 1.5, strokeDash: [5, 4] }, { ...common, y: y("tangent") }),
        ],
      };
    }),
  });
}
