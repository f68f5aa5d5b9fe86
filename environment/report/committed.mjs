// How a notebook differs from the committed one: JupyterLab saves into the same file, and a report takes what is there.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { root } from "../setup/places.mjs";

const require = createRequire(import.meta.url);
const parameterFunctions = () => require(path.join(root, "build", "src", "notebook", "parameters.js"));

/**
 * Where a notebook is not as committed: as git's HEAD has it, else (parameters only) as `defaults` beside it has it.
 * @param notebook the file's content
 * @returns `{ committedValue, cells }`: a function from a parameter's name and value to the committed literal if that is
 *   another ("none" for a new parameter), and the first lines of other code cells that are new, changed or removed
 */
export function notAsCommitted(file, notebook) {
  const { cellSource, hasTag, literal, notebookParameters, readDefaults } = parameterFunctions();
  const head = committedNotebook(file);
  const kept = head ? notebookParameters(head) : readDefaults(path.basename(file, ".ipynb"), path.dirname(file));
  const before = kept && new Map(kept.map(({ name, value }) => [name, literal(value)]));
  const cellsOf = ({ cells }) =>
    cells.filter(
      (cell) => cell.cell_type === "code" && !hasTag(cell, "parameters") && !hasTag(cell, "injected-parameters"),
    );
  const firstLine = (cell) =>
    cellSource(cell)
      .split("\n")[0]
      .replace(/^\/\/\s*/, "");
  const unlike = (ones, others) =>
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
function committedNotebook(file) {
  const { status, stdout } = spawnSync("git", ["show", `HEAD:./${path.basename(file)}`], {
    cwd: path.dirname(path.resolve(file)),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

/** The notebooks of a folder that are not as git has them; empty without git. */
export function changedNotebooks(folder) {
  const { status, stdout } = spawnSync("git", ["diff", "--name-only", "--relative", "HEAD", "--", "*.ipynb"], {
    cwd: folder,
    encoding: "utf8",
  });
  return status === 0 ? stdout.split("\n").filter(Boolean) : [];
}
