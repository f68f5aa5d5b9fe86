import { formatMeanStd, mean } from "../solvers/metrics";
import type { Solved } from "../experiment/solve-kernels";
import type { LandscapePoint } from "./regularization-chart";
import { AXIS_PERCENT, type ChartSpec, distinct, PALETTE, PERCENT, VEGA_LITE_SCHEMA } from "./spec";

/** The kernel's score for one setting of the solver, on one split and one seed. */
export interface GridPoint extends LandscapePoint {
  /** Of the asymmetric solver. */
  gamma?: number;
  lambda?: number;
}

export interface GridChartOptions {
  title?: string;
  /** The examples shown first. Default: dev where there are any. */
  split?: LandscapePoint["split"];
}

const SPLITS = ["train", "dev", "test"] as const;
const CELL = { width: 64, height: 34 };

/**
 * Accuracy over regularization and f0 scaling (∞ ignores the pretrained logits), a cell for each pair, averaged over seeds. Menus choose the examples and,
 * for the asymmetric solver, γ and λ. A frame marks the setting with the best mean accuracy on the development examples,
 * the first one in the points' order on ties; the title tells it with its accuracy on every split.
 */
export function gridChart(points: readonly GridPoint[], options: GridChartOptions = {}): ChartSpec {
  if (points.length === 0) throw new Error("The grid chart needs at least one point.");
  const splits = SPLITS.filter((split) => points.some((point) => point.split === split));
  const { title = "Accuracy over the solver's settings", split: first = splits.includes("dev") ? "dev" : splits[0] } =
    options;
  if (!splits.includes(first))
    throw new Error(`There are no points of the ${first} examples; there are: ${splits.join(", ")}.`);
  const cells = cellsOf(points);
  const best = cells
    .filter(({ split }) => split === "dev")
    .reduce<Cell | undefined>((top, cell) => (top && top.mean >= cell.mean ? top : cell), undefined);
  const chosen = best ? cells.map((cell) => ({ ...cell, chosen: cell.setting === best.setting })) : cells;

  const menus = [
    { name: "examples", field: "split", title: "examples", values: splits as readonly string[], start: first },
    { name: "gamma", field: "gamma", title: "γ", values: labels(points, "gamma"), start: best?.gamma },
    { name: "lambda", field: "lambda", title: "λ", values: labels(points, "lambda"), start: best?.lambda },
  ].filter(({ values }) => values.length > 0);
  const shown = { filter: menus.map(({ name, field }) => `datum.${field} === ${name}`).join(" && ") };
  const means = cells.map((cell) => cell.mean);
  const domain = [Math.min(...means), Math.max(...means)];

  const x = {
    field: "regularization",
    type: "ordinal",
    sort: labels(points, "regularization"),
    title: ["regularization (times the largest", "singular value of the train kernel)"],
    axis: { labelAngle: 0 },
  };
  const y = { field: "f0", type: "ordinal", sort: labels(points, "f0"), title: "f0 scaling" };
  const tooltip = [
    { field: "split", title: "examples" },
    { field: "regularization", title: "regularization" },
    { field: "f0", title: "f0 scaling" },
    ...menus.slice(1).map(({ field, title }) => ({ field, title })),
    { field: "mean", title: "accuracy", format: PERCENT },
    { field: "text", title: "mean (standard deviation), %" },
    { field: "seeds", title: "seeds" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${x.sort.length} regularizations by ${y.sort.length} f0 scalings; ${readingOf(cells, best).join(": ")}`,
    title: { text: [title, ...readingOf(cells, best)], anchor: "start" },
    params: menus.map(({ name, title, values, start }) => ({
      name,
      value: start ?? values[0],
      ...(values.length > 1 ? { bind: { input: "select", options: values, name: `${title} ` } } : {}),
    })),
    data: { values: chosen },
    transform: [shown],
    width: { step: CELL.width },
    height: { step: CELL.height },
    encoding: { x, y },
    layer: [
      {
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "mean",
            type: "quantitative",
            title: "accuracy",
            scale: { scheme: "viridis", domain },
            legend: { format: AXIS_PERCENT, gradientLength: 120 },
          },
          tooltip,
        },
      },
      {
        // The text stands on its cell, not on the page: dark on light colours, light on dark ones.
        mark: { type: "text", fontSize: 11 },
        encoding: {
          text: { field: "mean", type: "quantitative", format: ".1%" },
          color: {
            condition: { test: `datum.mean > ${domain[0] + 0.55 * (domain[1] - domain[0])}`, value: "black" },
            value: "white",
          },
          tooltip,
        },
      },
      ...(best
        ? [
            {
              transform: [{ filter: "datum.chosen" }],
              mark: { type: "rect", filled: false, stroke: PALETTE.vermilion, strokeWidth: 3 },
              encoding: { tooltip },
            },
          ]
        : []),
    ],
  };
}

/** The points of one seed's grid, for this chart and the regularization chart. */
export function gridPoints<Name extends LandscapePoint["split"]>(
  grid: readonly Solved<Name>[],
  seed: number,
): GridPoint[] {
  return grid.flatMap(({ scores, ...setting }) =>
    (Object.keys(scores) as Name[]).map((split) => ({ ...setting, split, seed, accuracy: scores[split].accuracy })),
  );
}

type Cell = ReturnType<typeof cellsOf>[number];

function cellsOf(points: readonly GridPoint[]) {
  const groups = new Map<string, GridPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([settingOf(point), point.split]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map((own) => {
    const { split, gamma, lambda, regularization, f0 } = own[0];
    const accuracies = own.map(({ accuracy }) => accuracy);
    return {
      split,
      regularization: label(regularization),
      f0: label(f0),
      ...(gamma === undefined ? {} : { gamma: label(gamma) }),
      ...(lambda === undefined ? {} : { lambda: label(lambda) }),
      setting: settingOf(own[0]),
      mean: mean(accuracies),
      text: formatMeanStd(accuracies),
      seeds: own.length,
    };
  });
}

function readingOf(cells: readonly Cell[], best: Cell | undefined): string[] {
  if (!best) return ["no development examples to choose a setting on"];
  const scores = cells.filter(({ setting }) => setting === best.setting).map(({ split, text }) => `${split} ${text} %`);
  return [`best on dev: ${best.setting}`, scores.join(", ")];
}

function settingOf({ regularization, f0, gamma, lambda }: GridPoint): string {
  const more = [gamma === undefined ? "" : `, γ ${label(gamma)}`, lambda === undefined ? "" : `, λ ${label(lambda)}`];
  return `regularization ${label(regularization)}, f0 ${label(f0)}${more.join("")}`;
}

/** A field's values in increasing order, as the chart writes them. */
function labels(points: readonly GridPoint[], field: "regularization" | "f0" | "gamma" | "lambda"): string[] {
  const values = distinct(points.map((point) => point[field])).filter((value) => value !== undefined);
  return distinct(values.sort((a, b) => a - b).map(label));
}

/** Short and exact enough to tell a grid's values apart: 0, 0.001, 0.0032, 10000, ∞. */
function label(value: number): string {
  return value === Infinity ? "∞" : String(Number(value.toPrecision(4)));
}
