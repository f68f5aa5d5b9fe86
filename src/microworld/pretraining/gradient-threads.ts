/**
 * A step's gradient, its shards computed side by side: the calling thread takes the first of them and worker threads the
 * others. The gradients are added up in the shards' order, so the number of threads changes no bit.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { FlatLayout } from "../../finetune/flat-parameters";
import { tf, type Tensor } from "../../model/backend";
import type { Checkpoint } from "../../model/checkpoint";
import type { Model } from "../../model/model";
import type { BatchShape, MaskedBatch } from "./masked-batches";
import { maskedGradient, type LossAndGradient } from "./masked-gradient";
import { countPlaces } from "./masked-loss";

/** What a thread is started with; the arrays are shared memory. */
export interface GradientThreadData {
  /** Gives the parameters that are not trained, and the shapes of the others. */
  start: Checkpoint;
  shape: BatchShape;
  /** The trained parameters [P], written by the calling thread before every step. */
  parameters: Float32Array;
  /** A gradient [P] for each shard, written by the thread that computes it. */
  gradients: Float32Array[];
}

/** A shard to compute; `count` is the number of places of all shards. The answer is the shards' losses. */
export interface ShardTask {
  shard: number;
  masked: MaskedBatch;
  count: number;
}

export interface GradientThreads {
  /**
   * The mean loss over the places of all shards, and its gradient, which the caller disposes of.
   * @param model with the values of `vector` in its trained parameters
   */
  gradient(model: Model, vector: Tensor, shards: readonly MaskedBatch[]): Promise<LossAndGradient>;
  /** Ends the threads, whatever they are doing. */
  close(): Promise<void>;
}

export interface GradientThreadsOptions {
  start: Checkpoint;
  layout: FlatLayout;
  shape: BatchShape;
  /** Number of shards of every step. */
  shards: number;
  /** Number of threads with the calling one; more than `shards` are of no use. */
  threads: number;
}

/**
 * Starts the threads. Shard s belongs to thread s mod `threads`; thread 0 is the caller. They are of use only if each
 * computes on one core: set TF_NUM_INTRAOP_THREADS to 1 before TensorFlow is loaded.
 */
export function createGradientThreads({ start, layout, shape, shards, threads }: GradientThreadsOptions): GradientThreads {
  if (!Number.isInteger(threads) || threads < 1) throw new Error(`pretraining: threads is ${threads}; it must be a whole number from 1`);
  const length = layout.sizes.reduce((a, b) => a + b, 0);
  const used = Math.min(threads, shards);
  const parameters = sharedFloats(used > 1 ? length : 0);
  const gradients = Array.from({ length: shards }, (_, shard) => sharedFloats(shard % used === 0 ? 0 : length));
  const workers = Array.from({ length: used - 1 }, (_, i) => startThread(i + 1, { start, shape, parameters, gradients }));

  return {
    async gradient(model, vector, batches) {
      const count = batches.reduce((sum, masked) => sum + countPlaces(masked), 0);
      const tasks = batches.map((masked, shard): ShardTask => ({ shard, masked, count }));
      const tasksOf = (thread: number): ShardTask[] => tasks.filter(({ shard }) => shard % used === thread);
      if (workers.length > 0) parameters.set(vector.dataSync() as Float32Array);
      const answers = Promise.all(workers.map((worker, i) => worker.ask(tasksOf(i + 1))));
      // Should this thread's own shards fail, that is the error to hear of, not what becomes of the others.
      answers.catch(() => undefined);
      const parts = new Map<number, LossAndGradient>();
      try {
        for (const { shard, masked } of tasksOf(0)) parts.set(shard, maskedGradient(model, layout, masked, shape, count));
        for (const [i, losses] of (await answers).entries()) {
          for (const [place, { shard }] of tasksOf(i + 1).entries()) {
            parts.set(shard, { loss: losses[place], gradient: tf.tensor1d(gradients[shard]) });
          }
        }
        const ordered = tasks.map(({ shard }) => parts.get(shard) as LossAndGradient);
        return {
          loss: ordered.reduce((sum, { loss }) => sum + loss, 0),
          gradient: tf.tidy(() => ordered.slice(1).reduce((sum, { gradient }) => tf.add(sum, gradient), tf.clone(ordered[0].gradient))),
        };
      } finally {
        for (const { gradient } of parts.values()) gradient.dispose();
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.end()));
    },
  };
}

/** Numbers that threads share. */
const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * length));

interface Thread {
  /** Sends shards and waits for their losses; rejected if the thread fails or has failed. */
  ask(tasks: ShardTask[]): Promise<number[]>;
  end(): Promise<unknown>;
}

function startThread(index: number, data: GradientThreadData): Thread {
  const worker = new Worker(join(__dirname, "gradient-worker.js"), { workerData: data });
  let failure: Error | undefined;
  let waiting: { resolve: (losses: number[]) => void; reject: (error: Error) => void } | undefined;
  const fail = (reason: string): void => {
    failure ??= new Error(`pretraining: thread ${index} failed: ${reason}`);
    waiting?.reject(failure);
  };
  worker.on("message", (losses: number[]) => waiting?.resolve(losses));
  worker.on("error", (error: Error) => fail(error.message));
  worker.on("exit", (code) => fail(`it ended with code ${code}`));
  return {
    ask: (tasks) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        if (failure) reject(failure);
        else worker.postMessage(tasks);
      }),
    end: () => worker.terminate(),
  };
}
