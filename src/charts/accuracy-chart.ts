import { formatMeanStd } from "../solvers/metrics";
import { dotsChart } from "./dots-chart";
import {
  category,
  type ChartSpec,
  colorsOf,
  distinct,
  figure,
  groupBy,
  PERCENT,
  requireColors,
  requireSome,
  series,
  SHAPES,
  shares,
  spread,
  tooltip,
} from "./figure";
import { dot, range, ring, threshold } from "./marks";

/** The score of one method on one seed. */
export interface MethodScore {
  /** The row: a task, a prompt. Scores without one have a row for each method. */
  group?: string;
  /** Accuracy of guessing in the row, from 0 to 1. */
  chance?: number;
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
  /** What the rows are. Default "task". */
  groupTitle?: string;
  /** Axis title; says which examples the accuracy is on. */
  axisTitle?: string;
}

/**
 * Accuracy by row (a task, a prompt) and method: the mean, a bar of one population standard deviation to each side,
 * every seed's point, and guessing in grey. Methods of a kind have one colour and differ in shape. Without groups each
 * method is a row, with its mean and standard deviation in percent under its name. Rows and methods stand in the order
 * of their first record.
 *
 * @throws InputError without a score, or with more kinds of methods than colours
 */
export function accuracyChart(scores: readonly MethodScore[], options: AccuracyChartOptions = {}): ChartSpec {
  requireSome(scores, "accuracy chart", "score");
  const families = distinct(scores.map(({ family }) => family));
  requireColors(families, "accuracy chart", "kinds of methods");
  const { title = "Accuracy by method", groupTitle = "task", axisTitle = "test accuracy" } = options;
  const large = groupBy(scores, ({ group, method }) => [group, method]).map((own) => {
    const { group, method, family } = own[0];
    const accuracies = own.map(({ accuracy }) => accuracy);
    const { mean, low, high } = spread(accuracies);
    const text = formatMeanStd(accuracies);
    const ends = { low: Math.max(0, low), high: Math.min(1, high) };
    return {
      row: group ?? `${method}\n${text} %`,
      name: method,
      family,
      value: mean,
      ...ends,
      text,
      seeds: own.length,
    };
  });
  const small = scores.map(({ group, method, family, seed, accuracy }) => ({
    row: group ?? large.find(({ name }) => name === method)?.row ?? method,
    name: method,
    family,
    seed,
    value: accuracy,
  }));
  const guesses = groupBy(scores, ({ group }) => group).flatMap(([{ group = "", chance }]) =>
    chance === undefined ? [] : [{ row: group, chance }],
  );
  if (scores.some(({ group }) => group !== undefined)) {
    const colors = colorsOf(families);
    const looks = groupBy(scores, ({ method }) => method).map(([{ method, family }]) => {
      const siblings = distinct(scores.filter((one) => one.family === family).map((one) => one.method));
      const shape = SHAPES[siblings.indexOf(method) % SHAPES.length];
      return { name: method, color: colors[families.indexOf(family)], shape };
    });
    const means = large.map(({ family: _, text, ...record }) => ({ ...record, "mean (standard deviation), %": text }));
    return dotsChart([...means, ...small.map(({ family: _, ...record }) => record)], {
      title,
      reading: groupBy(large, ({ row }) => row)
        .map((own) => `${own[0].row}: ${own.map(({ name, text }) => `${name} ${text} %`).join(", ")}`)
        .join("; "),
      subtitle: `large: mean, with one standard deviation; small: a seed${guesses.length > 0 ? "; grey bar: guessing" : ""}`,
      rowTitle: groupTitle,
      nameTitle: "method",
      valueTitle: axisTitle,
      guesses,
      looks,
    });
  }
  const x = shares(axisTitle, [
    ...small.map(({ value }) => value),
    ...large.flatMap(({ low, high }) => [low, high]),
    ...guesses.map(({ chance }) => chance),
  ]);
  const y = category("row", {
    sort: large.map(({ row }) => row),
    axis: { labelLimit: 320, labelExpr: "split(datum.label, '\\n')", labelLineHeight: 13 },
  });
  const common = { y, color: series("family", families, { title: "kind of method" }) };
  const tips = tooltip({ name: "method", text: "mean (standard deviation), %", seeds: "seeds" });
  return figure({
    title,
    reading: large.map(({ name, text }) => `${name} ${text} %`).join(", "),
    width: 440,
    height: { step: 36 },
    layer: [
      ...guesses.map(({ chance }) =>
        threshold({ chance }, { x: x("chance"), tooltip: tooltip({ chance: ["guessing", PERCENT] }) }),
      ),
      range(large, x, { ...common, tooltip: tips }, { strokeWidth: 2.5 }),
      ring(
        small,
        { x: x("value"), ...common, tooltip: tooltip({ name: "method", seed: "seed", value: ["accuracy", PERCENT] }) },
        { size: 36, opacity: 0.7, yOffset: 10 },
      ),
      dot(large, { x: x("value"), ...common, tooltip: tips }, { shape: "diamond", size: 130 }),
    ],
  });
}
