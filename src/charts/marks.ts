import { AXIS_PERCENT, PALETTE, PERCENT, tooltip, type Part } from "./figure";

/** Marks that the charts are composed of. Each is one or more Vega-Lite layers. */

/** Some records; a layer without its own has those of the figure. */
type Values = readonly object[] | undefined;

/** A number's channel, of the field that is named. */
type Quantity = (field: string) => Part;

export const layer = (values: Values, mark: Part, encoding: Part, more: Part = {}): Part => ({
  ...(values ? { data: { values } } : {}),
  ...more,
  mark,
  encoding,
});

/** A large dot for a mean, filled. */
export const dot = (values: Values, encoding: Part, look: Part = {}, more: Part = {}): Part =>
  layer(values, { type: "point", filled: true, opacity: 1, ...look }, encoding, more);

/** A small circle for a single measurement. */
export const ring = (values: Values, encoding: Part, look: Part = {}, more: Part = {}): Part =>
  layer(values, { type: "point", filled: false, ...look }, encoding, more);

/** A horizontal bar from the field `low` to the field `high`. */
export const range = (values: Values, x: Quantity, encoding: Part, look: Part = {}, more: Part = {}): Part =>
  layer(values, { type: "rule", strokeWidth: 2, ...look }, { x: x("low"), x2: { field: "high" }, ...encoding }, more);

/** A dashed line at a threshold, at the only value of its channel. */
export const threshold = (value: object, encoding: Part, look: Part = {}): Part =>
  layer([value], { type: "rule", strokeWidth: 2, strokeDash: [6, 4], color: PALETTE.grey, ...look }, encoding);

/** The dashed line where both axes have the same value. */
export const diagonal = (ends: readonly number[], x: Quantity, y: Quantity, fields: readonly [string, string]): Part =>
  layer(
    ends.map((end) => ({ [fields[0]]: end, [fields[1]]: end })),
    { type: "line", strokeWidth: 1.5, strokeDash: [6, 4], color: PALETTE.grey },
    { x: x(fields[0]), y: y(fields[1]) },
  );

/** The accuracy of guessing in each row, as a grey bar of the row's height. */
export const guessing = (values: Values, x: Quantity, y: Part, rowTitle: string, size: number): Part =>
  layer(
    values,
    { type: "tick", orient: "vertical", thickness: 2, size, color: PALETTE.grey, opacity: 0.8 },
    { x: x("chance"), y, tooltip: tooltip({ [String(y.field)]: rowTitle, chance: ["guessing", PERCENT] }) },
  );

/** A line with points through the field `mean`. A single measurement is a point; a line alone would not show it. */
export const curve = (values: Values, encoding: Part, look: Part = {}, more: Part = {}): Part =>
  layer(values, { type: "line", strokeWidth: 2, point: { size: 22 }, ...look }, encoding, more);

/** A band from the field `low` to the field `high`. */
export const band = (values: Values, y: Quantity, encoding: Part, more: Part = {}): Part =>
  layer(values, { type: "area", opacity: 0.12 }, { y: y("low"), y2: { field: "high" }, ...encoding }, more);

export interface CellsOptions {
  /** The number that sets the colour. */
  field: string;
  title: Part[string];
  scale: Part;
  legend?: Part;
  /** What is written in a cell. */
  text: Part;
  /** Where the text is black, as a Vega expression: on light colours. */
  light: string;
  /** Cells that this expression marks have a frame. */
  framed?: string;
}

/** The cells of a matrix: coloured, with their values written on them, some of them framed. */
export const cells = ({ field, title, scale, legend, text, light, framed }: CellsOptions): Part[] => [
  layer(
    undefined,
    { type: "rect" },
    {
      color: {
        field,
        type: "quantitative",
        title,
        scale: { scheme: "viridis", ...scale },
        legend: { format: AXIS_PERCENT, gradientLength: 120, ...legend },
      },
    },
    { transform: [{ filter: `isValid(datum.${field})` }] },
  ),
  // The text stands on its cell, not on the page: dark on light colours, light on dark ones, grey where there is no cell.
  layer(
    undefined,
    { type: "text", fontSize: 11 },
    {
      text,
      color: {
        condition: [
          { test: `!isValid(datum.${field})`, value: PALETTE.grey },
          { test: light, value: "black" },
        ],
        value: "white",
      },
    },
  ),
  ...(framed
    ? [
        layer(
          undefined,
          { type: "rect", filled: false, stroke: PALETTE.vermilion, strokeWidth: 2.5 },
          {},
          { transform: [{ filter: framed }] },
        ),
      ]
    : []),
];
