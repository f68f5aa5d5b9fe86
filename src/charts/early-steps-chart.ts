import { PREDICTING_FORMULAS, type EarlyStep, type PredictingFormula } from "../behavior/early-steps";
import { KERNEL_NAMES } from "../kernels/formula";
import { logScale } from "./log-scale";
import { type ChartSpec, distinct, PALETTE, VEGA_LITE_SCHEMA } from "./spec";

/** How well one kernel predicts the change of f after some steps. */
export interface EarlyStepPoint {
  /** t, 1 after the first step. */
  step: number;
  formula: PredictingFormula;
  /** Between the predicted and the actual change, over the evaluation examples; NaN where one side is constant. */
  correlation: number;
  /** ‖predicted − actual‖ / ‖actual‖ */
  relativeError: number;
  /** The run's learning rate, where runs with several are shown. */
  rate?: number;
}

export interface EarlyStepsChartOptions {
  title?: string;
  /** The learning rate shown first, of several. Default: the first. */
  selected?: number;
}

const COLORS: Record<PredictingFormula, string> = {
  sgd: PALETTE.blue,
  signgd: PALETTE.green,
  asymmetric_signgd: PALETTE.vermilion,
};

/**
 * The change of f after the first t steps against what kernels at θ_0 predict for it: correlation above, relative error below,
 * on a logarithmic scale (K_SignGD has signs on both sides, and its size is not that of a change of f). Buttons choose among several learning rates; the axes stay.
 */
export function earlyStepsChart(
  points: readonly EarlyStepPoint[],
  {
    title = "The first steps against the kernels' prediction",
    selected = points[0]?.rate,
  }: EarlyStepsChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The early steps chart needs at least one point.");
  const rates = distinct(points.flatMap(({ rate }) => rate ?? []));
  if (selected !== undefined && !rates.includes(selected))
    throw new Error(
      `There is no run with the learning rate ${selected}; there are ${rates.join(", ") || "runs without one"}.`,
    );
  const formulas = PREDICTING_FORMULAS.filter((formula) => points.some((point) => point.formula === formula));
  const lastStep = Math.max(...points.map(({ step }) => step));
  const several = rates.length > 1;
  const values = points.map((point) => ({ ...point, kernel: KERNEL_NAMES[point.formula] }));
  // A logarithm has no zero, and JSON no NaN.
  const drawn = (field: "correlation" | "relativeError") =>
    values
      .filter((point) => Number.isFinite(point[field]) && (field === "correlation" || point[field] > 0))
      .map(({ step, kernel, rate, [field]: value }) => ({
        step,
        kernel,
        ...(rate === undefined ? {} : { rate }),
        value,
      }));
  const panel = (
    field: "correlation" | "relativeError",
    name: string,
    scale: (values: readonly { value: number }[]) => object,
    bottom: boolean,
  ) => ({
    data: { values: drawn(field) },
    ...(several ? { transform: [{ filter: "datum.rate == rate" }] } : {}),
    width: 480,
    height: 150,
    mark: { type: "line", point: { size: 18 }, strokeWidth: 1.5 },
    encoding: {
      x: {
        field: "step",
        type: "quantitative",
        scale: { domain: [1, Math.max(2, lastStep)], nice: false },
        axis: { tickMinStep: 1, format: "d" },
        title: bottom ? "steps t" : null,
      },
      y: {
        field: "value",
        type: "quantitative",
        title: name,
        scale: scale(drawn(field)),
        axis: { format: "~g", tickCount: 5 },
      },
      color: {
        field: "kernel",
        type: "nominal",
        title: "prediction by",
        scale: {
          domain: formulas.map((formula) => KERNEL_NAMES[formula]),
          range: formulas.map((formula) => COLORS[formula]),
        },
      },
      tooltip: [
        { field: "kernel", title: "prediction by" },
        { field: "step", title: "steps" },
        { field: "value", title: name, format: ".3~g" },
      ],
    },
  });
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}, after ${lastStep} steps: ${points
      .filter(({ step, rate }) => step === lastStep && (!several || rate === selected))
      .map((point) => reading(point))
      .join("; ")}`,
    title: { text: title, anchor: "start" },
    ...(several
      ? {
          params: [{ name: "rate", value: selected, bind: { input: "radio", options: rates, name: "learning rate " } }],
        }
      : {}),
    vconcat: [
      panel("correlation", "correlation", (own) => ({ domain: rangeOf(own), nice: true, zero: false }), false),
      panel("relativeError", "relative error", (own) => logScale(own.map(({ value }) => value)), true),
    ],
  };
}

/** A trajectory's agreement as points, for this chart; `rate` tells apart runs with several learning rates. */
export const earlyStepPoints = (steps: readonly EarlyStep[], rate?: number): EarlyStepPoint[] =>
  steps.flatMap(({ step, predictions }) =>
    [...predictions].map(
      ([
        formula,
        {
          agreement: { correlation, relativeError },
        },
      ]) => ({ step, formula, correlation, relativeError, ...(rate === undefined ? {} : { rate }) }),
    ),
  );

const rangeOf = (points: readonly { value: number }[]): [number, number] => [
  Math.min(...points.map(({ value }) => value)),
  Math.max(...points.map(({ value }) => value)),
];

const reading = ({ formula, correlation, relativeError }: EarlyStepPoint): string =>
  `${KERNEL_NAMES[formula]} correlation ${Number.isFinite(correlation) ? correlation.toFixed(2) : "undefined"}, relative error ${Number.isFinite(relativeError) ? relativeError.toPrecision(2) : "undefined"}`;
