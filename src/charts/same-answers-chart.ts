import { AXIS_PERCENT, type ChartSpec, PERCENT, VEGA_LITE_SCHEMA } from "./spec";

/** What one method says of every example, or the labels themselves. */
export interface Answers {
  /** As the figure shows it: "K_SGD, lstsq". */
  name: string;
  /** A class for each example. */
  classes: readonly number[];
}

/** Two methods on the same examples. */
export interface SameAnswers {
  first: string;
  second: string;
  /** Examples on which both say the same class, and all of them. */
  same: number;
  examples: number;
  /** Their quotient. */
  share: number;
}

/** Every pair of methods, the earlier one first. With the labels as a method its pairs are accuracies. */
export function sameAnswers(answers: readonly Answers[]): SameAnswers[] {
  return answers.flatMap((second, j) =>
    answers.slice(0, j).map((first) => {
      const examples = second.classes.length;
      if (first.classes.length !== examples || examples === 0)
        throw new Error(
          `"${first.name}" has answers for ${first.classes.length} examples and "${second.name}" for ${examples}: they must be the same number, at least 1.`,
        );
      const same = second.classes.filter((own, i) => own === first.classes[i]).length;
      return { first: first.name, second: second.name, same, examples, share: same / examples };
    }),
  );
}

const CELL = { width: 46, height: 30 };

export interface SameAnswersOptions {
  title?: string;
  /** The name among the answers that is no method, such as that of the labels: colours are scaled without it. */
  reference?: string;
}

/** The share of examples on which two methods say the same: a cell for each pair, once. */
export function sameAnswersChart(
  answers: readonly Answers[],
  { title = "Share of the same answers", reference }: SameAnswersOptions = {},
): ChartSpec {
  if (answers.length < 2)
    throw new Error(`The chart of same answers compares at least two methods; there are ${answers.length}.`);
  const names = answers.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new Error(`Two methods are called "${twice}".`);
  const pairs = sameAnswers(answers);
  const methods = pairs.filter(({ first, second }) => first !== reference && second !== reference);
  const scaled = methods.length > 0 ? methods : pairs;
  const [low, high] = [Math.min(...scaled.map(({ share }) => share)), Math.max(...scaled.map(({ share }) => share))];
  const least = scaled.reduce((a, b) => (b.share < a.share ? b : a));
  const axis = { labelLimit: 260, labelPadding: 4 };
  const x = {
    field: "first",
    type: "nominal",
    title: null,
    sort: names,
    scale: { domain: names.slice(0, -1) },
    axis: { ...axis, labelAngle: -40 },
  };
  const y = { field: "second", type: "nominal", title: null, sort: names, scale: { domain: names.slice(1) }, axis };
  const tooltip = [
    { field: "first", title: "one" },
    { field: "second", title: "other" },
    { field: "same", title: "same answers" },
    { field: "examples", title: "of examples" },
    { field: "share", title: "share", format: PERCENT },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${names.filter((name) => name !== reference).length} methods; least for ${least.first} and ${least.second}, ${(100 * least.share).toFixed(1)} %`,
    title: { text: title, anchor: "start" },
    data: { values: pairs },
    width: { step: CELL.width },
    height: { step: CELL.height },
    encoding: { x, y, tooltip },
    layer: [
      {
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "share",
            type: "quantitative",
            title: ["same", "answers"],
            scale: { scheme: "viridis", domain: low < high ? [low, high] : [0, 1], clamp: true },
            legend: { format: AXIS_PERCENT, gradientLength: 120 },
          },
        },
      },
      {
        // The text stands on its cell, not on the page: dark on light colours, light on dark ones.
        mark: { type: "text", fontSize: 11 },
        encoding: {
          text: { field: "share", type: "quantitative", format: AXIS_PERCENT },
          color: { condition: { test: `datum.share > ${low + 0.55 * (high - low)}`, value: "black" }, value: "white" },
        },
      },
    ],
  };
}
