/**
 * Brings a report to life: where an explorer's output stands, its element takes the static figure's place. The page
 * carries everything, as compressed text in script elements that no browser runs; a site's pages share it in files.
 */
import type { ExplorerSpec } from "../explore/answer";
import { defineExplorers, elementName } from "../explore/elements";
import { askingWorker } from "./ask";

/** Texts by name, from the page itself or from a shared file, which puts them here. */
declare global {
  var kernelViewTexts: Record<string, string> | undefined;
}

/** @throws if the page was cut */
function textOf(name: string): string {
  const text = globalThis.kernelViewTexts?.[name] ?? document.getElementById(name)?.textContent;
  if (!text)
    throw new Error(`this page has lost its part ${name}: ask for the whole file, or keep the site's files together`);
  return text;
}

function enliven(): void {
  const places = [...document.querySelectorAll<HTMLElement>(".explorer[data-scene]")];
  if (places.length === 0) return;
  defineExplorers();
  const sceneOf = askingWorker({ worker: textOf("live-worker"), wasm: textOf("live-wasm") });
  const asks = new Map<string, ReturnType<typeof sceneOf>>();
  for (const place of places) {
    const { scene = "", model = "" } = place.dataset;
    if (!asks.has(scene))
      asks.set(scene, sceneOf({ name: scene, model: { name: model, text: textOf(model) }, rest: textOf(scene) }));
    const spec = JSON.parse(place.querySelector(".explorer-spec")!.textContent) as ExplorerSpec;
    const element = Object.assign(document.createElement(elementName(spec.kind)), { spec, ask: asks.get(scene)!.ask });
    place.querySelector(".static")?.setAttribute("hidden", "");
    place.append(element);
  }
  // Beforehand, so that the first answer is there when a reader comes to it. Errors are told to who asks.
  const load = (): void => asks.forEach((scene) => void scene.load().catch(() => {}));
  const idle = globalThis.requestIdleCallback as typeof requestIdleCallback | undefined;
  if (idle) idle(load);
  else setTimeout(load, 200);
}

enliven();
