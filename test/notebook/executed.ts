import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CellWithOutputs, Forms, NotebookFile, Output } from "../../environment/tools/notebook-file";
import type { RunParameter } from "../../environment/tools/report/execute-notebook";

export const textCell = (id: string, source: string) => ({ cell_type: "markdown", id, metadata: {}, source });
export const codeCell = (id: string, source: string, outputs: Output[] = [], tags?: string[]) => ({
  cell_type: "code",
  id,
  metadata: tags ? { tags } : {},
  source,
  outputs,
  execution_count: null as number | null,
});
export const printed = (text: string) => ({ output_type: "stream", name: "stdout", text });
export const displayed = (data: Forms) => ({ output_type: "display_data", metadata: {}, data });

export const chart = (rows: object[]) =>
  displayed({
    "application/vnd.vegalite.v5+json": {
      $schema: "https://vega.github.io/schema/vega-lite/v5.json",
      title: "A line",
      width: 200,
      layer: [
        {
          data: { values: rows },
          mark: "line",
          encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
        },
        {
          data: { values: [{ chance: 0.5 }] },
          mark: "rule",
          encoding: { y: { field: "chance", type: "quantitative" } },
        },
      ],
    },
    "text/plain": "Chart: A line",
  });

export const notebookOf = <C extends CellWithOutputs>(cells: C[]) => ({
  cells,
  metadata: { kernelspec: { name: "kernel-view", display_name: "TypeScript (Kernel View)", language: "typescript" } },
  nbformat: 4,
  nbformat_minor: 5,
});

/** What withExecutedNotebook gives to its caller, for cells with the outputs they would have. */
export function executedRun(
  folder: string,
  name: string,
  cells: CellWithOutputs[],
  parameters: RunParameter[] = [],
  seconds = 1.5,
) {
  mkdirSync(folder, { recursive: true });
  const executedFile = path.join(folder, `${name}.executed.ipynb`);
  const notebook: NotebookFile = notebookOf(cells);
  writeFileSync(executedFile, JSON.stringify(notebook));
  return { executedFile, notebook, parameters, editedCells: [], seconds, folder };
}

/** Addresses a page would load or go to, other than places within it and data it holds itself. */
export function references(html: string): string[] {
  const markup = html
    .replace(/<script(?! type="application\/json")[^>]*>[\s\S]*?<\/script>/g, "")
    .replace(/<style>[\s\S]*?<\/style>/g, "");
  return [...markup.matchAll(/\b(?:src|href)\s*=\s*["']([^"']+)/g)]
    .map((match) => match[1])
    .filter((address) => !/^(?:data:|#)/.test(address));
}
