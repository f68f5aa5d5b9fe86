/** What an explorer computes with: a model, a few-shot draw in its prompt, and what was computed of both before. */
import type { StoredTensor } from "../files/safetensors";
import type { Formula } from "../kernels/formula";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { outputsOf, promptHead } from "../experiment/outputs";
import type { Outputs } from "../kernels/outputs";
import { architectureOf, wordEmbeddingsName } from "../model/architecture";
import { dispose, tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import { fromInt8Rows } from "../model/int8-rows";
import type { Model } from "../model/model";
import { parseModelConfig } from "../model/model-config";
import { createTokenizer, type Tokenizer } from "../model/tokenizer";
import { checkClasses } from "../solvers/metrics";
import { encodePrompt } from "../tasks/prompt";
import type { Example, Task } from "../tasks/task";

/** A parameter as a page carries it: float32, or int8 rows with their scales. */
export interface EmbeddedWeight {
  values: StoredTensor<"F32"> | StoredTensor<"I8">;
  /** Of int8 rows. */
  scale?: StoredTensor<"F32">;
}

/** A fine-tuned model as what it adds to the pretrained one: the parameters that differ, LoRA factors among them. */
export interface EmbeddedTuned {
  /** How it was trained, for readers: "LoRA, rank 8, AdamW, 30 steps". */
  method: string;
  weights: Record<string, EmbeddedWeight>;
  /** α / rank, where there are LoRA factors. */
  loraScale?: number;
}

/** What a notebook's run knows of the test part: kernel columns [n, C, m, C] by formula, and the outputs f of both sides. */
export interface TestColumns {
  kernels: Partial<Record<Formula, KernelTensor>>;
  trainLogits: LogitsTensor;
  logits: LogitsTensor;
}

/** A scene as data: JSON and typed arrays, which structured clone and a page can carry. */
export interface EmbeddedScene {
  model: {
    /** What readers call it. */
    name: string;
    hash: string;
    /** The parsed config.json. */
    config: unknown;
    /** The parsed tokenizer.json. */
    tokenizer: unknown;
    /** By Hugging Face's names; a decoder that is not among them is the word embeddings. */
    weights: Record<string, EmbeddedWeight>;
  };
  task: Task;
  train: Example[];
  /** The part of the test examples that comes along. */
  test: Example[];
  /** Of the training examples with themselves, [n, C, n, C], by formula: what a browser's results are compared with. */
  kernels: Partial<Record<Formula, KernelTensor>>;
  /** With them a test sentence is answered at once. */
  tests?: TestColumns;
  /** Of kernel regression: relative to the largest singular value, and the f0 scaling (default: pretrained outputs do not count). */
  regularization: number;
  f0?: number;
  tuned?: EmbeddedTuned;
}

/** Examples as the model reads them. */
export interface PromptedExamples {
  examples: Example[];
  sequences: Sequence[];
  /** Class index of each. */
  labels: number[];
}

/** What one prompt makes of the draw. */
export interface Prompted {
  task: Task;
  /** The margin of two classes, else every class's logit. */
  outputs: Outputs;
  train: PromptedExamples;
  test: PromptedExamples;
}

/** A scene with its tensors. Release with {@link Scene.dispose}. */
export interface Scene extends Prompted {
  name: string;
  model: Model;
  tokenizer: Tokenizer;
  kernels: Map<Formula, KernelTensor>;
  tests?: TestColumns;
  regularization: number;
  f0: number;
  tuned?: { method: string; model: Model };
  /** What one answer leaves for the next. */
  memory: Map<string, { value: unknown; dispose?: () => void }>;
  dispose(): void;
}

/** A model on the tensor backend, which several scenes may share. */
export type HeldModel = Pick<Scene, "name" | "model" | "tokenizer" | "dispose">;

/**
 * Puts a model's weights on the tensor backend.
 * @throws naming the field or weight that does not fit
 */
export function holdModel(given: EmbeddedScene["model"]): HeldModel {
  const config = parseModelConfig(given.config, `${given.name}: config.json`);
  const parameters = tensorsOf(given.weights);
  const { decoder } = architectureOf(config).head;
  const embeddings = parameters.get(wordEmbeddingsName(architectureOf(config)));
  if (!parameters.has(decoder) && embeddings) parameters.set(decoder, tf.keep(tf.clone(embeddings)));
  const model: Model = { config, parameters, hash: given.hash };
  const tokenizer = createTokenizer(given.tokenizer, `${given.name}: tokenizer.json`);
  return { name: given.name, model, tokenizer, dispose: () => dispose([...parameters.values()]) };
}

/** A scene with a model of its own. */
export function createScene({ model, ...rest }: EmbeddedScene): Scene {
  const held = holdModel(model);
  return createSceneOn(held, rest, held.dispose);
}

/**
 * Puts a scene's examples into the task's prompt, beside a model that stays the caller's.
 *
 * @param release frees what is the scene's besides
 * @throws naming the template or label word that does not fit
 */
export function createSceneOn(
  { name, model, tokenizer }: Omit<HeldModel, "dispose">,
  embedded: Omit<EmbeddedScene, "model">,
  release?: () => void,
): Scene {
  const { task, tuned } = embedded;
  const added = tuned && tensorsOf(tuned.weights);
  return sceneOf({
    name,
    model,
    tokenizer,
    ...promptedOf(task, embedded, tokenizer),
    kernels: new Map(Object.entries(embedded.kernels) as [Formula, KernelTensor][]),
    tests: embedded.tests,
    regularization: embedded.regularization,
    f0: embedded.f0,
    tuned: tuned && {
      method: tuned.method,
      model: {
        ...model,
        parameters: new Map([...model.parameters, ...added!]),
        loraScale: tuned.loraScale,
        hash: `${model.hash}+tuned`,
      },
    },
    release: () => {
      dispose([...(added?.values() ?? [])]);
      release?.();
    },
  });
}

/** A scene of what is loaded already; its tensors stay the caller's unless `release` frees them. */
export function sceneOf({
  release,
  f0 = Infinity,
  ...rest
}: Omit<Scene, "memory" | "dispose" | "f0"> & { f0?: number; release?: () => void }): Scene {
  const memory: Scene["memory"] = new Map();
  return {
    ...rest,
    f0,
    memory,
    dispose: () => {
      memory.forEach((kept) => kept.dispose?.());
      memory.clear();
      release?.();
    },
  };
}

/** A draw in a task's prompt. */
export function promptedOf(
  task: Task,
  { train, test }: { train: Example[]; test: Example[] },
  tokenizer: Tokenizer,
): Prompted {
  checkClasses([], task.target);
  const outputs = outputsOf(promptHead(task, tokenizer), task);
  const prompted = (examples: Example[]): PromptedExamples => ({
    examples,
    sequences: examples.map((example) => encodePrompt(example, task, tokenizer)),
    labels: examples.map(({ label }) => label),
  });
  return { task, outputs, train: prompted(train), test: prompted(test) };
}

function tensorsOf(weights: Readonly<Record<string, EmbeddedWeight>>): Map<string, Tensor> {
  return new Map(
    Object.entries(weights).map(([name, { values, scale }]) => [
      name,
      tf.keep(tf.tensor(values.dtype === "I8" ? fromInt8Rows(values, scale) : values.data, values.shape, "float32")),
    ]),
  );
}
