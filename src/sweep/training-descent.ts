/** Kernel gradient descent as the counterpart of a fine-tuning run: the same batches, learning rates, loss and clipping. */
import { kernelDescent, type KernelDescentOptions, type KernelDescentRecord } from "../behavior/kernel-descent";
import { DivergedError } from "../errors";
import { trainingBatches } from "../finetune/batches";
import { scheduledRate } from "../finetune/optimizer";
import { runLength, type TrainingConfig } from "../finetune/training-config";

/** The learning rate and the indices of the training examples of each step of a run. */
export function trainingSteps(config: TrainingConfig, examples: number): { rates: number[]; batches: number[][] } {
  const { steps, warmup } = runLength(config, examples);
  const order = trainingBatches({ ...config, examples });
  const rates = Array.from({ length: steps }, (_, t) =>
    scheduledRate(config.schedule, config.learningRate, t, steps, warmup),
  );
  return { rates, batches: rates.map(() => (order.next().value as number[][]).flat()) };
}

/** Why a run has no such counterpart, or undefined if it has one. */
export function withoutDescent(
  { optimizer, batchSize, accumulate, weightDecay, loss }: TrainingConfig,
  outputs: number,
): string | undefined {
  if (optimizer !== "sgd" && (outputs > 1 || batchSize > 1 || accumulate > 1))
    return "sign kernels predict steps on one example with one output (batchSize 1, the margin)";
  if (accumulate > 1) return "gradients are accumulated over batches";
  if (weightDecay > 0) return "weight decay has no counterpart";
  if (loss === "l2" && outputs === 1) return "the l2 loss is of logits, and the margin is one number";
  return undefined;
}

export interface TrainingDescentOptions extends Pick<KernelDescentOptions, "train" | "evaluate" | "record"> {
  config: TrainingConfig;
}

/**
 * Descends on a kernel at θ_0 as the run of `config` steps: along χ for SGD, sign(χ) for SignGD and, of its early steps, Adam.
 * Clipping counts for SGD alone: a sign has no size. Dropout is not part of it.
 *
 * @returns the outputs after the steps of `record`, or why there are none
 */
export async function trainingDescent(
  { config, ...options }: TrainingDescentOptions,
  signal?: AbortSignal,
): Promise<KernelDescentRecord[] | string> {
  const [examples, outputs] = options.train.kernel.shape;
  const reason = withoutDescent(config, outputs);
  if (reason !== undefined) return reason;
  const { loss, optimizer, clipNorm } = config;
  const how: Partial<KernelDescentOptions> =
    optimizer === "sgd" ? { direction: "gradient", clipNorm: clipNorm ?? undefined } : { direction: "sign" };
  try {
    const steps = trainingSteps(config, examples);
    return (await kernelDescent({ ...options, ...steps, loss, ...how }, signal)).records;
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return error.message;
  }
}
