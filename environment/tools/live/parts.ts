// What makes a report live: the scenes of its explorers, the engine, and the script that joins them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { once } from "../../../src/lazy";
import type { ScenePlace } from "../../../src/live/embed";
import { textOfBytes } from "../../../src/live/packed";
import { plainProgram, root } from "../checkout";
import { NotebookError } from "../report/execute-notebook";
import { bundled, wasmBinary } from "./bundle";

export interface LiveParts {
  /** The names of the texts of each explorer, in order. */
  places: ScenePlace[];
  /** All texts by name. */
  texts: Record<string, string>;
  /** The page's script. */
  script: string;
}

const compressed = (bytes: string | Buffer): string => textOfBytes(gzipSync(bytes, { level: 9 }));

/** The engine's texts, and the page's script; made once. */
const engineParts = once(async () => ({
  script: await bundled("build/src/live/page.js"),
  texts: {
    "live-worker": compressed(await bundled("build/src/live/worker.js")),
    "live-wasm": compressed(wasmBinary()),
  },
}));

/**
 * The parts of a live report.
 * @param executedFile the executed notebook
 * @param folder for files on the way
 * @returns undefined for a notebook without explorers
 */
export async function liveParts(executedFile: string, folder: string): Promise<LiveParts | undefined> {
  const { runNode } = await plainProgram("run.mjs");
  const out = path.join(folder, "live.json");
  const code = await runNode(path.join(root, "build", "src", "live", "embed-cli.js"), [executedFile, out]);
  if (code !== 0) throw new NotebookError("The live parts of the report could not be made (see above).");
  const { places, texts } = JSON.parse(readFileSync(out, "utf8")) as Omit<LiveParts, "script">;
  if (places.length === 0) return undefined;
  const { script, texts: engineTexts } = await engineParts();
  return { places, texts: { ...engineTexts, ...texts }, script };
}

/** Texts as elements that no browser runs. */
export const textElements = (texts: Record<string, string>): string =>
  Object.entries(texts)
    .map(([name, text]) => `<script type="text/plain" id="${name}">${text}</script>`)
    .join("\n");

/** A text as a file that pages share: a script, because a page opened as a file may read nothing else. */
export const sharedFile = (name: string, text: string): string =>
  `(globalThis.kernelViewTexts ??= {})["${name}"] = "${text}";\n`;
