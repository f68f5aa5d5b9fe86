import { InputError } from "../errors";
import { formatMeanStd } from "../solvers/metrics";
import {
  AXIS_PERCENT,
  type ChartSpec,
  choice,
  distinct,
  figure,
  groupBy,
  PALETTE,
  PERCENT,
  quantity,
  requireSome,
  series,
  spread,
  tooltip,
} from "./figure";
import { band, dot, layer } from "./marks";
import { F0, type GridPoint, labels, REGULARIZATION, settingLabel, settingOf, splitsOf } from "./solver-grid";

export interface RegularizationChartOptions {
  title?: string;
  /** Setting shown first; must be in the grid. Default: the first of each. */
  selected?: { regularization: number; f0: number };
}

/** As the menu has it. */
const menuLabel = (f0: number): string => (f0 === Infinity ? "∞ (ignore the pretrained logits)" : settingLabel(f0));

const SPLIT_COLORS = { train: PALETTE.grey, dev: PALETTE.blue, test: PALETTE.vermilion };

/**
 * Accuracy against the solver's regularization over a grid computed beforehand, averaged over
 * seeds (band: one population standard deviation to each side). Menus choose a regularization of the
 * grid and of f0; the numbers at the chosen setting stand above the figure.
 *
 * @throws InputError without a point, or where the selected setting is not in the grid
 */
export function regularizationChart(points: readonly GridPoint[], options: RegularizationChartOptions = {}): ChartSpec {
  requireSome(points, "regularization chart", "point");
  const splits = splitsOf(points);
  const regularizations = labels(points, "regularization");
  const f0s = distinct(points.map(({ f0 }) => f0))
    .sort((a, b) => a - b)
    .map(menuLabel);
  const { title = "Accuracy and regularization", selected } = options;
  const first = selected
    ? { regularization: settingLabel(selected.regularization), f0: menuLabel(selected.f0) }
    : { regularization: regularizations[0], f0: f0s[0] };
  if (!regularizations.includes(first.regularization) || !f0s.includes(first.f0))
    throw new InputError(`The selected regularization ${first.regularization}, f0 ${first.f0} is not in the grid.`);

  const summaries = groupBy(points, ({ f0, split, regularization }) => [f0, split, regularization])
    .map((own) => {
      const { f0, split, regularization } = own[0];
      const accuracies = own.map(({ accuracy }) => accuracy);
      const { mean, std, low, high } = spread(accuracies);
      return {
        f0: menuLabel(f0),
        split,
        label: settingLabel(regularization),
        mean: rounded(mean),
        std: rounded(std),
        low: rounded(Math.max(0, low)),
        high: rounded(Math.min(1, high)),
        reading: `${split} ${formatMeanStd(accuracies)} %`,
        setting: settingOf({ regularization, f0 }),
      };
    })
    .sort((a, b) => splits.indexOf(a.split) - splits.indexOf(b.split));
  const readingAt = (f0: string, label: string): string => {
    const own = summaries.filter((summary) => summary.f0 === f0 && summary.label === label);
    return own.length === 0 ? "no value here" : `${own[0].setting}: ${own.map(({ reading }) => reading).join(", ")}`;
  };
  const readings = Object.fromEntries(
    f0s.map((f0) => [f0, Object.fromEntries(regularizations.map((label) => [label, [title, readingAt(f0, label)]]))]),
  );

  const x = {
    field: "label",
    type: "ordinal",
    sort: regularizations,
    title: REGULARIZATION.join(" "),
    axis: { labelAngle: -45, labelOverlap: false },
    scale: { padding: 0.5, type: "point" },
  };
  const y = quantity("accuracy", { scale: { zero: false }, axis: { format: AXIS_PERCENT } });
  const common = {
    x,
    color: series("split", splits, { title: "examples", range: splits.map((split) => SPLIT_COLORS[split]) }),
  };
  const tips = tooltip({
    split: "examples",
    label: "regularization",
    f0: F0.join(" "),
    mean: ["accuracy", PERCENT],
    std: ["standard deviation", PERCENT],
  });
  const means = { ...common, y: y("mean"), tooltip: tips };
  const ofF0 = { transform: [{ filter: "datum.f0 === f0" }] };
  const chosen = { filter: "datum.f0 === f0 && datum.label === regularization" };
  return {
    ...figure({
      title,
      reading: `accuracy for ${regularizations.length} regularizations and ${f0s.length} values of f0; ${readingAt(first.f0, first.regularization)}`,
      params: [
        { name: "readings", value: readings },
        choice("regularization", "regularization", regularizations, first.regularization, "select"),
        choice("f0", "f0", f0s, first.f0, "select"),
      ],
      data: { values: summaries.map(({ reading: _, setting: _setting, ...summary }) => summary) },
      width: 480,
      height: 240,
      layer: [
        band(undefined, y, common, ofF0),
        layer(undefined, { type: "line", strokeWidth: 2 }, { ...common, y: y("mean") }, ofF0),
        dot(undefined, means, { size: 50 }, ofF0),
        layer(
          undefined,
          { type: "rule", strokeDash: [4, 3], color: PALETTE.grey },
          { x },
          { transform: [chosen, { aggregate: [], groupby: ["label"] }] },
        ),
        dot(undefined, means, { size: 130 }, { transform: [chosen] }),
      ],
    }),
    // The page's theme colours a title, but not a text mark; so the reading is part of the title.
    title: { text: { expr: "readings[f0][regularization]" }, anchor: "start" },
  };
}

/** Short in the file, and finer than any figure. */
const rounded = (share: number): number => Number(share.toFixed(5));
