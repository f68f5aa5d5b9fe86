import { InputError } from "../errors";

/** What one method says of every example, or the labels themselves. */
export interface Answers {
  /** As a figure shows it: "K (SGD), lstsq". */
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
