import { formatMeanStd, mean, populationStd } from "../solvers/metrics";
import { AXIS_PERCENT, type ChartSpec, distinct, PALETTE, PERCENT, SOLID_LEGEND, VEGA_LITE_SCHEMA } from "./spec";

/** The kernel's score for one setting of the solver, on one split and one seed. */
export interface LandscapePoint {
  regularization: number;
  /** Infinity when the pretrained logits are ignored. */
  f0: number;
  split: "train" | "dev" | "test";
  seed: number;
  /** From 0 to 1. */
  accuracy: number;
}

export interface RegularizationChartOptions {
  title?: string;
  /** Setting shown first; must be in the grid. Default: the first of each. */
  selected?: { regularization: number; f0: number };
}

const SPLIT_COLORS = { train: PALETTE.grey, dev: PALETTE.blue, test: PALETTE.vermilion };

/**
 * Accuracy against the solver's regularization over a grid computed beforehand, averaged over
 * seeds (band: one population standard deviation to each side). Menus choose a regularization of the
 * grid and the f0 scaling; the numbers at the chosen setting stand above the figure.
 */
export function regularizationChart(
  points: readonly LandscapePoint[],
  options: RegularizationChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The regularization chart needs at least one point.");
  const regularizations = distinct(points.map((point) => point.regularization)).sort((a, b) => a - b);
  const f0s = distinct(points.map((point) => point.f0)).sort((a, b) => a - b);
  const splits = (["train", "dev", "test"] as const).filter((split) => points.some((p) => p.split === split));
  const { title = "Accuracy and regularization", selected = { regularization: regularizations[0], f0: f0s[0] } } =
    options;
  if (!regularizations.includes(selected.regularization) || !f0s.includes(selected.f0)) {
    throw new Error(`The selected regularization ${selected.regularization}, f0 ${selected.f0} is not in the grid.`);
  }

  const summaries = f0s.flatMap((f0) =>
    splits.flatMap((split) =>
      regularizations.flatMap((regularization) => {
        const own = points.filter((p) => p.f0 === f0 && p.split === split && p.regularization === regularization);
        return own.length === 0
          ? []
          : [
              summarize(
                own.map(({ accuracy }) => accuracy),
                f0,
                split,
                regularization,
              ),
            ];
      }),
    ),
  );

  const labels = regularizations.map(regularizationLabel);
  const readings = Object.fromEntries(
    f0s.map((f0) => [
      f0Label(f0),
      Object.fromEntries(labels.map((label) => [label, [title, readingAt(summaries, f0, label)]])),
    ]),
  );

  const x = {
    field: "label",
    type: "ordinal",
    sort: labels,
    title: "regularization (times the largest singular value of the train kernel)",
    axis: { labelAngle: -45, labelOverlap: false },
    scale: { padding: 0.5, type: "point" },
  };
  const y = {
    field: "mean",
    type: "quantitative",
    title: "accuracy",
    scale: { zero: false },
    axis: { format: AXIS_PERCENT },
  };
  const color = {
    field: "split",
    type: "nominal",
    title: "examples",
    scale: { domain: splits, range: splits.map((split) => SPLIT_COLORS[split]) },
    legend: SOLID_LEGEND,
  };
  const chosenF0 = { filter: "datum.f0 === f0" };
  const chosen = { filter: "datum.f0 === f0 && datum.label === regularization" };
  const tooltip = [
    { field: "split", title: "examples" },
    { field: "label", title: "regularization" },
    { field: "f0", title: "f0 scaling" },
    { field: "mean", title: "accuracy", format: PERCENT },
    { field: "std", title: "standard deviation", format: PERCENT },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: accuracy for ${regularizations.length} regularizations and ${f0s.length} f0 scalings`,
    // The page's theme colours a title, but not a text mark; so the reading is part of the title.
    title: { text: { expr: "readings[f0][regularization]" }, anchor: "start" },
    params: [
      { name: "readings", value: readings },
      {
        name: "regularization",
        value: regularizationLabel(selected.regularization),
        bind: { input: "select", options: labels, name: "regularization " },
      },
      {
        name: "f0",
        value: f0Label(selected.f0),
        bind: { input: "select", options: f0s.map(f0Label), name: "f0 scaling " },
      },
    ],
    data: { values: summaries.map(({ reading: _, ...summary }) => summary) },
    width: 480,
    height: 240,
    layer: [
      {
        transform: [
          chosenF0,
          { calculate: "max(0, datum.mean - datum.std)", as: "low" },
          { calculate: "min(1, datum.mean + datum.std)", as: "high" },
        ],
        mark: { type: "area", opacity: 0.15 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        transform: [chosenF0],
        mark: { type: "line", strokeWidth: 2 },
        encoding: { x, y, color },
      },
      {
        transform: [chosenF0],
        mark: { type: "point", filled: true, size: 50, opacity: 1 },
        encoding: { x, y, color, tooltip },
      },
      {
        transform: [chosen, { aggregate: [], groupby: ["label"] }],
        mark: { type: "rule", strokeDash: [4, 3], color: PALETTE.grey },
        encoding: { x },
      },
      {
        transform: [chosen],
        mark: { type: "point", filled: true, size: 130, opacity: 1 },
        encoding: { x, y, color, tooltip },
      },
    ],
  };
}

type Summary = ReturnType<typeof summarize>;

function summarize(accuracies: number[], f0: number, split: string, regularization: number) {
  const [center, std] = [mean(accuracies), populationStd(accuracies)];
  const reading = `${split} ${formatMeanStd(accuracies)} %`;
  const label = regularizationLabel(regularization);
  return { f0: f0Label(f0), split, label, mean: rounded(center), std: rounded(std), reading };
}

/** Short in the file, and finer than any figure. */
const rounded = (share: number): number => Number(share.toFixed(5));

function readingAt(summaries: readonly Summary[], f0: number, label: string): string {
  const chosen = summaries.filter((summary) => summary.f0 === f0Label(f0) && summary.label === label);
  if (chosen.length === 0) return "no value here";
  return `regularization ${label}, f0 ${f0 === Infinity ? "∞" : f0}: ${chosen.map(({ reading }) => reading).join(", ")}`;
}

/** Two digits are enough to tell the grid's values apart: 0, 0.0032, 0.01. */
function regularizationLabel(regularization: number): string {
  return String(Number(regularization.toPrecision(2)));
}

function f0Label(f0: number): string {
  return f0 === Infinity ? "∞ (ignore the pretrained logits)" : String(f0);
}
