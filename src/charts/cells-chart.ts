import { InputError } from "../errors";
import {
  category,
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  type Figure,
  figure,
  groupBy,
  panelTitle,
  PERCENT,
  requireSome,
  titleLines,
  tooltip,
} from "./figure";
import { cells as matrix, type CellsOptions } from "./marks";

/** A cell of a matrix. Fields of other names stand in its tooltip, under their names. */
export interface MatrixCell {
  row: string;
  column: string;
  /** A matrix of its own, beside the others. */
  panel?: string;
  /** Sets the colour: a share from 0 to 1, or what the threshold is for. A cell without one has its text alone. */
  value?: number;
  /** Default: the value in percent. */
  text?: string;
  [field: string]: string | number | undefined;
}

export interface CellsChartOptions extends Pick<Figure, "title" | "reading" | "lines" | "subtitle"> {
  /** Names of rows and columns in the order they should appear. Default: order of first appearance. */
  rows?: readonly string[];
  columns?: readonly string[];
  /** Titles of the axes. Default: none. */
  rowTitle?: string;
  columnTitle?: string;
  valueTitle: string;
  /** Shares at the ends of the colours; those beyond have the colours of the ends. Default: the smallest and the largest. */
  domain?: readonly [number, number];
  /** Values are numbers around this one: cells below it are blue, others orange and framed. */
  threshold?: number;
}

/** Text is black on shares beyond this part of the colours, and on numbers within this part of them around the threshold. */
const LIGHT = 0.55;
const PALE = 0.75;
/** Colours reach from the threshold divided by this to the threshold times this, on a logarithmic scale. */
const REACH = 20;

/** What is no field of the tooltip's own. */
const CELL = ["row", "column", "panel", "value", "text"];

/**
 * A matrix, or several beside each other: a cell for each row and column, with its value as its colour, and written on it.
 *
 * @throws InputError without a cell, or for two cells at one place
 */
export function cellsChart(cells: readonly MatrixCell[], options: CellsChartOptions): ChartSpec {
  requireSome(cells, "chart of cells", "cell");
  const twice = groupBy(cells, ({ row, column, panel }) => [row, column, panel]).find(({ length }) => length > 1)?.[0];
  if (twice) throw new InputError(`The chart has two cells in the row "${twice.row}", column "${twice.column}".`);
  const { title, reading, lines, subtitle, rowTitle, columnTitle, valueTitle, threshold } = options;
  const rows = options.rows ?? distinct(cells.map(({ row }) => row));
  const columns = options.columns ?? distinct(cells.map(({ column }) => column));
  const more = distinct(cells.flatMap((cell) => Object.keys(cell))).filter((field) => !CELL.includes(field));
  const layer = matrix({
    field: "value",
    title: titleLines(valueTitle, 14),
    text: { field: "text", type: "nominal" },
    ...(threshold === undefined
      ? sharesLook(options.domain ?? extent(cells.flatMap(({ value }) => value ?? [])))
      : thresholdLook(threshold)),
  });
  const panels = groupBy(cells, ({ panel }) => panel).map((own, index) => ({
    ...(own[0].panel === undefined ? {} : { title: panelTitle(own[0].panel) }),
    data: { values: own.map((cell) => ({ text: `${(100 * (cell.value ?? 0)).toFixed(0)}%`, ...cell })) },
    width: { step: 46 },
    height: { step: 28 },
    encoding: {
      x: category("column", {
        title: columnTitle ?? null,
        scale: { domain: columns },
        axis: { labelAngle: -35, labelLimit: 260 },
      }),
      y: category("row", {
        title: (index === 0 && rowTitle) || null,
        scale: { domain: rows },
        axis: index === 0 ? { labelLimit: 260 } : { labels: false, ticks: false },
      }),
      tooltip: tooltip({
        row: rowTitle ?? "row",
        column: columnTitle ?? "column",
        ...(own[0].panel === undefined ? {} : { panel: "panel" }),
        // A cell without a value has its text alone.
        ...(own.every(({ value }) => value !== undefined)
          ? { value: [valueTitle, threshold === undefined ? PERCENT : DIGITS] }
          : { text: valueTitle }),
        ...Object.fromEntries(more.map((field) => [field, field])),
      }),
    },
    layer,
  }));
  const [{ panel }] = cells;
  const body = panel === undefined ? panels[0] : { hconcat: panels, spacing: 14 };
  return figure({ ...body, title, reading, lines, subtitle });
}

type Look = Pick<CellsOptions, "scale" | "legend" | "light" | "framed">;

/** The larger, the lighter. */
function sharesLook([low, high]: readonly [number, number]): Look {
  const domain = low < high ? [low, high] : [0, 1];
  return { scale: { domain, clamp: true }, light: `datum.value > ${domain[0] + LIGHT * (domain[1] - domain[0])}` };
}

/** Blue below the threshold, orange above it, and pale near it. */
function thresholdLook(threshold: number): Look {
  const [low, high] = [threshold / REACH, threshold * REACH];
  return {
    scale: { type: "log", scheme: "blueorange", domain: [low, high], clamp: true },
    legend: {
      format: "~g",
      values: [low, threshold / 4, threshold, threshold * 4, high],
      labelExpr: `datum.value <= ${low} ? '≤ ${low}' : datum.value >= ${high} ? '≥ ${high}' : datum.value`,
    },
    light: `abs(log(datum.value / ${threshold})) < ${(PALE * Math.log(REACH)).toFixed(2)}`,
    framed: `datum.value >= ${threshold}`,
  };
}
