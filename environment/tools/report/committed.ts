// How a notebook differs from the committed one: JupyterLab saves into the same file, and a report takes what is there.
import { spawnSync } from "node:child_process";
import path from "node:path";
import {
  cellSource,
  hasTag,
  literal,
  notebookParameters,
  readDefaults,
  type Notebook,
  type NotebookCell,
  type ParameterValue,
} from "../../../src/notebook/parameters";

export interface NotAsCommitted {
  /** The committed literal of a parameter that has another value; "none" for a new parameter. */
  committedValue(name: string, value: ParameterValue): string | undefined;
  /** The first lines of other code cells that are new, changed or removed. */
  cells: string[];
}

/**
 * Where a notebook is not as committed: as git's HEAD has it, else (parameters only) as `defaults` beside it has it.
 * @param notebook the file's content
 */
export function notAsCommitted(file: string, notebook: Notebook): NotAsCommitted {
  const head = committedNotebook(file);
  const kept = head ? notebookParameters(head) : readDefaults(path.basename(file, ".ipynb"), path.dirname(file));
  const before = kept && new Map(kept.map(({ name, value }) => [name, literal(value)]));
  const cellsOf = ({ cells }: Notebook): NotebookCell[] =>
    cells.filter(
      (cell) => cell.cell_type === "code" && !hasTag(cell, "parameters") && !hasTag(cell, "injected-parameters"),
    );
  const firstLine = (cell: NotebookCell): string =>
    cellSource(cell)
      .split("\n")[0]
      .replace(/^\/\/\s*/, "");
  const unlike = (ones: NotebookCell[], others: NotebookCell[]): NotebookCell[] =>
    ones.filter((cell) => !others.some((other) => other.id === cell.id && cellSource(other) === cellSource(cell)));
  const [now, then] = [notebook, head ?? notebook].map(cellsOf);
  const removed = then.filter((cell) => !now.some(({ id }) => id === cell.id));
  return {
    committedValue: (name, value) =>
      before && before.get(name) !== literal(value) ? (before.get(name) ?? "none") : undefined,
    cells: [...unlike(now, then).map(firstLine), ...removed.map((cell) => `${firstLine(cell)} (removed)`)],
  };
}

/** The notebook as the last commit has it; undefined without git, and for one that was never committed. */
function committedNotebook(file: string): Notebook | undefined {
  const { status, stdout } = spawnSync("git", ["show", `HEAD:./${path.basename(file)}`], {
    cwd: path.dirname(path.resolve(file)),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? (JSON.parse(stdout) as Notebook) : undefined;
}

/** The notebooks of a folder that are not as git has them; empty without git. */
export function changedNotebooks(folder: string): string[] {
  const { status, stdout } = spawnSync("git", ["diff", "--name-only", "--relative", "HEAD", "--", "*.ipynb"], {
    cwd: folder,
    encoding: "utf8",
  });
  return status === 0 ? stdout.split("\n").filter(Boolean) : [];
}
