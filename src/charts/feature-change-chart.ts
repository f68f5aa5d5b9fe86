import { FIXED_FEATURES_DISTANCE } from "../behavior/verdicts";
import { PARAMETER_KINDS } from "../behavior/fixed-features";
import { InputError } from "../errors";
import type { FeatureDistance } from "../sweep/behavior-record";
import { type ChartSpec, DIGITS, distinct, figure, tooltip } from "./figure";
import { cells as matrix } from "./marks";

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

/** Colours reach from the threshold divided by this to the threshold times this, on a logarithmic scale. */
const REACH = 20;
/** Text is light on cells beyond this share of the way from the threshold to an end of the scale. */
const DARK = 0.75;

/**
 * Mean relative distance of kernel entries before and after fine-tuning, a cell for the parameters of each kind in each layer,
 * with those of a whole layer, of a whole kind, and of everything beside. Blue cells are below the paper's threshold of 2.0, orange
 * ones above it; the logarithmic colour scale, the order of the columns and that of the rows are the same in every figure. A frame
 * marks cells that are not below the threshold. The title has the whole.
 *
 * @throws InputError without the cell of all parameters
 */
export function featureChangeChart(
  cells: readonly FeatureChangeCell[],
  { title = "Change of features" }: { title?: string } = {},
): ChartSpec {
  const whole = cells.find(({ layer, kind }) => layer === EVERYTHING && kind === EVERYTHING);
  if (!whole)
    throw new InputError(`The feature change chart needs the cell of all parameters (layer and kind "${EVERYTHING}").`);
  const threshold = FIXED_FEATURES_DISTANCE;
  const verdict = whole.distance < threshold ? "fixed features" : "features not fixed";
  // Three digits: two would round 1.99 to the threshold.
  const reading = `mean relative distance ${whole.distance.toPrecision(3)}: ${verdict} (threshold ${threshold.toFixed(1)})`;
  const [low, high] = [threshold / REACH, threshold * REACH];
  const layers = distinct(cells.map(({ layer }) => layer));
  const numbered = layers
    .filter((layer) => layer.startsWith("layer "))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return figure({
    title,
    reading,
    lines: [reading],
    subtitle: `blue: below ${threshold.toFixed(1)}; framed: not below; ${EVERYTHING}: a whole row or column`,
    data: { values: cells.map((cell) => ({ ...cell, text: digits(cell.distance) })) },
    width: { step: 54 },
    height: { step: 28 },
    encoding: {
      x: {
        field: "kind",
        type: "ordinal",
        title: "kind of parameter",
        sort: inOrder(distinct(cells.map(({ kind }) => kind)), PARAMETER_KINDS),
        axis: { labelAngle: -35 },
      },
      y: { field: "layer", type: "ordinal", title: null, sort: inOrder(layers, ["embeddings", ...numbered, "head"]) },
      tooltip: tooltip({
        layer: "layer",
        kind: "kind of parameter",
        distance: ["mean relative distance", DIGITS],
      }),
    },
    layer: matrix({
      field: "distance",
      title: ["mean relative", "distance"],
      scale: { type: "log", scheme: "blueorange", domain: [low, high], clamp: true },
      legend: {
        format: "~g",
        values: [low, threshold / 4, threshold, threshold * 4, high],
        labelExpr: `datum.value <= ${low} ? '≤ ${low}' : datum.value >= ${high} ? '≥ ${high}' : datum.value`,
      },
      text: { field: "text", type: "nominal" },
      light: `abs(log(datum.distance / ${threshold})) < ${(DARK * Math.log(REACH)).toFixed(2)}`,
      framed: `datum.distance >= ${threshold}`,
    }),
  });
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

/** The known names in their order, then others, and everything last. */
const inOrder = (names: readonly string[], order: readonly string[]): string[] => [
  ...order.filter((name) => names.includes(name)),
  ...names.filter((name) => !order.includes(name) && name !== EVERYTHING),
  EVERYTHING,
];

/** Two digits where they tell something: 0.034, 1.2, 340. */
const digits = (distance: number): string =>
  distance >= 100 ? distance.toFixed(0) : String(Number(distance.toPrecision(2)));
