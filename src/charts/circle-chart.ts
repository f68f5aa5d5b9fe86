import type { CircleFit } from "../theory/circle-network";
import { type ChartSpec, distinct, PALETTE, SOLID_LEGEND, VEGA_LITE_SCHEMA } from "./spec";

export interface CircleChartOptions {
  title?: string;
  /** The training example whose kernel row is drawn, counted from 0. Default 0. */
  example?: number;
  /** The width shown first. Default: that of the first fit. */
  selected?: number;
}

/** What is drawn of a network. */
type DrawnCircle = Pick<CircleFit, "task" | "width" | "angles" | "outputs" | "error" | "kernels" | "change">;

const OUTPUT_CURVES = { start: "f before training", tuned: "f after training", linearized: "f linearized" } as const;
const KERNEL_CURVES = { start: "K before training", tuned: "K after training" } as const;

/**
 * Networks on the circle: above f_0, f_t, f_lin and the training examples, below how much a training example counts at each
 * angle, its row of the kernel, before and after training. Buttons choose the width; the axes stay.
 */
export function circleChart(
  fits: readonly DrawnCircle[],
  { title = "A network on a circle", example = 0, selected = fits[0]?.width }: CircleChartOptions = {},
): ChartSpec {
  const widths = distinct(fits.map(({ width }) => width));
  if (fits.length === 0 || widths.length < fits.length)
    throw new Error(
      `The circle chart needs at least one network, and one of each width; it has the widths ${fits.map(({ width }) => width).join(", ") || "of none"}.`,
    );
  if (!widths.includes(selected))
    throw new Error(`There is no network of width ${selected}; there are ${widths.join(", ")}.`);
  const { angles, targets } = fits[0].task;
  if (!(example in angles))
    throw new Error(`There is no training example ${example}; there are ${angles.length}, counted from 0.`);
  const outputs = fits.flatMap((fit) =>
    (["start", "tuned", "linearized"] as const).flatMap((curve) =>
      fit.angles.map((angle, i) => ({
        width: fit.width,
        angle,
        curve: OUTPUT_CURVES[curve],
        value: fit.outputs[curve][i],
      })),
    ),
  );
  const kernels = fits.flatMap((fit) =>
    (["start", "tuned"] as const).flatMap((when) =>
      fit.angles.map((angle, i) => ({
        width: fit.width,
        angle,
        curve: KERNEL_CURVES[when],
        value: fit.kernels[when].values[example * fit.angles.length + i],
      })),
    ),
  );
  const examples = angles.map((angle, i) => ({ angle, value: targets[i] }));
  const x = (bottom: boolean) => ({
    field: "angle",
    type: "quantitative",
    title: bottom ? "angle φ of the input (degrees)" : null,
    scale: { domain: [0, 360], nice: false },
    axis: { values: [0, 60, 120, 180, 240, 300, 360] },
  });
  const panel = (
    values: readonly { value: number }[],
    name: string,
    curves: readonly string[],
    colors: readonly string[],
    bottom: boolean,
    more: (y: object) => object[],
  ) => {
    const y = { field: "value", type: "quantitative", title: name, scale: { domain: rangeOf(values), nice: true } };
    const tooltip = [
      { field: "curve", title: "what" },
      { field: "angle", title: "angle (degrees)" },
      { field: "value", title: name, format: ".3~g" },
    ];
    const lines = {
      data: { values },
      transform: [{ filter: "datum.width == units" }],
      mark: { type: "line", strokeWidth: 2 },
      encoding: {
        x: x(bottom),
        y,
        color: {
          field: "curve",
          type: "nominal",
          title: null,
          scale: { domain: curves, range: colors },
          legend: SOLID_LEGEND,
        },
        tooltip,
      },
    };
    return { width: 480, height: bottom ? 140 : 220, layer: [lines, ...more(y)] };
  };
  const targetPoints = (y: object) => [
    {
      data: { values: examples },
      mark: { type: "point", filled: true, size: 70, color: PALETTE.purple, opacity: 1 },
      encoding: {
        x: x(false),
        y,
        tooltip: [
          { field: "angle", title: "training example at (degrees)" },
          { field: "value", title: "target" },
        ],
      },
    },
  ];
  const place = () => [
    {
      data: { values: [{ angle: angles[example] }] },
      mark: { type: "rule", strokeDash: [4, 3], color: PALETTE.purple },
      encoding: { x: x(true), tooltip: [{ field: "angle", title: "training example at (degrees)" }] },
    },
  ];
  const reading = fits.map(
    ({ width, error, change }) =>
      `width ${width}: the linearization misses ${(100 * error).toFixed(0)} % of the change, kernel entries moved by ${change.median.toPrecision(2)} (median)`,
  );
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${reading.join("; ")}`,
    title: { text: [title, "dots: training examples; dashed: the one whose kernel row is drawn"], anchor: "start" },
    // Not "width": Vega calls the figure's own so.
    params: [{ name: "units", value: selected, bind: { input: "radio", options: widths, name: "width " } }],
    vconcat: [
      panel(
        [...outputs, ...examples],
        "f(φ)",
        Object.values(OUTPUT_CURVES),
        [PALETTE.grey, PALETTE.vermilion, PALETTE.blue],
        false,
        targetPoints,
      ),
      panel(
        kernels,
        `K(φ, ${angles[example]}°)`,
        Object.values(KERNEL_CURVES),
        [PALETTE.grey, PALETTE.vermilion],
        true,
        place,
      ),
    ],
    resolve: { scale: { color: "independent" } },
  };
}

const rangeOf = (points: readonly { value: number }[]): [number, number] => [
  Math.min(...points.map(({ value }) => value)),
  Math.max(...points.map(({ value }) => value)),
];
