import { InputError } from "../errors";
import { type ChartSpec, distinct, figure, type Part, quantity, titleLines, tooltip } from "./figure";
import {
  classesOf,
  colorLimit,
  colorScale,
  type HeatmapExample,
  lookUp,
  PAIR_TIPS,
  sideRecords,
} from "./kernel-examples";

export interface KernelHeatmapOptions {
  /** One value per pair, [rows, columns], row-major. */
  values: ArrayLike<number>;
  rows: readonly HeatmapExample[];
  columns: readonly HeatmapExample[];
  /** Class names in the order they should appear. Default: order of first appearance. */
  classes?: readonly string[];
  title?: string;
  columnTitle?: string;
  valueTitle?: string;
  /** Leaves the entries of examples with themselves empty, where rows and columns are the same: they would take the scale. */
  hideDiagonal?: boolean;
}

/** Pixels that the label of a class ("training examples: terrible") needs beside its rows, and above its columns. */
const CLASS_LABEL = 135;

/**
 * A kernel as a picture: one cell per pair of examples, rows and columns grouped by class, the
 * sentences and the exact value in the tooltip. Colours fit the entries as {@link colorScale} says, with ends at
 * percentiles: cells beyond them have the colours of the ends.
 * Pointing at a cell brushes its row: the others fade, and the row's sentence appears above.
 *
 * @throws InputError where values and examples do not fit each other, or a class is unknown
 */
export function kernelHeatmap(options: KernelHeatmapOptions): ChartSpec {
  const { values, rows, columns, hideDiagonal = false } = options;
  const { title = "Kernel", columnTitle = "test examples", valueTitle = "kernel value" } = options;
  const size = `A heatmap of ${rows.length} × ${columns.length} examples`;
  if (values.length !== rows.length * columns.length)
    throw new InputError(`${size} needs as many values, not ${values.length}.`);
  if (hideDiagonal && rows.length !== columns.length) throw new InputError(`${size} has no diagonal to hide.`);
  const classes = classesOf([...rows, ...columns], options.classes);
  const cells = Array.from(values, (value, index) => ({
    row: Math.floor(index / columns.length),
    column: index % columns.length,
    value,
  })).filter(({ row, column }) => !hideDiagonal || row !== column);
  const entries = cells.map(({ value }) => value);
  const step = Math.max(
    2,
    Math.min(12, Math.floor(560 / columns.length)),
    Math.min(Math.ceil(CLASS_LABEL / fewest(columns)), Math.floor(420 / columns.length)),
  );
  const heatmap = {
    data: { values: cells },
    transform: [lookUp("row", rows, classes), lookUp("column", columns, classes)],
    width: { step },
    height: { step: Math.max(step, 8, Math.ceil(CLASS_LABEL / fewest(rows))) },
    params: [{ name: BRUSH, select: { type: "point", fields: ["row"], on: "mouseover", clear: "mouseout" } }],
    mark: { type: "rect" },
    encoding: {
      opacity: { condition: { param: BRUSH, value: 1 }, value: 0.25 },
      row: facet("rowClassIndex", "training examples", classes),
      column: facet("columnClassIndex", columnTitle, classes),
      y: { field: "row", type: "ordinal", axis: null },
      x: { field: "column", type: "ordinal", axis: null },
      color: quantity(valueTitle, {
        scale: colorScale(entries),
        legend: { format: legendFormat(colorLimit(entries)), gradientLength: 160, titleLimit: 0 },
      })("value"),
      tooltip: tooltip({ value: [valueTitle, ".4~g"], ...PAIR_TIPS }),
    },
    resolve: { scale: { x: "independent", y: "independent" } },
    // Classes of different sizes would otherwise stand as far apart as the largest needs.
    align: "each",
  };
  return figure({
    title,
    reading: `${rows.length} rows by ${columns.length} columns, grouped by ${classes.join(", ")}`,
    // Above, where no tooltip covers it.
    vconcat: [brushedText(rows, classes, step * columns.length), heatmap],
    spacing: 2,
  });
}

/** Room for the text of the brushed row: characters of a line, and at most so many lines. */
const CHARACTER_WIDTH = 6.6;
const LINE_HEIGHT = 15;
const MOST_LINES = 5;

const BRUSH = "brushed";
const HINT = "(The mouse over a row shows its sentence here.)";

/** The sentence of the row that the mouse is on; without one, as in still pictures, how to see one. */
function brushedText(rows: readonly HeatmapExample[], classes: readonly string[], heatmapWidth: number): Part {
  const width = Math.max(heatmapWidth, 420);
  const perLine = Math.floor(width / CHARACTER_WIDTH);
  const lines = Math.min(
    MOST_LINES,
    Math.max(...rows.map(({ text, className }) => titleLines(`${className}: ${text}`, perLine).length)),
  );
  const whole = `(datum.row < 0 ? "" : datum.rowClass + ": ") + datum.rowText`;
  return {
    data: { values: [...sideRecords("row", rows, classes), { row: -1, rowText: HINT }] },
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

/** Groups by class number and not by name: Vega-Lite sorts only one of two facets by a list of names. */
const facet = (field: string, title: string, classes: readonly string[]): Part => ({
  field,
  type: "ordinal",
  title: null,
  spacing: 4,
  header: {
    labelExpr: `${JSON.stringify(`${title}: `)} + ${JSON.stringify(classes)}[datum.value]`,
    labelPadding: 4,
  },
});

/** Examples of the smallest class. */
const fewest = (examples: readonly HeatmapExample[]): number =>
  Math.min(
    ...distinct(examples.map(({ className }) => className)).map(
      (name) => examples.filter((example) => example.className === name).length,
    ),
  );

/** Two digits: "12k" for large numbers, a power of ten for tiny ones. */
function legendFormat(limit: number): string {
  if (limit >= 1e4) return ".2~s";
  return limit < 1e-3 ? ".1~e" : ".2~r";
}
