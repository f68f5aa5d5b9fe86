import { mean } from "../solvers/metrics";
import { type ChartSpec, distinct, PALETTE, SERIES_COLORS, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** One measure of one task and draw, on a model of one level of naturalness. */
export interface NaturalnessPoint {
  /** The panel; its name is the axis title, with the unit. */
  measure: string;
  task: string;
  seed: number;
  /** From 0 to 1. */
  naturalness: number;
  value: number;
}

export interface NaturalnessChartOptions {
  title?: string;
  xTitle?: string;
  /** d3 format of each measure's axis. Default "~r". */
  formats?: Record<string, string>;
  /** A dashed line in a measure's panel. */
  thresholds?: Record<string, number>;
  /** Panels in a row. Default 2: more would make the text small. */
  columns?: number;
}

/** Seeds of one level stand beside each other, tasks by tasks: this much of the range of levels apart. */
const DODGE = 0.014;

/**
 * A panel for each measure, in the order of their first point: the measure against naturalness, a line through each task's
 * means over seeds, and every seed's point. A click in the legend shows one task alone, with the shift key several.
 */
export function naturalnessChart(
  points: readonly NaturalnessPoint[],
  options: NaturalnessChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The naturalness chart needs at least one point.");
  const {
    title = "Measures and naturalness",
    xTitle = "naturalness of pretraining",
    formats = {},
    thresholds = {},
    columns = 2,
  } = options;
  const measures = distinct(points.map(({ measure }) => measure));
  const tasks = distinct(points.map(({ task }) => task));
  const levels = distinct(points.map(({ naturalness }) => naturalness)).sort((a, b) => a - b);
  if (tasks.length > SERIES_COLORS.length)
    throw new Error(
      `The naturalness chart has colours for ${SERIES_COLORS.length} tasks, not ${tasks.length}: draw several charts.`,
    );
  const strange = Object.keys({ ...formats, ...thresholds }).find((name) => !measures.includes(name));
  if (strange !== undefined)
    throw new Error(
      `There is no measure ${JSON.stringify(strange)} in the naturalness chart; there are: ${measures.join(", ")}.`,
    );
  const [lowest, highest] = [levels[0], levels[levels.length - 1]];
  const range = highest > lowest ? highest - lowest : 1;
  const shift = (task: string): number => (tasks.indexOf(task) - (tasks.length - 1) / 2) * DODGE * range;
  const domain = [lowest - 0.08 * range, highest + 0.08 * range];
  const x = {
    field: "x",
    type: "quantitative",
    title: xTitle,
    scale: { domain, nice: false, zero: false },
    axis: { values: levels, format: "~g", grid: false },
  };
  const color = {
    field: "task",
    type: "nominal",
    title: ["task", "(click: this one,", "shift-click: more)"],
    scale: { domain: tasks, range: SERIES_COLORS },
    legend: { ...SOLID_LEGEND, symbolType: "circle" },
  };
  const chosen = [{ filter: { param: "tasks" } }];

  const meansOf = (measure: string) =>
    tasks.flatMap((task) =>
      levels.flatMap((naturalness) => {
        const values = points
          .filter((point) => point.measure === measure && point.task === task && point.naturalness === naturalness)
          .map(({ value }) => value);
        return values.length === 0
          ? []
          : [{ task, naturalness, x: naturalness + shift(task), value: mean(values), seeds: values.length }];
      }),
    );
  const panel = (measure: string, first: boolean) => {
    const format = formats[measure] ?? "~r";
    const threshold = thresholds[measure];
    const y = {
      field: "value",
      type: "quantitative",
      title: titleLines(measure, 28),
      scale: scaleOf(points.filter((point) => point.measure === measure).map(({ value }) => value)),
      axis: { format, tickCount: 5 },
    };
    const tooltip = (what: string, of: string) => [
      { field: "task", title: "task" },
      { field: "naturalness", title: xTitle, format: "~g" },
      { field: of, title: of },
      { field: "value", title: what, format: format.endsWith("%") ? ".1%" : ".3~g" },
    ];
    const own = points
      .filter((point) => point.measure === measure)
      .map(({ task, seed, naturalness, value }) => ({ task, seed, naturalness, x: naturalness + shift(task), value }));
    return {
      width: 215,
      height: 180,
      layer: [
        ...(threshold === undefined
          ? []
          : [
              {
                data: { values: [{ value: threshold }] },
                mark: { type: "rule", strokeWidth: 1.5, strokeDash: [6, 4], color: PALETTE.grey },
                encoding: { y, tooltip: [{ field: "value", title: "threshold" }] },
              },
            ]),
        {
          ...(first
            ? { params: [{ name: "tasks", select: { type: "point", fields: ["task"] }, bind: "legend" }] }
            : {}),
          data: { values: meansOf(measure) },
          transform: chosen,
          mark: { type: "line", strokeWidth: 2 },
          encoding: { x, y, color },
        },
        {
          data: { values: own },
          transform: chosen,
          mark: { type: "point", filled: false, size: 22, opacity: 0.75 },
          encoding: { x, y, color, tooltip: tooltip(measure, "seed") },
        },
        {
          data: { values: meansOf(measure) },
          transform: chosen,
          mark: { type: "point", filled: true, size: 50, opacity: 1 },
          encoding: { x, y, color, tooltip: tooltip(`mean ${measure}`, "seeds") },
        },
      ],
    };
  };
  const described = measures.map(
    (measure) =>
      `${measure} ${tasks
        .flatMap((task) =>
          endsOf(
            meansOf(measure).filter((each) => each.task === task),
            task,
          ),
        )
        .join(", ")}`,
  );
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}, from ${lowest} to ${highest}: ${described.join("; ")}`,
    title: {
      text: titleLines(title),
      anchor: "start",
      subtitle: "lines and large points: means over seeds; small points: a seed each",
    },
    columns,
    spacing: 24,
    concat: measures.map((measure, i) => panel(measure, i === 0)),
  };
}

/** One far value must not flatten all others: positive values that span more than two decades are drawn by their logarithms. */
function scaleOf(values: readonly number[]): object {
  const [smallest, largest] = [Math.min(...values), Math.max(...values)];
  return smallest > 0 && largest / smallest > 100 ? { type: "log", nice: true } : { zero: false, nice: true };
}

/** "subj 0.5 to 0.3". */
const endsOf = (means: { value: number }[], task: string): string[] =>
  means.length === 0
    ? []
    : [`${task} ${[means[0], means[means.length - 1]].map(({ value }) => Number(value.toPrecision(2))).join(" to ")}`];
