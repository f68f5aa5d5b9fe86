import { logitOutputs, marginOutput, type Outputs } from "../kernels/outputs";
import { classifierHead, labelWordHead, type Head } from "../model/head";
import { labelWordIds } from "../tasks/prompt";
import type { Task } from "../tasks/task";
import type { TextEncoder } from "../tasks/text-encoder";

/** What the kernel compares gradients of: every class's logit, or for two classes the one margin f₁ − f₀. */
export type OutputKind = "logits" | "margin";

/** The prompt's outputs: the masked-LM head's logits of the task's label words. */
export function promptOutputs(
  task: Task,
  tokenizer: TextEncoder,
  kind: OutputKind = "logits",
  { tied = false } = {},
): Outputs {
  return outputsOf(labelWordHead(labelWordIds(task, tokenizer), { tied }), task, kind);
}

/** The outputs of a new linear head on `<s>`, for inputs without a prompt; see `withClassifier` for its parameters. */
export function newHeadOutputs(task: Task, kind: OutputKind = "logits"): Outputs {
  return outputsOf(classifierHead, task, kind);
}

function outputsOf(head: Head, task: Task, kind: OutputKind): Outputs {
  const classes = task.labels.length;
  if (kind === "logits") return logitOutputs(head, classes);
  if (classes !== 2)
    throw new Error(`the margin is for two classes, and task ${task.name} has ${classes}: choose the outputs "logits"`);
  return marginOutput(head);
}
