import type { HeatmapExample } from "./kernel-heatmap";
import { type ChartSpec, distinct, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** One of several kernels of the same examples with themselves. */
export interface KernelPanel {
  name: string;
  /** [n, n], row-major: one output. */
  values: ArrayLike<number>;
  /** A second line under the name. */
  note?: string;
}

export interface KernelPanelsOptions {
  panels: readonly KernelPanel[];
  examples: readonly HeatmapExample[];
  /** Class names in the order they should appear. Default: order of first appearance. */
  classes?: readonly string[];
  title?: string;
  /** Panels in a line. Default 3. */
  columns?: number;
}

/** Width of a panel in pixels, and the gap between classes in cells. */
const WIDTH = 170;
const GAP = 0.7;

/**
 * Kernels of the same examples beside each other, each in units of its own 98th percentile of absolute values: sizes are
 * not compared, patterns are. Rows and columns are grouped by class; cells beyond ±1 have the end colour.
 */
export function kernelPanels({
  panels,
  examples,
  classes = distinct(examples.map(({ className }) => className)),
  title = "Kernels",
  columns = 3,
}: KernelPanelsOptions): ChartSpec {
  const n = examples.length;
  if (panels.length === 0 || n === 0) throw new Error("Kernel panels need at least one kernel and one example.");
  const wrong = panels.find(({ values }) => values.length !== n * n);
  if (wrong)
    throw new Error(
      `The kernel "${wrong.name}" of ${n} × ${n} examples needs as many values, not ${wrong.values.length}.`,
    );
  const unknown = examples.find(({ className }) => !classes.includes(className));
  if (unknown) throw new Error(`The class "${unknown.className}" is not among the classes: ${classes.join(", ")}.`);
  const order = classes.flatMap((name) => examples.flatMap((example, i) => (example.className === name ? [i] : [])));
  const places = new Map(
    order.map((example, rank) => [example, rank + GAP * classes.indexOf(examples[example].className)]),
  );
  const limits = panels.map(({ values }) => percentile(Array.from(values, Math.abs), 0.98) || 1);
  const cells = order.flatMap((row) =>
    order.map((column) => ({
      row,
      column,
      top: places.get(row),
      left: places.get(column),
      values: panels.map(({ values }, p) => Number((values[row * n + column] / limits[p]).toPrecision(3))),
    })),
  );
  const end = n + GAP * (classes.length - 1);
  const place = (field: "top" | "left") => ({
    field,
    type: "quantitative",
    axis: null,
    scale: { domain: [0, end], nice: false, reverse: field === "top" },
  });
  const panel = ({ name, note }: KernelPanel, p: number) => ({
    title: { text: note === undefined ? [name] : [name, note], anchor: "start", fontSize: 11 },
    width: WIDTH,
    height: WIDTH,
    transform: [
      { calculate: `datum.values[${p}]`, as: "value" },
      { calculate: "datum.left + 1", as: "right" },
      { calculate: "datum.top + 1", as: "bottom" },
    ],
    mark: { type: "rect" },
    encoding: {
      x: place("left"),
      x2: { field: "right" },
      y: place("top"),
      y2: { field: "bottom" },
      color: {
        field: "value",
        type: "quantitative",
        title: ["entry, in units", "of each kernel's own"],
        scale: { scheme: "blueorange", domain: [-1, 1], domainMid: 0, clamp: true },
        legend: { gradientLength: 140 },
      },
      tooltip: [
        { field: "value", title: name, format: ".3~g" },
        { field: "rowText", title: "row" },
        { field: "rowClass", title: "row's label" },
        { field: "columnText", title: "column" },
        { field: "columnClass", title: "column's label" },
      ],
    },
  });
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, line) => ({
    hconcat: panels.slice(line * columns, (line + 1) * columns).map((one, i) => panel(one, line * columns + i)),
  }));
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${panels.map(({ name, note }) => (note === undefined ? name : `${name}, ${note}`)).join("; ")}`,
    title: { text: [...titleLines(title), `rows and columns: ${classes.join(", then ")}`], anchor: "start" },
    data: { values: cells },
    transform: [lookUp("row", examples), lookUp("column", examples)],
    vconcat: rows,
  };
}

function lookUp(field: "row" | "column", examples: readonly HeatmapExample[]): object {
  const values = examples.map(({ text, className }, index) => ({
    [field]: index,
    [`${field}Text`]: text,
    [`${field}Class`]: className,
  }));
  return { lookup: field, from: { data: { values }, key: field, fields: [`${field}Text`, `${field}Class`] } };
}

function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
