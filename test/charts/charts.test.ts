import { test } from "node:test";
import assert from "node:assert/strict";
import { parse, View } from "vega";
import { kernelChange } from "../../src/behavior/kernel-comparison";
import { type EarlyStep, PREDICTING_FORMULAS, type PredictingFormula } from "../../src/behavior/early-steps";
import { barChart } from "../../src/charts/bar-chart";
import { circleChart } from "../../src/charts/circle-chart";
import { curvesChart, earlyStepPoints, linearizationPoints } from "../../src/charts/curves-chart";
import { datasetChart } from "../../src/charts/dataset-chart";
import { gainChart } from "../../src/charts/gain-chart";
import { gridChart } from "../../src/charts/grid-chart";
import { kernelHeatmap } from "../../src/charts/kernel-heatmap";
import { kernelPanels } from "../../src/charts/kernel-panels";
import { predictionTermsChart } from "../../src/charts/prediction-terms-chart";
import { promptTokenChart } from "../../src/charts/prompt-token-chart";
import { regularizationChart } from "../../src/charts/regularization-chart";
import { slopeChart } from "../../src/charts/slope-chart";
import { gridPoints } from "../../src/charts/solver-grid";
import { type ChartSpec, PALETTE } from "../../src/charts/figure";
import { subspaceChart } from "../../src/charts/subspace-chart";
import { subspaceEntriesChart } from "../../src/charts/subspace-entries-chart";
import { collector, render, testFigures, versions } from "./figures";
import { verdictChart, verdictPoint, verdictSentence, type VerdictPoint } from "../../src/charts/verdict-chart";

/** A network on the circle as far as its chart reads it. */
const circleFit = (width: number): Parameters<typeof circleChart>[0][number] => {
  const angles = [0, 90, 180, 270, 360];
  const curve = (size: number) => Float64Array.from(angles, (angle) => size * Math.sign(angle - 135));
  const kernel = (size: number) => ({
    values: Float64Array.from([...angles, ...angles], (angle, i) => size * (1 + i + angle / 90)),
    shape: [2, 1, 5, 1] as [number, number, number, number],
  });
  return {
    task: { angles: [90, 270], targets: [1, -1] },
    width,
    angles,
    outputs: { start: curve(0.1), tuned: curve(1), linearized: curve(1 + 1 / width) },
    error: 1 / width,
    kernels: { start: kernel(1), tuned: kernel(1 + 1 / width) },
    change: kernelChange(kernel(1), kernel(1 + 1 / width)),
  };
};

const verdictOf = (method: string, seed: number, share: number | undefined, distance: number): VerdictPoint => ({
  method,
  seed,
  ...(share === undefined ? {} : { share }),
  distance,
  verdicts: {
    solvesTask: true,
    ...(share === undefined ? {} : { linearized: share >= 0.5 }),
    fixedFeatures: distance < 2,
    ...(share === undefined ? {} : { kernelBehavior: share >= 0.5 && distance < 2 }),
  },
});

const threeSentences = [
  { text: "a fine film", className: "great" },
  { text: "a dull film", className: "terrible" },
  { text: "a good book", className: "great" },
];

/** One prediction: 0.3 − 0.5 + 0.1 + 0.05 of the pretrained answer. */
const threeTerms = [
  {
    text: "A dull film, and one of those that nobody would sit through twice",
    className: "terrible",
    term: -0.5,
    without: 0.4,
  },
  { text: "A fine film", className: "great", term: 0.3, without: -0.3 },
  { text: "A good book", className: "great", term: 0.1, without: -0.1 },
];
const threeTermsSum = {
  sentence: "The plot is thin, but what a cast",
  prediction: -0.05,
  pretrained: 0.05,
  classes: ["terrible", "great"] as [string, string],
};

/** How well each kernel predicts the change of f: correlation and relative error. */
const earlyStep = (step: number, agreements: Partial<Record<PredictingFormula, [number, number]>>): EarlyStep => ({
  step,
  learningRate: 0.1,
  loss: 1,
  change: new Float64Array(1),
  predictions: new Map(
    PREDICTING_FORMULAS.flatMap((formula) => {
      const [correlation, relativeError] = agreements[formula] ?? [];
      return correlation === undefined || relativeError === undefined
        ? []
        : [
            [
              formula,
              {
                predicted: new Float64Array(1),
                agreement: { correlation, relativeError, scale: 1, scaledError: 0.1 },
              },
            ],
          ];
    }),
  ),
});

/** Two subspaces, the second without a kernel of rank 4. */
const twoClouds = (() => {
  const exact = [2, -1, 1, -1, 3, -2, 1, -2, 1];
  const estimate = (error: number) => ({
    values: exact.map((value, k) => value + error * (k % 2 ? -1 : 1)),
    reading: `off by ${error}`,
  });
  return [
    {
      name: "LoRA",
      exact,
      at: new Map([
        [1, estimate(0.8)],
        [4, estimate(0.25)],
      ]),
    },
    {
      name: "random subspace",
      exact: exact.map((value) => 10 * value),
      at: new Map([[1, { values: exact.map((value) => 10 * value), reading: "exact" }]]),
    },
  ];
})();

