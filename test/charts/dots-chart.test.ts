import { test } from "node:test";
import assert from "node:assert/strict";
import { parse, View } from "vega";
import { accuracyChart } from "../../src/charts/accuracy-chart";
import { type Dot, dotsChart } from "../../src/charts/dots-chart";
import { type ChartSpec } from "../../src/charts/figure";
import { collector, testFigures, versions } from "./figures";

const texts = {
  title: "Prompts",
  reading: "in words",
  rowTitle: "template",
  nameTitle: "label words",
  valueTitle: "accuracy",
};

/** Two templates, two pairs of words: in their order with an error, and in the other order. */
const prompts: Dot[] = ["It was", "All in all"].flatMap((row, p) =>
  ["terrible/great", "bad/good"].flatMap((name, w) => {
    const value = 0.7 + 0.1 * p - 0.05 * w;
    return [
      { row, name, value, low: value - 0.04, high: value + 0.04, order: name },
      { row, name, value: 1 - value, order: "the other" },
    ];
  }),
);

const figures: Record<string, () => ChartSpec> = {
  accuracy: () =>
    accuracyChart(
      [
        ...[0.62, 0.62].map((accuracy, seed) => ({ method: "zero-shot", family: "baseline", seed, accuracy })),
        ...[0.81, 0.85].map((accuracy, seed) => ({
          method: "fine-tuning, prompted",
          family: "fine-tuning",
          seed,
          accuracy,
        })),
        ...[0.8, 0.86].map((accuracy, seed) => ({ method: "SGD kernel, prompted", family: "kernel", seed, accuracy })),
      ].map((score) => ({ ...score, chance: 0.5 })),
      { title: "Two seeds" },
    ),
  "grouped-accuracy": () =>
    accuracyChart(
      [
        ["trec", 1 / 6],
        ["subj", 1 / 2],
      ].flatMap(([group, chance], g) =>
        [13, 21].flatMap((seed, s) => [
          {
            group: String(group),
            chance: Number(chance),
            method: "zero-shot",
            family: "no training",
            seed,
            accuracy: 0.4 + 0.2 * g,
          },
          {
            group: String(group),
            chance: Number(chance),
            method: "SGD-FT",
            family: "fine-tuning",
            seed,
            accuracy: 0.7 + 0.05 * s,
          },
          {
            group: String(group),
            chance: Number(chance),
            method: "K (SGD)",
            family: "kernel",
            seed,
            accuracy: 0.65 + 0.1 * s,
          },
          {
            group: String(group),
            chance: Number(chance),
            method: "K (SignGD)",
            family: "kernel",
            seed,
            accuracy: 0.6 + 0.2 * s,
          },
        ]),
      ),
      { title: "Two tasks, two seeds" },
    ),
  prompts: () => dotsChart(prompts, { ...texts, guesses: [{ row: "It was", chance: 0.5 }] }),
  "prompts-orders": () =>
    dotsChart(
      ["trec", "mr"].flatMap((row, p) =>
        [0.8, 0.1, 0.2].map((value, o) => ({
          row,
          name: "own",
          value: value - 0.05 * p,
          ...(o === 0 ? { low: 0.7, high: 0.85 } : {}),
        })),
      ),
      { ...texts, rowTitle: "task" },
    ),
};

testFigures(figures);

test("a click in the legend leaves one method's marks, and the rows stay where they are", async () => {
  const { spec } = versions[0].compile(figures["grouped-accuracy"]() as never, { logger: collector() });
  const view = new View(parse(spec), { renderer: "none" });
  // Two tasks, with a mean and two seeds for each of four methods; the legend has a symbol for each.
  const symbols = (svg: string): number => (svg.match(/aria-roledescription="point"/g) ?? []).length;
  const before = await view.toSVG();
  view.signal("names_name_legend", "K (SGD)");
  const after = await view.toSVG();
  assert.deepEqual([symbols(before), symbols(after)], [24, 6]);
  const axis = (svg: string): string[] => svg.match(/>(trec|subj)</g) ?? [];
  assert.deepEqual(axis(after), axis(before));
  view.finalize();
});

test("dots with a range are large, others small, each with its own fields in the tooltip", () => {
  const { layer } = figures.prompts() as ChartSpec & {
    layer: { data: { values: object[] }; encoding: { tooltip: { field: string }[] } }[];
  };
  assert.deepEqual(
    layer.map(({ data }) => data.values.length),
    [1, 4, 4, 4],
  );
  assert.deepEqual(
    layer[3].encoding.tooltip.map(({ field }) => field),
    ["row", "name", "value", "order"],
  );
});

test("dots that cannot be drawn are refused", () => {
  assert.throws(() => accuracyChart([]), /at least one score/);
  assert.throws(
    () =>
      accuracyChart(
        ["a", "b", "c", "d", "e", "f"].map((family) => ({ group: "mr", method: family, family, seed: 1, accuracy: 1 })),
      ),
    /5 kinds of methods, not 6/,
  );
  assert.throws(() => dotsChart([], texts), /at least one dot/);
  const six = ["a", "b", "c", "d", "e", "f"].map((name) => ({ row: "It was", name, value: 0.5 }));
  assert.throws(() => dotsChart(six, texts), /5 label words, not 6/);
});
