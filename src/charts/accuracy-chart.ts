import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import {
  AXIS_PERCENT,
  type ChartSpec,
  distinct,
  familyColors,
  PERCENT,
  SERIES_COLORS,
  SOLID_LEGEND,
  VEGA_LITE_SCHEMA,
} from "./spec";

/** The score of one method on one seed. */
export interface MethodScore {
  /** As it should be read in the figure: "SGD kernel, prompted". */
  method: string;
  /** What kind of method it is: "kernel", "fine-tuning", "baseline". Sets the colour. */
  family: string;
  seed: number;
  /** From 0 to 1. */
  accuracy: number;
}

export interface AccuracyChartOptions {
  title?: string;
  /** Accuracy of guessing, from 0 to 1: drawn as a dashed line. */
  chance?: number;
  /** Axis title; says which examples the accuracy is on. */
  axisTitle?: string;
}

/**
 * Accuracy by method: every seed's point, the mean, and an error bar of one population standard
 * deviation to each side. Methods stand in the order of their first record, each with its mean and
 * standard deviation in percent under its name.
 */
export function accuracyChart(scores: readonly MethodScore[], options: AccuracyChartOptions = {}): ChartSpec {
  const { title = "Accuracy by method", chance, axisTitle = "test accuracy" } = options;
  const summaries = distinct(scores.map(({ method }) => method)).map((method) => {
    const own = scores.filter((score) => score.method === method);
    const accuracies = own.map(({ accuracy }) => accuracy);
    const [center, std] = [mean(accuracies), populationStd(accuracies)];
    const label = `${method}\n${formatMeanStd(accuracies)} %`;
    return {
      label,
      method,
      family: own[0].family,
      mean: center,
      std,
      low: center - std,
      high: center + std,
      seeds: own.length,
    };
  });
  const labels = new Map(summaries.map(({ method, label }) => [method, label]));
  const lowest = Math.min(chance ?? 1, ...scores.map(({ accuracy }) => accuracy), ...summaries.map(({ low }) => low));
  const scale = { domain: [Math.max(0, Math.floor(lowest * 10 - 0.2) / 10), 1] };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: axisTitle,
    scale,
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  });
  const y = {
    field: "label",
    type: "nominal",
    title: null,
    sort: [...labels.values()],
    axis: { labelLimit: 320, labelExpr: "split(datum.label, '\\n')", labelLineHeight: 13 },
  };
  const families = distinct(scores.map(({ family }) => family));
  const color = {
    field: "family",
    type: "nominal",
    title: "kind of method",
    scale: { domain: families, range: familyColors(families) },
    legend: SOLID_LEGEND,
  };
  const summaryTooltip = [
    { field: "method", title: "method" },
    { field: "mean", title: "mean", format: PERCENT },
    { field: "std", title: "standard deviation", format: PERCENT },
    { field: "seeds", title: "seeds" },
  ];
  const seedTooltip = [
    { field: "method", title: "method" },
    { field: "seed", title: "seed" },
    { field: "accuracy", title: "accuracy", format: PERCENT },
  ];
  const summaryData = { values: summaries };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${summaries.map((s) => `${s.method} ${(s.mean * 100).toFixed(1)} %`).join(", ")}`,
    title: { text: title, anchor: "start" },
    width: 440,
    height: { step: 36 },
    layer: [
      ...(chance === undefined ? [] : [chanceRule(chance, x("chance"))]),
      {
        data: summaryData,
        mark: { type: "rule", strokeWidth: 2.5 },
        encoding: { x: x("low"), x2: { field: "high" }, y, color, tooltip: summaryTooltip },
      },
      {
        data: { values: scores.map((score) => ({ ...score, label: labels.get(score.method) })) },
        mark: { type: "point", filled: false, size: 36, opacity: 0.7, yOffset: 10 },
        encoding: { x: x("accuracy"), y, color, tooltip: seedTooltip },
      },
      {
        data: summaryData,
        mark: { type: "point", filled: true, shape: "diamond", size: 130, opacity: 1 },
        encoding: { x: x("mean"), y, color, tooltip: summaryTooltip },
      },
    ],
  };
}

function chanceRule(chance: number, x: object): object {
  return {
    data: { values: [{ chance }] },
    mark: { type: "rule", strokeWidth: 2, strokeDash: [6, 4], color: SERIES_COLORS[4] },
    encoding: { x, tooltip: [{ field: "chance", title: "guessing", format: PERCENT }] },
  };
}
