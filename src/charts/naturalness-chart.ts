import { InputError } from "../errors";
import { mean } from "../solvers/metrics";
import {
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  figure,
  fittedScale,
  groupBy,
  legendChoice,
  PERCENT,
  quantity,
  requireColors,
  requireSome,
  series,
  SOLID_LEGEND,
  titleLines,
  tooltip,
} from "./figure";
import { dot, layer, ring, threshold } from "./marks";

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
  /** d3 format of each measure's axis. Default "~r". */
  formats?: Record<string, string>;
  /** A dashed line in a measure's panel. */
  thresholds?: Record<string, number>;
  /** Panels in a row. Default 2: more would make the text small. */
  columns?: number;
}

/** Tasks of one level stand beside each other, this much of the range of levels apart. */
const DODGE = 0.014;
const NATURALNESS = "naturalness of pretraining";

/**
 * A panel for each measure, in the order of their first point: the measure against naturalness, a line through each
 * task's means over seeds, and every seed's point. A click in the legend shows one task alone, with the shift key
 * several.
 *
 * @throws InputError without a point, with more tasks than colours, or for a format or threshold of an unknown measure
 */
export function naturalnessChart(
  points: readonly NaturalnessPoint[],
  options: NaturalnessChartOptions = {},
): ChartSpec {
  requireSome(points, "naturalness chart", "point");
  const { title = "Measures and naturalness", formats = {}, thresholds = {}, columns = 2 } = options;
  const measures = distinct(points.map(({ measure }) => measure));
  const tasks = distinct(points.map(({ task }) => task));
  const levels = distinct(points.map(({ naturalness }) => naturalness)).sort((a, b) => a - b);
  requireColors(tasks, "naturalness chart", "tasks");
  const strange = Object.keys({ ...formats, ...thresholds }).find((name) => !measures.includes(name));
  if (strange !== undefined)
    throw new InputError(
      `There is no measure ${JSON.stringify(strange)} in the naturalness chart; there are: ${measures.join(", ")}.`,
    );
  const [lowest, highest] = extent(levels);
  const reach = highest > lowest ? highest - lowest : 1;
  const x = quantity(NATURALNESS, {
    scale: { domain: [lowest - 0.08 * reach, highest + 0.08 * reach], nice: false, zero: false },
    axis: { values: levels, format: "~g", grid: false },
  })("x");
  const color = series("task", tasks, {
    title: ["task", "(click: this one,", "shift-click: more)"],
    legend: { ...SOLID_LEGEND, symbolType: "circle" },
  });
  const chosen = { transform: [{ filter: { param: "tasks" } }] };
  const placed = points.map((point) => ({
    ...point,
    x: point.naturalness + (tasks.indexOf(point.task) - (tasks.length - 1) / 2) * DODGE * reach,
  }));
  const panels = groupBy(placed, ({ measure }) => measure).map((own) => ({
    measure: own[0].measure,
    own: own.map(({ measure: _, ...point }) => point),
    means: tasks.flatMap((task) => {
      const ofTask = own.filter((point) => point.task === task).sort((a, b) => a.x - b.x);
      return groupBy(ofTask, (point) => point.naturalness).map((same) => ({
        ...{ task, naturalness: same[0].naturalness, x: same[0].x },
        value: mean(same.map(({ value }) => value)),
        seeds: same.length,
      }));
    }),
  }));
  return figure({
    title,
    reading: `from ${lowest} to ${highest}: ${panels
      .map(({ measure, means }) => {
        const ends = groupBy(means, ({ task }) => task).map((own) => {
          const [first, last] = [own[0], own[own.length - 1]].map(({ value }) => Number(value.toPrecision(2)));
          return `${own[0].task} ${first} to ${last}`;
        });
        return `${measure} ${ends.join(", ")}`;
      })
      .join("; ")}`,
    subtitle: "lines and large points: means over seeds; small points: a seed each",
    columns,
    spacing: 24,
    concat: panels.map(({ measure, own, means }, i) => {
      const format = formats[measure] ?? "~r";
      const limit = thresholds[measure];
      const values = [...own.map(({ value }) => value), ...(limit === undefined ? [] : [limit])];
      const y = quantity(titleLines(measure, 28), { scale: fittedScale(values), axis: { format, tickCount: 5 } });
      const tips = (what: string, of: string) =>
        tooltip({
          task: "task",
          naturalness: [NATURALNESS, "~g"],
          [of]: of,
          value: [what, format.endsWith("%") ? PERCENT : DIGITS],
        });
      const common = { x, y: y("value"), color };
      const params = i === 0 ? { params: [legendChoice("tasks", "task")] } : {};
      return {
        width: 215,
        height: 180,
        layer: [
          ...(limit === undefined
            ? []
            : [threshold({ value: limit }, { y: y("value"), tooltip: tooltip({ value: "threshold" }) })]),
          layer(means, { type: "line", strokeWidth: 2 }, common, { ...params, ...chosen }),
          ring(own, { ...common, tooltip: tips(measure, "seed") }, { size: 22, opacity: 0.75 }, chosen),
          dot(means, { ...common, tooltip: tips(`mean ${measure}`, "seeds") }, { size: 50 }, chosen),
        ],
      };
    }),
  });
}
