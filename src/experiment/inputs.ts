import { InputError } from "../errors";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodePrompt, encodeUnprompted, type EncodedPrompt } from "../tasks/prompt";
import type { Example, Split, Task } from "../tasks/task";
import { readSplit } from "../tasks/split";
import type { TextEncoder } from "../tasks/text-encoder";

/** Labelled examples together with the token ids that the model reads. */
export interface Inputs {
  examples: Example[];
  sequences: EncodedPrompt[];
  /** Class index of each example. */
  labels: number[];
}

/** Examples in the task's prompt, or without one when `prompted` is false. */
export function encodeExamples(
  examples: Example[],
  task: Task,
  tokenizer: TextEncoder,
  { prompted = true } = {},
): Inputs {
  const encode = prompted ? encodePrompt : encodeUnprompted;
  const sequences = examples.map((example) => encode(example, task, tokenizer));
  return { examples, sequences, labels: examples.map(({ label }) => label) };
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

/**
 * One split of a folder, at most `limit` examples of it. Those are taken evenly over the file and keep its order:
 * training files stand label by label, so their first lines would all have one label.
 */
export function readExamples(directory: string, split: Split, task: Task, limit = Infinity): Example[] {
  return evenly(readSplit(directory, split, task), limit);
}

/**
 * The few-shot examples of one data seed, from LM-BFF's layout `DATA/16-13/{train,dev,test}.tsv` (k-seed): k examples
 * per class for training, as many for development, and at most `testExamples` for testing.
 * Where there is no folder for this k, the next larger one is used, and k of its examples per class.
 *
 * @throws naming the folders that are there if none is large enough
 */
export function readFewShot(
  data: string,
  task: Task,
  { k, seed, testExamples }: { k: number; seed: number; testExamples?: number },
): Record<Split, Example[]> {
  const directory = fewShotFolder(data, { k, seed });
  const perClass = (split: Split): Example[] => {
    const examples = readSplit(directory, split, task);
    return task.labels.flatMap((_, label) =>
      evenly(
        examples.filter((example) => example.label === label),
        k,
      ),
    );
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
