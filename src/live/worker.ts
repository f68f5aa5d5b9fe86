/** The worker of a page: it holds the scenes and answers one question after the other, so that the page stays alive. */
import { answer } from "../explore/answer";
import { createScene, type EmbeddedScene, type Scene } from "../explore/scene";
import { once } from "../lazy";
import type { FromWorker, ToWorker } from "./messages";
import { decompressed, unpack } from "./packed";
import { startBackend } from "./tensor-library";

const tell = (message: FromWorker): void => globalThis.postMessage(message);

const scenes = new Map<string, () => Promise<Scene>>();
const asked = new Map<number, AbortController>();
let backend: Promise<unknown> = Promise.resolve();
let last: Promise<unknown> = Promise.resolve();

const unpacked = async (text: string): Promise<object> => unpack(await decompressed(text)) as object;

async function answerOne(
  { id, scene, request }: Extract<ToWorker, { type: "ask" }>,
  signal: AbortSignal,
): Promise<void> {
  try {
    signal.throwIfAborted();
    await backend;
    const found = await scenes.get(scene)!();
    const given = await answer(found, request, (progress) => tell({ type: "progress", id, progress }), signal);
    tell({ type: "answer", id, answer: given });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    tell({ type: "failed", id, name, message });
  } finally {
    asked.delete(id);
  }
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case "start":
      backend = decompressed(message.wasm).then((wasm) => startBackend(wasm));
      // Whoever asks is told.
      backend.catch(() => {});
      break;
    case "scene": {
      const { name, model, rest } = message.scene;
      const load = async (): Promise<Scene> => {
        const [whole, own] = await Promise.all([unpacked(model), unpacked(rest)]);
        return createScene({ ...own, model: whole } as EmbeddedScene);
      };
      scenes.set(name, once(load));
      break;
    }
    case "ask": {
      const stop = new AbortController();
      asked.set(message.id, stop);
      last = last.then(() => answerOne(message, stop.signal));
      break;
    }
    case "cancel":
      asked.get(message.id)?.abort();
      break;
  }
}

globalThis.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => receive(data));
