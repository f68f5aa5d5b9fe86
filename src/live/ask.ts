/** Asking a worker: a question goes out as a message, its progress and its answer come back. */
import type { Ask, OnProgress } from "../explore/answer";
import { once } from "../lazy";
import type { FromWorker, SceneTexts, ToWorker } from "./messages";
import { decompressed } from "./packed";

/** What a page carries of the engine, as compressed text. */
export interface EngineTexts {
  /** The script of the worker. */
  worker: string;
  wasm: string;
}

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
  onProgress?: OnProgress;
}

/** How to ask in a scene, and what loads it before the first question. */
export interface Asking {
  ask: Ask;
  load: () => Promise<unknown>;
}

/** A worker, which starts when a scene is loaded or asked. */
export function askingWorker({ worker: code, wasm }: EngineTexts): (scene: SceneTexts) => Asking {
  const waiting = new Map<number, Waiting>();
  const models = new Set<string>();
  let count = 0;
  const failAll = (message: string): void => {
    waiting.forEach(({ reject }) => reject(new Error(message)));
    waiting.clear();
  };
  const start = once(async (): Promise<(message: ToWorker) => void> => {
    const worker = new Worker(URL.createObjectURL(new Blob([await decompressed(code)], { type: "text/javascript" })));
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => receive(data));
    worker.addEventListener("error", ({ message }) => failAll(`the page's worker failed: ${message}`));
    const send = (message: ToWorker): void => worker.postMessage(message);
    send({ type: "start", wasm });
    return send;
  });
  function receive(message: FromWorker): void {
    const asked = waiting.get(message.id);
    if (!asked) return;
    if (message.type === "progress") return asked.onProgress?.(message.progress);
    waiting.delete(message.id);
    if (message.type === "answer") asked.resolve(message.answer as never);
    else asked.reject(Object.assign(new Error(message.message), { name: message.name }));
  }
  return (scene) => {
    const sent = once(async () => {
      const send = await start();
      const { name, model, rest } = scene;
      if (!models.has(model.name)) send({ type: "model", ...model });
      models.add(model.name);
      send({ type: "scene", name, model: model.name, rest });
      return send;
    });
    const ask: Ask = async (request, onProgress, signal) => {
      signal?.throwIfAborted();
      const send = await sent();
      const id = count++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, onProgress });
        send({ type: "ask", id, scene: scene.name, request });
        signal?.addEventListener("abort", () => {
          if (!waiting.delete(id)) return;
          send({ type: "cancel", id });
          reject(signal.reason as Error);
        });
      });
    };
    return { ask, load: sent };
  };
}
