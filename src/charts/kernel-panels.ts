import { InputError } from "../errors";
import { type ChartSpec, DIGITS, figure, type Part, tooltip } from "./figure";
import { classesOf, colorLimit, type HeatmapExample, lookUp, PAIR_TIPS } from "./kernel-examples";

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
  /** Leaves the entries of examples with themselves empty: they would take the scale. */
  hideDiagonal?: boolean;
}

/** Panels in a line. */
const COLUMNS = 3;
/** Width of a panel in pixels, and the gap between classes in cells. */
const WIDTH = 170;
const GAP = 0.7;

/**
 * Kernels of the same examples beside each other, each in units of its own 98th percentile of absolute values: sizes are
 * not compared, patterns are. Rows and columns are grouped by class; cells beyond ±1 have the end colour.
 *
 * @throws InputError without a kernel, where values and examples do not fit each other, or a class is unknown
 */
export function kernelPanels(options: KernelPanelsOptions): ChartSpec {
  const { panels, examples, title = "Kernels", hideDiagonal = false } = options;
  const n = examples.length;
  if (panels.length === 0 || n === 0) throw new InputError("Kernel panels need at least one kernel and one example.");
  const wrong = panels.find(({ values }) => values.length !== n * n);
  if (wrong)
    throw new InputError(
      `The kernel "${wrong.name}" of ${n} × ${n} examples needs as many values, not ${wrong.values.length}.`,
    );
  const classes = classesOf(examples, options.classes);
  const order = classes.flatMap((name) => examples.flatMap((example, i) => (example.className === name ? [i] : [])));
  const places = new Map(
    order.map((example, rank) => [example, rank + GAP * classes.indexOf(examples[example].className)]),
  );
  const isDrawn = (row: number, column: number): boolean => !hideDiagonal || row !== column;
  const limits = panels.map(({ values }) =>
    colorLimit(Array.from(values).filter((_, k) => isDrawn(Math.floor(k / n), k % n))),
  );
  const cells = order.flatMap((row) =>
    order
      .filter((column) => isDrawn(row, column))
      .map((column) => ({
        row,
        column,
        top: places.get(row),
        left: places.get(column),
        values: panels.map(({ values }, p) => Number((values[row * n + column] / limits[p]).toPrecision(3))),
      })),
  );
  const end = n + GAP * (classes.length - 1);
  const place = (field: "top" | "left"): Part => ({
    field,
    type: "quantitative",
    axis: null,
    scale: { domain: [0, end], nice: false, reverse: field === "top" },
  });
  const panel = ({ name, note }: KernelPanel, p: number): Part => ({
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
      tooltip: tooltip({ value: [name, DIGITS], ...PAIR_TIPS }),
    },
  });
  const drawn = panels.map(panel);
  return figure({
    title,
    reading: panels.map(({ name, note }) => (note === undefined ? name : `${name}, ${note}`)).join("; "),
    lines: [`rows and columns: ${classes.join(", then ")}`],
    data: { values: cells },
    transform: [lookUp("row", examples, classes), lookUp("column", examples, classes)],
    vconcat: Array.from({ length: Math.ceil(drawn.length / COLUMNS) }, (_, line) => ({
      hconcat: drawn.slice(line * COLUMNS, (line + 1) * COLUMNS),
    })),
  });
}
