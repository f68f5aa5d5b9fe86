import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import type { BehaviorRun } from "../sweep/behavior-record";
import { AXIS_PERCENT, type ChartSpec, distinct, PALETTE, PERCENT, SOLID_LEGEND, VEGA_LITE_SCHEMA } from "./spec";

/** What is scored: the pretrained model (f_0), the fine-tuned one (f_t), its linearization (f_lin), kernel gradient descent. Words, since fonts lack subscripts. */
export const CURVES = {
  start: "pretrained",
  tuned: "fine-tuned",
  linearized: "linearized",
  descent: "kernel descent",
} as const;
export type Curve = keyof typeof CURVES;

/** The score of one curve after some steps, on one seed. */
export interface LinearizationPoint {
  step: number;
  curve: Curve;
  seed: number;
  /** From 0 to 1. */
  score: number;
}

export interface LinearizationChartOptions {
  title?: string;
  /** Axis title; says which examples the score is on. */
  scoreTitle?: string;
}

const COLORS: Record<Curve, string> = {
  start: PALETTE.grey,
  tuned: PALETTE.vermilion,
  linearized: PALETTE.blue,
  descent: PALETTE.green,
};

/** The curves' colours by their names. */
export const CURVE_COLORS: Readonly<Record<string, string>> = Object.fromEntries(
  (Object.keys(CURVES) as Curve[]).map((curve) => [CURVES[curve], COLORS[curve]]),
);

/**
 * Score against steps of fine-tuning: of f_t, of its linearization f_lin at the same parameters, and of kernel gradient
 * descent after as many steps, with the pretrained model's as a level line. Means over seeds; bands of one population
 * standard deviation to each side.
 */
export function linearizationChart(
  points: readonly LinearizationPoint[],
  options: LinearizationChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The linearization chart needs at least one point.");
  const { title = "Fine-tuning and its linearization", scoreTitle = "test accuracy" } = options;
  const curves = (Object.keys(CURVES) as Curve[]).filter((curve) => points.some((point) => point.curve === curve));
  const steps = distinct(points.map(({ step }) => step)).sort((a, b) => a - b);
  const summaries = curves.flatMap((curve) =>
    steps.flatMap((step) => {
      const scores = points.filter((point) => point.curve === curve && point.step === step).map(({ score }) => score);
      if (scores.length === 0) return [];
      const [center, std] = [mean(scores), populationStd(scores)];
      return [
        {
          curve: CURVES[curve],
          step,
          mean: center,
          low: Math.max(0, center - std),
          high: Math.min(1, center + std),
          text: formatMeanStd(scores),
          seeds: scores.length,
        },
      ];
    }),
  );
  const x = { field: "step", type: "quantitative", title: "optimizer steps", axis: { tickMinStep: 1, format: "d" } };
  const y = {
    field: "mean",
    type: "quantitative",
    title: scoreTitle,
    scale: { zero: false },
    axis: { format: AXIS_PERCENT },
  };
  const color = {
    field: "curve",
    type: "nominal",
    title: null,
    scale: { domain: curves.map((curve) => CURVES[curve]), range: curves.map((curve) => COLORS[curve]) },
    legend: SOLID_LEGEND,
  };
  const last = curves.map((curve) => summaries.filter((summary) => summary.curve === CURVES[curve]).at(-1)!);
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}, after the last step: ${last.map(({ curve, text }) => `${curve} ${text} %`).join(", ")}`,
    title: { text: title, anchor: "start" },
    data: { values: summaries },
    width: 480,
    height: 240,
    encoding: { x, color },
    layer: [
      { mark: { type: "area", opacity: 0.12 }, encoding: { y: { ...y, field: "low" }, y2: { field: "high" } } },
      { mark: { type: "line", strokeWidth: 2 }, encoding: { y } },
      {
        mark: { type: "point", filled: true, size: 36, opacity: 1 },
        encoding: {
          y,
          tooltip: [
            { field: "curve", title: "what" },
            { field: "step", title: "steps" },
            { field: "mean", title: scoreTitle, format: PERCENT },
            { field: "text", title: "mean (standard deviation), %" },
            { field: "seeds", title: "seeds" },
          ],
        },
      },
    ],
  };
}

/** A measurement's checkpoints as points. */
export const linearizationPoints = (
  { checkpoints, start }: Pick<BehaviorRun, "checkpoints" | "start">,
  seed: number,
): LinearizationPoint[] =>
  checkpoints.flatMap(({ step, tuned, linearized, descent }) => {
    const scores = { start, tuned, linearized, descent };
    return (Object.keys(CURVES) as Curve[]).flatMap((curve) =>
      scores[curve] === undefined ? [] : [{ step, curve, seed, score: scores[curve] }],
    );
  });
