import path from "node:path";
import type { Output } from "../../environment/tools/notebook-file";
import { withExecutedNotebook } from "../../environment/tools/report/execute-notebook";
import { root, temporaryFolder } from "./checkout";

/** What a cell left, by kind. */
export interface CellOutputs {
  /** Everything it printed. */
  printed: string;
  /** What it wrote to standard error. */
  warnings: string;
  /** The text form of its tables. */
  tables: string[];
  /** The specifications of its charts. */
  charts: { description: string; [property: string]: unknown }[];
}

const plain = (value: unknown): string => (Array.isArray(value) ? value.join("") : String(value));

/**
 * Runs a notebook of the project through the real kernel, from an empty store.
 * @param settings "name=value" for its parameters
 * @returns outputs by the cell's id, and the seconds that it took
 */
export async function executedNotebook(
  t: { after(clean: () => void): void },
  name: string,
  settings: string[],
): Promise<{ cells: Map<string, CellOutputs>; seconds: number }> {
  const before = process.env.KERNEL_VIEW_CACHE;
  process.env.KERNEL_VIEW_CACHE = temporaryFolder(t);
  try {
    return await withExecutedNotebook(
      { file: path.join(root, "notebooks", `${name}.ipynb`), settings },
      ({ notebook, seconds }) => ({
        cells: new Map(notebook.cells.map(({ id, outputs = [] }) => [id!, outputsOf(outputs)])),
        seconds,
      }),
    );
  } finally {
    if (before === undefined) delete process.env.KERNEL_VIEW_CACHE;
    else process.env.KERNEL_VIEW_CACHE = before;
  }
}

function outputsOf(outputs: Output[]): CellOutputs {
  const stream = (name: string): string =>
    outputs
      .filter((output) => output.name === name)
      .map(({ text }) => plain(text))
      .join("");
  const chart = "application/vnd.vegalite.v5+json";
  return {
    printed: stream("stdout"),
    warnings: stream("stderr"),
    tables: outputs.filter(({ data }) => data && "text/html" in data).map(({ data }) => plain(data!["text/plain"])),
    charts: outputs
      .filter(({ data }) => data && chart in data)
      .map(({ data }) => data![chart] as CellOutputs["charts"][number]),
  };
}
