import { fittedSlope } from "../behavior/slope";
import { logScale } from "./log-scale";
import { type ChartSpec, distinct, SERIES_COLORS, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

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

/**
 * Both axes logarithmic: a point for each seed, and each series' least-squares line, whose slope with its standard
 * error stands in the legend: the mean of the parallel lines of its seeds. Series have shapes and dashes of their own, and their points
 * stand a few pixels beside each other, so that none hides another.
 *
 * @throws if a series has a single x, a number is not above 0, or there are more series than colours (5)
 */
export function slopeChart(
  points: readonly SlopePoint[],
  { title = "Power laws", xTitle = "width", yTitle = "value" }: SlopeChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The slope chart needs at least one point.");
  const names = distinct(points.map(({ series }) => series));
  if (names.length > SERIES_COLORS.length)
    throw new Error(
      `The slope chart has colours for ${SERIES_COLORS.length} series, not ${names.length}: draw several charts.`,
    );
  const series = names.map((name) => {
    const own = points.filter((point) => point.series === name);
    const x = own.map((point) => point.x);
    const fit = fittedSlope(
      x,
      own.map((point) => point.y),
      own.map(({ seed }) => seed),
    );
    const { expected } = own[0];
    const label = `${name}: slope ${withError(fit.slope, fit.standardError)}${expected === undefined ? "" : ` (expected ${signed(expected, 1)})`}`;
    const line = [Math.min(...x), Math.max(...x)].map((at) => ({
      label,
      x: at,
      y: Math.exp(fit.intercept + fit.slope * Math.log(at)),
    }));
    return { label, line, points: own.map(({ x, y, seed }) => ({ label, x, y, seed })) };
  });
  const x = {
    field: "x",
    type: "quantitative",
    title: xTitle,
    scale: { ...logScale(points.map((point) => point.x)), base: 2 },
    axis: { values: distinct(points.map((point) => point.x)).sort((a, b) => a - b), format: ",~r" },
  };
  const y = {
    field: "y",
    type: "quantitative",
    title: yTitle,
    scale: logScale([...points.map((point) => point.y), ...series.flatMap(({ line }) => line.map((end) => end.y))]),
    axis: { format: "~g", tickCount: 6 },
  };
  const labels = series.map(({ label }) => label);
  const legend = { ...SOLID_LEGEND, orient: "bottom", columns: 1, labelLimit: 480, symbolSize: 70 };
  const channel = (range: readonly unknown[]) => ({
    field: "label",
    type: "nominal",
    title: null,
    scale: { domain: labels, range },
    legend,
  });
  const [color, shape] = [channel(SERIES_COLORS), channel(SHAPES)];
  const tooltip = [
    { field: "label", title: "series" },
    { field: "x", title: xTitle, format: ",~r" },
    { field: "seed", title: "seed" },
    { field: "y", title: yTitle, format: ".3~g" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${labels.join(", ")}`,
    title: { text: titleLines(title), anchor: "start" },
    width: 440,
    height: 280,
    layer: [
      ...series.map(({ line }, i) => ({
        data: { values: line },
        mark: { type: "line", strokeWidth: 2, strokeDash: DASHES[i] },
        encoding: { x, y, color },
      })),
      ...series.map(({ points: own }, i) => ({
        data: { values: own },
        mark: { type: "point", filled: false, size: 50, opacity: 0.9, xOffset: STEP * (i - (series.length - 1) / 2) },
        encoding: { x, y, color, shape, tooltip },
      })),
    ],
  };
}

/** By series. */
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"];
const DASHES = [
  [1, 0],
  [8, 3],
  [2, 3],
  [8, 3, 2, 3],
  [4, 4],
];
/** Pixels from a series' points to the next one's. */
const STEP = 6;

/** A number with a minus sign as in print. */
const signed = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");

const withError = (slope: number, error: number): string =>
  `${signed(slope, 2)}${Number.isNaN(error) ? "" : ` ± ${error.toFixed(2)}`}`;
