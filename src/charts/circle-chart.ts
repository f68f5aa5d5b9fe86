import { InputError } from "../errors";
import type { CircleFit } from "../theory/circle-network";
import {
  type ChartSpec,
  choice,
  DIGITS,
  distinct,
  extent,
  figure,
  PALETTE,
  type Part,
  quantity,
  series,
  tooltip,
} from "./figure";
import { dot, layer } from "./marks";

export interface CircleChartOptions {
  title?: string;
  /** The training example whose kernel row is drawn, counted from 0. Default 0. */
  example?: number;
  /** The width shown first. Default: that of the first fit. */
  selected?: number;
}

/** What is drawn of a network. */
type DrawnCircle = Pick<CircleFit, "task" | "width" | "angles" | "outputs" | "error" | "kernels" | "change">;

const COLORS = [PALETTE.grey, PALETTE.vermilion, PALETTE.blue];

/**
 * Networks on the circle: above f before and after training, its linearization and the training examples, below how much
 * a training example counts at each angle, its row of the kernel, before and after training. Buttons choose the width;
 * the axes stay.
 *
 * @throws InputError without a network, for two of one width, and for a width or an example that is not there
 */
export function circleChart(
  fits: readonly DrawnCircle[],
  { title = "A network on a circle", example = 0, selected = fits[0]?.width }: CircleChartOptions = {},
): ChartSpec {
  const widths = distinct(fits.map(({ width }) => width));
  if (fits.length === 0 || widths.length < fits.length)
    throw new InputError(
      `The circle chart needs at least one network, and one of each width; it has the widths ${fits.map(({ width }) => width).join(", ") || "of none"}.`,
    );
  if (!widths.includes(selected))
    throw new InputError(`There is no network of width ${selected}; there are ${widths.join(", ")}.`);
  const { angles, targets } = fits[0].task;
  if (!(example in angles))
    throw new InputError(`There is no training example ${example}; there are ${angles.length}, counted from 0.`);
  const along = (curve: string, valueAt: (fit: DrawnCircle, at: number) => number) =>
    fits.flatMap((fit) => fit.angles.map((angle, at) => ({ width: fit.width, angle, curve, value: valueAt(fit, at) })));
  const row = (fit: DrawnCircle, when: "start" | "tuned", at: number) =>
    fit.kernels[when].values[example * fit.angles.length + at];
  const outputs = [
    ...along("f before training", (fit, at) => fit.outputs.start[at]),
    ...along("f after training", (fit, at) => fit.outputs.tuned[at]),
    ...along("f linearized", (fit, at) => fit.outputs.linearized[at]),
  ];
  const kernels = [
    ...along("K before training", (fit, at) => row(fit, "start", at)),
    ...along("K after training", (fit, at) => row(fit, "tuned", at)),
  ];
  const examples = angles.map((angle, i) => ({ angle, value: targets[i] }));
  const x = (bottom: boolean) =>
    quantity(bottom ? "angle φ of the input (degrees)" : null, {
      scale: { domain: [0, 360], nice: false },
      axis: { values: [0, 60, 120, 180, 240, 300, 360] },
    })("angle");
  const ofFunction = valueAxis("f(φ)", [...outputs, ...examples]);
  const ofKernel = valueAxis(`K(φ, ${angles[example]}°)`, kernels);
  const atExample = { angle: "training example at (degrees)" };
  const lines = (values: typeof outputs, bottom: boolean, y: Part): Part =>
    layer(
      values,
      { type: "line", strokeWidth: 2 },
      {
        x: x(bottom),
        y,
        color: series("curve", distinct(values.map(({ curve }) => curve)), { range: COLORS }),
        tooltip: tooltip({ curve: "what", angle: "angle (degrees)", value: [String(y.title), DIGITS] }),
      },
      { transform: [{ filter: "datum.width == units" }] },
    );
  return figure({
    title,
    reading: fits
      .map(
        ({ width, error, change }) =>
          `width ${width}: the linearization misses ${(100 * error).toFixed(0)} % of the change, kernel entries moved by ${change.median.toPrecision(2)} (median)`,
      )
      .join("; "),
    lines: ["dots: training examples; dashed: the one whose kernel row is drawn"],
    // Not "width": Vega calls the figure's own so.
    params: [choice("units", "width", widths, selected)],
    vconcat: [
      {
        width: 480,
        height: 220,
        layer: [
          lines(outputs, false, ofFunction),
          dot(
            examples,
            { x: x(false), y: ofFunction, tooltip: tooltip({ ...atExample, value: "target" }) },
            { size: 70, color: PALETTE.purple },
          ),
        ],
      },
      {
        width: 480,
        height: 140,
        layer: [
          lines(kernels, true, ofKernel),
          layer(
            [{ angle: angles[example] }],
            { type: "rule", strokeDash: [4, 3], color: PALETTE.purple },
            { x: x(true), tooltip: tooltip(atExample) },
          ),
        ],
      },
    ],
    resolve: { scale: { color: "independent" } },
  });
}

const valueAxis = (title: string, points: readonly { value: number }[]): Part =>
  quantity(title, { scale: { domain: extent(points.map(({ value }) => value)), nice: true } })("value");
