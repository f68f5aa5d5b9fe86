import { test } from "node:test";
import assert from "node:assert/strict";
import { parse, View } from "vega";
import { type ChartSpec } from "../../src/charts/figure";
import { scatterChart } from "../../src/charts/scatter-chart";
import { collector, testFigures, versions } from "./figures";

const tests = {
  title: "Two methods",
  xTitle: "distance",
  yTitle: "share of the gain",
  groupTitle: "method",
  yFormat: ".0%",
  limits: { x: 2, y: 0.5 },
  reading: "1 of 3 passes",
};

const figures: Record<string, () => ChartSpec> = {
  agreement: () =>
    scatterChart(
      ["SGD", "AdamW"].flatMap((panel, p) =>
        [-2, -1, 0.5, 1].map((actual, i) => ({
          panel,
          x: actual,
          y: actual * (1 - 0.2 * p) + 0.1 * i * p,
          group: i < 2 ? "no" : "yes",
          text: `sentence ${i}`,
        })),
      ),
      { title: "Fine-tuned model and linearization", xTitle: "fine-tuned", yTitle: "linearized" },
    ),
  "two-tests": () =>
    scatterChart(
      [
        { group: "SGD", x: 0.4, y: 0.8, text: "mr" },
        { group: "AdamW", x: 2.5, y: 0.3, text: "mr" },
        { group: "AdamW", x: 30, y: 1.5, text: "trec" },
      ],
      tests,
    ),
  choice: () =>
    scatterChart(
      ["kernel", "fine-tuning"].flatMap((panel, p) =>
        ["13", "21"].flatMap((group, s) => {
          const settings = [0, 0.1, 1, 10].map((regularization, r) => ({
            panel,
            group,
            x: 0.6 + 0.0625 * (r % 3),
            y: 0.65 + 0.04 * (r % 3) - 0.02 * p + 0.03 * s,
            text: `regularization ${regularization}`,
          }));
          return [...settings, { ...settings[2], framed: true }];
        }),
      ),
      {
        title: "Two seeds, four settings",
        xTitle: "dev",
        yTitle: "test",
        groupTitle: "seed",
        xFormat: ".0%",
        yFormat: ".0%",
      },
    ),
};

testFigures(figures);

test("a prediction's figure tells each panel's correlation, and both its axes have one scale", () => {
  const spec = figures.agreement() as ChartSpec & {
    hconcat: { layer: { encoding: Record<"x" | "y", { scale: { domain: number[] } }> }[] }[];
  };
  // Python: statistics.correlation([-2, -1, 0.5, 1], [-1.6, -0.7, 0.6, 1.1]) is 0.99983, the first is exact.
  assert.match(spec.description, /: SGD, correlation 1\.000; AdamW, correlation 1\.000$/);
  for (const { layer } of spec.hconcat)
    for (const { encoding } of layer) assert.deepEqual(encoding.x.scale.domain, encoding.y.scale.domain);
});

test("limits are dashed lines within their axes, and the legend leaves one group", async () => {
  const spec = figures["two-tests"]();
  assert.equal(spec.description, "Two methods: 1 of 3 passes");
  const view = new View(parse(versions[0].compile(spec as never, { logger: collector() }).spec), { renderer: "none" });
  const before = await view.toSVG();
  assert.equal((before.match(/<line [^>]*stroke-dasharray="6,4"/g) ?? []).length, 2);
  const faint = (svg: string) => (svg.match(/aria-roledescription="point"[^>]* opacity="0\.05"/g) ?? []).length;
  assert.equal(faint(before), 0);
  assert.equal(faint(await view.signal("group0_group_legend", "SGD").toSVG()), 2);
  view.finalize();
});

test("points of a group at one place are one, larger; framed ones are drawn beside them", () => {
  const { hconcat } = figures.choice() as ChartSpec & {
    hconcat: { layer: { data: { values: { group: string; points?: number; text: string }[] } }[] }[];
  };
  for (const { layer } of hconcat) {
    const [, places, framed] = layer.map(({ data }) => data.values);
    assert.deepEqual(
      places.map(({ points }) => points),
      [2, 1, 1, 2, 1, 1],
    );
    assert.deepEqual(
      framed.map(({ group, text }) => `${group}: ${text}`),
      ["13: regularization 1", "21: regularization 1"],
    );
  }
});

test("a figure without a point is refused", () => {
  assert.throws(() => scatterChart([], tests), /at least one point/);
});
