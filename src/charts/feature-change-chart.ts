import { FIXED_FEATURES_DISTANCE } from "../behavior/kernel-change";
import type { FeatureDistance } from "../experiment/behavior-record";
import { type ChartSpec, distinct, PALETTE, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** How far a part of the kernel moved. */
export interface FeatureChangeCell {
  /** "layer 1", or {@link EVERYTHING}. */
  layer: string;
  /** "query", or {@link EVERYTHING}. */
  kind: string;
  /** Mean relative distance of kernel entries. */
  distance: number;
}

/** Names the row and the column of all parameters together. */
export const EVERYTHING = "all";

export interface FeatureChangeChartOptions {
  title?: string;
}

const CELL = { width: 64, height: 30 };
/** From this share of the scale on, cells are light. */
const LIGHT = 0.55;

/**
 * Mean relative distance of kernel entries before and after fine-tuning, a cell for the parameters of each kind in each layer,
 * with those of a whole layer, of a whole kind, and of everything beside. Colours run from 0 to twice the paper's threshold of
 * 2.0, the same in every figure; a frame marks cells that are not below the threshold. The title has the whole.
 */
export function featureChangeChart(cells: readonly FeatureChangeCell[], { title = "Change of features" }: FeatureChangeChartOptions = {}): ChartSpec {
  const whole = cells.find(({ layer, kind }) => layer === EVERYTHING && kind === EVERYTHING);
  if (!whole) throw new Error(`The feature change chart needs the cell of all parameters (layer and kind "${EVERYTHING}").`);
  const threshold = FIXED_FEATURES_DISTANCE;
  const verdict = whole.distance < threshold ? "fixed features" : "features not fixed";
  // Three digits: two would round 1.99 to the threshold.
  const reading = `mean relative distance ${whole.distance.toPrecision(3)}: ${verdict} (threshold ${threshold.toFixed(1)})`;
  const last = (names: string[]): string[] => [...names.filter((name) => name !== EVERYTHING), EVERYTHING];
  const tooltip = [
    { field: "layer", title: "layer" },
    { field: "kind", title: "kind of parameter" },
    { field: "distance", title: "mean relative distance", format: ".3~g" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${reading}`,
    title: { text: [...titleLines(title), reading], anchor: "start" },
    data: { values: cells.map((cell) => ({ ...cell, text: digits(cell.distance) })) },
    width: { step: CELL.width },
    height: { step: CELL.height },
    encoding: {
      x: { field: "kind", type: "ordinal", title: "kind of parameter", sort: last(distinct(cells.map(({ kind }) => kind))), axis: { labelAngle: -35 } },
      y: { field: "layer", type: "ordinal", title: null, sort: last(distinct(cells.map(({ layer }) => layer))) },
    },
    layer: [
      {
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "distance",
            type: "quantitative",
            title: ["mean relative", "distance"],
            scale: { scheme: "viridis", domain: [0, 2 * threshold], clamp: true },
            legend: { values: [0, threshold / 2, threshold, 2 * threshold], gradientLength: 120 },
          },
          tooltip,
        },
      },
      {
        // The text stands on its cell, not on the page: dark on light colours, light on dark ones.
        mark: { type: "text", fontSize: 11 },
        encoding: { text: { field: "text", type: "nominal" }, color: { condition: { test: `datum.distance > ${LIGHT * 2 * threshold}`, value: "black" }, value: "white" }, tooltip },
      },
      { transform: [{ filter: `datum.distance >= ${threshold}` }], mark: { type: "rect", filled: false, stroke: PALETTE.vermilion, strokeWidth: 2 }, encoding: { tooltip } },
    ],
  };
}

/** A measurement's distances of one formula as cells; those that are not defined are left out. */
export function featureChangeCells({ mean, layers, kinds, cells }: FeatureDistance): FeatureChangeCell[] {
  const all = [
    ...cells,
    ...Object.entries(layers).map(([layer, change]) => ({ layer, kind: EVERYTHING, ...change })),
    ...Object.entries(kinds).map(([kind, change]) => ({ layer: EVERYTHING, kind, ...change })),
    { layer: EVERYTHING, kind: EVERYTHING, mean },
  ];
  return all.flatMap(({ layer, kind, mean: distance }) => (distance === undefined ? [] : [{ layer, kind, distance }]));
}

/** Two digits where they tell something: 0.034, 1.2, 340. */
const digits = (distance: number): string => (distance >= 100 ? distance.toFixed(0) : String(Number(distance.toPrecision(2))));
