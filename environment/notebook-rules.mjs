// The house's rules for notebooks that are committed.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { largestNotebook, unfitOutputs } from "./outputs/committed-outputs.mjs";
import { toleranceError } from "./outputs/compare-outputs.mjs";
import { localPaths } from "./outputs/local-paths.mjs";
import { build, root } from "./setup/places.mjs";

const require = createRequire(import.meta.url);

/**
 * What a notebook has that a committed one must not have, or lacks, as lines "notebook, cell 3 (load): message":
 * it has an id for every cell, a parameters cell and its provenance at the end, and its outputs, if there are any, are
 * small and the same after every run: no execution counts, times or paths of one machine.
 */
export function checkHouseRules(file) {
  const shown = path.relative(root, file);
  let notebook;
  try {
    notebook = readNotebook(file);
  } catch (error) {
    return [`${shown}: is not a Jupyter notebook: ${error.message}`];
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
function checkedParameters(file, { cells }) {
  const name = path.basename(file, ".ipynb");
  const at = cells.findIndex((cell) => cell.cell_type === "code" && tags(cell).includes("parameters"));
  const declared = at < 0 ? [] : readParameters(sourceOf(cells[at]));
  if (declared.length === 0) return []; // another rule reports it
  const behind = cells.slice(at + 1).find((cell) => !tags(cell).includes("injected-parameters"));
  const call = /\bcheckParameters\(\s*(["'])(.*?)\1\s*,\s*\{([^{}]*)\}/.exec(withoutComments(sourceOf(behind ?? {})));
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

function keptDefaults(file, declared) {
  const { defaultsFile, formatDefaults } = parameterFunctions();
  const kept = defaultsFile(path.basename(file, ".ipynb"), path.dirname(file));
  const [now, before] = [formatDefaults(declared), existsSync(kept) ? readFileSync(kept, "utf8") : undefined];
  if (now === before) return [];
  const remedy = `node environment/check-cells.mjs --keep-defaults ${path.relative(root, file)}`;
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
export function keepDefaults(file) {
  const { defaultsFile, formatDefaults, notebookParameters } = parameterFunctions();
  const kept = defaultsFile(path.basename(file, ".ipynb"), path.dirname(file));
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, formatDefaults(notebookParameters(readNotebook(file))));
}

const parameterFunctions = () => require(path.join(build, "src", "notebook", "parameters.js"));

/** The parameters, or none if they cannot be read: the rules of their cell report that. */
function readParameters(source) {
  try {
    return parameterFunctions().parseParameters(source);
  } catch {
    return [];
  }
}

const remake = (shown) =>
  `Make its outputs with: npm run notebooks -- ${shown} (or clear them in JupyterLab: Edit ▸ Clear Outputs of All Cells, then save).`;

function notebookRules({ cells, metadata, nbformat, nbformat_minor: minor }) {
  const messages = [];
  if (nbformat !== 4 || !(minor >= 5)) messages.push(`is of format ${nbformat}.${minor}: cell ids need 4.5 or later.`);
  if (metadata?.kernelspec?.name !== "kernel-view")
    messages.push('is not for the kernel "TypeScript (Kernel View)": choose it in JupyterLab and save.');
  if (cells.length === 0) return [...messages, "has no cells."];
  const first = cells[0];
  if (first.cell_type !== "markdown" || !/^# \S/.test(sourceOf(first)))
    messages.push("has no title: its first cell has to be text that starts with “# ” and the title.");
  const parameters = cells.filter((cell) => tags(cell).includes("parameters"));
  if (parameters.length !== 1) {
    const found = parameters.length === 0 ? "no cell tagged" : `${parameters.length} cells tagged`;
    messages.push(
      `has ${found} “parameters”: exactly one declares what can be changed, for --set and the reader (in JupyterLab: the gear on the right ▸ Cell Tags).`,
    );
  }
  const last = cells.at(-1);
  if (last.cell_type !== "code" || !/\bshowProvenance\s*\(/.test(withoutComments(sourceOf(last))))
    messages.push("does not end with its provenance: the last cell has to call showProvenance(…).");
  return messages;
}

function cellRules(cell, shown) {
  const messages = [];
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
  if (tags(cell).includes("injected-parameters")) messages.push("is the injected parameters of a run: remove it.");
  else if (tags(cell).includes("parameters")) messages.push(...parameterRules(cell, source));
  for (const found of localPaths(`${source}\n${JSON.stringify(cell.metadata ?? {})}`)) {
    messages.push(`holds the local path ${found}, which no other machine has: write it relative to the checkout.`);
  }
  return messages;
}

function parameterRules(cell, source) {
  if (cell.cell_type !== "code") return ["is tagged “parameters” but is not code."];
  const { parseParameters } = parameterFunctions();
  try {
    return parseParameters(source).length > 0 ? [] : ["is tagged “parameters” but declares none."];
  } catch (error) {
    return [error.message];
  }
}

/** Comments of whole lines and behind code; good enough to tell a call from a call commented out. */
const withoutComments = (source) => source.replace(/(^|\s)\/\/.*$/gm, "");

const tags = (cell) => cell.metadata?.tags ?? [];
/** The text of a cell. */
export const sourceOf = (cell) => [cell.source ?? ""].flat().join("");

/** @throws Error for a file that is no notebook */
export function readNotebook(file) {
  const notebook = JSON.parse(readFileSync(file, "utf8"));
  if (!Array.isArray(notebook.cells)) throw new Error("it has no cells");
  return notebook;
}

/** Every notebook of the project, in order. */
export function notebooks() {
  const folder = path.join(root, "notebooks");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort()
    .map((name) => path.join(folder, name));
}
