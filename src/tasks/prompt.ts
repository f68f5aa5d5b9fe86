import { InputError } from "../errors";
import type { Example, Task } from "./task";
import { parseTemplate, type TemplatePart } from "./template";
import type { TextEncoder } from "./text-encoder";

/** What a prompt takes of a task. */
type PromptTask = Pick<Task, "name" | "template" | "maxLength" | "firstSentenceLimit" | "otherSentenceLimit">;

/** A prompted example as token ids, unpadded. */
export interface EncodedPrompt {
  ids: number[];
  /** Index of the mask token in `ids`. */
  maskPosition: number;
}

/** One token on its way into a prompt. */
export interface PromptToken {
  id: number;
  /** What it comes from: the template's own words, a special token, or a text of the example. */
  from: "special" | "template" | "text";
  /** Which text, counted from 0. */
  text?: number;
  /** Why the model does not see it: its text's limit, or the prompt's longest length. */
  cutBy?: "sentence limit" | "longest length";
}

/**
 * Every token of the example in the task's prompt, those that are cut off among them. Each sentence is first cut to its
 * limit, then the whole loses its end beyond the task's longest length.
 *
 * @throws if the template is malformed or asks for a text the example has not
 */
export function promptTokens(example: Example, task: PromptTask, tokenizer: TextEncoder): PromptToken[] {
  let kept = 0;
  return parseTemplate(task.template)
    .flatMap((part) => encodePart(part, example, task, tokenizer))
    .map((token) =>
      token.cutBy === undefined && kept++ >= task.maxLength ? { ...token, cutBy: "longest length" } : token,
    );
}

/**
 * The example in the task's prompt, as token ids without padding: the tokens of {@link promptTokens} that are not cut off.
 *
 * @throws if the template is malformed, asks for a text the example has not, or the mask is cut off
 */
export const encodePrompt = (example: Example, task: PromptTask, tokenizer: TextEncoder): EncodedPrompt =>
  promptAndCut(example, task, tokenizer).prompt;

/** A prompt, and whether the model misses some token of the example. */
export interface PromptAndCut {
  prompt: EncodedPrompt;
  isCut: boolean;
}

/** {@link encodePrompt}, which tells of cuts. */
export function promptAndCut(example: Example, task: PromptTask, tokenizer: TextEncoder): PromptAndCut {
  const all = promptTokens(example, task, tokenizer);
  const tokens = all.filter(({ cutBy }) => cutBy !== "sentence limit");
  const ids = tokens.slice(0, task.maxLength).map(({ id }) => id);
  const maskPosition = tokens.findIndex(({ id, from }) => from === "special" && id === tokenizer.maskId);
  if (maskPosition >= ids.length) {
    throw new InputError(
      `task ${task.name}: the mask is at token ${maskPosition + 1} of the prompt, beyond the longest length ${task.maxLength}: ` +
        `set a smaller firstSentenceLimit or otherSentenceLimit, or a larger maxLength (text: ${JSON.stringify(example.texts.join(" / ").slice(0, 60))})`,
    );
  }
  return { prompt: { ids, maskPosition }, isCut: ids.length < all.length };
}

function encodePart(part: TemplatePart, example: Example, task: PromptTask, tokenizer: TextEncoder): PromptToken[] {
  switch (part.kind) {
    case "special":
      return [
        { id: { cls: tokenizer.clsId, mask: tokenizer.maskId, sep: tokenizer.sepId }[part.token], from: "special" },
      ];
    case "sentence": {
      const text = example.texts[part.index];
      if (text === undefined) {
        throw new InputError(
          `template ${JSON.stringify(task.template)} of task ${task.name} asks for text ${part.index}, but the example has ${example.texts.length}`,
        );
      }
      const limit = (part.index === 0 ? task.firstSentenceLimit : task.otherSentenceLimit) ?? Infinity;
      return tokenizer.encodeText(part.change(text)).map((id, i) => ({
        id,
        from: "text",
        text: part.index,
        ...(i >= limit ? { cutBy: "sentence limit" as const } : {}),
      }));
    }
    case "literal":
      return encodeLiteral(part.text, task, tokenizer).map((id) => ({ id, from: "template" }));
  }
}

