import { InputError } from "../errors";
import { KERNEL_NAMES } from "../kernels/formula";
import { mean, populationStd } from "../solvers/metrics";

export { distinct, groupBy } from "../records";

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

/** A part of a specification: a channel, a layer, a panel. */
export type Part = Record<string, unknown>;

export interface Figure extends Part {
  title: string;
  /** What the figure says, in words: its description after the title. */
  reading: string;
  /** Further lines of the title. */
  lines?: readonly string[];
  /** How to read the marks. */
  subtitle?: string | readonly string[];
}

/** A chart: title and description, and whatever Vega-Lite draws. Colours of the page are left to the page. */
export function figure({ title, reading, lines = [], subtitle, ...body }: Figure): ChartSpec {
  const text = [...titleLines(title), ...lines];
  return withNotation({
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    description: `${title}: ${reading}`,
    title: { text: text.length === 1 ? text[0] : text, anchor: "start", ...(subtitle ? { subtitle } : {}) },
    ...body,
  });
}

const SUBSCRIPTS: Readonly<Record<string, string>> = { 0: "₀", t: "ₜ", lin: "ₗᵢₙ" };

/** Symbols as in print: f_0, θ_t and f_lin with Unicode's subscripts, K_SGD as the kernels are named everywhere else. */
const notation = (text: string): string =>
  text
    .replace(/(?<!\w)([fθ])_(0|t|lin)(?!\w)/g, (_, symbol: string, index: string) => `${symbol}${SUBSCRIPTS[index]}`)
    .replace(/\bK_((?:A-)?SignGD|SGD)\b/g, "K ($1)");

/** The specification with all its texts in that notation: series have the same names in data, legends and tooltips. */
const withNotation = (spec: ChartSpec): ChartSpec =>
  JSON.parse(JSON.stringify(spec), (_, value: unknown) =>
    typeof value === "string" ? notation(value) : value,
  ) as ChartSpec;

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

/** Series colours and shapes in the order they are given out. */
export const SERIES_COLORS: readonly string[] = Object.values(PALETTE);
export const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"];

/** Legends show the colours at full strength, also for translucent marks. */
export const SOLID_LEGEND = { symbolOpacity: 1, symbolStrokeWidth: 2 } as const;

/** d3 formats: whole percents on axes, one decimal in tooltips and labels; three digits for other numbers. */
export const AXIS_PERCENT = ".0%";
export const PERCENT = ".1%";
export const DIGITS = ".3~g";

/** What has one colour wherever it is drawn: kinds of methods, functions on the way of fine-tuning, kernels. */
const NAMED_COLORS: Readonly<Record<string, string>> = {
  "no training": PALETTE.blue,
  "fine-tuning": PALETTE.vermilion,
  kernel: PALETTE.green,
  pretrained: PALETTE.grey,
  "before training": PALETTE.grey,
  "after training": PALETTE.vermilion,
  "fine-tuned": PALETTE.vermilion,
  linearized: PALETTE.blue,
  "kernel descent": PALETTE.green,
  [KERNEL_NAMES.sgd]: PALETTE.blue,
  [KERNEL_NAMES.signgd]: PALETTE.green,
  [KERNEL_NAMES.asymmetric_signgd]: PALETTE.vermilion,
};

/** A colour for each name: its own where it has one, then those that are left, and from the first again. */
export function colorsOf(names: readonly string[]): string[] {
  const free = SERIES_COLORS.filter((color) => !names.some((name) => NAMED_COLORS[name] === color));
  const others = names.filter((name) => !(name in NAMED_COLORS));
  const colors = free.length > 0 ? free : SERIES_COLORS;
  return names.map((name) => NAMED_COLORS[name] ?? colors[others.indexOf(name) % colors.length]);
}

type Text = string | readonly string[] | null;

/** A number's channel of any field: `const x = quantity("loss"); x("low")`. */
export const quantity =
  (title: Text, more: Part = {}) =>
  (field: string): Part => ({ field, type: "quantitative", title, ...more });

