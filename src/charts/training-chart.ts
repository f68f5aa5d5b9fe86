import { type ChartSpec, distinct, SERIES_COLORS, VEGA_LITE_SCHEMA } from "./spec";

/** One measurement during training. */
export interface TrainingPoint {
  /** Which run: "SGD, seed 13". */
  run: string;
  /** Optimizer steps taken so far. */
  step: number;
  /** What is measured, with its unit: "training loss (nats)", "dev accuracy". One panel each. */
  measure: string;
  value: number;
}

/** Training curves: one panel per measure over the same steps, one line per run. */
export function trainingChart(points: readonly TrainingPoint[], title = "Training"): ChartSpec {
  const measures = distinct(points.map(({ measure }) => measure));
  const runs = distinct(points.map(({ run }) => run));
  const lastStep = Math.max(...points.map(({ step }) => step));
  const panel = (measure: string, index: number) => ({
    data: { values: points.filter((point) => point.measure === measure) },
    width: 480,
    height: 130,
    // A single measurement is a point; a line alone would not show it.
    mark: { type: "line", point: { size: 18 }, strokeWidth: 1.5 },
    encoding: {
      x: {
        field: "step",
        type: "quantitative",
        scale: { domain: [0, lastStep], nice: false },
        axis: { tickMinStep: 1, format: "d" },
        title: index === measures.length - 1 ? "optimizer steps" : null,
      },
      y: {
        field: "value",
        type: "quantitative",
        title: measure,
        scale: { zero: false },
        axis: { format: measure.includes("accuracy") ? ".0%" : "~g", tickCount: 5 },
      },
      color: { field: "run", type: "nominal", title: "run", sort: runs, scale: { domain: runs, range: SERIES_COLORS } },
      tooltip: [
        { field: "run", title: "run" },
        { field: "step", title: "steps" },
        { field: "value", title: measure, format: measure.includes("accuracy") ? ".1%" : ".4~g" },
      ],
    },
  });
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${measures.join(" and ")} of ${runs.join(", ")}`,
    title: { text: title, anchor: "start" },
    vconcat: measures.map(panel),
  };
}
