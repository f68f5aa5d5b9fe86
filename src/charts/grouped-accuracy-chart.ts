import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import {
  AXIS_PERCENT,
  type ChartSpec,
  distinct,
  familyColors,
  PALETTE,
  PERCENT,
  SERIES_COLORS,
  titleLines,
  VEGA_LITE_SCHEMA,
} from "./spec";

/** The score of one method on one seed, within a row of the figure. */
export interface GroupedScore {
  /** The row: a task, a prompt. */
  group: string;
  /** Accuracy of guessing there, from 0 to 1: drawn as a bar. */
  chance?: number;
  method: string;
  /** What kind of method it is. Sets the colour; methods of a kind differ in shape. */
  family: string;
  seed: number;
  /** From 0 to 1. */
  accuracy: number;
}

export interface GroupedAccuracyOptions {
  title?: string;
  /** What the rows are. Default "task". */
  groupTitle?: string;
  /** Axis title; says which examples the accuracy is on. */
  axisTitle?: string;
}

const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];
/** Pixels a method has within its row, and the row's own margin. */
const LINE = 8;
const MARGIN = 10;

/**
 * Accuracy by row (a task, a prompt) and method: the mean, an error bar of one population standard deviation to each
 * side, every seed's point, and a bar for guessing. A click in the legend shows one method alone, with the shift key
 * several. Rows and methods stand in the order of their first record.
 */
export function groupedAccuracyChart(scores: readonly GroupedScore[], options: GroupedAccuracyOptions = {}): ChartSpec {
  if (scores.length === 0) throw new Error("The grouped accuracy chart needs at least one score.");
  const { title = "Accuracy by task and method", groupTitle = "task", axisTitle = "test accuracy" } = options;
  const groups = distinct(scores.map(({ group }) => group));
  const methods = distinct(scores.map(({ method }) => method));
  const families = distinct(scores.map(({ family }) => family));
  if (families.length > SERIES_COLORS.length)
    throw new Error(
      `The grouped accuracy chart has colours for ${SERIES_COLORS.length} kinds of methods, not ${families.length}.`,
    );
  const looks = methods.map((method) => lookOf(method, scores, families));
  const summaries = groups.flatMap((group) =>
    methods.flatMap((method) => summarize(scores.filter((score) => score.group === group && score.method === method))),
  );
  const guesses = groups.flatMap((group) => {
    const chance = scores.find((score) => score.group === group)!.chance;
    return chance === undefined ? [] : [{ group, chance }];
  });
  const shown = [
    ...scores.map(({ accuracy }) => accuracy),
    ...summaries.flatMap(({ low, high }) => [low, high]),
    ...guesses.map(({ chance }) => chance),
  ];
  const rowHeight = methods.length * LINE + MARGIN;

  const scale = {
    domain: [
      Math.max(0, Math.floor(10 * Math.min(...shown) - 0.2) / 10),
      Math.min(1, Math.ceil(10 * Math.max(...shown) + 0.2) / 10),
    ],
  };
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: axisTitle,
    scale,
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  });
  const y = {
    field: "group",
    type: "nominal",
    title: null,
    scale: { domain: groups, paddingInner: MARGIN / (2 * rowHeight), paddingOuter: 0.05 },
    axis: { grid: true, tickBand: "extent", labelLimit: 260 },
  };
  const yOffset = { field: "method", type: "nominal", scale: { domain: methods } };
  const legend = {
    title: ["method", "(click: this one, shift-click: more)"],
    titleLimit: 0,
    symbolOpacity: 1,
    labelLimit: 0,
  };
  const color = {
    field: "method",
    type: "nominal",
    scale: { domain: methods, range: looks.map(({ color: own }) => own) },
    legend,
  };
  const shape = {
    field: "method",
    type: "nominal",
    scale: { domain: methods, range: looks.map(({ shape: own }) => own) },
    legend,
  };
  const names = [
    { field: "group", title: groupTitle },
    { field: "method", title: "method" },
  ];
  const tooltip = [
    ...names,
    { field: "text", title: "mean (standard deviation), %" },
    { field: "seeds", title: "seeds" },
  ];
  const chosen = [{ filter: { param: "methods" } }];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${groups
      .map(
        (group) =>
          `${group}: ${summaries
            .filter((own) => own.group === group)
            .map(({ method, text }) => `${method} ${text}`)
            .join(", ")}`,
      )
      .join("; ")}`,
    title: {
      text: titleLines(title),
      anchor: "start",
      ...(guesses.length > 0
        ? { subtitle: "large: mean, with one standard deviation; small: a seed; grey bar: guessing" }
        : {}),
    },
    width: 460,
    height: groups.length * rowHeight,
    layer: [
      {
        data: { values: guesses },
        mark: {
          type: "tick",
          orient: "vertical",
          thickness: 2,
          size: rowHeight - MARGIN / 2,
          color: PALETTE.grey,
          opacity: 0.8,
        },
        encoding: {
          x: x("chance"),
          y,
          tooltip: [
            { field: "group", title: groupTitle },
            { field: "chance", title: "guessing", format: PERCENT },
          ],
        },
      },
      {
        params: [{ name: "methods", select: { type: "point", fields: ["method"] }, bind: "legend" }],
        data: { values: summaries },
        transform: chosen,
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { x: x("low"), x2: { field: "high" }, y, yOffset, color, tooltip },
      },
      {
        data: { values: scores.map(({ group, method, seed, accuracy }) => ({ group, method, seed, accuracy })) },
        transform: chosen,
        mark: { type: "point", filled: false, size: 14, opacity: 0.6 },
        encoding: {
          x: x("accuracy"),
          y,
          yOffset,
          color,
          shape,
          tooltip: [
            ...names,
            { field: "seed", title: "seed" },
            { field: "accuracy", title: "accuracy", format: PERCENT },
          ],
        },
      },
      {
        data: { values: summaries },
        transform: chosen,
        mark: { type: "point", filled: true, size: 60, opacity: 1 },
        encoding: { x: x("mean"), y, yOffset, color, shape, tooltip },
      },
    ],
  };
}

function lookOf(
  method: string,
  scores: readonly GroupedScore[],
  families: readonly string[],
): { color: string; shape: string } {
  const { family } = scores.find((score) => score.method === method)!;
  const siblings = distinct(scores.filter((score) => score.family === family).map((score) => score.method));
  return {
    color: familyColors(families)[families.indexOf(family)],
    shape: SHAPES[siblings.indexOf(method) % SHAPES.length],
  };
}

function summarize(own: readonly GroupedScore[]) {
  if (own.length === 0) return [];
  const accuracies = own.map(({ accuracy }) => accuracy);
  const [center, std] = [mean(accuracies), populationStd(accuracies)];
  const { group, method } = own[0];
  return [
    {
      group,
      method,
      mean: center,
      low: Math.max(0, center - std),
      high: Math.min(1, center + std),
      text: formatMeanStd(accuracies),
      seeds: own.length,
    },
  ];
}
