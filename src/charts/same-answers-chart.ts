import { InputError } from "../errors";
import { AXIS_PERCENT, category, type ChartSpec, extent, figure, PERCENT, tooltip } from "./figure";
import { cells } from "./marks";

/** What one method says of every example, or the labels themselves. */
export interface Answers {
  /** As the figure shows it: "K (SGD), lstsq". */
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

/**
 * Every pair of methods, the earlier one first. With the labels as a method its pairs are accuracies.
 *
 * @throws InputError where two methods have answers for different numbers of examples, or for none
 */
export function sameAnswers(answers: readonly Answers[]): SameAnswers[] {
  return answers.flatMap((second, j) =>
    answers.slice(0, j).map((first) => {
      const examples = second.classes.length;
      if (first.classes.length !== examples || examples === 0)
        throw new InputError(
          `"${first.name}" has answers for ${first.classes.length} examples and "${second.name}" for ${examples}: they must be the same number, at least 1.`,
        );
      const same = second.classes.filter((own, i) => own === first.classes[i]).length;
      return { first: first.name, second: second.name, same, examples, share: same / examples };
    }),
  );
}

export interface SameAnswersOptions {
  title?: string;
  /** The name among the answers that is no method, such as that of the labels: colours are scaled without it. */
  reference?: string;
}

/**
 * The share of examples on which two methods say the same: a cell for each pair, once.
 *
 * @throws InputError for fewer than two methods, two of one name, and as {@link sameAnswers} does
 */
export function sameAnswersChart(
  answers: readonly Answers[],
  { title = "Share of the same answers", reference }: SameAnswersOptions = {},
): ChartSpec {
  if (answers.length < 2)
    throw new InputError(`The chart of same answers compares at least two methods; there are ${answers.length}.`);
  const names = answers.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new InputError(`Two methods are called "${twice}".`);
  const pairs = sameAnswers(answers);
  const methods = pairs.filter(({ first, second }) => first !== reference && second !== reference);
  const scaled = methods.length > 0 ? methods : pairs;
  const [low, high] = extent(scaled.map(({ share }) => share));
  const least = scaled.reduce((a, b) => (b.share < a.share ? b : a));
  const axis = { labelLimit: 260, labelPadding: 4 };
  return figure({
    title,
    reading: `${names.filter((name) => name !== reference).length} methods; least for ${least.first} and ${least.second}, ${(100 * least.share).toFixed(1)} %`,
    data: { values: pairs },
    width: { step: 46 },
    height: { step: 30 },
    encoding: {
      x: category("first", {
        sort: names,
        scale: { domain: names.slice(0, -1) },
        axis: { ...axis, labelAngle: -40 },
      }),
      y: category("second", { sort: names, scale: { domain: names.slice(1) }, axis }),
      tooltip: tooltip({
        first: "one",
        second: "other",
        same: "same answers",
        examples: "of examples",
        share: ["share", PERCENT],
      }),
    },
    layer: cells({
      field: "share",
      title: ["same", "answers"],
      scale: { domain: low < high ? [low, high] : [0, 1], clamp: true },
      text: { field: "share", type: "quantitative", format: AXIS_PERCENT },
      light: `datum.share > ${low + 0.55 * (high - low)}`,
    }),
  });
}
