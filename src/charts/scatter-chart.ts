import { agreementOf } from "../behavior/kernel-comparison";
import {
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
  PERCENT,
  quantity,
  requireSome,
  series,
  SHAPES,
  tooltip,
} from "./figure";
import { diagonal, dot, ring, threshold } from "./marks";

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
  /** Framed, as the setting that was chosen. Its place is that of another point. */
  framed?: boolean;
}

export interface ScatterChartOptions extends Pick<Figure, "title" | "subtitle"> {
  xTitle: string;
  yTitle: string;
  /** What the groups are. Default "class". */
  groupTitle?: string;
  /** d3 formats of the axes; one that ends in % has tooltips in percent. Default "~r". */
  xFormat?: string;
  yFormat?: string;
  /** Dashed lines in place of the diagonal: each axis then fits its own numbers. */
  limits?: { x: number; y: number };
  /** What the figure says, in words. Default: each panel's correlation. */
  reading?: string;
}

/** Width and height of one panel, and of up to four that stand in one line. */
const SIZES = [340, 260, 185, 140];
/** Up to so many points are large; so many at one place have the largest point. */
const FEW = 100;
const MANY = 25;

/**
 * One number against another, such as a prediction against what it predicts: a point for each example or measurement,
 * larger where several of a group coincide, a panel for each prediction. The diagonal is where both are equal; both axes
 * of a panel have one scale. A click in the legend leaves one group.
 *
 * @throws InputError without a point
 */
export function scatterChart(points: readonly ScatterPoint[], options: ScatterChartOptions): ChartSpec {
  requireSome(points, "scatter chart", "point");
  const { title, subtitle, xTitle, yTitle, groupTitle = "class", xFormat = "~r", yFormat = "~r", limits } = options;
  const groups = distinct(points.map(({ group }) => group));
  const panels = groupBy(points, ({ panel }) => panel).map((all) => {
    const own = all.filter(({ framed }) => !framed);
    const [xs, ys] = [own.map(({ x }) => x), own.map(({ y }) => y)];
    const { correlation } = agreementOf(ys, xs);
    const reading = `correlation ${Number.isFinite(correlation) ? correlation.toFixed(3) : "not defined"}`;
    const places = groupBy(own, ({ x, y, group }) => [x, y, group]).map((same) => {
      const [{ x, y, group, text }] = same;
      return { x, y, group, text, points: same.length };
    });
    const framed = all.filter((point) => point.framed).map(({ x, y, group, text }) => ({ x, y, group, text }));
    return { name: all[0].panel, places, framed, xs, ys, reading };
  });
  const size = SIZES[Math.min(panels.length, SIZES.length) - 1];
  const smallest = points.length > FEW ? 28 : 70;
  const sizes = {
    field: "points",
    type: "quantitative",
    scale: { domain: [1, MANY], range: [smallest, 5 * smallest], clamp: true },
    legend: null,
  };
  const shape = series("group", groups, { title: groupTitle, range: SHAPES });
  const drawn = panels.map(({ name, places, framed, xs, ys, reading }, index) => {
    const ends = extent([...xs, ...ys]);
    const equal = { domain: ends, nice: true, zero: false };
    const placed = (values: number[], limit: number | undefined, format: string) => ({
      scale: limit === undefined ? equal : fittedScale([...values, limit]),
      axis: { tickCount: 5, format },
    });
    const x = quantity(xTitle, placed(xs, limits?.x, xFormat));
    const y = quantity(index === 0 ? yTitle : null, placed(ys, limits?.y, yFormat));
    const param = `group${index}`;
    const common = { x: x("x"), y: y("y"), color: series("group", groups, { title: groupTitle }) };
    const opacity = { condition: { param, value: 0.7 }, value: 0.05 };
    const tips = {
      text: "of",
      group: groupTitle,
      x: [xTitle, xFormat.endsWith("%") ? PERCENT : DIGITS],
      y: [yTitle, yFormat.endsWith("%") ? PERCENT : DIGITS],
    } as const;
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
          places,
          { ...common, shape, size: sizes, opacity, tooltip: tooltip({ ...tips, points: "points here" }) },
          {},
          { params: [legendChoice(param, "group")] },
        ),
        ...(framed.length === 0
          ? []
          : [
              ring(
                framed,
                { ...common, opacity: { ...opacity, condition: { param, value: 1 } }, tooltip: tooltip(tips) },
                { shape: "diamond", size: 190, strokeWidth: 2.5 },
              ),
            ]),
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
