import { join } from "node:path";
import type { EncodedPrompt } from "../tasks/encoded-prompt";
import type { Example } from "../tasks/example";
import { encodePrompt, encodeUnprompted } from "../tasks/prompt";
import { readSplit } from "../tasks/split";
import type { Split, Task } from "../tasks/task";
import type { TextEncoder } from "../tasks/text-encoder";

/** Labelled examples together with the token ids that the model reads. */
export interface Inputs {
  examples: Example[];
  sequences: EncodedPrompt[];
  /** Class index of each example. */
  labels: number[];
}

/** Examples in the task's prompt, or without one when `prompted` is false. */
export function encodeExamples(examples: Example[], task: Task, tokenizer: TextEncoder, { prompted = true } = {}): Inputs {
  const encode = prompted ? encodePrompt : encodeUnprompted;
  const sequences = examples.map((example) => encode(example, task, tokenizer));
  return { examples, sequences, labels: examples.map(({ label }) => label) };
}

/** LM-BFF's folder for k examples per class and one data seed: `DATA/16-13`. */
export const splitFolder = (data: string, k: number, seed: number): string => join(data, `${k}-${seed}`);

/**
 * One split of a folder, at most `limit` examples of it. Those are taken evenly over the file and keep its order:
 * training files stand label by label, so their first lines would all have one label.
 */
export function readExamples(directory: string, split: Split, task: Task, limit = Infinity): Example[] {
  const examples = readSplit(directory, split, task);
  if (examples.length <= limit) return examples;
  return Array.from({ length: limit }, (_, i) => examples[Math.floor((i * examples.length) / limit)]);
}
