import { agreementOf } from "../behavior/kernel-comparison";
import { type ChartSpec, distinct, SERIES_COLORS, SOLID_LEGEND, VEGA_LITE_SCHEMA } from "./spec";

/** A quantity of one example as it is, and as something predicts it. */
export interface AgreementPoint {
  /** A figure of its own each: "SGD". */
  panel: string;
  actual: number;
  predicted: number;
  /** Sets the colour: the example's class. */
  group: string;
  /** The example's text, for the tooltip. */
  text: string;
}

export interface AgreementChartOptions {
  title?: string;
  actualTitle?: string;
  predictedTitle?: string;
  /** What the colours are. Default "class". */
  groupTitle?: string;
}

/**
 * Predicted against actual, a point for each example, a panel for each prediction, with the diagonal where they would be equal.
 * Both axes of a panel have one scale. A click in the legend leaves one group.
 */
export function agreementChart(points: readonly AgreementPoint[], options: AgreementChartOptions = {}): ChartSpec {
  if (points.length === 0) throw new Error("The agreement chart needs at least one point.");
  const {
    title = "Predicted and actual",
    actualTitle = "actual",
    predictedTitle = "predicted",
    groupTitle = "class",
  } = options;
  const groups = distinct(points.map(({ group }) => group));
  const panels = distinct(points.map(({ panel }) => panel)).map((name) => {
    const own = points.filter(({ panel }) => panel === name);
    const { correlation } = agreementOf(
      own.map(({ predicted }) => predicted),
      own.map(({ actual }) => actual),
    );
    return {
      name,
      own,
      reading: `correlation ${Number.isFinite(correlation) ? correlation.toFixed(3) : "not defined"}`,
    };
  });
  // Up to four figures stand in one line.
  const size = panels.length > 3 ? 140 : panels.length > 2 ? 185 : 260;
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${panels.map(({ name, reading }) => `${name}, ${reading}`).join("; ")}`,
    title: { text: title, anchor: "start" },
    hconcat: panels.map(({ name, own, reading }, index) => {
      const values = own.flatMap(({ actual, predicted }) => [actual, predicted]);
      const ends = [Math.min(...values), Math.max(...values)];
      const scale = { domain: ends, nice: true, zero: false };
      const x = {
        field: "actual",
        type: "quantitative",
        title: actualTitle,
        scale,
        axis: { tickCount: 5, format: "~r" },
      };
      const y = {
        field: "predicted",
        type: "quantitative",
        title: index === 0 ? predictedTitle : null,
        scale,
        axis: { tickCount: 5, format: "~r" },
      };
      const color = {
        field: "group",
        type: "nominal",
        title: groupTitle,
        scale: { domain: groups, range: SERIES_COLORS },
        legend: SOLID_LEGEND,
      };
      return {
        title: { text: [name, reading], fontWeight: "normal", anchor: "start" },
        width: size,
        height: size,
        layer: [
          {
            data: { values: ends.map((at) => ({ actual: at, predicted: at })) },
            mark: { type: "line", strokeWidth: 1.5, strokeDash: [6, 4], color: SERIES_COLORS[4] },
            encoding: { x, y },
          },
          {
            data: { values: own.map(({ actual, predicted, group, text }) => ({ actual, predicted, group, text })) },
            params: [{ name: `group${index}`, select: { type: "point", fields: ["group"] }, bind: "legend" }],
            mark: { type: "point", filled: true, size: 28 },
            encoding: {
              x,
              y,
              color,
              opacity: { condition: { param: `group${index}`, value: 0.7 }, value: 0.05 },
              tooltip: [
                { field: "text", title: "sentence" },
                { field: "group", title: groupTitle },
                { field: "actual", title: actualTitle, format: ".3~g" },
                { field: "predicted", title: predictedTitle, format: ".3~g" },
              ],
            },
          },
        ],
      };
    }),
  };
}
