import type { HeatmapExample } from "./kernel-heatmap";
import { type ChartSpec, distinct, PALETTE, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

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
  /** What the buttons choose. Default "rank or dimension". */
  sizeTitle?: string;
  examples: readonly HeatmapExample[];
  /** The size shown first. Default: the middle one. */
  selected?: number;
}

/** The axes reach this many times as far as the exact entries; wilder estimates are cut off. */
const REACH = 1.4;

/**
 * Entries of subspace kernels against those of the kernel that they stand for, one point for each pair of different examples, in
 * units of these exact entries' root mean square. Buttons choose rank or dimension from those computed beforehand: the cloud closes
 * up to the diagonal, the axes stay.
 */
export function subspaceEntriesChart(
  panels: readonly SubspaceEntries[],
  {
    title = "Kernel entries in subspaces",
    sizeTitle = "rank or dimension",
    examples,
    selected,
  }: SubspaceEntriesOptions,
): ChartSpec {
  const sizes = distinct(panels.flatMap(({ at }) => [...at.keys()])).sort((a, b) => a - b);
  const n = examples.length;
  if (sizes.length === 0 || n < 2)
    throw new Error("The chart of subspace entries needs at least one kernel and two examples.");
  const wrong = panels.find(({ exact, at }) =>
    [exact, ...[...at.values()].map(({ values }) => values)].some((values) => values.length !== n * n),
  );
  if (wrong) throw new Error(`The kernels "${wrong.name}" of ${n} × ${n} examples need as many values each.`);
  const first = selected ?? sizes[sizes.length >> 1];
  if (!sizes.includes(first))
    throw new Error(`There is no kernel of ${sizeTitle} ${first}; there are ${sizes.join(", ")}.`);
  const pairs = Array.from({ length: n * n }, (_, k) => k).filter((k) => Math.floor(k / n) < k % n);
  const units = panels.map(
    ({ exact }) => Math.sqrt(pairs.reduce((sum, k) => sum + exact[k] ** 2, 0) / pairs.length) || 1,
  );
  const short = (value: number): number => Number(value.toFixed(3));
  const rows = pairs.map((k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return {
      row: i,
      column: j,
      kind: examples[i].className === examples[j].className ? KINDS[0] : KINDS[1],
      exact: panels.map(({ exact }, p) => short(exact[k] / units[p])),
      at: panels.map(({ at }, p) =>
        sizes.map((size) => (at.has(size) ? short(at.get(size)!.values[k] / units[p]) : null)),
      ),
    };
  });
  const entries = rows.flatMap(({ exact }) => exact);
  const domain = [REACH * Math.min(0, ...entries), REACH * Math.max(0, ...entries)];
  const readings = sizes.map((size) => [
    ...titleLines(title),
    ...panels.map(({ name, at }) => `${name}, ${sizeTitle} ${size}: ${at.get(size)?.reading ?? "not computed"}`),
  ]);
  const axis = (field: string, name: string) => ({
    field,
    type: "quantitative",
    title: name,
    scale: { domain, nice: false },
    axis: { tickCount: 6 },
  });
  const x = axis("true", "entry of the kernel it stands for");
  const y = axis("estimate", "entry in the subspace");
  const panel = ({ name }: SubspaceEntries, p: number) => ({
    title: { text: name, anchor: "start", fontSize: 11 },
    width: 260,
    height: 260,
    layer: [
      {
        data: { values: domain.map((end) => ({ true: short(end), estimate: short(end) })) },
        mark: { type: "line", color: PALETTE.grey, strokeDash: [6, 4] },
        encoding: { x, y },
      },
      {
        transform: [
          { calculate: `datum.exact[${p}]`, as: "true" },
          { calculate: `datum.at[${p}][indexof(sizes, chosen)]`, as: "estimate" },
          { filter: "isValid(datum.estimate)" },
        ],
        mark: { type: "point", filled: true, size: 18, opacity: 0.6, clip: true },
        encoding: {
          x,
          y,
          color: {
            field: "kind",
            type: "nominal",
            title: "pair of examples",
            scale: { domain: KINDS, range: [PALETTE.blue, PALETTE.vermilion] },
            legend: { ...SOLID_LEGEND, labelLimit: 0 },
          },
          shape: {
            field: "kind",
            type: "nominal",
            title: "pair of examples",
            legend: { ...SOLID_LEGEND, labelLimit: 0 },
            scale: { domain: KINDS, range: ["circle", "triangle-up"] },
          },
          tooltip: [
            { field: "estimate", title: "in the subspace", format: ".3~g" },
            { field: "true", title: "stands for", format: ".3~g" },
            { field: "kind", title: "pair" },
            { field: "rowText", title: "one" },
            { field: "columnText", title: "other" },
          ],
        },
      },
    ],
  });
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}; ${panels.map(({ name, at }) => `${name}: ${[...at].map(([size, { reading }]) => `${size}: ${reading}`).join(", ")}`).join("; ")}`,
    title: { text: { expr: "readings[indexof(sizes, chosen)]" }, anchor: "start" },
    params: [
      { name: "readings", value: readings },
      { name: "sizes", value: sizes },
      { name: "chosen", value: first, bind: { input: "radio", options: sizes, name: `${sizeTitle} ` } },
    ],
    data: { values: rows },
    transform: [lookUp("row", examples), lookUp("column", examples)],
    hconcat: panels.map(panel),
  };
}

const KINDS = ["of one class", "of different classes"];

function lookUp(field: "row" | "column", examples: readonly HeatmapExample[]): object {
  const values = examples.map(({ text }, index) => ({ [field]: index, [`${field}Text`]: text }));
  return { lookup: field, from: { data: { values }, key: field, fields: [`${field}Text`] } };
}
