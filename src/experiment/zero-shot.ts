import { InputError } from "../errors";
import { predictLogits } from "../model/predict";
import { checkClasses, predictedClasses, type Predictions } from "../solvers/metrics";
import type { Example, Task } from "../tasks/task";
import { encodeExamples } from "./inputs";
import type { LanguageModel } from "./language-model";
import { promptOutputs } from "./outputs";

/** The model's answers to the task's prompt as they are: the label words' logits at the mask, [examples, classes]. */
export function zeroShotLogits(
  { model, tokenizer }: Pick<LanguageModel, "model" | "tokenizer">,
  task: Task,
  examples: Example[],
): Predictions {
  const { head } = promptOutputs(task, tokenizer);
  const { sequences } = encodeExamples(examples, task, tokenizer);
  return { values: predictLogits(model, head, sequences), shape: [examples.length, task.labels.length] };
}

/** One way to give the label words to the classes. */
export interface WordOrder {
  /** order[c]: whose word class c has; the identity is the task's own order. */
  order: number[];
  /** From 0 to 1. */
  accuracy: number;
}

/** Classes up to which every order of the label words is tried: 6! = 720. */
const MOST_CLASSES = 6;

/**
 * The accuracy under every order of the label words, the task's own first, from one set of logits: a logit belongs to
 * its word, so another order gives the columns to other classes. Over all orders each answer is right once in C times,
 * so their mean is exactly 1/C.
 *
 * @throws for more than 6 classes
 */
export function wordOrders(logits: Predictions, labels: readonly number[]): WordOrder[] {
  const [examples, classes] = logits.shape;
  if (classes > MOST_CLASSES)
    throw new InputError(`every order of ${classes} label words is too many to try: at most ${MOST_CLASSES} classes`);
  if (labels.length !== examples) throw new InputError(`${examples} answers but ${labels.length} labels`);
  checkClasses(labels);
  const words = predictedClasses(logits);
  return permutations(classes).map((order) => ({
    order,
    accuracy: words.filter((word, i) => word === order[labels[i]]).length / examples,
  }));
}

/** All orders of 0 … n − 1, lexicographically, so the identity comes first. */
function permutations(n: number): number[][] {
  const extend = (chosen: number[]): number[][] =>
    chosen.length === n
      ? [chosen]
      : Array.from({ length: n }, (_, i) => i)
          .filter((i) => !chosen.includes(i))
          .flatMap((i) => extend([...chosen, i]));
  return extend([]);
}
