import {
  category,
  type ChartSpec,
  colorsOf,
  distinct,
  type Figure,
  figure,
  legendChoice,
  type Part,
  PERCENT,
  requireColors,
  requireSome,
  series,
  shares,
  SOLID_LEGEND,
  tooltip,
} from "./figure";
import { dot, guessing, range, ring } from "./marks";

/** A share from 0 to 1: of a method on a task, of a prompt. Fields of other names stand in its tooltip, under their names. */
export interface Dot {
  row: string;
  /** Sets the colour, and the line within the row. */
  name: string;
  value: number;
  /** A large dot with a bar between these; without them a small circle. */
  low?: number;
  high?: number;
  [field: string]: string | number | undefined;
}

export interface DotsChartOptions extends Pick<Figure, "title" | "reading" | "subtitle"> {
  /** What the rows are, what the dots within a row, and what is measured. */
  rowTitle: string;
  nameTitle: string;
  valueTitle: string;
  /** What guessing reaches in a row. */
  guesses?: readonly { row: string; chance: number }[];
  /** Colour and shape of each name. Default: a colour each, and diamonds. */
  looks?: readonly { name: string; color: string; shape: string }[];
}

/** Pixels that a name has within its row, and the row's own margin. */
const LINE = 9;
const MARGIN = 10;
/** What is no field of the tooltip's own. */
const DOT = ["row", "name", "value", "low", "high"];

/**
 * Rows in which each name has a line of its own: a large dot with its range, small circles, and a grey bar for guessing.
 * A click in the legend shows one name alone, with the shift key several; a single name needs no legend.
 *
 * @throws InputError without a dot, or with more names than colours where looks are not given
 */
export function dotsChart(dots: readonly Dot[], options: DotsChartOptions): ChartSpec {
  requireSome(dots, "chart of dots", "dot");
  const { title, reading, subtitle, rowTitle, nameTitle, valueTitle, guesses = [] } = options;
  const rows = distinct(dots.map(({ row }) => row));
  const { looks = looksOf(distinct(dots.map(({ name }) => name)), nameTitle) } = options;
  const names = looks.map(({ name }) => name);
  const [large, small] = [dots.filter(({ low }) => low !== undefined), dots.filter(({ low }) => low === undefined)];
  const x = shares(valueTitle, [
    ...dots.flatMap(({ value, low = value, high = value }) => [low, high]),
    ...guesses.map(({ chance }) => chance),
  ]);
  const several = names.length > 1;
  const height = names.length * LINE + MARGIN;
  const y = category("row", {
    scale: { domain: rows, paddingInner: MARGIN / (2 * height), paddingOuter: 0.05 },
    axis: { grid: true, tickBand: "extent", labelLimit: 330 },
  });
  const named = {
    title: [nameTitle, "(click: this one, shift-click: more)"],
    legend: several ? { ...SOLID_LEGEND, titleLimit: 0, labelLimit: 0 } : null,
  };
  const common = (own: readonly Dot[]): Part => ({
    y,
    yOffset: { field: "name", type: "nominal", scale: { domain: names } },
    color: series("name", names, { ...named, range: looks.map(({ color }) => color) }),
    tooltip: tooltip({
      row: rowTitle,
      name: nameTitle,
      value: [valueTitle, PERCENT],
      ...Object.fromEntries(fieldsOf(own).map((field) => [field, field])),
    }),
  });
  const shape = series("name", names, { ...named, range: looks.map((look) => look.shape) });
  const chosen = { transform: [{ filter: { param: "names" } }] };
  const { bind, ...param } = legendChoice("names", "name");
  return figure({
    title,
    reading,
    subtitle,
    width: 460,
    height: rows.length * height,
    layer: [
      guessing(guesses, x, y, rowTitle, height - MARGIN / 2),
      range(large, x, common(large), {}, { ...chosen, params: [several ? { ...param, bind } : param] }),
      ring(small, { x: x("value"), ...common(small), shape }, { size: 14, opacity: 0.6 }, chosen),
      dot(large, { x: x("value"), ...common(large), shape }, { size: 60 }, chosen),
    ],
  });
}

const fieldsOf = (dots: readonly Dot[]): string[] =>
  distinct(dots.flatMap((one) => Object.keys(one))).filter((field) => !DOT.includes(field));

function looksOf(names: readonly string[], what: string): NonNullable<DotsChartOptions["looks"]> {
  requireColors(names, "chart of dots", what);
  const colors = colorsOf(names);
  return names.map((name, i) => ({ name, color: colors[i], shape: "diamond" }));
}
