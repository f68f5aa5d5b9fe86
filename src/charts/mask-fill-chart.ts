import { type ChartSpec, PALETTE, PERCENT, titleLines, VEGA_LITE_SCHEMA } from "./spec";
import type { MaskFill } from "../experiment/fill-mask";

/** What the model puts at the mask of one prompt: a bar per word, label words in another colour. */
export function maskFillChart(fills: readonly MaskFill[], prompt: string): ChartSpec {
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `Probability of the most likely words at the mask of: ${prompt}`,
    title: { text: titleLines(prompt), anchor: "start" },
    data: {
      values: fills.map(({ word, probability, isLabelWord }) => ({
        word,
        probability,
        kind: isLabelWord ? "label word" : "other word",
      })),
    },
    width: 420,
    height: { step: 18 },
    mark: { type: "bar", tooltip: true },
    encoding: {
      x: {
        field: "probability",
        type: "quantitative",
        title: "probability at the mask",
        axis: { format: "~%", tickCount: 6 },
      },
      y: { field: "word", type: "nominal", title: "word", sort: { field: "probability", order: "descending" } },
      color: {
        field: "kind",
        type: "nominal",
        title: null,
        scale: { domain: ["label word", "other word"], range: [PALETTE.vermilion, PALETTE.blue] },
      },
      tooltip: [
        { field: "word", title: "word" },
        { field: "probability", title: "probability", format: PERCENT },
        { field: "kind", title: "kind" },
      ],
    },
  };
}
