import { mean, populationStd } from "../solvers/metrics";
import {
  AXIS_PERCENT,
  type ChartSpec,
  distinct,
  PALETTE,
  PERCENT,
  SERIES_COLORS,
  SOLID_LEGEND,
  titleLines,
  VEGA_LITE_SCHEMA,
} from "./spec";

/** One number after some steps of one run. */
export interface StepPoint {
  /** Row and column of the panel: a task, a method. */
  row: string;
  column: string;
  /** What is measured: "linearized". */
  curve: string;
  step: number;
  seed: number;
  value: number;
}

export interface StepPanelsOptions {
  title?: string;
  /** Of the vertical axes, with the unit. */
  valueTitle?: string;
  /** Values are shares from 0 to 1, written as percents. Default false. */
  percent?: boolean;
  /** A dashed level line in every panel, such as a threshold. */
  level?: { value: number; title: string };
  /** Colours by curve. Default: in the order of first appearance. */
  colors?: Readonly<Record<string, string>>;
}

/** Pixels of a panel; four or more panels of a row are narrower, to fit a page. */
const [PANEL_WIDTH, NARROW_WIDTH, PANEL_HEIGHT] = [165, 130, 130];

/**
 * Curves over optimizer steps in a grid of panels; the panels of a row share their vertical axis. Means over seeds, with bands of one
 * population standard deviation to each side. A panel without points is left out.
 */
export function stepPanelsChart(points: readonly StepPoint[], options: StepPanelsOptions = {}): ChartSpec {
  if (points.length === 0) throw new Error("The step panels need at least one point.");
  const { title = "Along fine-tuning", valueTitle = "value", percent = false, level, colors } = options;
  const [rows, columns, curves] = [
    distinct(points.map(({ row }) => row)),
    distinct(points.map(({ column }) => column)),
    distinct(points.map(({ curve }) => curve)),
  ];
  if (!colors && curves.length > SERIES_COLORS.length)
    throw new Error(`The step panels have colours for ${SERIES_COLORS.length} curves, not ${curves.length}.`);
  const range = curves.map((curve, i) => colors?.[curve] ?? SERIES_COLORS[i % SERIES_COLORS.length]);
  const format = percent ? PERCENT : ".3~g";
  const color = {
    field: "curve",
    type: "nominal",
    title: null,
    scale: { domain: curves, range },
    legend: { ...SOLID_LEGEND, orient: "bottom", labelLimit: 0 },
  };
  const summaries = summarize(points);
  const width = columns.length > 3 ? NARROW_WIDTH : PANEL_WIDTH;
  const panel = (row: string, column: string, first: boolean, last: boolean) => {
    const own = summaries.filter((summary) => summary.row === row && summary.column === column);
    if (own.length === 0) return [];
    const ends = summaries
      .filter((summary) => summary.row === row)
      .flatMap(({ low, high }) => [low, high])
      .concat(level ? [level.value] : []);
    const scale = { domain: [Math.min(...ends), Math.max(...ends)], nice: true, zero: false };
    const x = {
      field: "step",
      type: "quantitative",
      title: last ? "optimizer steps" : null,
      axis: { tickMinStep: 1, tickCount: 5, format: "d" },
    };
    const y = (field: string) => ({
      field,
      type: "quantitative",
      title: first ? [...(row === "" ? [] : [row]), valueTitle] : null,
      scale,
      axis: { format: percent ? AXIS_PERCENT : "~g", tickCount: 5 },
    });
    const tooltip = [
      { field: "curve", title: "what" },
      { field: "step", title: "steps" },
      { field: "mean", title: valueTitle, format },
      { field: "std", title: "standard deviation", format },
      { field: "seeds", title: "seeds" },
    ];
    return [
      {
        ...(row === rows[0] && column !== "" ? { title: { text: column, anchor: "start", fontWeight: "normal" } } : {}),
        width,
        height: PANEL_HEIGHT,
        layer: [
          ...(level
            ? [
                {
                  data: { values: [level] },
                  mark: { type: "rule", strokeWidth: 1.5, strokeDash: [6, 4], color: PALETTE.grey },
                  encoding: {
                    y: y("value"),
                    x: { value: 0 },
                    x2: { value: width },
                    tooltip: [{ field: "value", title: level.title }],
                  },
                },
              ]
            : []),
          {
            data: { values: own },
            mark: { type: "area", opacity: 0.12 },
            encoding: { x, y: y("low"), y2: { field: "high" }, color },
          },
          // A single measurement is a point; a line alone would not show it.
          {
            data: { values: own },
            mark: { type: "line", strokeWidth: 2, point: { size: 22 } },
            encoding: { x, y: y("mean"), color, tooltip },
          },
        ],
      },
    ];
  };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${curves.join(", ")} against steps; ${rows
      .flatMap((row) => columns.map((column) => [row, column].filter(Boolean).join(", ")))
      .filter(Boolean)
      .join("; ")}`,
    title: { text: titleLines(title), anchor: "start" },
    vconcat: rows.map((row, index) => ({
      hconcat: columns.flatMap((column, place) => panel(row, column, place === 0, index === rows.length - 1)),
    })),
  };
}

function summarize(points: readonly StepPoint[]) {
  const groups = new Map<string, StepPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.row, point.column, point.curve, point.step]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((own) => {
    const { row, column, curve, step } = own[0];
    const values = own.map(({ value }) => value);
    const [center, std] = [mean(values), populationStd(values)];
    return { row, column, curve, step, mean: center, std, low: center - std, high: center + std, seeds: values.length };
  });
}
