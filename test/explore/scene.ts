/** A small scene: random weights of two layers, the English tokenizer, a draw of film reviews. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { readFewShot } from "../../src/experiment/inputs";
import type { EmbeddedScene, EmbeddedWeight } from "../../src/explore/scene";
import { readCheckpoint } from "../../src/model/checkpoint";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import type { Formula } from "../../src/kernels/formula";
import { taskByName, type Task } from "../../src/tasks/task";
import { root } from "../support/checkout";
import { smallEnglishModel } from "../support/small-english-model";

export const f32 = (shape: number[], data: Float32Array): EmbeddedWeight => ({ values: { dtype: "F32", shape, data } });

export interface SmallScene {
  k?: number;
  task?: Task;
  kernels?: Partial<Record<Formula, KernelTensor>>;
  f0?: number;
}

export function smallScene(
  t: { after(clean: () => void): void },
  { k = 3, task = taskByName("movies-2"), kernels = {}, f0 }: SmallScene = {},
): EmbeddedScene {
  const { config, hash, weights } = readCheckpoint(smallEnglishModel(t));
  const data = path.join(root, "data", "english", "tasks", task.folder ?? task.name);
  const { train, test } = readFewShot(data, task, { k, seed: 13, testExamples: 10 });
  return {
    model: {
      name: "small",
      hash,
      config: config.raw,
      tokenizer: JSON.parse(
        readFileSync(path.join(root, "data", "english", "model", "tokenizer.json"), "utf8"),
      ) as unknown,
      weights: Object.fromEntries([...weights].map(([name, { shape, data }]) => [name, f32(shape, data)])),
    },
    task,
    train,
    test,
    kernels,
    regularization: 0.01,
    f0,
  };
}
