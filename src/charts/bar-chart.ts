import { category, type ChartSpec, figure, PALETTE, quantity, requireSome, series, tooltip } from "./figure";

/** A bar: a part of a sum, a word and its probability. */
export interface Bar {
  name: string;
  /** Drawn to the left where it is negative. */
  value: number;
  /** Sets the colour. */
  kind?: string;
}

export interface BarChartOptions {
  title: string;
  valueTitle: string;
  /** What the bars are: "parameters". */
  nameTitle: string;
  /** d3 format of the axis; one that ends in % has tooltips in percent. Default "~g". */
  format?: string;
}

/**
 * A bar for each record, in the order given.
 *
 * @throws InputError without a bar
 */
export function barChart(bars: readonly Bar[], options: BarChartOptions): ChartSpec {
  requireSome(bars, "bar chart", "bar");
  const { title, valueTitle, nameTitle, format = "~g" } = options;
  const kinds = [...new Set(bars.flatMap(({ kind }) => kind ?? []))].sort();
  const digits = format.endsWith("%") ? ".1%" : ".4~g";
  return figure({
    title,
    reading: bars.map(({ name, value }) => `${name} ${value.toPrecision(3)}`).join(", "),
    data: { values: bars },
    width: 420,
    height: { step: 20 },
    mark: { type: "bar" },
    encoding: {
      x: quantity(valueTitle, { axis: { tickCount: 6, format } })("value"),
      y: category("name", { title: nameTitle, sort: null }),
      color:
        kinds.length > 0
          ? series("kind", kinds, { range: [PALETTE.vermilion, PALETTE.blue, PALETTE.green] })
          : { value: PALETTE.blue },
      tooltip: tooltip({
        name: nameTitle,
        value: [valueTitle, digits],
        ...(kinds.length > 0 ? { kind: "kind" } : {}),
      }),
    },
  });
}
