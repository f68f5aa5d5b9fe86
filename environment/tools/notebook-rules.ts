// The house's rules for notebooks that are committed.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  defaultsFile,
  formatDefaults,
  hasTag,
  notebookParameters,
  parseParameters,
  type Parameter,
} from "../../src/notebook/parameters";
import { messageOf, root } from "./checkout";
import { readNotebook, sourceOf, type CellWithOutputs, type NotebookFile } from "./notebook-file";
import { largestNotebook, unfitOutputs } from "./outputs/committed-outputs";
import { toleranceError } from "./outputs/compare-outputs";
import { localPaths } from "./outputs/local-paths";

/**
 * What a notebook has that a committed one must not have, or lacks, as lines "notebook, cell 3 (load): message":
 * it has an id for every cell, a parameters cell and its provenance at the end, and its outputs, if there are any, are
 * small and the same after every run: no execution counts, times or paths of one machine.
 */
export function checkHouseRules(file: string): string[] {
  const shown = path.relative(root, file);
  let notebook: NotebookFile;
  try {
    notebook = readNotebook(file);
  } catch (error) {
    return [`${shown}: is not a Jupyter notebook: ${messageOf(error)}`];
  }
  const unfit = unfitOutputs(notebook);
  const cells = notebook.cells.flatMap((cell, index) => {
    const name = `cell ${index + 1}${cell.id === undefined ? "" : ` (${cell.id})`}`;
    const twin = notebook.cells.findIndex(({ id }) => id !== undefined && id === cell.id);
    const own = unfit
      .filter(({ id }) => id === cell.id)
      .map(({ message }) => (message.endsWith(".") ? message : `${message}. ${remake(shown)}`));
    return [
      ...cellRules(cell, shown),
      ...own,
      ...(twin < index && cell.id !== undefined ? [`has the id of cell ${twin + 1}: give it one of its own.`] : []),
    ].map((message) => `${shown}, ${name}: ${message}`);
  });
  const size = statSync(file).size;
  const tooLarge = size > largestNotebook ? [`has ${size} bytes, more than ${largestNotebook}. ${remake(shown)}`] : [];
  return [
    ...[...notebookRules(notebook), ...checkedParameters(file, notebook), ...tooLarge].map(
      (message) => `${shown}: ${message}`,
    ),
    ...cells,
  ];
}

/** Parameters are refused and shown by the cell behind them, under the notebook's name, and agree with the kept defaults. */
function checkedParameters(file: string, { cells }: NotebookFile): string[] {
  const name = path.basename(file, ".ipynb");
  const at = cells.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, "parameters"));
  const declared = at < 0 ? [] : readParameters(sourceOf(cells[at]));
  if (declared.length === 0) return []; // another rule reports it
  const behind = cells.slice(at + 1).find((cell) => !hasTag(cell, "injected-parameters"));
  const call = /\bcheckParameters\(\s*(["'])(.*?)\1\s*,\s*\{([^{}]*)\}/.exec(
    withoutComments(behind ? sourceOf(behind) : ""),
  );
  if (!call)
    return [
      `does not check its parameters: the cell behind them has to call checkParameters(${JSON.stringify(name)}, { ${declared.map((parameter) => parameter.name).join(", ")} }).`,
    ];
  const checked = call[3]
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const missing = declared.filter((parameter) => !checked.includes(parameter.name)).map((parameter) => parameter.name);
  return [
    ...(call[2] === name
      ? []
      : [
          `checks its parameters as those of ${JSON.stringify(call[2])}: write checkParameters(${JSON.stringify(name)}, …).`,
        ]),
    ...(missing.length === 0
      ? []
      : [`does not check ${missing.join(", ")}: name every parameter in checkParameters(…).`]),
    ...keptDefaults(file, declared),
  ];
}

function keptDefaults(file: string, declared: Parameter[]): string[] {
  const kept = defaultsFile(path.basename(file, ".ipynb"), path.dirname(file));
  const [now, before] = [formatDefaults(declared), existsSync(kept) ? readFileSync(kept, "utf8") : undefined];
  if (now === before) return [];
  const remedy = `npm run notebook:check -- --keep-defaults ${path.relative(root, file)}`;
  if (before === undefined) return [`has no kept defaults: ${remedy}`];
  const changed = now
    .split("\n")
    .filter((line) => !before.split("\n").includes(line))
    .map((line) => /"name":"(\w+)"/.exec(line)?.[1])
    .filter(Boolean);
  return [
    `has other parameters than the kept defaults (${changed.join(", ") || "fewer, or in another order"}): change them back, or keep these with ${remedy}`,
  ];
}

/** Writes the parameters of a notebook as its defaults. */
export function keepDefaults(file: string): void {
  const kept = defaultsFile(path.basename(file, ".ipynb"), path.dirname(file));
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, formatDefaults(notebookParameters(readNotebook(file))));
}

