import type { Example, Task } from "../tasks/task";
import { type ChartSpec, distinct, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** What a row or column of the heatmap stands for. */
export interface HeatmapExample {
  /** Shown in the tooltip. */
  text: string;
  /** The label word, or another name of the class; examples are grouped by it. */
  className: string;
}

/** A task's examples as the heatmap shows them: their texts, and the label word as the class. */
export function heatmapExamples(
  examples: readonly Example[],
  { labelWords }: Pick<Task, "labelWords">,
): HeatmapExample[] {
  return examples.map(({ texts, label }) => ({ text: texts.join(" / "), className: labelWords[label] }));
}

export interface KernelHeatmapOptions {
  /** One value per pair, [rows, columns], row-major. */
  values: ArrayLike<number>;
  rows: readonly HeatmapExample[];
  columns: readonly HeatmapExample[];
  /** Class names in the order they should appear. Default: order of first appearance. */
  classes?: readonly string[];
  title?: string;
  rowTitle?: string;
  columnTitle?: string;
  valueTitle?: string;
  /** Leaves the entries of examples with themselves empty, where rows and columns are the same: they would take the scale. */
  hideDiagonal?: boolean;
}

/** Pixels that the label of a class ("training examples: terrible") needs beside its rows, and above its columns. */
const CLASS_LABEL = 135;

/**
 * A kernel as a picture: one cell per pair of examples, rows and columns grouped by class, the
 * sentences and the exact value in the tooltip. Colours run from −c to c around 0, or from 0 to c
 * when nothing is negative, where c is the 98th percentile of the absolute values: a few long
 * gradients would otherwise leave everything else pale. Cells beyond c have the end colour.
 * Pointing at a cell brushes its row: the others fade, and the row's sentence appears above.
 */
export function kernelHeatmap(options: KernelHeatmapOptions): ChartSpec {
  const { values, rows, columns } = options;
  const {
    title = "Kernel",
    rowTitle = "training examples",
    columnTitle = "test examples",
    valueTitle = "kernel value",
    hideDiagonal = false,
  } = options;
  if (values.length !== rows.length * columns.length) {
    throw new Error(
      `A heatmap of ${rows.length} × ${columns.length} examples needs as many values, not ${values.length}.`,
    );
  }
  const classes = options.classes ?? distinct([...rows, ...columns].map(({ className }) => className));
  if (hideDiagonal && rows.length !== columns.length)
    throw new Error(`A heatmap of ${rows.length} × ${columns.length} examples has no diagonal to hide.`);
  const cells = Array.from(values, (value, index) => ({
    row: Math.floor(index / columns.length),
    column: index % columns.length,
    value,
  })).filter(({ row, column }) => !hideDiagonal || row !== column);
  const unknown = [...rows, ...columns].find(({ className }) => !classes.includes(className));
  if (unknown)
    throw new Error(`The class "${unknown.className}" is not among the heatmap's classes: ${classes.join(", ")}.`);
  const limit =
    percentile(
      cells.map(({ value }) => Math.abs(value)),
      0.98,
    ) || 1;
  const signed = cells.some(({ value }) => value < 0);
  const fewest = (examples: readonly HeatmapExample[]): number =>
    Math.min(
      ...distinct(examples.map(({ className }) => className)).map(
        (name) => examples.filter((example) => example.className === name).length,
      ),
    );
  const step = Math.max(
    2,
    Math.min(12, Math.floor(560 / columns.length)),
    Math.min(Math.ceil(CLASS_LABEL / fewest(columns)), Math.floor(420 / columns.length)),
  );
  const heatmap = {
    data: { values: cells },
    // The sentences are looked up instead of being repeated in every cell.
    transform: [lookUp("row", rows, classes), lookUp("column", columns, classes)],
    width: { step },
    height: { step: Math.max(step, 8, Math.ceil(CLASS_LABEL / fewest(rows))) },
    params: [{ name: BRUSH, select: { type: "point", fields: ["row"], on: "mouseover", clear: "mouseout" } }],
    mark: { type: "rect" },
    encoding: {
      opacity: { condition: { param: BRUSH, value: 1 }, value: 0.25 },
      row: facet("rowClassIndex", rowTitle, classes),
      column: facet("columnClassIndex", columnTitle, classes),
      y: { field: "row", type: "ordinal", axis: null },
      x: { field: "column", type: "ordinal", axis: null },
      color: {
        field: "value",
        type: "quantitative",
        title: valueTitle,
        scale: signed
          ? { scheme: "blueorange", domain: [-limit, limit], domainMid: 0, clamp: true }
          : { scheme: "viridis", domain: [0, limit], clamp: true },
        legend: { format: legendFormat(limit), gradientLength: 160, titleLimit: 0 },
      },
      tooltip: [
        { field: "value", title: valueTitle, format: ".4~g" },
        { field: "rowText", title: "row" },
        { field: "rowClass", title: "row's label" },
        { field: "columnText", title: "column" },
        { field: "columnClass", title: "column's label" },
      ],
    },
    resolve: { scale: { x: "independent", y: "independent" } },
    // Classes of different sizes would otherwise stand as far apart as the largest needs.
    align: "each",
  };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${rows.length} rows by ${columns.length} columns, grouped by ${classes.join(", ")}`,
    title: { text: title, anchor: "start" },
    // Above, where no tooltip covers it.
    vconcat: [brushedText(rows, classes, step * columns.length), heatmap],
    spacing: 2,
  };
}

/** Room for the text of the brushed row: characters of a line, and at most so many lines. */
const CHARACTER_WIDTH = 6.6;
const LINE_HEIGHT = 15;
const MOST_LINES = 5;

/** The sentence of the row that the mouse is on; without one, as in still pictures, how to see one. */
function brushedText(rows: readonly HeatmapExample[], classes: readonly string[], heatmapWidth: number): object {
  const width = Math.max(heatmapWidth, 420);
  const perLine = Math.floor(width / CHARACTER_WIDTH);
  const lines = Math.min(
    MOST_LINES,
    Math.max(...rows.map(({ text, className }) => titleLines(`${className}: ${text}`, perLine).length)),
  );
  const whole = `(datum.row < 0 ? "" : datum.rowClass + ": ") + datum.rowText`;
  return {
    data: { values: [...lookedUp("row", rows, classes), { row: -1, rowText: HINT }] },
    transform: [
      { filter: { or: [{ param: BRUSH, empty: false }, `datum.row < 0 && length(data("${BRUSH}_store")) === 0`] } },
      {
        calculate: `trim(replace(slice(${whole}, 0, ${perLine * MOST_LINES}), regexp("(.{1,${perLine}})(?: +|$)", "g"), "$1\\n"))`,
        as: "lines",
      },
    ],
    width,
    // A little more than the lines, or the heatmap would move under the mouse.
    height: LINE_HEIGHT * lines + 6,
    view: { stroke: null },
    mark: { type: "point", opacity: 0, tooltip: null },
    // The label of an axis, because the page colours those, dark or light; a text mark would be black.
    encoding: {
      y: {
        field: "lines",
        type: "ordinal",
        title: null,
        scale: { type: "band" },
        axis: {
          domain: false,
          ticks: false,
          grid: false,
          bandPosition: 0,
          labelExpr: 'split(datum.label, "\\n")',
          labelLimit: 0,
          labelAlign: "left",
          labelBaseline: "top",
          labelPadding: 0,
          labelFontSize: 12,
          labelLineHeight: LINE_HEIGHT,
        },
      },
    },
  };
}

const BRUSH = "brushed";
const HINT = "(The mouse over a row shows its sentence here.)";

function lookedUp(field: "row" | "column", examples: readonly HeatmapExample[], classes: readonly string[]): object[] {
  return examples.map(({ text, className }, index) => ({
    [field]: index,
    [`${field}Text`]: text,
    [`${field}Class`]: className,
    [`${field}ClassIndex`]: classes.indexOf(className),
  }));
}

function lookUp(field: "row" | "column", examples: readonly HeatmapExample[], classes: readonly string[]): object {
  return {
    lookup: field,
    from: {
      data: { values: lookedUp(field, examples, classes) },
      key: field,
      fields: ["Text", "Class", "ClassIndex"].map((part) => field + part),
    },
  };
}

/** Groups by class number and not by name: Vega-Lite sorts only one of two facets by a list of names. */
function facet(field: string, title: string, classes: readonly string[]): object {
  const names = JSON.stringify(classes);
  return {
    field,
    type: "ordinal",
    title: null,
    spacing: 4,
    header: { labelExpr: `${JSON.stringify(`${title}: `)} + ${names}[datum.value]`, labelPadding: 4 },
  };
}

/** Two digits: "12k" for large numbers, a power of ten for tiny ones. */
function legendFormat(limit: number): string {
  if (limit >= 1e4) return ".2~s";
  return limit < 1e-3 ? ".1~e" : ".2~r";
}

function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
