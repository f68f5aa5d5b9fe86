import type { EarlyStep } from "../behavior/early-steps";
import { KERNEL_NAMES } from "../kernels/formula";
import type { BehaviorRun } from "../sweep/behavior-record";
import { InputError } from "../errors";
import {
  AXIS_PERCENT,
  type ChartSpec,
  choice,
  DIGITS,
  distinct,
  extent,
  figure,
  fittedScale,
  groupBy,
  panelTitle,
  type Part,
  PERCENT,
  quantity,
  requireColors,
  requireSome,
  series,
  SOLID_LEGEND,
  spread,
  tooltip,
} from "./figure";
import { band, curve, threshold } from "./marks";

/** One number after some steps of one run. */
export interface CurvePoint {
  /** Row and column of the panel: what is measured, with its unit; a task; a method. */
  row?: string;
  column?: string;
  /** Sets the colour: a run, a function. */
  curve: string;
  step: number;
  /** Points that differ in their seeds alone are averaged. */
  seed?: number;
  /** What is not finite is left out. */
  value: number;
  /** What the buttons choose, such as the learning rate. */
  setting?: number;
}

export interface CurvesOptions {
  title?: string;
  /** What is drawn, with its unit; in a second line where rows have names. */
  valueTitle?: string;
  /** Values are shares from 0 to 1, written as percents. Default: in rows whose name says accuracy. */
  percent?: boolean;
  /** A dashed level line in every panel, such as a threshold. */
  level?: { value: number; title: string };
  /** What the buttons choose, and what they show first. Default: the first setting. */
  setting?: { title: string; selected?: number };
}

/**
 * Curves over optimizer steps in a grid of panels; the panels of a row share their vertical axis, which fits the data.
 * Means over seeds, with bands of one population standard deviation to each side. Buttons choose among settings, and
 * the axes stay. A panel without points is left out.
 *
 * @throws InputError without a point, with more curves than colours, or where no point has the selected setting
 */
export function curvesChart(points: readonly CurvePoint[], options: CurvesOptions = {}): ChartSpec {
  requireSome(points, "chart of curves", "point");
  const { title = "Along fine-tuning", valueTitle, level, setting } = options;
  const summaries = summarize(points);
  const rows = distinct(summaries.map(({ row }) => row));
  const columns = distinct(summaries.map(({ column }) => column));
  const names = distinct(summaries.map((summary) => summary.curve));
  requireColors(names, "chart of curves", "curves");
  const settings = distinct(points.flatMap((point) => point.setting ?? []));
  const selected = setting?.selected ?? settings[0];
  if (setting && !settings.includes(selected))
    throw new InputError(`There is no run with the ${setting.title} ${selected}; there are ${settings.join(", ")}.`);
  const several = setting !== undefined && settings.length > 1;
  const averaged = summaries.some(({ seeds }) => seeds > 1);
  const wide = columns.length === 1;
  const width = wide ? 480 : columns.length > 3 ? 130 : 165;
  const percentOf = (row: string): boolean => options.percent ?? row.includes("accuracy");
  const [first, last] = stepRange(points);
  // A few steps are all marked: by itself, Vega would mark halves.
  const marks = last - first < 6 ? { values: Array.from({ length: last - first + 1 }, (_, i) => first + i) } : {};
  const x = quantity(null, {
    scale: { domain: [first, last], nice: false, zero: false },
    axis: { tickCount: wide ? 10 : 5, format: "d", ...marks },
  });
  const legend = { ...SOLID_LEGEND, labelLimit: 0, ...(wide ? {} : { orient: "bottom" }) };
  const color = series("curve", names, { legend });

  const panel = (row: string, column: string): Part[] => {
    const own = summaries.filter((summary) => summary.row === row && summary.column === column);
    if (own.length === 0) return [];
    const inRow = summaries.filter((summary) => summary.row === row);
    const percent = percentOf(row);
    const name = [row, valueTitle].filter(Boolean).join(", ") || "value";
    const y = quantity(column === columns[0] ? [row, valueTitle ?? ""].filter(Boolean) : null, {
      scale: fittedScale([...inRow.flatMap(({ low, high }) => [low, high]), ...(level ? [level.value] : [])]),
      axis: { format: percent ? AXIS_PERCENT : "~g", tickCount: 5 },
    });
    const format = percent ? PERCENT : DIGITS;
    const tips = tooltip({
      curve: "what",
      step: "steps",
      mean: [name, format],
      ...(averaged ? ({ std: ["standard deviation", format], seeds: "seeds" } as const) : {}),
    });
    const encoding = { x: { ...x("step"), title: row === rows.at(-1) ? "optimizer steps" : null }, color };
    const chosen = several ? { transform: [{ filter: "datum.setting == setting" }] } : {};
    const values = own.map(({ curve, step, mean, ...more }) => ({
      ...{ curve, step, mean },
      ...(several ? { setting: more.setting } : {}),
      ...(averaged ? { low: more.low, high: more.high, std: more.std, seeds: more.seeds } : {}),
    }));
    return [
      {
        ...(row === rows[0] && column !== "" ? { title: panelTitle(column) } : {}),
        width,
        height: wide ? (rows.length > 1 ? 140 : 240) : 130,
        layer: [
          ...(level
            ? [
                threshold(level, {
                  y: y("value"),
                  x: { value: 0 },
                  x2: { value: width },
                  tooltip: tooltip({ value: level.title }),
                }),
              ]
            : []),
          ...(averaged ? [band(values, y, encoding, chosen)] : []),
          curve(values, { ...encoding, y: y("mean"), tooltip: tips }, {}, chosen),
        ],
      },
    ];
  };
  return figure({
    title,
    reading: `after the last step: ${readingOf(summaries, selected, percentOf)}`,
    ...(several ? { params: [choice("setting", setting.title, settings, selected)] } : {}),
    vconcat: rows.map((row) => ({ hconcat: columns.flatMap((column) => panel(row, column)) })),
  });
}

