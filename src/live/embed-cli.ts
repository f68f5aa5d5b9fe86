/** Makes what a live report carries: node embed-cli.js EXECUTED_NOTEBOOK OUT_JSON */
import { writeFileSync } from "node:fs";
import { loadLanguageModel } from "../experiment/language-model";
import { explorerMimeType, type ExplorerSpec } from "../explore/answer";
import { readJson } from "../files/json";
import { defaultStore } from "../store/folder";
import { embedScenes } from "./embed";

interface Notebook {
  cells: { outputs?: { data?: Record<string, unknown> }[] }[];
}

async function main([executed, out]: string[]): Promise<void> {
  const outputs = (readJson(executed) as Notebook).cells.flatMap(({ outputs = [] }) => outputs);
  const specs = outputs.flatMap(({ data }) =>
    data && explorerMimeType in data ? [data[explorerMimeType] as ExplorerSpec] : [],
  );
  writeFileSync(out, JSON.stringify(await embedScenes(specs, loadLanguageModel, defaultStore())));
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
