/** Which parameters a run trains. */
import { selectParameters } from "../kernels/parameter-filter";
import { tf } from "../model/backend";
import { collate, type Sequence } from "../model/batch";
import type { Head } from "../model/head";
import { withLora } from "../model/lora";
import type { Model } from "../model/model";
import { parameterGradients } from "./parameter-gradients";
import type { TrainingConfig } from "./training-config";

/** The model that training begins from, and what is trained of it. */
export interface TrainedParameters {
  /** The given model, with LoRA factors where they are asked for. */
  model: Model;
  names: string[];
  /** Releases the first LoRA factors. */
  dispose(): void;
}

/**
 * Finds the parameters to train among those that the head's loss reaches. LoRA's factors are added here; with them the
 * head is trained too, unless the config says otherwise. BitFit trains the biases, and a new classifier whole.
 *
 * @param example any input of the run: one backward pass tells which parameters the loss reaches
 * @throws if the filter fits no such parameter
 */
export function trainedParameters(
  model: Model,
  head: Head,
  example: Sequence,
  { parameters, seed }: Pick<TrainingConfig, "parameters" | "seed">,
): TrainedParameters {
  if (typeof parameters === "object" && "lora" in parameters) {
    const { head: withHead, ...lora } = parameters.lora;
    const adapted = withLora(model, { ...lora, seed });
    const factors = [...adapted.parameters.keys()].filter((name) => !model.parameters.has(name));
    const names = selectParameters(reachedParameters(adapted, head, example), withHead ? ["lora", "head"] : ["lora"]);
    return {
      model: adapted,
      names: [...names],
      dispose: () => factors.forEach((name) => adapted.parameters.get(name)?.dispose()),
    };
  }
  const reached = reachedParameters(model, head, example);
  const filters = {
    all: [],
    head: ["head"],
    bitfit: reached.some((name) => name.startsWith("classifier.")) ? ["biases", "classifier.*"] : ["biases"],
  };
  const names = selectParameters(reached, typeof parameters === "string" ? filters[parameters] : parameters.filter);
  return { model, names: [...names], dispose: () => undefined };
}

/** Names of the parameters that the head's loss reaches, found by one backward pass. */
function reachedParameters(model: Model, head: Head, example: Sequence): string[] {
  const batch = collate([example], model.config);
  const { gradients } = parameterGradients(model, head, batch, (logits) => ({
    loss: tf.mean(logits),
    delta: tf.onesLike(logits),
  }));
  tf.dispose([...gradients.values()]);
  return [...gradients.keys()];
}
