import { type ChartSpec, PALETTE, SERIES_COLORS, shortened, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** A training example and its part in one prediction. */
export interface DecidingExample {
  text: string;
  /** The label word, or another name of its class: sets the colour. */
  className: string;
  /** What it adds to the prediction, αᵢ K(xᵢ, x). */
  term: number;
  /** The prediction without it, of a new solve. */
  without: number;
}

export interface PredictionTermsOptions {
  /** The sentence that is predicted. */
  sentence: string;
  /** As the solver gives it: above 0 it favours the last class. */
  prediction: number;
  /** What is kept of the pretrained answer, f(x)/f0. Default 0, which is not drawn. */
  pretrained?: number;
  /** Names of the two classes, that of negative predictions first. */
  classes: readonly [string, string];
  /** Examples drawn, those with the largest terms first; the others are one bar. Default 32. */
  most?: number;
}

const PRETRAINED = "the pretrained answer";

/**
 * One prediction of kernel regression as the sum that it is: a bar for each training example, by size, with its sentence;
 * beside it how far the prediction moves when that example is left out. The title has the sums by class.
 */
export function predictionTermsChart(examples: readonly DecidingExample[], options: PredictionTermsOptions): ChartSpec {
  const { sentence, prediction, pretrained = 0, classes, most = 32 } = options;
  if (examples.length === 0) throw new Error("The chart of a prediction's terms needs at least one training example.");
  const unknown = examples.find(({ className }) => !classes.includes(className));
  if (unknown) throw new Error(`The class "${unknown.className}" is not among the classes: ${classes.join(", ")}.`);
  const bySize = [...examples].sort((a, b) => Math.abs(b.term) - Math.abs(a.term));
  const sums = classes.map((name) => ({ name, own: examples.filter(({ className }) => className === name) }));
  const rests = classes
    .map((name) => ({ name, own: bySize.slice(most).filter(({ className }) => className === name) }))
    .filter(({ own }) => own.length > 0);
  const rows = [
    ...bySize
      .slice(0, most)
      .map(({ text, className, term, without }) => ({ text, kind: className, term, change: without - prediction })),
    ...rests.map(({ name, own }) => ({
      text: `${own.length} other sentences of "${name}"`,
      kind: name,
      term: total(own),
    })),
    ...(pretrained === 0 ? [] : [{ text: PRETRAINED, kind: PRETRAINED, term: pretrained }]),
  ]
    .sort((a, b) => b.term - a.term)
    .map((row, place) => ({ place, ...row }));

  const [negative, positive] = classes;
  const reading = [
    ...sums.map(({ name, own }) => `"${name}" ${signed(total(own))}`),
    ...(pretrained === 0 ? [] : [`${PRETRAINED} ${signed(pretrained)}`]),
  ];
  const kinds = [...classes, ...(pretrained === 0 ? [] : [PRETRAINED])];
  const color = {
    field: "kind",
    type: "nominal",
    title: "training sentences of class",
    scale: { domain: kinds, range: [...SERIES_COLORS.slice(0, 2), PALETTE.grey].slice(0, kinds.length) },
    legend: { ...SOLID_LEGEND, orient: "bottom", titleOrient: "left", titleLimit: 0, labelLimit: 0 },
  };
  const y = (labels: boolean) => ({
    field: "place",
    type: "ordinal",
    title: null,
    // Rows without a change would be left out of the panel that shows it, and the others move up.
    scale: { domain: rows.map(({ place }) => place) },
    axis: labels
      ? {
          labelExpr: `${JSON.stringify(rows.map(({ text }) => shortened(text, 52)))}[datum.value]`,
          labelLimit: 340,
          ticks: false,
          labelPadding: 6,
        }
      : { labels: false, ticks: false },
  });
  const tooltip = [
    { field: "text", title: "sentence" },
    { field: "kind", title: "class" },
    { field: "term", title: "adds", format: "+.3~r" },
    { field: "change", title: "change without it", format: "+.3~r" },
  ];
  const panel = (field: string, title: string[], width: number) => ({
    width,
    height: { step: 15 },
    mark: { type: "bar" },
    encoding: {
      x: { field, type: "quantitative", title, axis: { tickCount: 4, format: "~g" } },
      y: y(field === "term"),
      color,
      tooltip,
    },
  });
  const said = `${signed(prediction)}, which says "${prediction > 0 ? positive : negative}"`;
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `Prediction for: ${sentence}: ${said}; the sum of ${reading.join(", ")}; largest terms: ${bySize
      .slice(0, 3)
      .map(({ text, term }) => `${signed(term)} ${text}`)
      .join("; ")}`,
    title: {
      text: [...titleLines(sentence, 84), `prediction ${said}: the sum of ${reading.join(", ")}`],
      anchor: "start",
    },
    data: { values: rows },
    hconcat: [
      panel("term", ["adds to the prediction", `← ${negative} · ${positive} →`], 210),
      panel("change", ["change of the prediction", "when it is left out"], 150),
    ],
    spacing: 14,
  };
}

const total = (examples: readonly DecidingExample[]): number => examples.reduce((sum, { term }) => sum + term, 0);

/** "+0.37", "−1.2". */
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Number(Math.abs(value).toPrecision(3))}`;
