import { FIXED_FEATURES_DISTANCE, type KernelBehavior, LINEARIZED_SHARE } from "../behavior/verdicts";
import { InputError } from "../errors";
import { verdictText } from "../sweep/behavior-rows";
import { mean } from "../solvers/metrics";
import type { BehaviorRun } from "../sweep/behavior-record";
import {
  AXIS_PERCENT,
  category,
  type ChartSpec,
  DIGITS,
  distinct,
  figure,
  groupBy,
  logScale,
  quantity,
  requireSome,
  series,
  tooltip,
} from "./figure";
import { dot, ring, threshold } from "./marks";

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
  run: Pick<BehaviorRun, "linearization" | "features" | "formula" | "verdicts">,
  method: string,
  seed: number,
): VerdictPoint => ({
  method,
  seed,
  share: run.linearization.share,
  distance: run.features.find(({ formula }) => formula === run.formula)?.mean,
  verdicts: run.verdicts,
});

/**
 * Left the share of the gain that the linearization has too, right how far kernel entries moved; a point for each seed,
 * a diamond for the mean, and the paper's thresholds as dashed lines: kernel behaviour is right of the first and left
 * of the second.
 *
 * @throws InputError without a point
 */
export function verdictChart(
  points: readonly VerdictPoint[],
  { title = "Linearized? Fixed features?" }: { title?: string } = {},
): ChartSpec {
  requireSome(points, "verdict chart", "point");
  const methods = distinct(points.map(({ method }) => method));
  const panel = (field: "share" | "distance", name: string, limit: number, format: string, first: boolean) => {
    const own = points.flatMap(({ method, seed, [field]: value }) =>
      value === undefined ? [] : [{ method, seed, value }],
    );
    const means = groupBy(own, ({ method }) => method).map((runs) => ({
      method: runs[0].method,
      value: mean(runs.map(({ value }) => value)),
      seeds: runs.length,
    }));
    const values = [limit, ...own.map(({ value }) => value)];
    // Distances of entries near zero can be anything; a share is drawn from nothing to everything.
    const wide = field === "distance" && Math.max(...values) > 10 * limit && Math.min(...values) > 0;
    const ends = [Math.min(0, ...values), Math.max(field === "share" ? 1 : 1.25 * limit, ...values)];
    const x = quantity(name, {
      scale: wide ? logScale(values) : { domain: ends, nice: true },
      axis: { format, tickCount: 5 },
    })("value");
    const y = category("method", {
      scale: { domain: methods },
      axis: first ? {} : { labels: false, ticks: false },
    });
    const color = series("method", methods, { legend: null });
    const tips = tooltip({ method: "optimizer", seed: "seed", value: [name, DIGITS] });
    const meanTips = tooltip({ method: "optimizer", value: [`mean ${name}`, DIGITS], seeds: "seeds" });
    return {
      width: 270,
      height: { step: 46 },
      layer: [
        threshold({ value: limit }, { x, tooltip: tooltip({ value: "threshold" }) }),
        ring(own, { x, y, color, tooltip: tips }, { size: 45, opacity: 0.8, yOffset: 10 }),
        dot(means, { x, y, color, tooltip: meanTips }, { shape: "diamond", size: 130 }),
      ],
    };
  };
  return figure({
    title,
    reading: groupBy(points, ({ method }) => method)
      .map(verdictSentence)
      .join(" "),
    // The second panel has no labels at its left: without this it is moved as far as the first.
    bounds: "flush",
    spacing: 45,
    hconcat: [
      panel("share", "share of the gain that is linear (dashed: 50 %)", LINEARIZED_SHARE, AXIS_PERCENT, true),
      panel("distance", "mean distance of kernel entries (dashed: 2.0)", FIXED_FEATURES_DISTANCE, "~g", false),
    ],
  });
}

/**
 * What a method's runs say, as one sentence: each half with its mean and whether, or in how many seeds, it holds; then the verdict.
 *
 * @throws InputError without a run
 */
export function verdictSentence(points: readonly VerdictPoint[]): string {
  if (points.length === 0) throw new InputError("A verdict needs at least one run.");
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
