import { InputError } from "../errors";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { firstOfEqual } from "../model/batch";
import { promptAndCut, unpromptedAndCut, type EncodedPrompt, type PromptAndCut } from "../tasks/prompt";
import { shortageText, shortened } from "../tasks/columns";
import { dataFile, readSplit } from "../tasks/split";
import { classOf, labelText } from "../tasks/labels";
import { taskByName, taskNames } from "../tasks/task";
import type { Example, Split, Target, Task } from "../tasks/task";
import type { TextEncoder } from "../tasks/text-encoder";
import { warnOnce } from "../warn-once";

/** Labelled examples together with the token ids that the model reads. */
export interface Inputs {
  examples: Example[];
  sequences: EncodedPrompt[];
  /** Class index of each example, or its number's place between the bounds. */
  labels: number[];
  /** The task's: what labels are. */
  target?: Target;
}

/**
 * Examples in the task's prompt, or without one when `prompted` is false.
 *
 * @param warn is told of texts that lose their end, of empty ones, and of examples that the model cannot tell apart
 * although their labels differ
 */
export function encodeExamples(
  examples: Example[],
  task: Task,
  tokenizer: TextEncoder,
  { prompted = true, warn = warnOnce } = {},
): Inputs {
  const encode = prompted ? promptAndCut : unpromptedAndCut;
  const encoded = examples.map((example) => encode(example, task, tokenizer));
  const sequences = encoded.map(({ prompt }) => prompt);
  const notes = [...(prompted ? labelWordNotes(task, tokenizer) : []), ...inputNotes(examples, encoded, task)];
  for (const note of notes) warn(`task ${task.name}: ${note}`);
  const { target } = task;
  return { examples, sequences, labels: examples.map(({ label }) => label), ...(target ? { target } : {}) };
}

/** {@link encodeExamples} for each split of a few-shot draw. */
export function encodeSplits(
  { train, dev, test }: Record<Split, Example[]>,
  task: Task,
  tokenizer: TextEncoder,
  options?: { prompted?: boolean },
): Record<Split, Inputs> {
  const encode = (examples: Example[]): Inputs => encodeExamples(examples, task, tokenizer, options);
  return { train: encode(train), dev: encode(dev), test: encode(test) };
}

function inputNotes(examples: readonly Example[], encoded: readonly PromptAndCut[], task: Task): string[] {
  const shown = (example: Example): string => JSON.stringify(shortened(example.texts.join(" / ")));
  const place = (example: Example): string =>
    example.line === undefined ? `example ${examples.indexOf(example) + 1}` : `line ${example.line}`;
  const notes: string[] = [];

  const long = examples.filter((_, i) => encoded[i].isCut);
  if (long.length > 0)
    notes.push(
      `${long.length} of ${examples.length} examples are longer than their limit in tokens and lose their end, first ${place(long[0])}, ${shown(long[0])}: the task's maxLength, firstSentenceLimit and otherSentenceLimit set it (--max-length, --first-sentence-limit, --other-sentence-limit)`,
    );
  const empty = examples.filter(({ texts }) => texts.some((text) => text.trim() === ""));
  if (empty.length > 0)
    notes.push(`${empty.length} of ${examples.length} examples have an empty text, first ${place(empty[0])}`);

  const contradictions = firstOfEqual(encoded.map(({ prompt }) => prompt)).flatMap((place, i) => {
    const [first, example] = [examples[place], examples[i]];
    return first.label === example.label ? [] : [{ first, example }];
  });
  if (contradictions.length > 0) {
    const [{ first, example }] = contradictions;
    notes.push(
      `${contradictions.length} of ${examples.length} examples are to the model the same as one of another label, first ${shown(example)} with label ${labelText(first.label, task)} (${place(first)}) and ${labelText(example.label, task)} (${place(example)})`,
    );
  }
  return notes;
}

/** Label words that differ from those the task is known with in nothing but capital letters, where these are other tokens. */
function labelWordNotes(task: Task, tokenizer: TextEncoder): string[] {
  const usual = taskNames.includes(task.name) ? taskByName(task.name).labelWords : [];
  return task.labelWords.flatMap((word, i) =>
    word !== usual[i] &&
    word.toLowerCase() === usual[i]?.toLowerCase() &&
    tokenizer.encode(` ${word}`).join() !== tokenizer.encode(` ${usual[i]}`).join()
      ? [`the label word ${JSON.stringify(word)} is another token than ${JSON.stringify(usual[i])}, the task's own`]
      : [],
  );
}

/**
 * One split of a folder, at most `limit` examples of it. Those are taken evenly over the file and keep its order:
 * training files stand label by label, so their first lines would all have one label.
 */
export function readExamples(directory: string, split: Split, task: Task, limit = Infinity): Example[] {
  return evenly(readSplit(directory, split, task), limit);
}

export interface FewShotOptions {
  /** Examples per class for training, and as many for development. */
  k: number;
  seed: number;
  /** Most test examples. Default: all. */
  testExamples?: number;
  warn?: (message: string) => void;
}

/**
 * The few-shot examples of one data seed, from LM-BFF's layout `DATA/16-13/{train,dev,test}.tsv` (k-seed): k examples
 * per class for training, as many for development, and at most `testExamples` for testing.
 * Where there is no folder for this k, the next larger one is used, and k of its examples per class.
 *
 * @param warn is told of a class with fewer than k examples for training or development
 * @throws naming the folders that are there if none is large enough, or the file and label if a class has no example
 */
export function readFewShot(
  data: string,
  task: Task,
  { k, seed, testExamples, warn = warnOnce }: FewShotOptions,
): Record<Split, Example[]> {
  const directory = fewShotFolder(data, { k, seed });
  const perClass = (split: Split): Example[] => {
    const examples = readSplit(directory, split, task, warn);
    const file = dataFile(directory, task.files?.[split] ?? split, task);
    return task.labels.flatMap((name, label) => {
      const own = examples.filter((example) => classOf(example.label) === label);
      const shortage = shortageText(file, own.length, k, name);
      if (own.length === 0) throw new InputError(`${shortage}: every class needs some, in ${split} as well`, { file });
      if (own.length < k) warn(shortage);
      return evenly(own, k);
    });
  };
  return { train: perClass("train"), dev: perClass("dev"), test: readExamples(directory, "test", task, testExamples) };
}

/**
 * The folder of one data seed with at least k examples per class: the smallest that is there.
 *
 * @throws naming the folders that are there if none is large enough
 */
export function fewShotFolder(data: string, { k, seed }: { k: number; seed: number }): string {
  if (!existsSync(data)) throw new InputError(`the data folder ${data} does not exist`);
  const folders = readdirSync(data).filter((name) => /^\d+-\d+$/.test(name));
  const sizes = folders.filter((name) => name.endsWith(`-${seed}`)).map((name) => Number.parseInt(name, 10));
  const size = Math.min(...sizes.filter((candidate) => candidate >= k));
  if (size === Infinity)
    throw new InputError(
      `${data} has no folder with at least ${k} examples per class for seed ${seed}; it has: ${folders.join(", ") || "none named like 16-13"}`,
    );
  return join(data, `${size}-${seed}`);
}

/** At most `limit` items, taken evenly over the list, in its order. */
export function evenly<T>(items: T[], limit: number): T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]);
}
