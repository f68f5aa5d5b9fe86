import { dotRows } from "./dot-rows";
import {
  type ChartSpec,
  distinct,
  figure,
  groupBy,
  PERCENT,
  requireColors,
  requireSome,
  SERIES_COLORS,
  shares,
} from "./figure";

/** How well one prompt does with one set of label words. */
export interface PromptScore {
  /** The row: a template, a task. */
  prompt: string;
  /** The label words as a figure should name them, "terrible/great". Sets the colour. */
  words: string;
  /** The words given to the classes that they mean, or to others: a large mark, or a small one. */
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

/**
 * Prompts compared without training: a row for each prompt, a colour for each set of label words. Large diamonds: each word
 * with the class that it means, with one standard error; small ones: the same words in other orders; grey bar: guessing.
 *
 * @throws InputError without a score, or with more sets of label words than colours
 */
export function promptChart(scores: readonly PromptScore[], options: PromptChartOptions = {}): ChartSpec {
  requireSome(scores, "prompt chart", "score");
  const { title = "Prompts without training", promptTitle = "template", examples } = options;
  const words = distinct(scores.map((score) => score.words));
  requireColors(words, "prompt chart", "sets of label words");
  const placed = scores.map(({ prompt, words: name, order, accuracy: value, detail }) => {
    const error = examples === undefined ? 0 : Math.sqrt((value * (1 - value)) / examples);
    const ends = { low: Math.max(0, value - error), high: Math.min(1, value + error) };
    return { row: prompt, name, order, value, ...ends, ...(detail === undefined ? {} : { detail }) };
  });
  const natural = placed.filter(({ order }) => order === "natural");
  const tips = {
    order: "order",
    value: ["accuracy", PERCENT],
    ...(scores.some(({ detail }) => detail !== undefined) ? { detail: "asked" } : {}),
  } as const;
  return figure({
    title,
    reading: natural.map(({ row, name, value }) => `${row} with ${name} ${(100 * value).toFixed(1)} %`).join("; "),
    subtitle: "large: words in their order; small: in another order; grey bar: guessing",
    ...dotRows({
      rowTitle: promptTitle,
      nameTitle: "label words",
      rows: distinct(scores.map(({ prompt }) => prompt)),
      looks: words.map((name, i) => ({ name, color: SERIES_COLORS[i], shape: "diamond" })),
      x: shares("zero-shot accuracy", [0, 1]),
      large: natural,
      small: placed.filter(({ order }) => order === "permuted").map(({ low: _, high: _high, ...score }) => score),
      largeTips: tips,
      smallTips: tips,
      guesses: groupBy(scores, ({ prompt }) => prompt).flatMap(([{ prompt, chance }]) =>
        chance === undefined ? [] : [{ row: prompt, chance }],
      ),
    }),
  });
}