type Summary = ReturnType<typeof summarize>[number];

/** Points that are drawn, averaged over seeds. The band of shares stays between 0 and 1. */
function summarize(points: readonly CurvePoint[]) {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const inside = finite.every(({ value }) => value >= 0 && value <= 1);
  return groupBy(finite, ({ row, column, curve, step, setting }) => [row, column, curve, step, setting]).map((own) => {
    const { row = "", column = "", curve, step, setting } = own[0];
    const { low, high, ...center } = spread(own.map(({ value }) => value));
    const ends = inside ? { low: Math.max(0, low), high: Math.min(1, high) } : { low, high };
    return { row, column, curve, step, setting, ...center, ...ends, seeds: own.length };
  });
}

function stepRange(points: readonly CurvePoint[]): [number, number] {
  const [first, last] = extent(points.map(({ step }) => step));
  return first < last ? [first, last] : [Math.min(0, first), Math.max(1, last)];
}

function readingOf(summaries: readonly Summary[], selected: number | undefined, percentOf: (row: string) => boolean) {
  const shown = summaries.filter(({ setting }) => setting === undefined || setting === selected);
  const panels = groupBy(shown, ({ row, column }) => [row, column]).map((own) => {
    const lasts = groupBy(own, (summary) => summary.curve).map((along) => along[along.length - 1]);
    const said = lasts.map(({ row, curve, mean }) => {
      const number = percentOf(row) ? `${(100 * mean).toFixed(1)} %` : mean.toPrecision(2);
      return `${curve} ${number}`;
    });
    const name = [own[0].row, own[0].column].filter(Boolean).join(", ");
    return `${name === "" ? "" : `${name}: `}${said.join(", ")}`;
  });
  return panels.join("; ");
}

/** What is scored along fine-tuning: the pretrained model (f₀), the fine-tuned one, its linearization, kernel gradient descent. */
export const CURVES = {
  start: "pretrained",
  tuned: "fine-tuned",
  linearized: "linearized",
  descent: "kernel descent",
} as const;

/** A measurement's checkpoints as points, each curve's test score. */
export const linearizationPoints = (
  { checkpoints, start }: Pick<BehaviorRun, "checkpoints" | "start">,
  seed: number,
): CurvePoint[] =>
  checkpoints.flatMap(({ step, tuned, linearized, descent }) =>
    Object.entries({ start, tuned, linearized, descent }).flatMap(([name, value]) =>
      value === undefined ? [] : [{ curve: CURVES[name as keyof typeof CURVES], step, seed, value }],
    ),
  );

/**
 * How well each kernel predicts the change of f after each step: the correlation over the evaluation examples, and the
 * relative error ‖predicted − actual‖ / ‖actual‖. K (SignGD) has signs on both sides, and its size is not that of a
 * change of f. The learning rate tells runs apart that buttons choose from.
 */
export const earlyStepPoints = (steps: readonly EarlyStep[], rate?: number): CurvePoint[] =>
  (["correlation", "relativeError"] as const).flatMap((field) =>
    steps.flatMap(({ step, predictions }) =>
      [...predictions].map(([formula, { agreement }]) => ({
        row: field === "correlation" ? "correlation" : "relative error",
        curve: KERNEL_NAMES[formula],
        step,
        value: agreement[field],
        ...(rate === undefined ? {} : { setting: rate }),
      })),
    ),
  );
