import { FIXED_FEATURES_DISTANCE } from "../behavior/verdicts";
import { PARAMETER_KINDS } from "../behavior/fixed-features";
import { InputError } from "../errors";
import type { FeatureDistance } from "../sweep/behavior-record";
import { cellsChart } from "./cells-chart";
import { type ChartSpec, distinct } from "./figure";

/** Names the row and the column of all parameters together. */
const EVERYTHING = "all";

/**
 * Mean relative distance of kernel entries before and after fine-tuning, a cell for the parameters of each kind in each layer,
 * with those of a whole layer, of a whole kind, and of everything beside. Blue cells are below the paper's threshold of 2.0, orange
 * and framed ones are not; the colour scale, the order of the columns and that of the rows are the same in every figure. The title
 * has the whole. Distances that are not defined are left out.
 *
 * @throws InputError where no kernel entry can be compared
 */
export function featureChangeChart(features: FeatureDistance, title = "Change of features"): ChartSpec {
  const { mean: whole } = features;
  if (whole === undefined) throw new InputError("The feature change chart needs the distance of all parameters.");
  const threshold = FIXED_FEATURES_DISTANCE;
  const verdict = whole < threshold ? "fixed features" : "features not fixed";
  // Three digits: two would round 1.99 to the threshold.
  const reading = `mean relative distance ${whole.toPrecision(3)}: ${verdict} (threshold ${threshold.toFixed(1)})`;
  const cells = [
    ...features.cells.map(({ layer, kind, mean }) => ({ row: layer, column: kind, value: mean })),
    ...Object.entries(features.layers).map(([row, { mean }]) => ({ row, column: EVERYTHING, value: mean })),
    ...Object.entries(features.kinds).map(([column, { mean }]) => ({ row: EVERYTHING, column, value: mean })),
    { row: EVERYTHING, column: EVERYTHING, value: whole },
  ].flatMap(({ value, ...place }) => (value === undefined ? [] : [{ ...place, value, text: digits(value) }]));
  const layers = distinct(cells.map(({ row }) => row));
  const numbered = layers
    .filter((layer) => layer.startsWith("layer "))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  return cellsChart(cells, {
    title,
    reading,
    lines: [reading],
    subtitle: `blue: below ${threshold.toFixed(1)}; framed: not below; ${EVERYTHING}: a whole row or column`,
    rows: inOrder(layers, ["embeddings", ...numbered, "head"]),
    columns: inOrder(distinct(cells.map(({ column }) => column)), PARAMETER_KINDS),
    columnTitle: "kind of parameter",
    valueTitle: "mean relative distance",
    threshold,
  });
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
