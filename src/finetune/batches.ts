/** The order in which a run reads its training examples. */
import { randomStream, shuffled } from "../random";

export interface BatchOptions {
  /** Number of training examples. */
  examples: number;
  batchSize: number;
  /** Batches whose gradients are averaged for one optimizer step. */
  accumulate: number;
  seed: number;
}

/** Batches in an epoch; the last one may be smaller than the others. */
const batchesPerEpoch = ({ examples, batchSize }: Pick<BatchOptions, "examples" | "batchSize">): number =>
  Math.ceil(examples / batchSize);

/** Optimizer steps in an epoch, as the authors' trainer counts them: at least one. */
export const stepsPerEpoch = (options: Pick<BatchOptions, "examples" | "batchSize" | "accumulate">): number =>
  Math.max(1, Math.floor(batchesPerEpoch(options) / options.accumulate));

/**
 * The batches (of example indices) of each optimizer step, without end. Each epoch is a new shuffle. As in the authors'
 * trainer, batches left over at the end of an epoch count with the first step of the next one; an epoch with fewer
 * batches than are accumulated is one step.
 */
export function* trainingBatches(options: BatchOptions): Generator<number[][]> {
  const { examples, batchSize, accumulate, seed } = options;
  const random = randomStream(seed);
  const indices = Array.from({ length: examples }, (_, i) => i);
  const count = batchesPerEpoch(options);
  let waiting: number[][] = [];
  for (;;) {
    const order = shuffled(indices, random);
    for (let batch = 0; batch < count; batch++) {
      waiting.push(order.slice(batch * batchSize, (batch + 1) * batchSize));
      if ((batch + 1) % accumulate !== 0 && !(count <= accumulate && batch === count - 1)) continue;
      yield waiting;
      waiting = [];
    }
  }
}
