import { devChoices } from "../sweep/dev-choice";
import type { Run } from "../sweep/aggregate";
import {
  AXIS_PERCENT,
  type ChartSpec,
  distinct,
  PALETTE,
  PERCENT,
  SERIES_COLORS,
  SOLID_LEGEND,
  VEGA_LITE_SCHEMA,
} from "./spec";

const SIZE = 210;

/**
 * What choosing on the development examples does: test against development accuracy, a panel for each method. Circles:
 * the settings of all seeds, larger where several coincide; diamonds: the setting that each seed chooses; dashed: the
 * line where both accuracies are equal. A chosen setting below the line did worse on test than its choice promised.
 */
export function choiceChart(runs: readonly Run[], title = "The choice on development examples"): ChartSpec {
  if (runs.length === 0) throw new Error("The choice chart needs at least one run.");
  const methods = distinct(runs.map(({ method }) => method));
  const accuracies = runs.flatMap(({ dev, test }) => [dev, test]);
  const domain = [Math.floor(Math.min(...accuracies) * 10) / 10, Math.ceil(Math.max(...accuracies) * 10) / 10];
  const seeds = distinct(runs.map(({ seed }) => seed));
  const legend = seeds.length <= SERIES_COLORS.length ? { ...SOLID_LEGEND } : null;
  const panels = methods.map((method, index) => {
    const own = runs.filter((run) => run.method === method);
    const places = new Map<string, { seed: string; dev: number; test: number; settings: number; example: string }>();
    for (const { seed, dev, test, setting } of own) {
      const key = JSON.stringify([seed, dev, test]);
      const known = places.get(key);
      if (known) known.settings++;
      else
        places.set(key, {
          seed: String(seed),
          dev,
          test,
          settings: 1,
          example: Object.entries(setting)
            .map(([name, value]) => `${name} ${value === Infinity ? "∞" : value}`)
            .join(", "),
        });
    }
    const chosen = devChoices(own).map(({ seed, dev, test, bestTest, settings }) => ({
      seed: String(seed),
      dev,
      test,
      bestTest,
      settings,
    }));
    const scale = { domain, nice: false, zero: false };
    const x = {
      field: "dev",
      type: "quantitative",
      title: "development accuracy",
      scale,
      axis: { format: AXIS_PERCENT, tickCount: 5, labelFlush: false },
    };
    const y = {
      field: "test",
      type: "quantitative",
      title: index === 0 ? "test accuracy" : null,
      scale,
      axis: { format: AXIS_PERCENT, tickCount: 5, labelFlush: false },
    };
    const color = {
      field: "seed",
      type: "nominal",
      title: "seed",
      scale: {
        domain: seeds.map(String),
        range:
          seeds.length <= SERIES_COLORS.length ? SERIES_COLORS.slice(0, seeds.length) : seeds.map(() => PALETTE.blue),
      },
      legend,
    };
    const numbers = [
      { field: "seed", title: "seed" },
      { field: "dev", title: "development accuracy", format: PERCENT },
      { field: "test", title: "test accuracy", format: PERCENT },
    ];
    return {
      title: { text: method, fontWeight: "normal", anchor: "start" },
      width: SIZE,
      height: SIZE,
      layer: [
        {
          data: { values: domain.map((at) => ({ dev: at, test: at })) },
          mark: { type: "line", strokeWidth: 1.5, strokeDash: [6, 4], color: PALETTE.grey },
          encoding: { x, y },
        },
        {
          data: { values: [...places.values()] },
          mark: { type: "point", filled: true, opacity: 0.45 },
          encoding: {
            x,
            y,
            color,
            size: {
              field: "settings",
              type: "quantitative",
              scale: { domain: [1, 25], range: [25, 260] },
              legend: null,
            },
            tooltip: [
              ...numbers,
              { field: "settings", title: "settings here" },
              { field: "example", title: "for example" },
            ],
          },
        },
        {
          data: { values: chosen },
          mark: { type: "point", filled: false, shape: "diamond", size: 190, strokeWidth: 2.5, opacity: 1 },
          encoding: {
            x,
            y,
            color,
            tooltip: [
              ...numbers,
              { field: "bestTest", title: "best test accuracy in the grid", format: PERCENT },
              { field: "settings", title: "settings in the grid" },
            ],
          },
        },
      ],
    };
  });
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${methods
      .map(
        (method) =>
          `${method}: ${devChoices(runs.filter((run) => run.method === method))
            .map(
              ({ seed, dev, test }) =>
                `seed ${seed} chooses ${(100 * dev).toFixed(1)} % on development, ${(100 * test).toFixed(1)} % on test`,
            )
            .join(", ")}`,
      )
      .join("; ")}`,
    title: {
      text: title,
      anchor: "start",
      subtitle: "circle: a setting (larger: several); diamond: chosen on development; dashed: equal",
    },
    hconcat: panels,
  };
}
