/**
 * Fine-tuning runs side by side, each in a separate process on its share of the cores. A step of a small model has too
 * little to do for two cores to share it, so two runs at once take little longer than one. The bits are those of a run in this process.
 */
import { DivergedError } from "../errors";
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fitsGraphs } from "../finetune/training-step";
import { backendName, gpuMemory } from "../model/backend";
import { headFromDescription, type Head } from "../model/head";
import type { Model } from "../model/model";
import type { FineTuningRun, SingleRunOptions } from "./single-run";

/** A model as it goes to another process: parameters by name, shape and values. */
export interface SentModel extends Omit<Model, "parameters"> {
  parameters: [name: string, shape: number[], values: Float32Array][];
}

/** What a run needs beside model and head: plain data. */
type RunData = Omit<SingleRunOptions, "model" | "head" | "onProgress" | "onEvaluate" | "signal">;

export type ToWorker = { type: "model"; model: SentModel } | { type: "run"; head: string; options: RunData };

export type FromWorker =
  | { type: "progress"; done: number; total: number }
  | { type: "done"; run: FineTuningRun }
  | { type: "failed"; name: string; message: string };

interface Worker {
  process: ChildProcess;
  /** Cores that it computes on. */
  cores: number;
  /** The model that it has. */
  model?: string;
  /** The last text that it wrote to standard error. */
  lastWords: string;
  ended: boolean;
  /** Ends it after a long idle time. */
  timer?: NodeJS.Timeout;
}

const CORES = availableParallelism();
/** Milliseconds that a process waits for another run before it ends. */
const IDLE = 10_000;

const idle: Worker[] = [];
const waiting: (() => void)[] = [];
/** Cores that runs have now. */
let taken = 0;

/** Whether runs of this model can be in other processes, and gain by it: large models keep all cores busy by themselves, and a GPU is one. */
export const gainsSideBySide = (model: Model, head: Head): boolean =>
  CORES > 1 && backendName() === "tensorflow" && !gpuMemory() && fitsGraphs(model) && isKnown(head);

function isKnown({ description }: Head): boolean {
  try {
    headFromDescription(description);
    return true;
  } catch {
    return false;
  }
}

/** The cores that each of so many runs has. */
export const coresOfEach = (runs: number): number => Math.max(1, Math.floor(CORES / runs));

/**
 * One run in another process, as soon as its cores are free.
 * @throws what the run throws; the signal's reason, after ending the process
 */
export async function runElsewhere(
  { model, head, onProgress, onEvaluate: _, signal, ...options }: SingleRunOptions,
  cores: number,
): Promise<FineTuningRun> {
  while (taken + cores > CORES) await new Promise<void>((resolve) => waiting.push(resolve));
  taken += cores;
  try {
    signal?.throwIfAborted();
    const worker = idleWorker(cores) ?? startWorker(cores);
    clearTimeout(worker.timer);
    try {
      return await askWorker(worker, model, { type: "run", head: head.description, options }, onProgress, signal);
    } finally {
      rest(worker);
    }
  } finally {
    taken -= cores;
    waiting.splice(0).forEach((look) => look());
  }
}

function idleWorker(cores: number): Worker | undefined {
  const place = idle.findIndex((worker) => worker.cores === cores);
  return place < 0 ? undefined : idle.splice(place, 1)[0];
}

function startWorker(cores: number): Worker {
  const execArgv = ["--require", join(__dirname, "..", "..", "..", "environment", "node-compat.cjs")];
  const process = fork(join(__dirname, "run-worker.js"), {
    execArgv,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...globalThis.process.env, TF_NUM_INTRAOP_THREADS: String(cores), OMP_NUM_THREADS: String(cores) },
  });
  const worker: Worker = { process, cores, lastWords: "", ended: false };
  process.stderr!.on(
    "data",
    (chunk: Buffer) => (worker.lastWords = (worker.lastWords + chunk.toString()).slice(-2000)),
  );
  process.on("error", () => {});
  process.once("close", () => {
    worker.ended = true;
    forget(worker);
  });
  return worker;
}

/** No run is given to it any more. */
function forget(worker: Worker): void {
  if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
}

/** A waiting process does not keep this one alive. */
function rest(worker: Worker): void {
  if (worker.ended) return;
  setAlive(worker, false);
  worker.timer = setTimeout(() => {
    forget(worker);
    worker.process.kill();
  }, IDLE);
  worker.timer.unref();
  idle.push(worker);
}

function setAlive({ process }: Worker, alive: boolean): void {
  const handles = [process, process.channel, process.stderr] as unknown as ({ ref(): void; unref(): void } | null)[];
  for (const handle of handles) handle?.[alive ? "ref" : "unref"]();
}

function askWorker(
  worker: Worker,
  model: Model,
  run: ToWorker,
  onProgress: SingleRunOptions["onProgress"],
  signal: AbortSignal | undefined,
): Promise<FineTuningRun> {
  const { process } = worker;
  setAlive(worker, true);
  return new Promise<FineTuningRun>((resolve, reject) => {
    const onMessage = (message: FromWorker): void => {
      if (message.type === "progress") onProgress?.({ done: message.done, total: message.total });
      else if (message.type === "done") settle(() => resolve(message.run));
      else settle(() => reject(errorOf(message)));
    };
    const onClose = (code: number | null, by: string | null): void =>
      settle(() =>
        reject(
          new Error(
            `the process of a fine-tuning run ended (${by ?? `exit code ${code}`}): ${worker.lastWords.trim() || "it wrote no message"}`,
          ),
        ),
      );
    const onAbort = (): void => {
      worker.ended = true;
      process.kill("SIGKILL");
      settle(() => reject(signal!.reason as Error));
    };
    const settle = (how: () => void): void => {
      process.off("message", onMessage);
      process.off("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      how();
    };
    process.on("message", onMessage);
    process.on("close", onClose);
    signal?.addEventListener("abort", onAbort);
    const key = JSON.stringify([model.hash, model.loraScale, model.geluTail]);
    if (worker.model !== key) process.send({ type: "model", model: sent(model) } satisfies ToWorker);
    worker.model = key;
    process.send(run);
  });
}

/** The kinds of error that callers tell apart keep their class on the way between processes. */
const errorOf = ({ name, message }: { name: string; message: string }): Error =>
  name === "DivergedError" ? new DivergedError(message) : Object.assign(new Error(message), { name });

const sent = ({ parameters, ...rest }: Model): SentModel => ({
  ...rest,
  parameters: [...parameters].map(([name, tensor]) => [name, tensor.shape, tensor.dataSync() as Float32Array]),
});
