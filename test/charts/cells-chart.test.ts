import { test } from "node:test";
import assert from "node:assert/strict";
import { cellsChart, type MatrixCell } from "../../src/charts/cells-chart";
import { featureChangeChart } from "../../src/charts/feature-change-chart";
import { type ChartSpec, PALETTE } from "../../src/charts/figure";
import type { FeatureDistance } from "../../src/sweep/behavior-record";
import { render, testFigures, versions } from "./figures";

const texts = { title: "Two tasks", reading: "in words", valueTitle: "share of draws that pass" };

/** Two methods, and no verdict of one task by one criterion. */
const verdicts: MatrixCell[] = ["SGD", "AdamW"].flatMap((panel, m) =>
  ["mr", "trec"].flatMap((row, t) =>
    ["solves", "linearized", "fixed"].map((column, c) => {
      const place = { row, column, panel, draws: 3 };
      const yes = (m + t + c) % 3;
      return c === 1 && t === 0 ? { ...place, text: "–" } : { ...place, text: `${yes}/2`, value: yes / 2 };
    }),
  ),
);

const features = (cells: FeatureDistance["cells"], mean = 1): FeatureDistance => ({
  formula: "sgd",
  mean,
  layers: {},
  kinds: {},
  cells,
});

const figures: Record<string, () => ChartSpec> = {
  "verdict-grid": () => cellsChart(verdicts, { ...texts, domain: [0, 1], rowTitle: "task" }),
  "feature-change": () =>
    featureChangeChart(
      {
        formula: "sgd",
        mean: 1.25,
        layers: { embeddings: { mean: 0.2 }, "layer 1": { mean: 2.5 } },
        kinds: { query: { mean: 2.1 }, embeddings: { mean: 0.2 }, biases: {} },
        cells: [
          { layer: "embeddings", kind: "embeddings", mean: 0.2 },
          { layer: "layer 1", kind: "query", mean: 340 },
          { layer: "layer 1", kind: "biases" },
        ],
      },
      "K (SGD) before and after",
    ),
};

testFigures(figures);

type Matrix = ChartSpec & {
  data: { values: MatrixCell[] };
  encoding: Record<"x" | "y", { scale: { domain: string[] } }> & { tooltip: { field: string; title: string }[] };
};

test("the feature chart tells the verdict, and frames what is not below the threshold", async () => {
  const framed = (svg: string) => (svg.match(new RegExp(`stroke="${PALETTE.vermilion}"`, "g")) ?? []).length;
  const cells = [{ layer: "layer 1", kind: "query", mean: 1.9 }];
  const svg = await render(featureChangeChart(features(cells, 2)), versions[0].compile);
  assert.match(svg, /mean relative distance 2\.00: features not fixed \(threshold 2\.0\)/);
  assert.equal(framed(svg), 1);
  const below = featureChangeChart(features(cells, 1.99));
  assert.match(below.description, /: fixed features \(threshold/);
  assert.equal(framed(await render(below, versions[0].compile)), 0);
});

test("the feature chart's rows and columns have one order, whatever that of the cells", () => {
  const cells = [
    ["head", "biases"],
    ["layer 10", "value"],
    ["layer 2", "query"],
    ["embeddings", "embeddings"],
  ].map(([layer, kind]) => ({ layer, kind, mean: 1 }));
  const expected = [
    ["embeddings", "query", "value", "biases", "all"],
    ["embeddings", "layer 2", "layer 10", "head", "all"],
  ];
  for (const own of [cells, cells.toReversed()]) {
    const { x, y } = (featureChangeChart(features(own)) as Matrix).encoding;
    assert.deepEqual([x.scale.domain, y.scale.domain], expected);
  }
});

test("a cell without a value has its text alone, in every panel", async () => {
  const svg = await render(figures["verdict-grid"](), versions[0].compile);
  assert.equal((svg.match(/>–</g) ?? []).length, 2);
  assert.equal((svg.match(/>[012]\/2</g) ?? []).length, 10);
});

const answers: MatrixCell[] = [
  { row: "svc", column: "lstsq", value: 0.752, same: 3 },
  { row: "the labels", column: "lstsq", value: 0.5, same: 2 },
  { row: "the labels", column: "svc", value: 1, same: 3 },
];

test("values are written in percent, and other fields stand in the tooltip", () => {
  const { data, encoding } = cellsChart(answers, texts) as Matrix;
  assert.deepEqual(
    data.values.map(({ text }) => text),
    ["75%", "50%", "100%"],
  );
  assert.deepEqual(
    encoding.tooltip.map(({ field, title }) => `${field}: ${title}`),
    ["row: row", "column: column", "value: share of draws that pass", "same: same"],
  );
  assert.deepEqual(
    [encoding.x, encoding.y].map(({ scale }) => scale.domain),
    [
      ["lstsq", "svc"],
      ["svc", "the labels"],
    ],
  );
});

test("colours reach from the smallest to the largest share, or as far as they are told", () => {
  const domains = (domain?: [number, number]) =>
    JSON.stringify(cellsChart(answers, { ...texts, ...(domain ? { domain } : {}) }));
  assert.match(domains(), /"domain":\[0\.5,1\],"clamp":true/);
  assert.match(domains([0.7, 0.8]), /"domain":\[0\.7,0\.8\],"clamp":true/);
  assert.match(domains([1, 1]), /"domain":\[0,1\],"clamp":true/);
});

test("matrices that cannot be drawn are refused", () => {
  assert.throws(() => cellsChart([], texts), /at least one cell/);
  assert.throws(() => cellsChart([answers[0], answers[0]], texts), /two cells in the row "svc", column "lstsq"/);
  assert.throws(() => featureChangeChart({ ...features([]), mean: undefined }), /needs the distance of all parameters/);
});
