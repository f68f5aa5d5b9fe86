import { type ChartSpec, PALETTE, VEGA_LITE_SCHEMA } from "./spec";

/** A part of a sum. */
export interface Contribution {
  /** What it comes from: "layer 2". */
  part: string;
  value: number;
}

/** A sum taken apart: one bar for each part, in the given order, to the left where it is negative. */
export function contributionChart(
  contributions: readonly Contribution[],
  title: string,
  valueTitle: string,
): ChartSpec {
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${contributions.map(({ part, value }) => `${part} ${value.toPrecision(3)}`).join(", ")}`,
    title: { text: title, anchor: "start" },
    data: { values: contributions },
    width: 420,
    height: { step: 20 },
    mark: { type: "bar", color: PALETTE.blue },
    encoding: {
      x: { field: "value", type: "quantitative", title: valueTitle, axis: { tickCount: 6 } },
      y: { field: "part", type: "nominal", title: "parameters", sort: null },
      tooltip: [
        { field: "part", title: "parameters" },
        { field: "value", title: valueTitle, format: ".4~g" },
      ],
    },
  };
}
