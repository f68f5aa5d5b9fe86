import { agreementOf } from "../behavior/kernel-comparison";
import {
  AXIS_PERCENT,
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  type Figure,
  figure,
  fittedScale,
  groupBy,
  legendChoice,
  panelTitle,
  quantity,
  requireSome,
  series,
  SHAPES,
  tooltip,
} from "./figure";
import { diagonal, dot, threshold } from "./marks";

/** Two numbers of one thing. */
export interface ScatterPoint {
  /** A figure of its own each: "SGD". */
  panel?: string;
  x: number;
  y: number;
  /** Sets colour and shape: the example's class, the method. */
  group: string;
  /** For the tooltip: the example's text, or what else was measured. */
  text: string;
}

export interface ScatterChartOptions extends Pick<Figure, "title" | "subtitle"> {
  xTitle: string;
  yTitle: string;
  /** What the groups are. Default "class". */
  groupTitle?: string;
  /** Dashed lines in place of the diagonal: each axis then fits its own numbers, and y is a share. */
  limits?: { x: number; y: number };
  /** What the figure says, in words. Default: each panel's correlation. */
  reading?: string;
}

/** Width and height of one panel, and of up to four that stand in one line. */
const SIZES = [340, 260, 185, 140];
/** Up to so many points are large. */
const FEW = 100;

/**
 * One number against another, such as a prediction against what it predicts: a point for each example or measurement,
 * a panel for each prediction. The diagonal is where both are equal; both axes of a panel have one scale. A click in the
 * legend leaves one group.
 *
 * @throws InputError without a point
 */
export function scatterChart(points: readonly ScatterPoint[], options: ScatterChartOptions): ChartSpec {
  requireSome(points, "scatter chart", "point");
  const { title, subtitle, xTitle, yTitle, groupTitle = "class", limits } = options;
  const groups = distinct(points.map(({ group }) => group));
  const panels = groupBy(points, ({ panel }) => panel).map((own) => {
    const [xs, ys] = [own.map(({ x }) => x), own.map(({ y }) => y)];
    const { correlation } = agreementOf(ys, xs);
    const reading = `correlation ${Number.isFinite(correlation) ? correlation.toFixed(3) : "not defined"}`;
    return { name: own[0].panel, own: own.map(({ panel: _, ...point }) => point), xs, ys, reading };
  });
  const size = SIZES[Math.min(panels.length, SIZES.length) - 1];
  const drawn = panels.map(({ name, own, xs, ys, reading }, index) => {
    const ends = extent([...xs, ...ys]);
    const equal = { scale: { domain: ends, nice: true, zero: false }, axis: { tickCount: 5, format: "~r" } };
    const x = quantity(
      xTitle,
      limits ? { scale: fittedScale([...xs, limits.x]), axis: { tickCount: 5, format: "~g" } } : equal,
    );
    const y = quantity(
      index === 0 ? yTitle : null,
      limits ? { scale: fittedScale([...ys, limits.y]), axis: { tickCount: 6, format: AXIS_PERCENT } } : equal,
    );
    const param = `group${index}`;
    return {
      ...(name === undefined ? {} : { title: panelTitle([name, reading]) }),
      width: size,
      height: size,
      layer: [
        // With both ends: Vega counts a rule without them as twice as long, and leaves room for it.
        ...(limits
          ? [
              threshold({ x: limits.x }, { x: x("x"), y: { value: 0 }, y2: { value: size } }),
              threshold({ y: limits.y }, { y: y("y"), x: { value: 0 }, x2: { value: size } }),
            ]
          : [diagonal(ends, x, y, ["x", "y"])]),
        dot(
          own,
          {
            x: x("x"),
            y: y("y"),
            color: series("group", groups, { title: groupTitle }),
            shape: series("group", groups, { title: groupTitle, range: SHAPES }),
            opacity: { condition: { param, value: 0.7 }, value: 0.05 },
            tooltip: tooltip({ text: "of", group: groupTitle, x: [xTitle, DIGITS], y: [yTitle, DIGITS] }),
          },
          { size: points.length > FEW ? 28 : 70 },
          { params: [legendChoice(param, "group")] },
        ),
      ],
    };
  });
  return figure({
    title,
    subtitle,
    reading: options.reading ?? panels.map(({ name, reading }) => (name ? `${name}, ${reading}` : reading)).join("; "),
    hconcat: drawn,
  });
}
