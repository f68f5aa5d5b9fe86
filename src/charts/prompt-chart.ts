import {
  AXIS_PERCENT,
  type ChartSpec,
  distinct,
  PALETTE,
  PERCENT,
  SERIES_COLORS,
  SOLID_LEGEND,
  titleLines,
  VEGA_LITE_SCHEMA,
} from "./spec";

/** How well one prompt does with one set of label words. */
export interface PromptScore {
  /** The row: a template, a task. */
  prompt: string;
  /** The label words as a figure should name them, "terrible/great". Sets the colour. */
  words: string;
  /** The words given to the classes that they mean, or to others: a large mark, or a small tick. */
  order: "natural" | "permuted";
  /** From 0 to 1. */
  accuracy: number;
  /** Accuracy of guessing in this row, from 0 to 1. */
  chance?: number;
  /** For the tooltip: what exactly was asked. */
  detail?: string;
}

export interface PromptChartOptions {
  title?: string;
  /** What the rows are. Default "template". */
  promptTitle?: string;
  /** Examples that each accuracy is on: error bars of one standard error, √(a(1 − a)/n). Default: none. */
  examples?: number;
}

const ROW = { height: 15, margin: 12 };

/**
 * Prompts compared without training: a row for each prompt, a colour for each set of label words. Diamonds: each word
 * with the class that it means, with one standard error; ticks: the same words in other orders; grey bar: guessing. A
 * click in the legend leaves one set of words.
 */
export function promptChart(scores: readonly PromptScore[], options: PromptChartOptions = {}): ChartSpec {
  if (scores.length === 0) throw new Error("The prompt chart needs at least one score.");
  const { title = "Prompts without training", promptTitle = "template", examples } = options;
  const prompts = distinct(scores.map(({ prompt }) => prompt));
  const words = distinct(scores.map((score) => score.words));
  if (words.length > SERIES_COLORS.length)
    throw new Error(
      `The prompt chart has colours for ${SERIES_COLORS.length} sets of label words, not ${words.length}.`,
    );
  const natural = scores
    .filter(({ order }) => order === "natural")
    .map((score) => {
      const error = examples === undefined ? 0 : Math.sqrt((score.accuracy * (1 - score.accuracy)) / examples);
      return { ...score, low: Math.max(0, score.accuracy - error), high: Math.min(1, score.accuracy + error) };
    });
  const guesses = prompts.flatMap((prompt) => {
    const chance = scores.find((score) => score.prompt === prompt)!.chance;
    return chance === undefined ? [] : [{ prompt, chance }];
  });
  const rowHeight = words.length * ROW.height + ROW.margin;
  const x = (field: string) => ({
    field,
    type: "quantitative",
    title: "zero-shot accuracy",
    scale: { domain: [0, 1] },
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  });
  const y = {
    field: "prompt",
    type: "nominal",
    title: null,
    scale: { domain: prompts, paddingInner: ROW.margin / (2 * rowHeight), paddingOuter: 0.05 },
    axis: { grid: true, tickBand: "extent", labelLimit: 330 },
  };
  const yOffset = { field: "words", type: "nominal", scale: { domain: words } };
  const color = {
    field: "words",
    type: "nominal",
    title: ["label words", "(click: these alone)"],
    scale: { domain: words, range: SERIES_COLORS },
    legend: words.length > 1 ? { ...SOLID_LEGEND, titleLimit: 0, labelLimit: 260, orient: "bottom", columns: 2 } : null,
  };
  const shown = [{ filter: { param: "chosen" } }];
  const tooltip = [
    { field: "prompt", title: promptTitle },
    { field: "words", title: "label words" },
    { field: "order", title: "order" },
    { field: "accuracy", title: "accuracy", format: PERCENT },
    ...(scores.some(({ detail }) => detail !== undefined) ? [{ field: "detail", title: "asked" }] : []),
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${natural.map((score) => `${score.prompt} with ${score.words} ${(100 * score.accuracy).toFixed(1)} %`).join("; ")}`,
    title: {
      text: titleLines(title),
      anchor: "start",
      subtitle: "diamond: words in their order; tick: in another order; grey bar: guessing",
    },
    width: 400,
    height: prompts.length * rowHeight,
    layer: [
      {
        data: { values: guesses },
        mark: {
          type: "tick",
          orient: "vertical",
          thickness: 2,
          size: rowHeight - ROW.margin / 2,
          color: PALETTE.grey,
          opacity: 0.8,
        },
        encoding: {
          x: x("chance"),
          y,
          tooltip: [
            { field: "prompt", title: promptTitle },
            { field: "chance", title: "guessing", format: PERCENT },
          ],
        },
      },
      {
        data: { values: scores.filter(({ order }) => order === "permuted") },
        transform: shown,
        mark: { type: "tick", orient: "vertical", thickness: 1.5, size: ROW.height - 5, opacity: 0.65 },
        encoding: { x: x("accuracy"), y, yOffset, color, tooltip },
      },
      {
        // A single set of words needs no legend to click on.
        params: [
          {
            name: "chosen",
            select: { type: "point", fields: ["words"] },
            ...(words.length > 1 ? { bind: "legend" } : {}),
          },
        ],
        data: { values: natural },
        transform: shown,
        mark: { type: "rule", strokeWidth: 2 },
        encoding: { x: x("low"), x2: { field: "high" }, y, yOffset, color, tooltip },
      },
      {
        data: { values: natural },
        transform: shown,
        mark: { type: "point", filled: true, shape: "diamond", size: 90, opacity: 1 },
        encoding: { x: x("accuracy"), y, yOffset, color, tooltip },
      },
    ],
  };
}