/** A channel of shares, written as percents, whose axis fits the values given. */
export function shares(title: Text, values: readonly number[]): (field: string) => Part {
  const [low, high] = extent(values);
  const step = [0.01, 0.02, 0.05, 0.1].find((one) => (high - low) / one <= 6) ?? 0.2;
  const ends = [step * Math.floor(low / step - 0.2), step * Math.ceil(high / step + 0.2)];
  const domain = ends.map((end) => Number(Math.min(1, Math.max(0, end)).toFixed(2)));
  return quantity(title, { scale: { domain, nice: false, zero: false }, axis: { format: AXIS_PERCENT, tickCount: 6 } });
}

/** A name's channel. */
export const category = (field: string, more: Part = {}): Part => ({ field, type: "nominal", title: null, ...more });

export interface SeriesOptions {
  title?: Text;
  /** Colours, or shapes, by series. */
  range?: readonly unknown[];
  legend?: Part | null;
}

/** The colour (or shape) of each series, with a legend. */
export const series = (
  field: string,
  names: readonly string[],
  { title = null, range = colorsOf(names), legend = SOLID_LEGEND }: SeriesOptions = {},
): Part => category(field, { title, scale: { domain: names, range }, legend });

/** A tooltip's fields: the name of each, or its name and format. */
export const tooltip = (fields: Readonly<Record<string, string | readonly [title: string, format: string]>>): Part[] =>
  Object.entries(fields).map(([field, shown]) =>
    typeof shown === "string" ? { field, title: shown } : { field, title: shown[0], format: shown[1] },
  );

/** A selection of series by a click in the legend. */
export const legendChoice = (name: string, field: string): Part => ({
  name,
  select: { type: "point", fields: [field] },
  bind: "legend",
});

/** A parameter that the reader chooses from the values given: buttons, or a menu. */
export const choice = (
  name: string,
  title: string,
  options: readonly (string | number)[],
  value: string | number | undefined,
  input: "radio" | "select" = "radio",
): Part => ({ name, value, bind: { input, options, name: `${title} ` } });

/** A panel's own title. */
export const panelTitle = (text: string | readonly string[]): Part => ({ text, anchor: "start", fontWeight: "normal" });

/** How far a logarithmic axis reaches beyond its data, as a factor. */
const MARGIN = 1.2;

/** A logarithmic scale that fits its data: d3's own "nice" ends are whole decades, which may leave most of a figure empty. */
export function logScale(values: readonly number[]): Part {
  const drawn = values.filter((value) => value > 0);
  const ends = [Math.min(...drawn) / MARGIN, Math.max(...drawn) * MARGIN];
  return {
    type: "log",
    nice: false,
    ...(drawn.length > 0 ? { domain: ends.map((end) => Number(end.toPrecision(3))) } : {}),
  };
}

/** From here on a quotient of two positive values is drawn by logarithms: one far value would flatten all others. */
const DECADES = 100;

/** A scale from the smallest to the largest value, logarithmic where they are positive and span more than two decades. */
export function fittedScale(values: readonly number[]): Part {
  const [low, high] = extent(values);
  return low > 0 && high > DECADES * low ? logScale(values) : { domain: [low, high], nice: true, zero: false };
}

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

/** A number with its sign as in print: "+0.37", "−1.2". */
export const signed = (value: number, write: (size: number) => string): string =>
  `${value < 0 ? "−" : "+"}${write(Math.abs(value))}`;

/** The smallest and the largest of some numbers. */
export const extent = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

/** The mean of one number over seeds, with one population standard deviation to each side. */
export function spread(values: readonly number[]): { mean: number; std: number; low: number; high: number } {
  const [center, std] = [mean(values), populationStd(values)];
  return { mean: center, std, low: center - std, high: center + std };
}

/** @throws InputError where a chart has nothing to draw */
export function requireSome(values: readonly unknown[], chart: string, what: string): void {
  if (values.length === 0) throw new InputError(`The ${chart} needs at least one ${what}.`);
}

/** @throws InputError where there are more series than colours */
export function requireColors(names: readonly string[], chart: string, what: string): void {
  const { length } = SERIES_COLORS;
  if (names.length > length)
    throw new InputError(`The ${chart} has colours for ${length} ${what}, not ${names.length}: draw several charts.`);
}