function encodeLiteral(text: string, task: Pick<Task, "template">, tokenizer: TextEncoder): number[] {
  if ([...text].length !== 1) {
    const ids = tokenizer.encode(text);
    if (!ids.includes(tokenizer.maskId)) return ids;
    throw new InputError(
      `template ${JSON.stringify(task.template)}: ${JSON.stringify(text)} holds the mask token itself: write *mask* where the label word is to be predicted`,
    );
  }
  const id = tokenizer.tokenToId(text);
  if (id === undefined) {
    throw new InputError(
      `template ${JSON.stringify(task.template)}: the single character ${JSON.stringify(text)} is not a token of the vocabulary`,
    );
  }
  return [id];
}

/**
 * The example without a prompt, for a new head on the first position: <s> text </s>, or <s> text </s> text </s>.
 * Sentence limits do not apply; the end is cut beyond the task's longest length.
 *
 * @returns ids with `maskPosition` 0, the place of <s>
 */
export const encodeUnprompted = (
  example: Example,
  task: Pick<Task, "maxLength">,
  tokenizer: TextEncoder,
): EncodedPrompt => unpromptedAndCut(example, task, tokenizer).prompt;

/** {@link encodeUnprompted}, which tells of cuts. */
export function unpromptedAndCut(
  example: Example,
  task: Pick<Task, "maxLength">,
  tokenizer: TextEncoder,
): PromptAndCut {
  const texts = example.texts.flatMap((text) => [...tokenizer.encodeText(text), tokenizer.sepId]);
  const ids = [tokenizer.clsId, ...texts].slice(0, task.maxLength);
  return { prompt: { ids, maskPosition: 0 }, isCut: ids.length <= texts.length };
}

/**
 * Token ids of each label's words, in label order. A word stands after a space ("Ġgreat"; WordPiece: "great") and must be
 * one token; one that begins with `<`, `[`, `.`, `,` or `:` is taken as a token as it is written.
 *
 * @throws naming the word if it is not one token, is unknown, or two share a token
 */
export function labelWordGroups(
  task: Pick<Task, "name" | "labels" | "labelWords">,
  tokenizer: TextEncoder,
): number[][] {
  if (task.labelWords.length !== task.labels.length) {
    throw new InputError(
      `task ${task.name} has ${task.labels.length} labels but ${task.labelWords.length} label words`,
    );
  }
  const groups = task.labelWords.map((written) => written.split("|").map((word) => ({ word, written })));
  const ids = groups.map((words) => words.map(({ word }) => labelWordId(word, task.name, tokenizer)));
  const [words, flat] = [groups.flat(), ids.flat()];
  const repeated = flat.findIndex((id, i) => flat.indexOf(id) < i);
  if (repeated >= 0) {
    throw new InputError(
      `task ${task.name}: label words ${JSON.stringify(words[flat.indexOf(flat[repeated])].word)} and ${JSON.stringify(words[repeated].word)} are the same token`,
    );
  }
  return ids;
}

/**
 * {@link labelWordGroups} where every label has one word.
 *
 * @throws naming a label's words if there are several
 */
export function labelWordIds(task: Pick<Task, "name" | "labels" | "labelWords">, tokenizer: TextEncoder): number[] {
  return labelWordGroups(task, tokenizer).map((ids, c) => {
    if (ids.length > 1)
      throw new InputError(
        `task ${task.name}: label ${task.labels[c]} has several words, ${task.labelWords[c]}, and so no single token: promptOutputs combines them`,
      );
    return ids[0];
  });
}

function labelWordId(word: string, task: string, tokenizer: TextEncoder): number {
  if (word.trim() === "") throw new InputError(`task ${task}: a label word is empty`);
  const fail = (problem: string): never => {
    throw new InputError(`task ${task}: label word ${JSON.stringify(word)} ${problem}`);
  };
  if (/^[<[.,:]/.test(word)) {
    const id = tokenizer.tokenToId(word) ?? fail("is not a token of the vocabulary");
    if ([tokenizer.maskId, tokenizer.padId, tokenizer.clsId, tokenizer.sepId].includes(id))
      fail("is a special token, which the model never predicts: choose a word");
    return id;
  }
  const tokens = tokenizer.encode(` ${word}`);
  if (tokens.length !== 1) fail(`is ${tokens.length} tokens in this vocabulary: choose a word that is one`);
  if (tokens[0] === tokenizer.unkId) fail("is unknown to this vocabulary: choose a word that it has");
  return tokens[0];
}