const figures: Record<string, () => ChartSpec> = {
  circle: () => circleChart([circleFit(4), circleFit(64)], { example: 1 }),
  tangent: () =>
    curvesChart(
      ["width 4", "width 64"].flatMap((column, p) =>
        ["at 0°", "at 90°"].flatMap((curve, e) =>
          [0, 0.5, 1].flatMap((step) => [
            { column, curve, step, value: e + step - (1 - p) * step ** 2 },
            { column, curve, step, value: e + step, dashed: true },
          ]),
        ),
      ),
      { title: "From the first to the last parameters", xTitle: "share of the way", valueTitle: "f" },
    ),
  verdict: () =>
    verdictChart(
      [
        verdictOf("SGD", 13, 0.9, 0.4),
        verdictOf("SGD", 21, 0.7, 0.6),
        verdictOf("AdamW", 13, 0.3, 2.5),
        verdictOf("AdamW", 21, undefined, 3),
      ],
      { title: "Two seeds" },
    ),
  "verdict-wide": () => verdictChart([verdictOf("SGD", 13, -0.2, 0.4), verdictOf("AdamW", 13, 1.3, 250)]),
  "mask-fill": () =>
    barChart(
      [
        { name: "great", value: 0.31, kind: "label word" },
        { name: "wonderful", value: 0.12, kind: "other word" },
        { name: "terrible", value: 0.004, kind: "label word" },
      ],
      {
        title: "a warm film . It was <mask>.",
        valueTitle: "probability at the mask",
        nameTitle: "word",
        format: "~%",
      },
    ),
  "kernel-heatmap": () =>
    kernelHeatmap({
      values: [4, -1, 3, -2, 5, -1, 2.5, -2, 0.5],
      rows: [
        { text: "a fine film", className: "great" },
        { text: "a dull film", className: "terrible" },
        { text: "a good book", className: "great" },
      ],
      columns: [
        { text: "an awful book", className: "terrible" },
        { text: "a great cast", className: "great" },
        { text: "a bore", className: "terrible" },
      ],
      classes: ["terrible", "great"],
    }),
  "kernel-heatmap-square": () =>
    kernelHeatmap({
      values: [9, -1, 3, -1, 9, 1, 3, 1, 9],
      rows: threeSentences,
      columns: threeSentences,
      hideDiagonal: true,
      valueTitle: "K, centred",
    }),
  "prediction-terms": () => predictionTermsChart(threeTerms, threeTermsSum),
  "prediction-terms-most": () =>
    predictionTermsChart(threeTerms, { ...threeTermsSum, pretrained: 0, prediction: -0.1, most: 1 }),
  "kernel-heatmap-positive": () =>
    kernelHeatmap({
      values: [1, 0.5],
      rows: [{ text: "one", className: "no" }],
      columns: [
        { text: "two", className: "no" },
        { text: "three", className: "yes" },
      ],
    }),
  regularization: () =>
    regularizationChart(
      [0, 0.001, 0.01].flatMap((regularization, r) =>
        [100, Infinity].flatMap((f0) =>
          (["dev", "test"] as const).flatMap((split) =>
            [13, 21].map((seed) => ({
              regularization,
              f0,
              split,
              seed,
              accuracy: 0.7 + 0.05 * r + (seed === 13 ? 0.02 : 0),
            })),
          ),
        ),
      ),
      { selected: { regularization: 0.01, f0: 100 } },
    ),
  grid: () =>
    gridChart(
      [10, 100, Infinity].flatMap((f0, s) =>
        [0, 0.001, 0.1].flatMap((regularization, r) =>
          (["dev", "test"] as const).flatMap((split) =>
            [13, 21].map((seed) => ({
              regularization,
              f0,
              split,
              seed,
              accuracy: 0.5 + 0.1 * r + 0.08 * (2 - Math.abs(s - 1)) + (seed === 13 ? 0.02 : 0),
            })),
          ),
        ),
      ),
      { title: "SGD kernel, least squares" },
    ),
  gain: () =>
    gainChart(
      [
        { task: "mr", gain: 0.01, gainStd: 0.02, kernelGain: 0.03, kernelGainStd: 0.01 },
        {
          task: "trec",
          gain: 0.3,
          gainStd: 0.05,
          kernelGain: 0.24,
          kernelGainStd: 0.02,
          thresholdGain: 0.1,
          probeGain: 0.27,
          share: 0.8,
        },
      ],
      { title: "Two tasks", smallestGain: 0.05, fineTuningTitle: "SGD-FT", kernelTitle: "K (SGD)" },
    ),
  "prompt-tokens": () =>
    promptTokenChart(
      [
        { id: 0, from: "special" },
        { id: 7, from: "text", text: 0 },
        { id: 8, from: "text", text: 0, cutBy: "sentence limit" },
        { id: 5, from: "template" },
        { id: 4, from: "special" },
        { id: 9, from: "text", text: 1 },
        { id: 2, from: "special", cutBy: "longest length" },
      ],
      {
        maskId: 4,
        idToToken: (id) => ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "?", "x", "Fine", "Ġfilms", "Ġdull"][id],
      },
      { title: "Fine?<mask> dull", perLine: 5 },
    ),
  dataset: () =>
    datasetChart(
      [
        {
          task: "sst-2",
          classes: [
            { name: "0: terrible", count: 480 },
            { name: "1: great", count: 520 },
          ],
          lengths: [10, 12, 14, 20, 31],
          limit: 128,
        },
        {
          task: "trec",
          classes: [
            { name: "Human", count: 10 },
            { name: "Location", count: 20 },
            { name: "Number", count: 30 },
          ],
          lengths: [9, 9, 11],
        },
      ],
      "Two tasks",
    ),
  contribution: () =>
    barChart(
      [
        { name: "embeddings", value: 1.5 },
        { name: "layer 1", value: -0.25 },
      ],
      { title: "One kernel entry", valueTitle: "part of the inner product", nameTitle: "parameters" },
    ),
  slope: () =>
    slopeChart(
      [1, 2].flatMap((seed) =>
        [64, 128, 256].flatMap((x) => [
          { series: "pretrained", seed, x, y: (seed * (1 + 0.05 * Math.sign(x - 128))) / Math.sqrt(x), expected: -0.5 },
          { series: "new head", seed, x, y: 0.3 * seed },
        ]),
      ),
      { title: "Linearization error and width", yTitle: "relative linearization error" },
    ),
  naturalness: () =>
    curvesChart(
      [0, 0.3, 0.6].flatMap((naturalness) =>
        [13, 21].flatMap((seed, s) =>
          ["subj", "trec"].flatMap((task, t) => [
            {
              row: "linearization error (relative)",
              curve: task,
              seed,
              step: naturalness,
              value: 0.5 - 0.5 * naturalness + 0.1 * t + 0.02 * s,
            },
            ...(naturalness === 0.3 && t === 1
              ? []
              : [
                  {
                    row: "test accuracy",
                    curve: task,
                    seed,
                    step: naturalness,
                    value: 0.6 + 0.3 * naturalness + 0.02 * s,
                  },
                ]),
            {
              row: "distance over three decades",
              curve: task,
              seed,
              step: naturalness,
              value: 0.1 * 10 ** (5 * naturalness) * (1 + t + s),
            },
          ]),
        ),
      ),
      {
        title: "Three measures of two tasks",
        xTitle: "naturalness of pretraining",
        level: { "linearization error (relative)": 0.25 },
      },
    ),
  linearization: () =>
    curvesChart(
      [13, 21].flatMap((seed, s) =>
        linearizationPoints(
          {
            start: 0.5 + 0.02 * s,
            checkpoints: [0, 10, 20].map((step) => ({
              step,
              tuned: 0.5 + 0.015 * step + 0.02 * s,
              linearized: 0.5 + 0.01 * step,
              ...(s === 0 ? { descent: 0.5 + 0.012 * step } : {}),
            })),
          },
          seed,
        ),
      ),
      { title: "SGD on one task", valueTitle: "test accuracy", percent: true },
    ),
  "early-steps": () =>
    curvesChart(
      earlyStepPoints(
        [1, 2, 3, 4].map((step) =>
          earlyStep(step, {
            sgd: [1 - 0.01 * step, 0.01 * step],
            signgd: [step === 1 ? NaN : 0.7, 30],
            asymmetric_signgd: [0.8, 0.9],
          }),
        ),
      ),
      { title: "The first steps" },
    ),
  "early-steps-rates": () =>
    curvesChart(
      [0.1, 0.01].flatMap((rate) =>
        earlyStepPoints(
          [1, 2].map((step) => earlyStep(step, { sgd: [1 - rate * step, rate * step] })),
          rate,
        ),
      ),
      { title: "Two learning rates", setting: { title: "learning rate", selected: 0.01 } },
    ),
  subspace: () =>
    subspaceChart(
      [
        ...[64, 256, 1024, 4096].map((dimension) => ({
          method: "random subspace",
          dimension,
          relativeError: 3 / Math.sqrt(dimension),
          largestNormalized: 4 / Math.sqrt(dimension),
        })),
        { method: "BitFit", dimension: 300, relativeError: 0.95, largestNormalized: 0.9 },
        { method: "everything", dimension: 4096, relativeError: 0, largestNormalized: 0 },
      ],
      { vectors: 32 },
    ),
  "kernel-panels": () =>
    kernelPanels({
      panels: [
        { name: "all parameters", values: [4, -1, 3, -1, 5, -1, 3, -1, 2] },
        { name: "BitFit", values: [0.4, -0.3, 0.3, -0.3, 0.5, 0.1, 0.3, 0.1, 0.2], note: "cosine 0.9" },
      ],
      examples: threeSentences,
      classes: ["terrible", "great"],
    }),
  "subspace-entries": () => subspaceEntriesChart(twoClouds, { examples: threeSentences, selected: 4 }),
  "step-panels": () =>
    curvesChart(
      ["mr", "trec"].flatMap((row, r) =>
        ["SGD", "AdamW"].flatMap((column, c) =>
          ["fine-tuned", "linearized"].flatMap((curve, u) =>
            [0, 10, 20].flatMap((step) =>
              [13, 21].map((seed, s) => ({
                row,
                column,
                curve,
                step,
                seed,
                value: 0.4 + 0.1 * r + 0.01 * step * (1 - 0.3 * u) + 0.04 * s * c,
              })),
            ),
          ),
        ),
      ),
      { title: "Two tasks, two methods", valueTitle: "test accuracy", percent: true },
    ),
  "step-panels-level": () =>
    curvesChart(
      ["SGD", "AdamW"].flatMap((curve, u) =>
        [10, 20].map((step) => ({ row: "", column: "trec", curve, step, seed: 13, value: 0.05 * step * (1 + u) })),
      ),
      { valueTitle: "mean relative distance", level: 2 },
    ),
  training: () =>
    curvesChart([
      ...[0.7, 0.5, 0.3].map((value, step) => ({ curve: "SGD, seed 13", step, row: "training loss (nats)", value })),
      ...[0.7, 0.6, 0.2].map((value, step) => ({ curve: "Adam, seed 13", step, row: "training loss (nats)", value })),
      { curve: "SGD, seed 13", step: 2, row: "dev accuracy", value: 0.8 },
      { curve: "Adam, seed 13", step: 2, row: "dev accuracy", value: 0.75 },
    ]),
};

