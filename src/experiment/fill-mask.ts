import { labelWordHead } from "../model/head";
import { predictLogits } from "../model/predict";
import type { Example, Task } from "../tasks/task";
import { encodePrompt, labelWordGroups } from "../tasks/prompt";
import type { LanguageModel } from "./language-model";

/** One candidate for the mask. */
export interface MaskFill {
  word: string;
  /** Softmax over the whole vocabulary, from 0 to 1. */
  probability: number;
  /** Whether it is one of the task's label words. */
  isLabelWord: boolean;
}

/** The example in the task's prompt, as the model reads it between the tokens that begin and end every sequence. */
export function promptText(
  { texts }: Pick<Example, "texts">,
  task: Task,
  tokenizer: LanguageModel["tokenizer"],
): string {
  const { ids, maskPosition } = encodePrompt({ texts, label: 0 }, task, tokenizer);
  const decode = (part: number[]): string =>
    tokenizer.decode(part.filter((id) => id !== tokenizer.clsId && id !== tokenizer.sepId));
  return `${decode(ids.slice(0, maskPosition))} ${tokenizer.idToToken(tokenizer.maskId)}${decode(ids.slice(maskPosition + 1))}`.trim();
}

/**
 * The `top` most likely words at the mask of a prompted example, and the label words wherever they come, most likely first,
 * each with its probability over the whole vocabulary.
 */
export function fillMask(
  { model, tokenizer }: Pick<LanguageModel, "model" | "tokenizer">,
  { texts }: Pick<Example, "texts">,
  task: Task,
  top = 10,
): MaskFill[] {
  // Every token as a label word: the same decoder as the task's outputs, also where it is not the word embeddings.
  const head = labelWordHead(Array.from({ length: model.config.vocabSize }, (_, id) => id));
  const logits = predictLogits(model, head, [encodePrompt({ texts, label: 0 }, task, tokenizer)]);
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = weights.reduce((a, b) => a + b);
  const labelIds = labelWordGroups(task, tokenizer).flat();
  const ranked = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a]);
  return ranked
    .filter((id, rank) => rank < top || labelIds.includes(id))
    .map((id) => ({
      word: tokenizer.decode([id]).trim(),
      probability: weights[id] / total,
      isLabelWord: labelIds.includes(id),
    }));
}
