/** A scene from what a notebook cell said and a loaded model: kernels computed or read from disk, a short fine-tuning. */
import type { LanguageModel } from "../experiment/language-model";
import { fineTune } from "../finetune/fine-tune";
import type { Formula } from "../kernels/formula";
import { computeKernel } from "../kernels/kernel";
import type { ExplorerSpec } from "./answer";
import { promptedOf, sceneOf, type Scene } from "./scene";

export interface SceneOptions {
  /** The kernels of the training sentences that come along. */
  formulas: readonly Formula[];
  /** For a page: also fine-tunes, and computes the kernels of the test part. Default: false. */
  forPage?: boolean;
  /** Folder that keeps kernels. Default: none are kept. */
  store?: string;
  signal?: AbortSignal;
}

/**
 * The fine-tuning whose answer is shown: LoRA, because its factors are some hundred kilobytes, which a page can carry,
 * and the whole of a fine-tuned model is not.
 */
const TUNING = {
  optimizer: "adamw",
  learningRate: 1e-3,
  batchSize: 8,
  steps: 40,
  evaluateEvery: 40,
  keep: "last",
  parameters: { lora: { rank: 8, alpha: 16, head: false } },
  seed: 1,
} as const;

/** How readers are told of it. */
const METHOD = `LoRA of rank ${TUNING.parameters.lora.rank}, ${TUNING.steps} steps of AdamW on the same sentences`;

/**
 * @returns a scene whose pretrained model stays the caller's; {@link Scene.dispose} frees the rest
 * @throws as the prompt, the kernels and fine-tuning do
 */
export async function makeScene(
  { model: name, task, draw, regularization, f0 }: ExplorerSpec,
  { model, tokenizer }: Pick<LanguageModel, "model" | "tokenizer">,
  { formulas, forPage = false, store, signal }: SceneOptions,
): Promise<Scene> {
  const prompted = promptedOf(task, draw, tokenizer);
  const { outputs, train, test } = prompted;
  const kernelsWith = (evaluate: typeof train): ReturnType<typeof computeKernel> =>
    computeKernel({ model, outputs, train: train.sequences, evaluate: evaluate.sequences, formulas, store, signal });
  const { kernels } = await kernelsWith(train);
  const tests = forPage ? await kernelsWith(test) : undefined;
  // Nothing is chosen on dev: the last parameters are kept.
  const run = forPage ? await fineTune({ ...TUNING, model, head: outputs.head, train, dev: train, signal }) : undefined;
  return sceneOf({
    name,
    model,
    tokenizer,
    ...prompted,
    kernels,
    ...(tests
      ? {
          tests: {
            kernels: Object.fromEntries(tests.kernels),
            trainLogits: tests.trainLogits,
            logits: tests.evaluateLogits,
          },
        }
      : {}),
    regularization,
    f0,
    ...(run ? { tuned: { method: METHOD, model: run.model } } : {}),
    release: run?.dispose,
  });
}