testFigures(figures);

test("mark colours stand out from a light and from a dark page", () => {
  const luminance = (color: string) => {
    const [r, g, b] = [1, 3, 5].map((start) => {
      const share = parseInt(color.slice(start, start + 2), 16) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  for (const [name, color] of Object.entries(PALETTE)) {
    for (const page of ["#ffffff", "#111111"]) {
      assert.ok(contrast(color, page) >= 3, `${name} on ${page}: ${contrast(color, page).toFixed(2)}`);
    }
  }
});

test("brushing a row of the kernel heatmap fades the other rows and shows its sentence, in lines", async () => {
  const long =
    "a dull film about nothing in particular that goes on and on until nobody in the audience knows any longer why they came to see it";
  const rows = [
    { text: "a fine film", className: "great" },
    { text: long, className: "terrible" },
  ];
  const columns = [
    { text: "a bore", className: "terrible" },
    { text: "a great cast", className: "great" },
  ];
  for (const version of versions) {
    const { spec } = version.compile(kernelHeatmap({ values: [4, -1, 3, -2], rows, columns }) as never, {
      logger: collector(),
    });
    const view = new View(parse(spec), { renderer: "none" });
    const still = await view.toSVG();
    assert.equal((still.match(/opacity="0\.25"/g) ?? []).length, 0, version.name);
    // The labels of the row facets are the classes alone: no sentence is written anywhere.
    assert.doesNotMatch(still, /(great|terrible): a /);
    const brushed = (row: number): Promise<string> =>
      view.data("brushed_store", [{ unit: "", fields: [{ type: "E", field: "row" }], values: [row] }]).toSVG();
    const first = await brushed(0);
    assert.equal((first.match(/opacity="0\.25"/g) ?? []).length, 2, "the two cells of the other row");
    assert.match(first, />great: a fine film</);
    const second = (await brushed(1)).replace(/ aria-label="[^"]*"/g, "");
    const lines = [...second.matchAll(/<tspan[^>]*>([^<]*)</g)].map((match) => match[1]);
    assert.ok(lines.length >= 2, "a long sentence has several lines");
    assert.equal(lines.map((line) => line.trim()).join(" "), `terrible: ${long}`);
    view.finalize();
  }
});

test("an entry of an example with itself is hidden, and does not set the scale", () => {
  const { vconcat } = figures["kernel-heatmap-square"]() as ChartSpec & {
    vconcat: {
      data: { values: { row: number; column: number }[] };
      encoding: { color: { scale: { domain: number[] } } };
    }[];
  };
  assert.equal(vconcat[1].data.values.filter(({ row, column }) => row === column).length, 0);
  assert.deepEqual(vconcat[1].encoding.color.scale.domain, [-3, 3]);
});

test("a prediction's bars add up to it, by size; those that are not drawn are one bar of each class", () => {
  type Rows = ChartSpec & {
    title: { text: string[] };
    data: { values: { text: string; kind: string; term: number; change?: number }[] };
  };
  const all = figures["prediction-terms"]() as Rows;
  const sum = (rows: Rows): number => rows.data.values.reduce((total, { term }) => total + term, 0);
  assert.ok(Math.abs(sum(all) - threeTermsSum.prediction) < 1e-12);
  assert.deepEqual(
    all.data.values.map(({ term }) => term),
    [0.3, 0.1, 0.05, -0.5],
  );
  assert.ok(Math.abs(all.data.values[3].change! - 0.45) < 1e-12, "without it, less what it is");
  assert.equal(
    all.title.text.at(-1),
    'prediction −0.05, which says "terrible": the sum of "terrible" −0.5, "great" +0.4, the pretrained answer +0.05',
  );
  const domains = (all as unknown as { hconcat: { encoding: { y: { scale: { domain: number[] } } } }[] }).hconcat.map(
    ({ encoding }) => encoding.y.scale.domain,
  );
  assert.deepEqual(
    domains,
    [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ],
    "a row is at the same height in both panels",
  );
  const few = figures["prediction-terms-most"]() as Rows;
  assert.deepEqual(
    few.data.values.map(({ text, kind }) => [text, kind]),
    [
      ['2 other sentences of "great"', "great"],
      [threeTerms[0].text, "terrible"],
    ],
  );
  assert.ok(Math.abs(sum(few) + 0.1) < 1e-12);
});

test("symbols stand as in print wherever a chart writes them", () => {
  const points = ["K_SGD, f_lin", "K_A-SignGD"].map((curve) => ({ row: "‖f_t − f_0‖", curve, step: 0, value: 1 }));
  const text = JSON.stringify(curvesChart(points, { title: "from θ_0 to θ_t" }));
  assert.doesNotMatch(text, /[fθ]_|K_/);
  for (const shown of ["K (SGD), fₗᵢₙ", "K (A-SignGD)", "‖fₜ − f₀‖", "from θ₀ to θₜ"])
    assert.ok(text.includes(shown), shown);
});

test("positive entries over decades are coloured by their logarithms", () => {
  const sides = { rows: threeSentences, columns: threeSentences };
  const scale = (values: number[]) => {
    const { vconcat } = kernelHeatmap({ values, ...sides }) as ChartSpec & { vconcat: { encoding: object }[] };
    return JSON.stringify(vconcat[1].encoding);
  };
  assert.match(scale([1, 2, 5, 10, 20, 50, 100, 200, 500]), /"type":"log","domain":\[1,500\]/);
  assert.doesNotMatch(scale([1, 2, 5, 10, 20, 50, 60, 70, 80]), /"log"/);
  assert.doesNotMatch(scale([0, 2, 5, 10, 20, 50, 100, 200, 500]), /"log"/);
});

test("the menus move the reading and the curve", async () => {
  const points = [0, 0.1].flatMap((regularization) =>
    [10, Infinity].map((f0) => ({
      regularization,
      f0,
      split: "test" as const,
      seed: 1,
      accuracy: (regularization === 0 ? 0.5 : 0.75) + (f0 === 10 ? 0 : 0.125),
    })),
  );
  const { spec } = versions[0].compile(regularizationChart(points) as never, { logger: collector() });
  const view = new View(parse(spec), { renderer: "none" });
  assert.match(await view.toSVG(), /regularization 0, f0 10: test 50\.0 %</);
  assert.match(await view.signal("regularization", "0.1").toSVG(), /regularization 0\.1, f0 10: test 75\.0 %</);
  assert.match(
    await view.signal("f0", "∞ (ignore the pretrained logits)").toSVG(),
    /regularization 0\.1, f0 ∞: test 87\.5 %</,
  );
  view.finalize();
});

test("the grid's menus choose the examples, γ and λ; the frame stays with the setting that is best on dev", async () => {
  const points = [1, 4].flatMap((gamma) =>
    [0, 1].flatMap((lambda) =>
      (["dev", "test"] as const).map((split) => ({
        regularization: 0.1,
        f0: 10,
        gamma,
        lambda,
        split,
        seed: 1,
        accuracy: (split === "dev" ? 0.5 : 0.25) + 0.05 * gamma + 0.1 * lambda,
      })),
    ),
  );
  const { spec } = versions[0].compile(gridChart(points) as never, { logger: collector() });
  const view = new View(parse(spec), { renderer: "none" });
  const start = await view.toSVG();
  assert.match(start, /best on dev: regularization 0\.1, f0 10, γ 4, λ 1<.*>dev 80\.0 %, test 55\.0 %</);
  assert.match(start, />80\.0%</);
  assert.match(start, new RegExp(`stroke="${PALETTE.vermilion}"`));
  const other = await view.signal("gamma", "1").signal("lambda", "0").toSVG();
  assert.match(other, />55\.0%</);
  assert.doesNotMatch(other, new RegExp(`stroke="${PALETTE.vermilion}"`));
  assert.match(await view.signal("examples", "test").toSVG(), />30\.0%</);
  view.finalize();
});

test("the gain chart sorts tasks by gain and tells the kernel's share where there is one", () => {
  const { description, layer } = figures.gain() as ChartSpec & { layer: { encoding: { y?: { sort: string[] } } }[] };
  assert.deepEqual(layer[1].encoding.y!.sort, ["trec: 80 %", "mr: no gain"]);
  assert.equal(description, "Two tasks: trec SGD-FT +30.0, K (SGD) +24.0; mr SGD-FT +1.0, K (SGD) +3.0 points");
});

test("a seed's grid gives a point for each setting and split", () => {
  const scores = (accuracy: number) => ({ accuracy, f1: 0, "macro-f1": 0, mcc: 0, loss: 0, examples: 1 });
  const grid = [{ regularization: 0.1, f0: Infinity, lambda: 1, scores: { dev: scores(0.5), test: scores(0.25) } }];
  const setting = { regularization: 0.1, f0: Infinity, lambda: 1, seed: 13 };
  assert.deepEqual(gridPoints(grid, 13), [
    { ...setting, split: "dev", accuracy: 0.5 },
    { ...setting, split: "test", accuracy: 0.25 },
  ]);
});

test("the slope chart's legend has each series' slope, from parallel lines of its seeds", () => {
  const { description } = slopeChart(
    [64, 256].flatMap((x) => [
      { series: "a", seed: 1, x, y: 8 / x, expected: -1 },
      { series: "a", seed: 2, x, y: 1 / x, expected: -1 },
      { series: "b", seed: 1, x, y: x },
    ]),
  );
  assert.match(description, /a: slope −1\.00 ± 0\.00 \(expected −1\.0\), b: slope 1\.00$/);
});

test("the bound of a subspace is drawn from where it says anything, on an axis that reaches there; the other panel's fits the data", () => {
  const point = (dimension: number) => ({ method: "LoRA", dimension, relativeError: 0.5, largestNormalized: 0.5 });
  const chart = (dimensions: number[]) => JSON.stringify(subspaceChart(dimensions.map(point), { vectors: 32 }));
  const domains = (text: string): string[] => [
    ...new Set([...text.matchAll(/"type":"log","domain":(\[\d+,\d+\])/g)].map(([, domain]) => domain)),
  ];
  for (const [dimensions, expected] of [
    [
      [4, 64],
      ["[4,64]", "[4,1415]"],
    ],
    [[64, 65536], ["[64,65536]"]],
  ] as const) {
    const text = chart([...dimensions]);
    // Python: math.ceil(4 * math.log(4 * 32**2 / 0.05) / (e**2 - e**3)) is 306 for e = 2/3 and 1415 for e = 0.2.
    assert.deepEqual(domains(text), expected);
    assert.match(text, /it says nothing below 306 dimensions/);
    const drawn = [...text.matchAll(/"bound":([\d.]+)/g)].map(([, value]) => Number(value));
    assert.equal(drawn.length, 41);
    assert.ok(drawn.every((value, i) => i === 0 || value < drawn[i - 1]) && drawn[0] <= 2 / 3);
  }
});

test("points of two series at one place stand beside each other, in shapes of their own", async () => {
  const points = ["SignGD", "AdamW"].flatMap((series) => [1, 2].map((x) => ({ series, seed: 0, x, y: x })));
  const svg = await render(slopeChart(points), versions[0].compile);
  const places = [...svg.matchAll(/aria-roledescription="point" transform="([^"]+)" d="([^"]+)"/g)];
  assert.equal(new Set(places.map(([, place]) => place)).size, 4);
  assert.equal(new Set(places.map(([, , shape]) => shape)).size, 2);
});

test("a trajectory's agreement gives two points for each step and kernel", () => {
  const step = earlyStep(1, { sgd: [0.5, 0.25] });
  assert.deepEqual(earlyStepPoints([step]), [
    { row: "correlation", curve: "K (SGD)", step: 1, value: 0.5 },
    { row: "relative error", curve: "K (SGD)", step: 1, value: 0.25 },
  ]);
});

test("more curves than colours are drawn too, as the runs of many seeds", async () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const spec = curvesChart(
    names.flatMap((name, at) => [0, 1].map((step) => ({ curve: name, step, value: at + step }))),
  );
  const svg = await render(spec, versions[0].compile);
  for (const name of names) assert.match(svg, new RegExp(`>${name}<`));
  assert.match(JSON.stringify(spec), new RegExp(`"range":\\["${PALETTE.blue}",[^\\]]*,"${PALETTE.blue}"\\]`));
});

test("buttons choose the learning rate of the early steps, and the axes stay", async () => {
  const spec = figures["early-steps-rates"]();
  assert.match(
    spec.description,
    /optimizer steps from 1 to 2: correlation: K \(SGD\) 0\.99 to 0\.98; relative error: K \(SGD\) 0\.01 to 0\.02$/,
  );
  const view = new View(parse(versions[0].compile(spec as never, { logger: collector() }).spec), { renderer: "none" });
  const small = await view.toSVG();
  const large = await view.signal("setting", 0.1).toSVG();
  assert.notEqual(small, large);
  const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  assert.deepEqual(labels(large), labels(small));
  view.finalize();
});

test("buttons choose the size of the subspaces: entries and reading change, the axes stay", async () => {
  const view = new View(
    parse(versions[0].compile(figures["subspace-entries"]() as never, { logger: collector() }).spec),
    { renderer: "none" },
  );
  const symbols = (svg: string): number => (svg.match(/aria-roledescription="point"/g) ?? []).length;
  const larger = await view.toSVG();
  assert.match(
    larger,
    />LoRA, rank or dimension 4: off by 0\.25<.*>random subspace, rank or dimension 4: not computed</,
  );
  // Three sentences make three pairs; the second subspace has no kernel of this size.
  assert.equal(symbols(larger), 3);
  const smaller = await view.signal("chosen", 1).toSVG();
  assert.match(smaller, />LoRA, rank or dimension 1: off by 0\.8<.*>random subspace, rank or dimension 1: exact</);
  assert.equal(symbols(smaller), 6);
  const ticks = (svg: string) => [...svg.matchAll(/<text[^>]*>(−?[\d.]+)</g)].map(([, text]) => text);
  assert.deepEqual(ticks(smaller), ticks(larger));
  view.finalize();
});

test("entries are in units of each exact kernel's root mean square", () => {
  const { data } = figures["subspace-entries"]() as unknown as {
    data: { values: { row: number; column: number; kind: string; exact: number[]; at: (number | null)[][] }[] };
  };
  const pairs = data.values.map(({ row, column }) => [row, column]);
  assert.deepEqual(pairs, [
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  // Python: math.sqrt((1 + 1 + 4) / 3) = 1.4142135623730951; (-1 - 0.8) / 1.4142... = -1.2727..., (-1 - 0.25) / 1.4142... = -0.8838...
  assert.deepEqual(data.values[0], {
    row: 0,
    column: 1,
    kind: "of different classes",
    exact: [-0.707, -0.707],
    at: [
      [-1.273, -0.884],
      [-0.707, null],
    ],
  });
  assert.deepEqual(
    data.values.map(({ kind }) => kind),
    ["of different classes", "of one class", "of different classes"],
  );
});

test("kernel panels group by class, each in its own units", () => {
  const { data } = figures["kernel-panels"]() as unknown as {
    data: { values: { row: number; column: number; top: number; left: number; values: number[] }[] };
  };
  assert.deepEqual(
    data.values.slice(0, 3).map(({ row, column, top, left }) => [row, column, top, left]),
    [
      [1, 1, 0, 0],
      [1, 0, 0, 1.7],
      [1, 2, 0, 2.7],
    ],
  );
  // Of nine values the 98th percentile is the largest: 5, and 0.5.
  assert.deepEqual(
    data.values.slice(0, 2).map(({ values }) => values),
    [
      [1, 1],
      [-0.2, -0.6],
    ],
  );
});

test("kernel panels without their diagonal have units without it", () => {
  const panels = [{ name: "K", values: [9, -1, 2, -1, 9, 1, 2, 1, 9] }];
  const { data } = kernelPanels({ panels, examples: threeSentences, hideDiagonal: true }) as unknown as {
    data: { values: { row: number; column: number; values: number[] }[] };
  };
  assert.deepEqual(
    data.values.map(({ row, column, values }) => [row, column, ...values]),
    [
      [0, 2, 1],
      [0, 1, -0.5],
      [2, 0, 1],
      [2, 1, 0.5],
      [1, 0, -0.5],
      [1, 2, 0.5],
    ],
  );
});

test("buttons choose the width of the network on the circle, and the axes stay", async () => {
  const view = new View(parse(versions[0].compile(figures.circle() as never, { logger: collector() }).spec), {
    renderer: "none",
  });
  const narrow = await view.toSVG();
  const wide = await view.signal("setting", 64).toSVG();
  assert.notEqual(narrow, wide);
  const labels = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  assert.deepEqual(labels(wide), labels(narrow));
  view.finalize();
});

test("a verdict says each half with its mean, and in how many seeds it holds", () => {
  const sgd = [verdictOf("SGD", 13, 0.9, 0.4), verdictOf("SGD", 21, 0.4, 0.6)];
  assert.equal(
    verdictSentence(sgd),
    "SGD: the linearization has 65 % of the gain, at least half of it in 1 of 2 seeds; kernel entries moved by 0.50 times their size on average, by less than 2.0 in 2 of 2; the kernel solves the task in 2 of 2. Kernel behaviour: 1 of 2 seeds.",
  );
  assert.equal(
    verdictSentence([sgd[0]]),
    "SGD: the linearization has 90 % of the gain, at least half of it; kernel entries moved by 0.40 times their size on average, by less than 2.0; the kernel solves the task. Kernel behaviour: yes.",
  );
  assert.match(
    verdictSentence([verdictOf("SGD", 13, undefined, 3)]),
    /gains too little for a share of it; .* on average, by at least 2\.0; the kernel solves the task\. Kernel behaviour: undecided\.$/,
  );
  assert.match(
    verdictSentence([...sgd, verdictOf("SGD", 42, undefined, 1)]),
    /65 % of the gain \(of 2 seeds that have one\), at least half of it in 1 of 3 seeds/,
  );
});

test("a measurement's verdict takes the distance of its own kernel", () => {
  const feature = (formula: "sgd" | "asymmetric_signgd", mean: number) => ({
    formula,
    mean,
    layers: {},
    kinds: {},
    cells: [],
  });
  const run = {
    formula: "asymmetric_signgd" as const,
    linearization: { test: 0.8, gain: 0.3, share: 0.6 },
    features: [feature("sgd", 9), feature("asymmetric_signgd", 1)],
    verdicts: { fixedFeatures: true },
  };
  assert.deepEqual(verdictPoint(run, "AdamW", 13), {
    method: "AdamW",
    seed: 13,
    share: 0.6,
    distance: 1,
    verdicts: { fixedFeatures: true },
  });
});

test("a chart of curves tells where each of them begins and ends, and its legend chooses them in every panel", async () => {
  const spec = figures.naturalness();
  assert.equal(
    spec.description,
    "Three measures of two tasks: naturalness of pretraining from 0 to 0.6: linearization error (relative): subj 0.51 to 0.21, trec 0.61 to 0.31; test accuracy: subj 61.0 to 79.0 %, trec 61.0 to 79.0 %; distance over three decades: subj 0.15 to 150, trec 0.25 to 250",
  );
  for (const version of versions) {
    const view = new View(parse(version.compile(spec as never, { logger: collector() }).spec), { renderer: "none" });
    const symbols = (svg: string): number => (svg.match(/aria-roledescription="point"/g) ?? []).length;
    const before = await view.toSVG();
    view.signal("curves_curve_legend", "subj");
    // Of three panels, a mean at three levels; trec lacks one level in one panel.
    assert.deepEqual([symbols(before), symbols(await view.toSVG())], [17, 9], version.name);
    view.finalize();
  }
});

test("impossible figures are refused", () => {
  assert.throws(() => circleChart([]), /needs at least one network/);
  assert.throws(() => circleChart([circleFit(4), circleFit(4)]), /one of each width; it has the widths 4, 4/);
  assert.throws(() => circleChart([circleFit(4)], { selected: 8 }), /no network of width 8; there are 4/);
  assert.throws(() => circleChart([circleFit(4)], { example: 2 }), /no training example 2; there are 2/);
  assert.throws(() => verdictChart([]), /at least one point/);
  assert.throws(() => verdictSentence([]), /at least one run/);
  assert.throws(
    () =>
      curvesChart(earlyStepPoints([earlyStep(1, { sgd: [1, 1] })], 1), {
        setting: { title: "learning rate", selected: 2 },
      }),
    /no run with the learning rate 2; there are 1\.$/,
  );
  assert.throws(() => slopeChart([]), /at least one point/);
  assert.throws(
    () => slopeChart(["a", "b", "c", "d", "e", "f"].map((series) => ({ series, seed: 1, x: 1, y: 1 }))),
    /5 series, not 6/,
  );
  assert.throws(() => slopeChart([{ series: "a", seed: 1, x: 64, y: 1 }]), /two different x/);
  assert.throws(
    () => kernelHeatmap({ values: [1], rows: [], columns: [] }),
    /0 × 0 examples needs as many values, not 1/,
  );
  const example = { text: "one", className: "no" };
  assert.throws(
    () => kernelHeatmap({ values: [1], rows: [example], columns: [example], classes: ["yes"] }),
    /class "no" is not among/,
  );
  assert.throws(
    () => kernelHeatmap({ values: [1, 2], rows: [example], columns: [example, example], hideDiagonal: true }),
    /1 × 2 examples has no diagonal/,
  );
  assert.throws(() => predictionTermsChart([], threeTermsSum), /at least one training example/);
  assert.throws(
    () => predictionTermsChart(threeTerms, { ...threeTermsSum, classes: ["no", "yes"] }),
    /class "terrible" is not among/,
  );
  assert.throws(() => regularizationChart([]), /at least one point/);
  assert.throws(() => gainChart([], { smallestGain: 0.05 }), /at least one task/);
  assert.throws(() => curvesChart([]), /at least one point/);
  const measured = { row: "error", curve: "subj", seed: 1, step: 0, value: 1 };
  assert.throws(() => curvesChart([measured], { percent: ["accuracy"] }), /no row "accuracy"; there are: error\.$/);
  assert.throws(() => subspaceChart([], { vectors: 1 }), /at least one point/);
  assert.throws(() => subspaceEntriesChart([], { examples: threeSentences }), /at least one kernel/);
  assert.throws(
    () => subspaceEntriesChart(twoClouds, { examples: threeSentences.slice(1) }),
    /"LoRA" of 2 × 2 examples/,
  );
  assert.throws(
    () => subspaceEntriesChart(twoClouds, { examples: threeSentences, selected: 3 }),
    /rank or dimension 3; there are 1, 4/,
  );
  assert.throws(() => kernelPanels({ panels: [], examples: threeSentences }), /at least one kernel/);
  assert.throws(
    () => kernelPanels({ panels: [{ name: "K", values: [1] }], examples: threeSentences }),
    /"K" of 3 × 3 examples/,
  );
  assert.throws(
    () =>
      kernelPanels({ panels: [{ name: "K", values: [1] }], examples: threeSentences.slice(1, 2), classes: ["great"] }),
    /"terrible" is not among/,
  );
  assert.throws(() => gridChart([]), /at least one point/);
  assert.throws(
    () => gridChart([{ regularization: 0, f0: 1, split: "dev", seed: 1, accuracy: 1 }], { split: "test" }),
    /no points of the test examples; there are: dev/,
  );
  const point = { regularization: 0, f0: 1, split: "dev" as const, seed: 1, accuracy: 1 };
  assert.throws(
    () => regularizationChart([point], { selected: { regularization: 1, f0: 1 } }),
    /regularization 1, f0 1 is not in the grid/,
  );
});

test("tokens that are cut off have no position, and the description brackets them", () => {
  const { description, data } = figures["prompt-tokens"]() as ChartSpec & {
    data: { values: { position: string; origin: string }[] };
  };
  assert.equal(description, "Fine?<mask> dull: <s> Fine (␣films) ? <mask> ␣dull (</s>)");
  assert.deepEqual(
    data.values.map(({ position }) => position),
    ["0", "1", "none", "2", "3", "4", "none"],
  );
  assert.deepEqual(
    data.values.map(({ origin }) => origin),
    ["special token", "first text", "first text", "template", "mask", "second text", "special token"],
  );
});
