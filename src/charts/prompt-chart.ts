import {
  AXIS_PERCENT,
  category,
  type ChartSpec,
  distinct,
  figure,
  groupBy,
  legendChoice,
  PERCENT,
  quantity,
  requireColors,
  requireSome,
  series,
  SOLID_LEGEND,
  tooltip,
} from "./figure";
import { dot, guessing, layer, range } from "./marks";

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
 *
 * @throws InputError without a score, or with more sets of label words than colours
 */
export function promptChart(scores: readonly PromptScore[], options: PromptChartOptions = {}): ChartSpec {
  requireSome(scores, "prompt chart", "score");
  const { title = "Prompts without training", promptTitle = "template", examples } = options;
  const prompts = distinct(scores.map(({ prompt }) => prompt));
  const words = distinct(scores.map((score) => score.words));
  requireColors(words, "prompt chart", "sets of label words");
  const natural = scores
    .filter(({ order }) => order === "natural")
    .map((score) => {
      const error = examples === undefined ? 0 : Math.sqrt((score.accuracy * (1 - score.accuracy)) / examples);
      return { ...score, low: Math.max(0, score.accuracy - error), high: Math.min(1, score.accuracy + error) };
    });
  const guesses = groupBy(scores, ({ prompt }) => prompt).flatMap(([{ prompt, chance }]) =>
    chance === undefined ? [] : [{ prompt, chance }],
  );
  const rowHeight = words.length * ROW.height + ROW.margin;
  const several = words.length > 1;
  const x = quantity("zero-shot accuracy", {
    scale: { domain: [0, 1] },
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  });
  const y = category("prompt", {
    scale: { domain: prompts, paddingInner: ROW.margin / (2 * rowHeight), paddingOuter: 0.05 },
    axis: { grid: true, tickBand: "extent", labelLimit: 330 },
  });
  const common = {
    y,
    yOffset: { field: "words", type: "nominal", scale: { domain: words } },
    color: series("words", words, {
      title: ["label words", "(click: these alone)"],
      legend: several ? { ...SOLID_LEGEND, titleLimit: 0, labelLimit: 260, orient: "bottom", columns: 2 } : null,
    }),
    tooltip: tooltip({
      prompt: promptTitle,
      words: "label words",
      order: "order",
      accuracy: ["accuracy", PERCENT],
      ...(scores.some(({ detail }) => detail !== undefined) ? { detail: "asked" } : {}),
    }),
  };
  const shown = { transform: [{ filter: { param: "chosen" } }] };
  const { bind, ...select } = legendChoice("chosen", "words");
  return figure({
    title,
    reading: natural
      .map(({ prompt, words: own, accuracy }) => `${prompt} with ${own} ${(100 * accuracy).toFixed(1)} %`)
      .join("; "),
    subtitle: "diamond: words in their order; tick: in another order; grey bar: guessing",
    width: 400,
    height: prompts.length * rowHeight,
    layer: [
      guessing(guesses, x, y, promptTitle, rowHeight - ROW.margin / 2),
      layer(
        scores.filter(({ order }) => order === "permuted"),
        { type: "tick", orient: "vertical", thickness: 1.5, size: ROW.height - 5, opacity: 0.65 },
        { x: x("accuracy"), ...common },
        shown,
      ),
      // A single set of words needs no legend to click on.
      range(natural, x, common, {}, { ...shown, params: [several ? { ...select, bind } : select] }),
      dot(natural, { x: x("accuracy"), ...common }, { shape: "diamond", size: 90 }, shown),
    ],
  });
}
