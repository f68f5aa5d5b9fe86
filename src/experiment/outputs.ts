/** The outputs f of an experiment, and the gradient of one. */
import { InputError } from "../errors";
import { parameterGradients } from "../finetune/parameter-gradients";
import { logitOutputs, marginOutput, type Outputs } from "../kernels/outputs";
import { tf } from "../model/backend";
import { collate, type Sequence } from "../model/batch";
import { classifierHead, labelWordHead, type Head } from "../model/head";
import type { Model } from "../model/model";
import { labelWordGroups } from "../tasks/prompt";
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
  return outputsOf(promptHead(task, tokenizer, { tied }), task, kind);
}

/** The masked-LM head on the task's label words. */
export const promptHead = (task: Task, tokenizer: TextEncoder, { tied = false } = {}): Head =>
  labelWordHead(labelWordGroups(task, tokenizer), { tied, combine: task.combineWords });

/** The outputs of a new linear head on `<s>`, for inputs without a prompt; see `withClassifier` for its parameters. */
export function newHeadOutputs(task: Task, kind: OutputKind = "logits"): Outputs {
  return outputsOf(classifierHead, task, kind);
}

/** The outputs of a head for a task. Default: the margin of two classes, else the logits. */
export function outputsOf(
  head: Head,
  task: Task,
  kind: OutputKind = task.labels.length === 2 ? "margin" : "logits",
): Outputs {
  const classes = task.labels.length;
  if (kind === "logits") return logitOutputs(head, classes);
  if (classes !== 2)
    throw new InputError(
      `the margin is for two classes, and task ${task.name} has ${classes}: choose the outputs "logits"`,
    );
  return marginOutput(head);
}

/**
 * ∇f_c(x): the gradient of one output of one example with respect to every parameter it reaches, by parameter name,
 * flat and in float32. This is the plain way, one backward pass an example; kernels are computed without it.
 */
export function outputGradient(
  model: Model,
  { head, combine }: Outputs,
  example: Sequence,
  output = 0,
): Map<string, Float32Array> {
  const derivative = tf.tensor(combine[output], [1, combine[output].length]);
  const batch = collate([example], model.config);
  const { gradients } = parameterGradients(model, head, batch, (logits) => ({
    loss: tf.mean(logits),
    delta: tf.clone(derivative),
  }));
  const flat = new Map([...gradients].map(([name, gradient]) => [name, (gradient.dataSync() as Float32Array).slice()]));
  tf.dispose([derivative, ...gradients.values()]);
  return flat;
}
