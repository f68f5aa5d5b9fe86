import { fittedSlope } from "../behavior/slope";
import {
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  figure,
  groupBy,
  logScale,
  quantity,
  requireColors,
  requireSome,
  series,
  SHAPES,
  SOLID_LEGEND,
  tooltip,
} from "./figure";
import { layer, ring } from "./marks";

/** One measurement of something that may follow a power law. */
export interface SlopePoint {
  /** What is compared, as the legend has it: "pretrained, SGD". */
  series: string;
  seed: number;
  /** The width, or whatever the power is of. Above 0. */
  x: number;
  /** Above 0. */
  y: number;
  /** The slope that theory expects of the series, for the legend. */
  expected?: number;
}

export interface SlopeChartOptions {
  title?: string;
  xTitle?: string;
  /** What is measured, with its unit. */
  yTitle?: string;
}

/** By series. */
const DASHES = [
  [1, 0],
  [8, 3],
  [2, 3],
  [8, 3, 2, 3],
  [4, 4],
];
/** Pixels from a series' points to the next one's, so that none hides another. */
const STEP = 6;

/**
 * Both axes logarithmic: a point for each seed, and each series' least-squares line, whose slope with its standard
 * error stands in the legend: the mean of the parallel lines of its seeds. Each series has its shape and dash.
 *
 * @throws if a series has a single x, a number is not above 0, or there are more series than colours (5)
 */
export function slopeChart(
  points: readonly SlopePoint[],
  { title = "Power laws", xTitle = "width", yTitle = "value" }: SlopeChartOptions = {},
): ChartSpec {
  requireSome(points, "slope chart", "point");
  const names = distinct(points.map((point) => point.series));
  requireColors(names, "slope chart", "series");
  const fits = groupBy(points, (point) => point.series).map((own) => {
    const x = own.map((point) => point.x);
    const fit = fittedSlope(
      x,
      own.map((point) => point.y),
      own.map(({ seed }) => seed),
    );
    const { series: name, expected } = own[0];
    const label = `${name}: slope ${withError(fit.slope, fit.standardError)}${expected === undefined ? "" : ` (expected ${minus(expected, 1)})`}`;
    const line = extent(x).map((at) => ({
      label,
      x: at,
      y: Math.exp(fit.intercept + fit.slope * Math.log(at)),
    }));
    return { label, line, points: own.map(({ x, y, seed }) => ({ label, x, y, seed })) };
  });
  const places = distinct(points.map((point) => point.x)).sort((a, b) => a - b);
  const common = {
    x: quantity(xTitle, { scale: { ...logScale(places), base: 2 }, axis: { values: places, format: ",~r" } })("x"),
    y: quantity(yTitle, {
      scale: logScale([...points, ...fits.flatMap(({ line }) => line)].map(({ y }) => y)),
      axis: { format: "~g", tickCount: 6 },
    })("y"),
  };
  const labels = fits.map(({ label }) => label);
  const legend = { ...SOLID_LEGEND, orient: "bottom", columns: 1, labelLimit: 480, symbolSize: 70 };
  const color = series("label", labels, { legend });
  const shape = series("label", labels, { legend, range: SHAPES });
  const tips = tooltip({ label: "series", x: [xTitle, ",~r"], seed: "seed", y: [yTitle, DIGITS] });
  return figure({
    title,
    reading: labels.join(", "),
    width: 440,
    height: 280,
    layer: [
      ...fits.map(({ line }, i) =>
        layer(line, { type: "line", strokeWidth: 2, strokeDash: DASHES[i] }, { ...common, color }),
      ),
      ...fits.map((fit, i) =>
        ring(
          fit.points,
          { ...common, color, shape, tooltip: tips },
          { size: 50, opacity: 0.9, xOffset: STEP * (i - (fits.length - 1) / 2) },
        ),
      ),
    ],
  });
}

/** A number with a minus sign as in print. */
const minus = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");

const withError = (slope: number, error: number): string =>
  `${minus(slope, 2)}${Number.isNaN(error) ? "" : ` ± ${error.toFixed(2)}`}`;
