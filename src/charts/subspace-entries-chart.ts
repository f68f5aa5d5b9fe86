import { InputError } from "../errors";
import {
  type ChartSpec,
  choice,
  DIGITS,
  distinct,
  figure,
  PALETTE,
  type Part,
  quantity,
  series,
  SOLID_LEGEND,
  titleLines,
  tooltip,
} from "./figure";
import { classesOf, type HeatmapExample, lookUp } from "./kernel-examples";
import { diagonal, dot } from "./marks";

/** A subspace's kernels of growing rank or dimension, with the kernel that they stand for. */
export interface SubspaceEntries {
  name: string;
  /** [n, n], row-major: one output. */
  exact: ArrayLike<number>;
  /** By rank or dimension: the kernel [n, n], and what to say of it above the figure. */
  at: ReadonlyMap<number, { values: ArrayLike<number>; reading: string }>;
}

export interface SubspaceEntriesOptions {
  title?: string;
  examples: readonly HeatmapExample[];
  /** The size shown first. Default: the middle one. */
  selected?: number;
}

/** The axes reach this many times as far as the exact entries; wilder estimates are cut off. */
const REACH = 1.4;
const KINDS = ["of one class", "of different classes"];
const SIZE = "rank or dimension";

/**
 * Entries of subspace kernels against those of the kernel that they stand for, one point for each pair of different examples, in
 * units of these exact entries' root mean square. Buttons choose rank or dimension from those computed beforehand: the cloud closes
 * up to the diagonal, the axes stay.
 *
 * @throws InputError without a kernel, for a size that is not there, or where values and examples do not fit each other
 */
export function subspaceEntriesChart(
  panels: readonly SubspaceEntries[],
  { title = "Kernel entries in subspaces", examples, selected }: SubspaceEntriesOptions,
): ChartSpec {
  const sizes = distinct(panels.flatMap(({ at }) => [...at.keys()])).sort((a, b) => a - b);
  const n = examples.length;
  if (sizes.length === 0 || n < 2)
    throw new InputError("The chart of subspace entries needs at least one kernel and two examples.");
  const wrong = panels.find(({ exact, at }) =>
    [exact, ...[...at.values()].map(({ values }) => values)].some((values) => values.length !== n * n),
  );
  if (wrong) throw new InputError(`The kernels "${wrong.name}" of ${n} × ${n} examples need as many values each.`);
  const first = selected ?? sizes[sizes.length >> 1];
  if (!sizes.includes(first))
    throw new InputError(`There is no kernel of ${SIZE} ${first}; there are ${sizes.join(", ")}.`);
  const pairs = Array.from({ length: n * n }, (_, k) => k).filter((k) => Math.floor(k / n) < k % n);
  const units = panels.map(
    ({ exact }) => Math.sqrt(pairs.reduce((sum, k) => sum + exact[k] ** 2, 0) / pairs.length) || 1,
  );
  const short = (value: number): number => Number(value.toFixed(3));
  const rows = pairs.map((k) => {
    const [row, column] = [Math.floor(k / n), k % n];
    return {
      row,
      column,
      kind: examples[row].className === examples[column].className ? KINDS[0] : KINDS[1],
      exact: panels.map(({ exact }, p) => short(exact[k] / units[p])),
      at: panels.map(({ at }, p) =>
        sizes.map((size) => {
          const values = at.get(size)?.values;
          return values ? short(values[k] / units[p]) : null;
        }),
      ),
    };
  });
  const entries = rows.flatMap(({ exact }) => exact);
  const domain = [REACH * Math.min(0, ...entries), REACH * Math.max(0, ...entries)];
  const placed = { scale: { domain, nice: false }, axis: { tickCount: 6 } };
  const [x, y] = [quantity("entry of the kernel it stands for", placed), quantity("entry in the subspace", placed)];
  const kind = { title: "pair of examples", legend: { ...SOLID_LEGEND, labelLimit: 0 } };
  const points = {
    x: x("true"),
    y: y("estimate"),
    color: series("kind", KINDS, { ...kind, range: [PALETTE.blue, PALETTE.vermilion] }),
    shape: series("kind", KINDS, { ...kind, range: ["circle", "triangle-up"] }),
    tooltip: tooltip({
      estimate: ["in the subspace", DIGITS],
      true: ["stands for", DIGITS],
      kind: "pair",
      rowText: "one",
      columnText: "other",
    }),
  };
  const panel = ({ name }: SubspaceEntries, p: number): Part => ({
    title: { text: name, anchor: "start", fontSize: 11 },
    width: 260,
    height: 260,
    layer: [
      diagonal(domain.map(short), x, y, ["true", "estimate"]),
      dot(
        undefined,
        points,
        { size: 18, opacity: 0.6, clip: true },
        {
          transform: [
            { calculate: `datum.exact[${p}]`, as: "true" },
            { calculate: `datum.at[${p}][indexof(sizes, chosen)]`, as: "estimate" },
            { filter: "isValid(datum.estimate)" },
          ],
        },
      ),
    ],
  });
  const readings = sizes.map((size) => [
    ...titleLines(title),
    ...panels.map(({ name, at }) => `${name}, ${SIZE} ${size}: ${at.get(size)?.reading ?? "not computed"}`),
  ]);
  const classes = classesOf(examples);
  return {
    ...figure({
      title,
      reading: panels
        .map(({ name, at }) => `${name}: ${[...at].map(([size, { reading }]) => `${size}: ${reading}`).join(", ")}`)
        .join("; "),
      params: [
        { name: "readings", value: readings },
        { name: "sizes", value: sizes },
        choice("chosen", SIZE, sizes, first),
      ],
      data: { values: rows },
      transform: [lookUp("row", examples, classes), lookUp("column", examples, classes)],
      hconcat: panels.map(panel),
    }),
    title: { text: { expr: "readings[indexof(sizes, chosen)]" }, anchor: "start" },
  };
}
