import type { Run } from "../sweep/aggregate";
import { devChoices } from "../sweep/dev-choice";
import {
  type ChartSpec,
  distinct,
  extent,
  figure,
  groupBy,
  PALETTE,
  panelTitle,
  PERCENT,
  requireSome,
  series,
  SERIES_COLORS,
  shares,
  tooltip,
} from "./figure";
import { diagonal, dot, ring } from "./marks";

/**
 * What choosing on the development examples does: test against development accuracy, a panel for each method. Circles:
 * the settings of all seeds, larger where several coincide; diamonds: the setting that each seed chooses; dashed: the
 * line where both accuracies are equal. A chosen setting below the line did worse on test than its choice promised.
 *
 * @throws InputError without a run
 */
export function choiceChart(runs: readonly Run[], title = "The choice on development examples"): ChartSpec {
  requireSome(runs, "choice chart", "run");
  const accuracies = runs.flatMap(({ dev, test }) => [dev, test]);
  const seeds = distinct(runs.map(({ seed }) => String(seed)));
  const color = series(
    "seed",
    seeds,
    seeds.length <= SERIES_COLORS.length
      ? { title: "seed", range: SERIES_COLORS.slice(0, seeds.length) }
      : { title: "seed", range: seeds.map(() => PALETTE.blue), legend: null },
  );
  const x = shares("development accuracy", accuracies);
  const numbers = { seed: "seed", dev: ["development accuracy", PERCENT], test: ["test accuracy", PERCENT] } as const;
  const methods = groupBy(runs, ({ method }) => method).map((own) => ({
    method: own[0].method,
    own,
    choices: devChoices(own),
  }));
  return figure({
    title,
    reading: methods
      .map(
        ({ method, choices }) =>
          `${method}: ${choices
            .map(
              ({ seed, dev, test }) =>
                `seed ${seed} chooses ${(100 * dev).toFixed(1)} % on development, ${(100 * test).toFixed(1)} % on test`,
            )
            .join(", ")}`,
      )
      .join("; "),
    subtitle: "circle: a setting (larger: several); diamond: chosen on development; dashed: equal",
    hconcat: methods.map(({ method, own, choices }, index) => {
      const y = shares(index === 0 ? "test accuracy" : null, accuracies);
      const common = { x: x("dev"), y: y("test"), color };
      const places = groupBy(own, ({ seed, dev, test }) => [seed, dev, test]).map((same) => ({
        seed: String(same[0].seed),
        dev: same[0].dev,
        test: same[0].test,
        settings: same.length,
        example: Object.entries(same[0].setting)
          .map(([name, value]) => `${name} ${value === Infinity ? "∞" : value}`)
          .join(", "),
      }));
      const chosen = choices.map(({ seed, dev, test, bestTest, settings }) => ({
        seed: String(seed),
        dev,
        test,
        bestTest,
        settings,
      }));
      return {
        title: panelTitle(method),
        width: 210,
        height: 210,
        layer: [
          diagonal(extent(accuracies), x, y, ["dev", "test"]),
          dot(
            places,
            {
              ...common,
              size: {
                field: "settings",
                type: "quantitative",
                scale: { domain: [1, 25], range: [25, 260] },
                legend: null,
              },
              tooltip: tooltip({ ...numbers, settings: "settings here", example: "for example" }),
            },
            { opacity: 0.45 },
          ),
          ring(
            chosen,
            {
              ...common,
              tooltip: tooltip({
                ...numbers,
                bestTest: ["best test accuracy in the grid", PERCENT],
                settings: "settings in the grid",
              }),
            },
            { shape: "diamond", size: 190, strokeWidth: 2.5, opacity: 1 },
          ),
        ],
      };
    }),
  });
}
