import { formatMeanStd } from "../solvers/metrics";
import {
  AXIS_PERCENT,
  category,
  colorsOf,
  type ChartSpec,
  distinct,
  figure,
  groupBy,
  legendChoice,
  type Part,
  PERCENT,
  quantity,
  requireColors,
  requireSome,
  series,
  SHAPES,
  SOLID_LEGEND,
  spread,
  tooltip,
} from "./figure";
import { dot, guessing, range, ring, threshold } from "./marks";

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

/** Pixels a method has within its row, and the row's own margin. */
const LINE = 8;
const MARGIN = 10;

/**
 * Accuracy by row (a task, a prompt) and method: the mean, a bar of one population standard deviation to each side,
 * every seed's point, and guessing in grey. A click in the legend shows one method alone, with the shift key several.
 * Without groups each method is a row, with its mean and standard deviation in percent under its name. Rows and methods
 * stand in the order of their first record.
 *
 * @throws InputError without a score, or with more kinds of methods than colours
 */
export function accuracyChart(scores: readonly MethodScore[], options: AccuracyChartOptions = {}): ChartSpec {
  requireSome(scores, "accuracy chart", "score");
  const families = distinct(scores.map(({ family }) => family));
  requireColors(families, "accuracy chart", "kinds of methods");
  const { title = "Accuracy by method", groupTitle = "task", axisTitle = "test accuracy" } = options;
  const summaries = groupBy(scores, ({ group, method }) => [group, method]).map((own) => {
    const { group, method, family } = own[0];
    const accuracies = own.map(({ accuracy }) => accuracy);
    const { low, high, ...center } = spread(accuracies);
    const text = formatMeanStd(accuracies);
    const ends = { low: Math.max(0, low), high: Math.min(1, high) };
    return { group: group ?? `${method}\n${text} %`, method, family, ...center, ...ends, text, seeds: own.length };
  });
  const grouped = scores.some(({ group }) => group !== undefined);
  const guesses = groupBy(scores, ({ group }) => group).flatMap(([{ group, chance }]) =>
    chance === undefined ? [] : [{ ...(grouped ? { group } : {}), chance }],
  );
  const shown = [
    ...scores.map(({ accuracy }) => accuracy),
    ...summaries.flatMap(({ low, high }) => [low, high]),
    ...guesses.map(({ chance }) => chance),
  ];
  const ends = [Math.floor(10 * Math.min(...shown) - 0.2) / 10, Math.ceil(10 * Math.max(...shown) + 0.2) / 10];
  const x = quantity(axisTitle, {
    scale: { domain: [Math.max(0, ends[0]), Math.min(1, ends[1])] },
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  });
  const rows = distinct(summaries.map(({ group }) => group));
  const reading = rows.map((row) => {
    const own = summaries.filter(({ group }) => group === row).map(({ method, text }) => `${method} ${text} %`);
    return grouped ? `${row}: ${own.join(", ")}` : own.join();
  });
  const records = scores.map(({ group, method, family, seed, accuracy }) => ({
    group: group ?? summaries.find((summary) => summary.method === method)!.group,
    method,
    family,
    seed,
    accuracy,
  }));
  return figure({
    title,
    reading: reading.join(grouped ? "; " : ", "),
    ...(grouped ? groupedRows : methodRows)({ x, rows, families, groupTitle, guesses, records, summaries }),
  });
}

interface Drawn {
  x: (field: string) => Part;
  rows: readonly string[];
  families: readonly string[];
  groupTitle: string;
  guesses: readonly { chance: number }[];
  records: readonly { group: string; method: string; family: string }[];
  summaries: readonly { group: string; method: string; family: string }[];
}

const summaryTips = { text: "mean (standard deviation), %", seeds: "seeds" };
const seedTips = { seed: "seed", accuracy: ["accuracy", PERCENT] } as const;

/** A row for each method: the colour tells its kind. */
function methodRows({ x, rows, families, guesses, records, summaries }: Drawn): Part {
  const y = category("group", {
    sort: rows,
    axis: { labelLimit: 320, labelExpr: "split(datum.label, '\\n')", labelLineHeight: 13 },
  });
  const color = series("family", families, { title: "kind of method" });
  const tips = tooltip({ method: "method", ...summaryTips });
  const chanceTip = tooltip({ chance: ["guessing", PERCENT] });
  return {
    width: 440,
    height: { step: 36 },
    layer: [
      ...guesses.map((guess) => threshold(guess, { x: x("chance"), tooltip: chanceTip })),
      range(summaries, x, { y, color, tooltip: tips }, { strokeWidth: 2.5 }),
      ring(
        records,
        { x: x("accuracy"), y, color, tooltip: tooltip({ method: "method", ...seedTips }) },
        { size: 36, opacity: 0.7, yOffset: 10 },
      ),
      dot(summaries, { x: x("mean"), y, color, tooltip: tips }, { shape: "diamond", size: 130 }),
    ],
  };
}

/** A row for each group, its methods one below the other: methods of a kind have one colour and differ in shape. */
function groupedRows({ x, rows, families, groupTitle, guesses, records, summaries }: Drawn): Part {
  const colors = colorsOf(families);
  const looks = groupBy(records, ({ method }) => method).map(([{ method, family }]) => {
    const siblings = distinct(records.filter((one) => one.family === family).map((one) => one.method));
    return {
      method,
      color: colors[families.indexOf(family)],
      shape: SHAPES[siblings.indexOf(method) % SHAPES.length],
    };
  });
  const methods = looks.map(({ method }) => method);
  const height = methods.length * LINE + MARGIN;
  const y = category("group", {
    scale: { domain: rows, paddingInner: MARGIN / (2 * height), paddingOuter: 0.05 },
    axis: { grid: true, tickBand: "extent", labelLimit: 260 },
  });
  const named = {
    title: ["method", "(click: this one, shift-click: more)"],
    legend: { ...SOLID_LEGEND, titleLimit: 0, labelLimit: 0 },
  };
  const common = {
    y,
    yOffset: { field: "method", type: "nominal", scale: { domain: methods } },
    color: series("method", methods, { ...named, range: looks.map(({ color }) => color) }),
  };
  const shape = series("method", methods, { ...named, range: looks.map((look) => look.shape) });
  const names = { group: groupTitle, method: "method" };
  const tips = tooltip({ ...names, ...summaryTips });
  const chosen = { transform: [{ filter: { param: "methods" } }] };
  return {
    subtitle: `large: mean, with one standard deviation; small: a seed${guesses.length > 0 ? "; grey bar: guessing" : ""}`,
    width: 460,
    height: rows.length * height,
    layer: [
      guessing(guesses, x, y, groupTitle, height - MARGIN / 2),
      range(summaries, x, { ...common, tooltip: tips }, {}, { ...chosen, params: [legendChoice("methods", "method")] }),
      ring(
        records,
        { x: x("accuracy"), ...common, shape, tooltip: tooltip({ ...names, ...seedTips }) },
        { size: 14, opacity: 0.6 },
        chosen,
      ),
      dot(summaries, { x: x("mean"), ...common, shape, tooltip: tips }, { size: 60 }, chosen),
    ],
  };
}
