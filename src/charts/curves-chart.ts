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
  legendChoice,
  PALETTE,
  panelTitle,
  type Part,
  PERCENT,
  quantity,
  requireSome,
  series,
  SOLID_LEGEND,
  spread,
  titleLines,
  tooltip,
} from "./figure";
import { band, curve, dot, threshold } from "./marks";

/** One number at one place of one curve. */
export interface CurvePoint {
  /** Row and column of the panel: what is measured, with its unit; a task; a method. */
  row?: string;
  column?: string;
  /** Sets the colour: a run, a function, a task. */
  curve: string;
  /** The place: optimizer steps, or what the title of the axis says. */
  step: number;
  /** Points that differ in their seeds alone are averaged. */
  seed?: number;
  /** What is not finite is left out. */
  value: number;
  /** What the buttons choose, such as the learning rate. */
  setting?: number;
  /** Dashed curves have the colour of the solid one of their name. */
  dashed?: boolean;
}

export interface CurvesOptions {
  title?: string;
  /** How to read the marks. */
  subtitle?: string;
  /** Default "optimizer steps". */
  xTitle?: string;
  /** What is drawn, with its unit; in a second line where rows have names. */
  valueTitle?: string;
  /** Whether values, or those of the rows named, are written as percents. Default: in rows whose name says accuracy. */
  percent?: boolean | readonly string[];
  /** A dashed threshold in every panel, or in those of the rows named. */
  level?: number | Readonly<Record<string, number>>;
  /** What the buttons choose, and what they show first. Default: the first setting. */
  setting?: { title: string; selected?: number };
  /** Training examples: dots, and where they have no value, places. */
  examples?: readonly { row: string; step: number; value?: number }[];
}

/**
 * Curves over optimizer steps, or over another number, in a grid of panels; the panels of a row share their vertical
 * axis, which fits the data. Means over seeds, with bands of one population standard deviation to each side. Buttons
 * choose among settings, and the axes stay. A click in the legend shows one curve alone, with the shift key several. A
 * panel without points is left out. Beyond five curves colours come again; the tooltip tells them apart.
 *
 * @throws InputError without a point, or for a setting or a row that no point has
 */
