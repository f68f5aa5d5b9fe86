import { InputError } from "../errors";
import { formatMeanStd, mean } from "../solvers/metrics";
import { type ChartSpec, choice, extent, figure, groupBy, PERCENT, requireSome, tooltip } from "./figure";
import { cells as matrix } from "./marks";
import { F0, type GridPoint, labels, REGULARIZATION, settingLabel, settingOf, splitsOf } from "./solver-grid";

export interface GridChartOptions {
  title?: string;
  /** The examples shown first. Default: dev where there are any. */
  split?: GridPoint["split"];
}

/**
 * Accuracy over regularization and f0 (∞ ignores the pretrained logits), a cell for each pair, averaged over seeds. Menus choose the examples and,
 * for the asymmetric solver, γ and λ. A frame marks the setting with the best mean accuracy on the development examples,
 * the first one in the points' order on ties; the title tells it with its accuracy on every split.
 *
 * @throws InputError without a point, or without one of the split that is to be shown first
 */
export function gridChart(points: readonly GridPoint[], options: GridChartOptions = {}): ChartSpec {
  requireSome(points, "grid chart", "point");
  const splits = splitsOf(points);
  const { title = "Accuracy over the solver's settings", split: first = splits.includes("dev") ? "dev" : splits[0] } =
    options;
  if (!splits.includes(first))
    throw new InputError(`There are no points of the ${first} examples; there are: ${splits.join(", ")}.`);
  const cells = cellsOf(points);
  const best = cells
    .filter(({ split }) => split === "dev")
    .reduce<Cell | undefined>((top, cell) => (top && top.mean >= cell.mean ? top : cell), undefined);

  const menus = [
    { name: "examples", field: "split", title: "examples", values: splits, start: first },
    { name: "gamma", field: "gamma", title: "γ", values: labels(points, "gamma"), start: best?.gamma },
    { name: "lambda", field: "lambda", title: "λ", values: labels(points, "lambda"), start: best?.lambda },
  ].filter(({ values }) => values.length > 0);
  const [low, high] = extent(cells.map((cell) => cell.mean));
  const [regularizations, f0s] = [labels(points, "regularization"), labels(points, "f0")];
  const lines = readingOf(cells, best);
  return figure({
    title,
    reading: `${regularizations.length} regularizations by ${f0s.length} values of f0; ${lines.join(": ")}`,
    lines,
    params: menus.map(({ name, title, values, start = values[0] }) =>
      values.length > 1 ? choice(name, title, values, start, "select") : { name, value: start },
    ),
    data: { values: best ? cells.map((cell) => ({ ...cell, chosen: cell.setting === best.setting })) : cells },
    transform: [{ filter: menus.map(({ name, field }) => `datum.${field} === ${name}`).join(" && ") }],
    width: { step: 64 },
    height: { step: 34 },
    encoding: {
      x: {
        field: "regularization",
        type: "ordinal",
        sort: regularizations,
        title: REGULARIZATION,
        axis: { labelAngle: 0 },
      },
      y: { field: "f0", type: "ordinal", sort: f0s, title: F0 },
      tooltip: tooltip({
        split: "examples",
        regularization: "regularization",
        f0: F0.join(" "),
        ...Object.fromEntries(menus.slice(1).map(({ field, title }) => [field, title])),
        mean: ["accuracy", PERCENT],
        text: "mean (standard deviation), %",
        seeds: "seeds",
      }),
    },
    layer: matrix({
      field: "mean",
      title: "accuracy",
      scale: { domain: [low, high] },
      text: { field: "mean", type: "quantitative", format: PERCENT },
      light: `datum.mean > ${low + 0.55 * (high - low)}`,
      ...(best ? { framed: "datum.chosen" } : {}),
    }),
  });
}

type Cell = ReturnType<typeof cellsOf>[number];

const cellsOf = (points: readonly GridPoint[]) =>
  groupBy(points, (point) => [settingOf(point), point.split]).map((own) => {
    const { split, gamma, lambda, regularization, f0 } = own[0];
    const accuracies = own.map(({ accuracy }) => accuracy);
    return {
      split,
      regularization: settingLabel(regularization),
      f0: settingLabel(f0),
      ...(gamma === undefined ? {} : { gamma: settingLabel(gamma) }),
      ...(lambda === undefined ? {} : { lambda: settingLabel(lambda) }),
      setting: settingOf(own[0]),
      mean: mean(accuracies),
      text: formatMeanStd(accuracies),
      seeds: own.length,
    };
  });

function readingOf(cells: readonly Cell[], best: Cell | undefined): string[] {
  if (!best) return ["no development examples to choose a setting on"];
  const scores = cells.filter(({ setting }) => setting === best.setting).map(({ split, text }) => `${split} ${text} %`);
  return [`best on dev: ${best.setting}`, scores.join(", ")];
}
