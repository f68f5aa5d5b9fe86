/** Makes what a live report carries: node embed-cli.js EXECUTED_NOTEBOOK OUT_JSON */
import { writeFileSync } from "node:fs";
import { loadLanguageModel } from "../experiment/language-model";
import type { ExplorerSpec } from "../explore/answer";
import { readJson } from "../files/json";
import { defaultStore } from "../store/folder";
import { embedScenes } from "./embed";

const EXPLORER = "application/vnd.kernel-view.explorer+json";

interface Notebook {
  cells: { outputs?: { data?: Record<string, unknown> }[] }[];
}

async function main([executed, out]: string[]): Promise<void> {
  const outputs = (readJson(executed) as Notebook).cells.flatMap(({ outputs = [] }) => outputs);
  const specs = outputs.flatMap(({ data }) => (data && EXPLORER in data ? [data[EXPLORER] as ExplorerSpec] : []));
  writeFileSync(out, JSON.stringify(await embedScenes(specs, loadLanguageModel, defaultStore())));
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