export function curvesChart(points: readonly CurvePoint[], options: CurvesOptions = {}): ChartSpec {
  const { title = "Along fine-tuning", subtitle, xTitle = "optimizer steps", valueTitle, level, setting } = options;
  const { percent = [], examples = [] } = options;
  const summaries = summarize(points);
  requireSome(summaries, "chart of curves", "point");
  const rows = distinct(summaries.map(({ row }) => row));
  const columns = distinct(summaries.map(({ column }) => column));
  const names = distinct(summaries.map((summary) => summary.curve));
  const named = [...(Array.isArray(percent) ? percent : []), ...(typeof level === "object" ? Object.keys(level) : [])];
  const strange = named.find((row) => !rows.includes(row));
  if (strange !== undefined)
    throw new InputError(`The chart of curves has no row ${JSON.stringify(strange)}; there are: ${rows.join(", ")}.`);
  const settings = distinct(points.flatMap((point) => point.setting ?? []));
  const selected = setting?.selected ?? settings[0];
  if (setting && !settings.includes(selected))
    throw new InputError(`There is no run with the ${setting.title} ${selected}; there are ${settings.join(", ")}.`);
  const several = setting !== undefined && settings.length > 1;
  const averaged = summaries.some(({ seeds }) => seeds > 1);
  const wide = columns.length === 1;
  const width = wide ? 480 : columns.length > 3 ? 130 : columns.length > 2 ? 165 : 230;
  const percentOf = (row: string): boolean =>
    typeof percent === "boolean" ? percent : percent.includes(row) || row.includes("accuracy");
  const places = distinct(points.map(({ step }) => step)).sort((a, b) => a - b);
  const x = quantity(null, {
    scale: { domain: extent(places.length > 1 ? places : [0, 1, ...places]), nice: false, zero: false },
    axis: { format: ",.4~r", ...(places.length <= 5 ? { values: places } : { tickCount: wide ? 10 : 5 }) },
  });
  const color = series("curve", names, {
    legend: { ...SOLID_LEGEND, labelLimit: 0, orient: wide ? "right" : "bottom" },
  });
  const filter = [{ filter: { param: "curves" } }, ...(several ? [{ filter: "datum.setting == setting" }] : [])];

  const panel = (row: string, column: string): Part[] => {
    const inRow = summaries.filter((summary) => summary.row === row);
    const own = inRow.filter((summary) => summary.column === column);
    if (own.length === 0) return [];
    const limits = [typeof level === "object" ? (level[row] ?? []) : (level ?? [])].flat();
    const marked = examples.filter((example) => example.row === row);
    const shown = [
      ...inRow.flatMap(({ low, high }) => [low, high]),
      ...marked.flatMap(({ value }) => value ?? []),
      ...limits,
    ];
    const yTitle = [row, valueTitle ?? ""].filter(Boolean).flatMap((line) => titleLines(line, 28));
    const y = quantity(column === columns[0] ? yTitle : null, {
      scale: fittedScale(shown),
      axis: { format: percentOf(row) ? AXIS_PERCENT : "~g", tickCount: 5 },
    });
    const format = percentOf(row) ? PERCENT : DIGITS;
    const encoding = { x: { ...x("step"), title: row === rows.at(-1) ? xTitle : null }, color };
    const tips = tooltip({
      curve: "what",
      step: xTitle,
      mean: [yTitle.join(" ") || "value", format],
      ...(averaged ? ({ std: ["standard deviation", format], seeds: "seeds" } as const) : {}),
    });
    const drawn = (dashed: boolean, look: Part) => {
      const values = own
        .filter((summary) => summary.dashed === dashed)
        .map(({ curve: name, step, mean, setting: at, low, high, std, seeds }) => ({
          curve: name,
          step,
          mean,
          ...(several ? { setting: at } : {}),
          ...(averaged ? { low, high, std, seeds } : {}),
        }));
      const first = !dashed && row === rows[0] && column === columns[0];
      const more = { transform: filter, ...(first ? { params: [legendChoice("curves", "curve")] } : {}) };
      return values.length === 0
        ? []
        : [
            ...(averaged ? [band(values, y, encoding, { transform: filter })] : []),
            curve(values, { ...encoding, y: y("mean"), tooltip: tips }, look, more),
          ];
    };
    const exampleTips = tooltip({ step: `training example at (${xTitle})` });
    return [
      {
        ...(row === rows[0] && column !== "" ? { title: panelTitle(column) } : {}),
        width,
        height: wide ? (rows.length > 1 ? 140 : 240) : 130,
        layer: [
          ...limits.map((value) =>
            threshold(
              { value },
              { y: y("value"), x: { value: 0 }, x2: { value: width }, tooltip: tooltip({ value: "threshold" }) },
            ),
          ),
          ...drawn(false, {}),
          ...drawn(true, { strokeWidth: 1.5, strokeDash: [5, 4], point: false }),
          ...marked.map((example) =>
            example.value === undefined
              ? threshold(example, { x: encoding.x, tooltip: exampleTips }, { color: PALETTE.purple })
              : dot(
                  [example],
                  { x: encoding.x, y: y("value"), tooltip: exampleTips },
                  { size: 70, color: PALETTE.purple },
                ),
          ),
        ],
      },
    ];
  };
  return figure({
    title,
    subtitle,
    reading: `${xTitle} from ${places[0]} to ${places.at(-1)}: ${readingOf(summaries, selected, percentOf)}`,
    ...(several ? { params: [choice("setting", setting.title, settings, selected)] } : {}),
    vconcat: rows.map((row) => ({ hconcat: columns.flatMap((column) => panel(row, column)) })),
  });
}

type Summary = ReturnType<typeof summarize>[number];

/** Points that are drawn, averaged over seeds, along each curve. The band of shares stays between 0 and 1. */
function summarize(points: readonly CurvePoint[]) {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const inside = finite.every(({ value }) => value >= 0 && value <= 1);
  return groupBy(finite, ({ row, column, curve, step, setting, dashed }) => [row, column, curve, step, setting, dashed])
    .map((own) => {
      const { row = "", column = "", curve, step, setting, dashed = false } = own[0];
      const { low, high, ...center } = spread(own.map(({ value }) => value));
      const ends = inside ? { low: Math.max(0, low), high: Math.min(1, high) } : { low, high };
      return { row, column, curve, step, setting, dashed, ...center, ...ends, seeds: own.length };
    })
    .sort((a, b) => a.step - b.step);
}

/** Where each curve begins and ends: "mr, SGD: fine-tuned 0.50 to 0.60, linearized 0.50 to 0.54". */
function readingOf(summaries: readonly Summary[], selected: number | undefined, percentOf: (row: string) => boolean) {
  const shown = summaries.filter(({ setting, dashed }) => !dashed && (setting === undefined || setting === selected));
  return groupBy(shown, ({ row, column }) => [row, column])
    .map((own) => {
      const { row, column } = own[0];
      const number = (value: number) =>
        percentOf(row) ? (100 * value).toFixed(1) : String(Number(value.toPrecision(2)));
      const said = groupBy(own, (summary) => summary.curve).map((along) => {
        const ends = distinct([along[0], along[along.length - 1]]).map(({ mean }) => number(mean));
        return `${along[0].curve} ${ends.join(" to ")}${percentOf(row) ? " %" : ""}`;
      });
      const name = [row, column].filter(Boolean).join(", ");
      return `${name === "" ? "" : `${name}: `}${said.join(", ")}`;
    })
    .join("; ");
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
