/** What Node and a page compute alike: kernels of every formula, logits, and training steps. */
import { fineTune } from "../../src/finetune/fine-tune";
import type { OptimizerName } from "../../src/finetune/optimizer";
import { FORMULAS } from "../../src/kernels/formula";
import { computeKernel } from "../../src/kernels/kernel";
import { marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import type { Sequence } from "../../src/model/batch";
import { labelWordHead } from "../../src/model/head";
import { disposeModel, type Model } from "../../src/model/model";
import { parseModelConfig } from "../../src/model/model-config";
import { predictLogits } from "../../src/model/predict";

/** A model and prompts as plain data. */
export interface Given {
  config: unknown;
  weights: Record<string, { shape: number[]; data: Float32Array }>;
  words: number[];
  train: Sequence[];
  evaluate: Sequence[];
  labels: number[];
  steps: number;
}

/** Lists of numbers by what they are. */
export type Numbers = Record<string, number[]>;

const OPTIMIZERS: Record<OptimizerName, number> = { sgd: 0.01, signgd: 1e-5, adamw: 1e-4 };

export async function numbersOf({ config, weights, words, train, evaluate, labels, steps }: Given): Promise<Numbers> {
  const model: Model = {
    config: parseModelConfig(config, "the given model"),
    parameters: new Map(
      Object.entries(weights).map(([name, { shape, data }]) => [name, tf.keep(tf.tensor(data, shape, "float32"))]),
    ),
    hash: "given",
  };
  const head = labelWordHead(words);
  const numbers: Numbers = { logits: [...predictLogits(model, head, evaluate)] };
  const { kernels } = await computeKernel({ model, outputs: marginOutput(head), train, evaluate, formulas: FORMULAS });
  for (const [formula, { values }] of kernels) numbers[formula] = [...values];
  for (const [optimizer, learningRate] of Object.entries(OPTIMIZERS)) {
    const tuned = await fineTune({
      model,
      head,
      train: { sequences: train, labels },
      dev: { sequences: train, labels },
      probe: evaluate,
      optimizer: optimizer as OptimizerName,
      seed: 0,
      learningRate,
      batchSize: train.length,
      steps,
      evaluateEvery: 1,
      keep: "last",
    });
    numbers[`${optimizer}: losses`] = tuned.history.map(({ loss }) => loss);
    numbers[`${optimizer}: logits`] = tuned.history.flatMap(({ logits }) => logits!);
    tuned.dispose();
  }
  disposeModel(model);
  return numbers;
}
