import { FIXED_FEATURES_DISTANCE } from "../behavior/kernel-change";
import type { KernelBehavior } from "../behavior/kernel-behavior";
import { LINEARIZED_SHARE } from "../behavior/recovered-gain";
import type { BehaviorRun } from "../sweep/behavior-record";
import { verdictText } from "../sweep/behavior-table";
import { mean } from "../solvers/metrics";
import { type ChartSpec, distinct, PALETTE, SERIES_COLORS, VEGA_LITE_SCHEMA } from "./spec";

/** The two halves of kernel behaviour (Definition 3.2) and the verdicts, of one fine-tuning run. */
export interface VerdictPoint {
  /** "SGD". */
  method: string;
  seed: number;
  /** The share of the gain that the linearization has too; missing where fine-tuning gains too little. */
  share?: number;
  /** Mean relative distance of kernel entries. */
  distance?: number;
  verdicts: Partial<KernelBehavior>;
}

/** A measurement as a point; the distance is that of the optimizer's own kernel. */
export const verdictPoint = (
  {
    linearization,
    features,
    formula,
    verdicts,
  }: Pick<BehaviorRun, "linearization" | "features" | "formula" | "verdicts">,
  method: string,
  seed: number,
): VerdictPoint => ({
  method,
  seed,
  share: linearization.share,
  distance: features.find((each) => each.formula === formula)?.mean,
  verdicts,
});

export interface VerdictChartOptions {
  title?: string;
}

/**
 * Left the share of the gain that the linearization has too, right how far kernel entries moved; a point for each seed, a diamond for the
 * mean, and the paper's thresholds as dashed lines: kernel behaviour is right of the first and left of the second.
 */
export function verdictChart(
  points: readonly VerdictPoint[],
  { title = "Linearized? Fixed features?" }: VerdictChartOptions = {},
): ChartSpec {
  if (points.length === 0) throw new Error("The verdict chart needs at least one point.");
  const methods = distinct(points.map(({ method }) => method));
  const panel = (field: "share" | "distance", name: string, threshold: number, format: string, first: boolean) => {
    const own = points
      .filter((point) => point[field] !== undefined)
      .map(({ method, seed, [field]: value }) => ({ method, seed, value: value! }));
    const means = methods.flatMap((method) => {
      const values = own.filter((point) => point.method === method).map(({ value }) => value);
      return values.length === 0 ? [] : [{ method, value: mean(values), seeds: values.length }];
    });
    const values = [threshold, ...own.map(({ value }) => value)];
    // Distances of entries near zero can be anything; a share is drawn from nothing to everything.
    const wide = field === "distance" && Math.max(...values) > 10 * threshold && Math.min(...values) > 0;
    const scale = wide
      ? { type: "log", nice: true }
      : { domain: [Math.min(0, ...values), Math.max(field === "share" ? 1 : 1.25 * threshold, ...values)], nice: true };
    const x = { field: "value", type: "quantitative", title: name, scale, axis: { format, tickCount: 5 } };
    const y = {
      field: "method",
      type: "nominal",
      title: null,
      scale: { domain: methods },
      axis: first ? {} : { labels: false, ticks: false },
    };
    const color = { field: "method", type: "nominal", legend: null, scale: { domain: methods, range: SERIES_COLORS } };
    const tooltip = [
      { field: "method", title: "optimizer" },
      { field: "seed", title: "seed" },
      { field: "value", title: name, format: ".3~g" },
    ];
    const meanTooltip = [
      { field: "method", title: "optimizer" },
      { field: "value", title: `mean ${name}`, format: ".3~g" },
      { field: "seeds", title: "seeds" },
    ];
    return {
      width: 270,
      height: { step: 46 },
      layer: [
        {
          data: { values: [{ value: threshold }] },
          mark: { type: "rule", strokeWidth: 2, strokeDash: [6, 4], color: PALETTE.grey },
          encoding: { x, tooltip: [{ field: "value", title: "threshold" }] },
        },
        {
          data: { values: own },
          mark: { type: "point", filled: false, size: 45, opacity: 0.8, yOffset: 10 },
          encoding: { x, y, color, tooltip },
        },
        {
          data: { values: means },
          mark: { type: "point", filled: true, shape: "diamond", size: 130, opacity: 1 },
          encoding: { x, y, color, tooltip: meanTooltip },
        },
      ],
    };
  };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${methods.map((method) => verdictSentence(points.filter((point) => point.method === method))).join(" ")}`,
    title: { text: title, anchor: "start" },
    // The second panel has no labels at its left: without this it is moved as far as the first.
    bounds: "flush",
    spacing: 45,
    hconcat: [
      panel("share", "share of the gain that is linear (dashed: 50 %)", LINEARIZED_SHARE, ".0%", true),
      panel("distance", "mean distance of kernel entries (dashed: 2.0)", FIXED_FEATURES_DISTANCE, "~g", false),
    ],
  };
}

/** What a method's runs say, as one sentence: each half with its mean and whether, or in how many seeds, it holds; then the verdict. */
export function verdictSentence(points: readonly VerdictPoint[]): string {
  if (points.length === 0) throw new Error("a verdict needs at least one run");
  const of = (field: "share" | "distance"): number[] => points.flatMap((point) => point[field] ?? []);
  const [first] = points;
  const count = (verdict: keyof KernelBehavior): string =>
    `${points.filter(({ verdicts }) => verdicts[verdict] === true).length} of ${points.length}`;
  const held = (verdict: keyof KernelBehavior, yes: string, no: string, unit = ""): string =>
    points.length > 1 ? `${yes} in ${count(verdict)}${unit}` : first.verdicts[verdict] ? yes : no;
  const [shares, distances] = [of("share"), of("distance")];
  const linearized =
    shares.length === 0
      ? "fine-tuning gains too little for a share of it"
      : `the linearization has ${(100 * mean(shares)).toFixed(0)} % of the gain${shares.length < points.length ? ` (of ${shares.length} seeds that have one)` : ""}, ${held("linearized", "at least half of it", "less than half of it", " seeds")}`;
  const threshold = FIXED_FEATURES_DISTANCE.toFixed(1);
  const fixed =
    distances.length === 0
      ? "no kernel entry can be compared"
      : `kernel entries moved by ${mean(distances).toPrecision(2)} times their size on average, ${held("fixedFeatures", `by less than ${threshold}`, `by at least ${threshold}`)}`;
  const solved = held("solvesTask", "the kernel solves the task", "the kernel does not solve the task");
  const { kernelBehavior } = first.verdicts;
  const single = kernelBehavior === undefined ? "undecided" : verdictText(kernelBehavior);
  const whole = points.length > 1 ? `${count("kernelBehavior")} seeds` : single;
  return `${first.method}: ${linearized}; ${fixed}; ${solved}. Kernel behaviour: ${whole}.`;
}
