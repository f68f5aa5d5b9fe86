import { agreementOf } from "../behavior/kernel-comparison";
import {
  type ChartSpec,
  DIGITS,
  extent,
  figure,
  distinct,
  groupBy,
  legendChoice,
  panelTitle,
  quantity,
  requireSome,
  series,
  tooltip,
} from "./figure";
import { diagonal, dot } from "./marks";

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
}

/**
 * Predicted against actual, a point for each example, a panel for each prediction, with the diagonal where they would
 * be equal. Both axes of a panel have one scale. A click in the legend leaves one class.
 *
 * @throws InputError without a point
 */
export function agreementChart(points: readonly AgreementPoint[], options: AgreementChartOptions = {}): ChartSpec {
  requireSome(points, "agreement chart", "point");
  const { title = "Predicted and actual", actualTitle = "actual", predictedTitle = "predicted" } = options;
  const groups = distinct(points.map(({ group }) => group));
  const panels = groupBy(points, ({ panel }) => panel).map((own) => {
    const [predicted, actual] = [own.map((point) => point.predicted), own.map((point) => point.actual)];
    const { correlation } = agreementOf(predicted, actual);
    return {
      name: own[0].panel,
      own: own.map(({ panel: _, ...point }) => point),
      ends: extent([...predicted, ...actual]),
      reading: `correlation ${Number.isFinite(correlation) ? correlation.toFixed(3) : "not defined"}`,
    };
  });
  // Up to four panels stand in one line.
  const size = panels.length > 3 ? 140 : panels.length > 2 ? 185 : 260;
  return figure({
    title,
    reading: panels.map(({ name, reading }) => `${name}, ${reading}`).join("; "),
    hconcat: panels.map(({ name, own, ends, reading }, index) => {
      const placed = { scale: { domain: ends, nice: true, zero: false }, axis: { tickCount: 5, format: "~r" } };
      const x = quantity(actualTitle, placed);
      const y = quantity(index === 0 ? predictedTitle : null, placed);
      const param = `group${index}`;
      return {
        title: panelTitle([name, reading]),
        width: size,
        height: size,
        layer: [
          diagonal(ends, x, y, ["actual", "predicted"]),
          dot(
            own,
            {
              x: x("actual"),
              y: y("predicted"),
              color: series("group", groups, { title: "class" }),
              opacity: { condition: { param, value: 0.7 }, value: 0.05 },
              tooltip: tooltip({
                text: "sentence",
                group: "class",
                actual: [actualTitle, DIGITS],
                predicted: [predictedTitle, DIGITS],
              }),
            },
            { size: 28 },
            { params: [legendChoice(param, "group")] },
          ),
        ],
      };
    }),
  });
}
