import { InputError } from "../errors";
import type { CircleFit } from "../theory/circle-network";
import { curvesChart } from "./curves-chart";
import { type ChartSpec, distinct } from "./figure";

export interface CircleChartOptions {
  title?: string;
  /** The training example whose kernel row is drawn, counted from 0. Default 0. */
  example?: number;
  /** The width shown first. Default: that of the first fit. */
  selected?: number;
}

/** What is drawn of a network. */
type DrawnCircle = Pick<CircleFit, "task" | "width" | "angles" | "outputs" | "error" | "kernels" | "change">;

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
  const [ofFunction, ofKernel] = ["f(φ)", `K(φ, ${angles[example]}°)`];
  const along = (row: string, curve: string, valueAt: (fit: DrawnCircle, at: number) => number) =>
    fits.flatMap((fit) =>
      fit.angles.map((step, at) => ({ row, curve, step, setting: fit.width, value: valueAt(fit, at) })),
    );
  const entry = (fit: DrawnCircle, when: "start" | "tuned", at: number) =>
    fit.kernels[when].values[example * fit.angles.length + at];
  const chart = curvesChart(
    [
      ...along(ofFunction, "before training", (fit, at) => fit.outputs.start[at]),
      ...along(ofFunction, "after training", (fit, at) => fit.outputs.tuned[at]),
      ...along(ofFunction, "linearized", (fit, at) => fit.outputs.linearized[at]),
      ...along(ofKernel, "before training", (fit, at) => entry(fit, "start", at)),
      ...along(ofKernel, "after training", (fit, at) => entry(fit, "tuned", at)),
    ],
    {
      title,
      subtitle: "dots: training examples; dashed: the one whose kernel row is drawn",
      xTitle: "angle φ of the input (degrees)",
      setting: { title: "width", selected },
      examples: [
        ...angles.map((step, i) => ({ row: ofFunction, step, value: targets[i] })),
        { row: ofKernel, step: angles[example] },
      ],
    },
  );
  const reading = fits.map(
    ({ width, error, change }) =>
      `width ${width}: the linearization misses ${(100 * error).toFixed(0)} % of the change, kernel entries moved by ${change.median.toPrecision(2)} (median)`,
  );
  return { ...chart, description: `${title}: ${reading.join("; ")}` };
}
