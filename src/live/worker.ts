/** The worker of a page: it holds the models and the scenes, and answers, so that the page stays alive. */
import type { EmbeddedScene, HeldModel, Scene } from "../explore/scene";
import { createSceneOn, holdModel } from "../explore/scene";
import { once } from "../lazy";
import type { ToWorker } from "./messages";
import { decompressed, unpack } from "./packed";
import { questions } from "./questions";
import { startBackend } from "./tensor-library";

const models = new Map<string, () => Promise<HeldModel>>();
const scenes = new Map<string, () => Promise<Scene>>();
let backend: Promise<unknown> = Promise.resolve();

const unpacked = async <T>(text: string): Promise<T> => unpack(await decompressed(text)) as T;

const { ask, cancel } = questions(
  (name) => scenes.get(name)!(),
  (message) => globalThis.postMessage(message),
);

function receive(message: ToWorker): void {
  switch (message.type) {
    case "start":
      backend = decompressed(message.wasm).then((wasm) => startBackend(wasm));
      // Whoever asks is told.
      backend.catch(() => {});
      break;
    case "model": {
      const { name, text } = message;
      const load = async (): Promise<HeldModel> => {
        const given = await unpacked<EmbeddedScene["model"]>(text);
        await backend;
        return holdModel(given);
      };
      models.set(name, once(load));
      break;
    }
    case "scene": {
      const { name, model, rest } = message;
      const load = async (): Promise<Scene> => {
        const [held, own] = await Promise.all([models.get(model)!(), unpacked<Omit<EmbeddedScene, "model">>(rest)]);
        return createSceneOn(held, own);
      };
      const loaded = once(load);
      scenes.set(name, loaded);
      // Whoever asks is told.
      loaded().catch(() => {});
      break;
    }
    case "ask":
      ask(message);
      break;
    case "cancel":
      cancel(message.id);
      break;
  }
}

globalThis.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => receive(data));
