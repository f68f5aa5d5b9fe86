/** One measurement of kernel behaviour on a task's few-shot draw, as a sweep would do it, for a notebook's cell. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TrainingSettings } from "../finetune/training-config";
import { tf } from "../model/backend";
import { withClassifier } from "../model/head";
import { taskByName, taskFolder, type Split } from "../tasks/task";
import { behaviorRun } from "./behavior-run";
import type { BehaviorRunOptions } from "./behavior-settings";
import type { BehaviorResult } from "./behavior-table";
import { encodeExamples, readFewShot, type Inputs } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { newHeadOutputs, promptOutputs } from "../experiment/outputs";
import { modelName } from "./sweep-file";
import type { SettingValue } from "./sweep-table";

export interface MeasureBehaviorOptions extends Pick<
  BehaviorRunOptions,
  "learningRates" | "kernels" | "featureExamples" | "featuresAlong" | "store" | "onProgress" | "signal"
> {
  lm: LanguageModel;
  /** Holds a folder of few-shot draws for each task. */
  data: string;
  /** The name of a known task. */
  task: string;
  k: number;
  seed: number;
  /** At most so many, taken evenly. */
  testExamples?: number;
  /** As tables should name it. */
  method: string;
  /** False: a new linear head on the text alone. Default true. */
  prompted?: boolean;
  /** Of the training run, but for its seed and metric, which are the draw's and the task's. */
  settings: Omit<TrainingSettings, "learningRate" | "seed" | "metric">;
}

/** The inputs of a few-shot draw in a task's prompt, or without it. */
export function drawInputs({
  lm,
  data,
  task: name,
  k,
  seed,
  testExamples,
  prompted = true,
}: Pick<MeasureBehaviorOptions, "lm" | "data" | "task" | "k" | "seed" | "testExamples" | "prompted">): Record<
  Split,
  Inputs
> {
  const task = taskByName(name);
  const folders = [taskFolder(task), name].map((folder) => join(data, folder));
  const examples = readFewShot(folders.find(existsSync) ?? folders[0], task, { k, seed, testExamples });
  const encode = (split: Split): Inputs => encodeExamples(examples[split], task, lm.tokenizer, { prompted });
  return { train: encode("train"), dev: encode("dev"), test: encode("test") };
}

/**
 * Measures kernel behaviour on one few-shot draw of a task (Section 6.2 of the paper): of the margin for two classes, else
 * of the logits. A finished measurement in `store` is read.
 */
export async function measureBehavior({
  lm,
  data,
  task: name,
  k,
  seed,
  testExamples,
  method,
  prompted = true,
  settings,
  ...options
}: MeasureBehaviorOptions): Promise<BehaviorResult> {
  const task = taskByName(name);
  const inputs = drawInputs({ lm, data, task: name, k, seed, testExamples, prompted });
  const kind = task.labels.length === 2 ? "margin" : "logits";
  const outputs = prompted ? promptOutputs(task, lm.tokenizer, kind) : newHeadOutputs(task, kind);
  const model = prompted ? lm.model : withClassifier(lm.model, task.labels.length, seed);
  try {
    const run = await behaviorRun({ ...settings, ...options, ...inputs, model, outputs, seed, metric: task.metric });
    const setting = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Record<
      string,
      SettingValue
    >;
    return {
      task: name,
      k,
      seed,
      method,
      setting,
      model: modelName({ model: lm.directory }),
      modelHash: lm.model.hash,
      testExamples: inputs.test.labels.length,
      ...run,
    };
  } finally {
    if (model !== lm.model)
      tf.dispose(
        [...model.parameters].filter(([parameter]) => !lm.model.parameters.has(parameter)).map(([, tensor]) => tensor),
      );
  }
}
