// What makes a report live: the scenes of its explorers, the engine, and the script that joins them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { NotebookError } from "../report/execute-notebook.mjs";
import { runNode } from "../run.mjs";
import { root } from "../setup/places.mjs";
import { bundled, wasmBinary } from "./bundle.mjs";

const { textOfBytes } = createRequire(import.meta.url)(path.join(root, "build", "src", "live", "packed.js"));

const compressed = (bytes) => textOfBytes(gzipSync(bytes, { level: 9 }));

let engine;

/** The engine's texts, and the page's script; made once. */
const engineParts = () =>
  (engine ??= (async () => ({
    script: await bundled("build/src/live/page.js"),
    texts: {
      "live-worker": compressed(await bundled("build/src/live/worker.js")),
      "live-wasm": compressed(wasmBinary()),
    },
  }))());

/**
 * The parts of a live report.
 * @param executedFile the executed notebook
 * @param folder for files on the way
 * @returns `{ places, texts, script }`: the names of the texts of each explorer in order, all texts by name, and the
 *   page's script; undefined for a notebook without explorers
 */
export async function liveParts(executedFile, folder) {
  const out = path.join(folder, "live.json");
  const code = await runNode(path.join(root, "build", "src", "live", "embed-cli.js"), [executedFile, out]);
  if (code !== 0) throw new NotebookError("The live parts of the report could not be made (see above).");
  const { places, texts } = JSON.parse(readFileSync(out, "utf8"));
  if (places.length === 0) return undefined;
  const { script, texts: engineTexts } = await engineParts();
  return { places, texts: { ...engineTexts, ...texts }, script };
}

/** Texts as elements that no browser runs. */
export const textElements = (texts) =>
  Object.entries(texts)
    .map(([name, text]) => `<script type="text/plain" id="${name}">${text}</script>`)
    .join("\n");

/** A text as a file that pages share: a script, because a page opened as a file may read nothing else. */
export const sharedFile = (name, text) => `(globalThis.kernelViewTexts ??= {})["${name}"] = "${text}";\n`;