/** The parameters, or none if they cannot be read: the rules of their cell report that. */
function readParameters(source: string): Parameter[] {
  try {
    return parseParameters(source);
  } catch {
    return [];
  }
}

const remake = (shown: string): string =>
  `Make its outputs with: npm run notebooks -- ${shown} (or clear them in JupyterLab: Edit ▸ Clear Outputs of All Cells, then save).`;

function notebookRules({ cells, metadata, nbformat, nbformat_minor: minor }: NotebookFile): string[] {
  const messages: string[] = [];
  if (nbformat !== 4 || !(minor !== undefined && minor >= 5))
    messages.push(`is of format ${nbformat}.${minor}: cell ids need 4.5 or later.`);
  if (metadata?.kernelspec?.name !== "kernel-view")
    messages.push('is not for the kernel "TypeScript (Kernel View)": choose it in JupyterLab and save.');
  if (cells.length === 0) return [...messages, "has no cells."];
  const first = cells[0];
  if (first.cell_type !== "markdown" || !/^# \S/.test(sourceOf(first)))
    messages.push("has no title: its first cell has to be text that starts with “# ” and the title.");
  const parameters = cells.filter((cell) => hasTag(cell, "parameters"));
  if (parameters.length !== 1) {
    const found = parameters.length === 0 ? "no cell tagged" : `${parameters.length} cells tagged`;
    messages.push(
      `has ${found} “parameters”: exactly one declares what can be changed, for --set and the reader (in JupyterLab: the gear on the right ▸ Cell Tags).`,
    );
  }
  const last = cells.at(-1)!;
  if (last.cell_type !== "code" || !/\bshowProvenance\s*\(/.test(withoutComments(sourceOf(last))))
    messages.push("does not end with its provenance: the last cell has to call showProvenance(…).");
  return messages;
}

function cellRules(cell: CellWithOutputs, shown: string): string[] {
  const messages: string[] = [];
  const source = sourceOf(cell);
  if (cell.id === undefined) messages.push("has no id: give it one that says what it does, such as “load”.");
  else if (!/^[a-zA-Z0-9_-]{1,64}$/.test(cell.id))
    messages.push("has an id that Jupyter does not take: 1 to 64 letters, digits, - and _.");
  if (source.trim() === "") messages.push("is empty: remove it.");
  if (cell.cell_type === "code") {
    if (cell.execution_count != null)
      messages.push(`has an execution count (${cell.execution_count}). ${remake(shown)}`);
    const tolerance = toleranceError(cell.metadata?.tolerance);
    if (tolerance) messages.push(tolerance);
  }
  if (hasTag(cell, "injected-parameters")) messages.push("is the injected parameters of a run: remove it.");
  else if (hasTag(cell, "parameters")) messages.push(...parameterRules(cell, source));
  for (const found of localPaths(`${source}\n${JSON.stringify(cell.metadata ?? {})}`)) {
    messages.push(`holds the local path ${found}, which no other machine has: write it relative to the checkout.`);
  }
  return messages;
}

function parameterRules(cell: CellWithOutputs, source: string): string[] {
  if (cell.cell_type !== "code") return ["is tagged “parameters” but is not code."];
  try {
    return parseParameters(source).length > 0 ? [] : ["is tagged “parameters” but declares none."];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** Comments of whole lines and behind code; good enough to tell a call from a call commented out. */
const withoutComments = (source: string): string => source.replace(/(^|\s)\/\/.*$/gm, "");
