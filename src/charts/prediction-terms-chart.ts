import {
  type ChartSpec,
  figure,
  PALETTE,
  quantity,
  requireSome,
  series,
  SERIES_COLORS,
  shortened,
  signed,
  SOLID_LEGEND,
  tooltip,
} from "./figure";
import { classesOf } from "./kernel-examples";

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
  /** What is kept of the pretrained answer, f(x)/f₀. Default 0, which is not drawn. */
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
 *
 * @throws InputError without an example, or for one of another class
 */
export function predictionTermsChart(examples: readonly DecidingExample[], options: PredictionTermsOptions): ChartSpec {
  const { sentence, prediction, pretrained = 0, classes, most = 32 } = options;
  requireSome(examples, "chart of a prediction's terms", "training example");
  classesOf(examples, classes);
  const bySize = examples.toSorted((a, b) => Math.abs(b.term) - Math.abs(a.term));
  const ofClass = (name: string, own: readonly DecidingExample[]) => own.filter(({ className }) => className === name);
  const rests = classes
    .map((name) => ({ name, own: ofClass(name, bySize.slice(most)) }))
    .filter(({ own }) => own.length > 0);
  const kept = pretrained === 0 ? [] : [{ text: PRETRAINED, kind: PRETRAINED, term: pretrained }];
  const rows = [
    ...bySize
      .slice(0, most)
      .map(({ text, className, term, without }) => ({ text, kind: className, term, change: without - prediction })),
    ...rests.map(({ name, own }) => ({
      text: `${own.length} other sentences of "${name}"`,
      kind: name,
      term: total(own),
    })),
    ...kept,
  ]
    .sort((a, b) => b.term - a.term)
    .map((row, place) => ({ place, ...row }));

  const sums = [
    ...classes.map((name) => `"${name}" ${short(total(ofClass(name, examples)))}`),
    ...kept.map(({ text, term }) => `${text} ${short(term)}`),
  ].join(", ");
  const [negative, positive] = classes;
  const said = `${short(prediction)}, which says "${prediction > 0 ? positive : negative}"`;
  const kinds = [...classes, ...kept.map(({ kind }) => kind)];
  const labels = {
    labelExpr: `${JSON.stringify(rows.map(({ text }) => shortened(text, 52)))}[datum.value]`,
    labelLimit: 340,
    ticks: false,
    labelPadding: 6,
  };
  const panel = (field: string, title: string[], width: number, axis: object) => ({
    width,
    height: { step: 15 },
    mark: { type: "bar" },
    encoding: {
      x: quantity(title, { axis: { tickCount: 4, format: "~g" } })(field),
      // Rows without a change would be left out of the panel that shows it, and the others move up.
      y: { field: "place", type: "ordinal", title: null, scale: { domain: rows.map(({ place }) => place) }, axis },
      color: series("kind", kinds, {
        title: "training sentences of class",
        range: [...SERIES_COLORS.slice(0, 2), PALETTE.grey].slice(0, kinds.length),
        legend: { ...SOLID_LEGEND, orient: "bottom", titleOrient: "left", titleLimit: 0, labelLimit: 0 },
      }),
      tooltip: tooltip({
        text: "sentence",
        kind: "class",
        term: ["adds", "+.3~r"],
        change: ["change without it", "+.3~r"],
      }),
    },
  });
  const largest = bySize.slice(0, 3).map(({ text, term }) => `${short(term)} ${text}`);
  return figure({
    title: sentence,
    reading: `prediction ${said}; the sum of ${sums}; largest terms: ${largest.join("; ")}`,
    lines: [`prediction ${said}: the sum of ${sums}`],
    data: { values: rows },
    hconcat: [
      panel("term", ["adds to the prediction", `← ${negative} · ${positive} →`], 210, labels),
      panel("change", ["change of the prediction", "when it is left out"], 150, { labels: false, ticks: false }),
    ],
    spacing: 14,
  });
}

const total = (examples: readonly DecidingExample[]): number => examples.reduce((sum, { term }) => sum + term, 0);

/** "+0.37", "−1.2". */
const short = (value: number): string => signed(value, (size) => String(Number(size.toPrecision(3))));
