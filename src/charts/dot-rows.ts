import { category, legendChoice, type Part, series, SOLID_LEGEND, tooltip } from "./figure";
import { dot, guessing, range, ring } from "./marks";

export interface DotRows {
  /** What the rows are, and what the dots within a row. */
  rowTitle: string;
  nameTitle: string;
  rows: readonly string[];
  /** How the dots of each name look. */
  looks: readonly { name: string; color: string; shape: string }[];
  /** The channel of the numbers. */
  x: (field: string) => Part;
  /** Large dots at `value`, with a bar from `low` to `high`. */
  large: readonly { row: string; name: string; value: number; low: number; high: number }[];
  /** Small circles at `value`. */
  small: readonly { row: string; name: string; value: number }[];
  /** Tooltips beside row and name. */
  largeTips: Parameters<typeof tooltip>[0];
  smallTips: Parameters<typeof tooltip>[0];
  /** What guessing reaches in a row. */
  guesses: readonly { row: string; chance: number }[];
}

/** Pixels that a name has within its row, and the row's own margin. */
const LINE = 9;
const MARGIN = 10;

/**
 * Rows in which each name has a line of its own: a large dot with its range, small circles, and a grey bar for guessing.
 * A click in the legend shows one name alone, with the shift key several; a single name needs no legend.
 */
export function dotRows(options: DotRows): Part {
  const { rowTitle, nameTitle, rows, looks, x, large, small, guesses } = options;
  const names = looks.map(({ name }) => name);
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
  const common = {
    y,
    yOffset: { field: "name", type: "nominal", scale: { domain: names } },
    color: series("name", names, { ...named, range: looks.map(({ color }) => color) }),
  };
  const shape = series("name", names, { ...named, range: looks.map((look) => look.shape) });
  const tips = (more: DotRows["largeTips"]) => tooltip({ row: rowTitle, name: nameTitle, ...more });
  const chosen = { transform: [{ filter: { param: "names" } }] };
  const { bind, ...param } = legendChoice("names", "name");
  return {
    width: 460,
    height: rows.length * height,
    layer: [
      guessing(guesses, x, y, rowTitle, height - MARGIN / 2),
      range(
        large,
        x,
        { ...common, tooltip: tips(options.largeTips) },
        {},
        { ...chosen, params: [several ? { ...param, bind } : param] },
      ),
      ring(
        small,
        { x: x("value"), ...common, shape, tooltip: tips(options.smallTips) },
        { size: 14, opacity: 0.6 },
        chosen,
      ),
      dot(large, { x: x("value"), ...common, shape, tooltip: tips(options.largeTips) }, { size: 60 }, chosen),
    ],
  };
}
