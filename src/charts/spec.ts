/**
 * A Vega-Lite v5 specification as a plain object, ready for JSON.
 *
 * Vega-Lite's own types are not used: they would make every notebook cell that draws a chart slow
 * to compile. The tests compile each chart with the two versions of Vega-Lite it has to work with.
 */
export interface ChartSpec {
  $schema: string;
  /** What the figure shows, for readers who cannot see it. */
  description: string;
  [property: string]: unknown;
}

export const VEGA_LITE_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json";

/**
 * Mark colours: distinguishable with the common colour vision deficiencies (after Okabe and Ito,
 * 2008), with a contrast of at least 3 to a white and to a dark page. Backgrounds, texts and axes
 * are never coloured here, so that the page's theme decides.
 */
export const PALETTE = {
  blue: "#1b7fbd",
  vermilion: "#d55e00",
  green: "#009e73",
  purple: "#b86fa0",
  grey: "#858585",
} as const;

/** Series colours in the order they are given out. */
export const SERIES_COLORS = [PALETTE.blue, PALETTE.vermilion, PALETTE.green, PALETTE.purple, PALETTE.grey];

/** Colours of the kinds of methods that most figures compare: a kind has one colour wherever it is drawn. */
const FAMILY_COLORS: Readonly<Record<string, string>> = {
  "no training": PALETTE.blue,
  "fine-tuning": PALETTE.vermilion,
  kernel: PALETTE.green,
};

/** A colour for each kind of method: that of the known ones, then those which are left. At most as many as there are colours. */
export function familyColors(families: readonly string[]): string[] {
  const free = SERIES_COLORS.filter((color) => !families.some((family) => FAMILY_COLORS[family] === color));
  return families.map((family) => FAMILY_COLORS[family] ?? free.shift()!);
}

/** Legends show the colours at full strength, also for translucent marks. */
export const SOLID_LEGEND = { symbolOpacity: 1, symbolStrokeWidth: 2 } as const;

/** d3 formats for shares: whole percents on axes, one decimal in tooltips and labels. */
export const AXIS_PERCENT = ".0%";
export const PERCENT = ".1%";

/** A title in lines of at most `width` characters, cut between words: a long one would shrink the figure. */
export function titleLines(text: string, width = 72): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A text of at most `width` characters: a longer one ends after a whole word, with "…". */
export function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  const start = text.slice(0, width - 1);
  return `${start.replace(/\s+\S*$/, "") || start}…`;
}

/** Values of a field in order of first appearance. */
export function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
