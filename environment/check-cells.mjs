// Checks the notebooks: the house's rules for what is committed, the types of the code cells with the project's own
// compiler, all at once, and lint.
// node environment/check-cells.mjs [--keep-defaults] [NOTEBOOK …]
// With --keep-defaults the parameters cells, as they are, become the defaults that notebooks compare themselves with.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { largestNotebook, unfitOutputs } from "./outputs/committed-outputs.mjs";
import { toleranceError } from "./outputs/compare-outputs.mjs";
import { localPaths } from "./outputs/local-paths.mjs";
import { build, cache, root } from "./setup/places.mjs";

const require = createRequire(import.meta.url);

/**
 * The type errors of notebooks' cells, as lines "notebook, code cell 3, line 2: message".
 * All code cells of a notebook together are one module, as they are to the reader.
 */
export function checkTypes(files) {
  const modules = writeModules(files);
  try {
    return typeErrors(modules, createProgram(modules));
  } finally {
    removeModules(modules);
  }
}

/** The type errors of one notebook. */
export const checkNotebook = (file) => checkTypes([file]);

/** Type errors and, where there are none, what the linter finds, in the same form. */
export async function checkCode(files) {
  const modules = writeModules(files);
  try {
    const program = createProgram(modules);
    const errors = typeErrors(modules, program);
    return errors.length > 0 ? errors : await lintErrors(modules, program);
  } finally {
    removeModules(modules);
  }
}

/** Writes the cells of each notebook as a module; keys are the modules' paths. */
function writeModules(files) {
  // Inside the checkout, so that "kernel-view" and the other packages are found.
  const folder = path.join(cache, "cells");
  mkdirSync(folder, { recursive: true });
  return new Map(
    files.map((file, index) => {
      const cells = readNotebook(file)
        .cells.filter((cell) => cell.cell_type === "code")
        .map(sourceOf);
      const module = path.join(folder, `${path.basename(file, ".ipynb")}-${process.pid}-${index}.mts`);
      writeFileSync(module, `${cells.join("\n")}\nexport {};\n`);
      return [module, { file, cells }];
    }),
  );
}

function removeModules(modules) {
  for (const module of modules.keys()) rmSync(module, { force: true });
}

/** One program for all modules, so that the packages' types are read once. */
function createProgram(modules) {
  const ts = require("typescript");
  const settings = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path.join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const options = {
    ...settings.options,
    noEmit: true,
    incremental: false,
    tsBuildInfoFile: undefined,
    outDir: undefined,
    rootDir: undefined,
    declaration: false,
    noUnusedLocals: false,
  };
  const { cellDeclarations } = require(path.join(build, "src", "notebook", "cell-declarations.js"));
  const declarations = cellDeclarations([...modules.values()].flatMap(({ cells }) => cells).join("\n"));
  return ts.createProgram([...modules.keys(), ...declarations], options);
}

function typeErrors(modules, program) {
  const ts = require("typescript");
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n  ");
    const notebook = file && modules.get(path.normalize(file.fileName));
    if (!notebook) return `${file ? path.relative(root, file.fileName) : "the notebooks"}: ${message}`;
    return atPlace(notebook, start === undefined ? undefined : file.getLineAndCharacterOfPosition(start).line, message);
  });
}

/** The rules of the sources that make sense in cells: a chart nobody awaits, an import nobody uses. */
async function lintErrors(modules, program) {
  const { ESLint } = require("eslint");
  const { configs } = require("typescript-eslint");
  const rules = {
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/no-misused-promises": "error",
    "@typescript-eslint/await-thenable": "error",
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    "@typescript-eslint/no-unused-expressions": "off", // the last one of a cell is shown
    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-var": "error",
    "prefer-const": "off", // parameters are let, so that values can be injected
  };
  const overrideConfig = [
    ...configs.recommended,
    { files: ["**/*.mts"], languageOptions: { parserOptions: { programs: [program] } }, rules },
  ];
  const eslint = new ESLint({ cwd: root, ignore: false, overrideConfigFile: true, overrideConfig });
  const results = await eslint.lintFiles([...modules.keys()]);
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, message }) => atPlace(modules.get(filePath), line - 1, message)),
  );
}

const atPlace = ({ file, cells }, line, message) => `${path.relative(root, file)}, ${place(line, cells)}: ${message}`;

function place(line, cells) {
  if (line === undefined) return "whole notebook";
  for (const [index, source] of cells.entries()) {
    const lines = source.split("\n").length;
    if (line < lines) return `code cell ${index + 1}, line ${line + 1}`;
    line -= lines;
  }
  return "end";
}

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
  if (declared.length === 0) return []; // told elsewhere
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
  const { defaultsFile, formatDefaults } = notebookDefaults();
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
  const { defaultsFile, formatDefaults } = notebookDefaults();
  const { notebookParameters } = require(path.join(build, "src", "notebook", "parameters.js"));
  const kept = defaultsFile(path.basename(file, ".ipynb"), path.dirname(file));
  mkdirSync(path.dirname(kept), { recursive: true });
  writeFileSync(kept, formatDefaults(notebookParameters(readNotebook(file))));
}

const notebookDefaults = () => require(path.join(build, "src", "notebook", "defaults.js"));

/** The parameters, or none where they cannot be read, which is told with their cell. */
function readParameters(source) {
  try {
    return require(path.join(build, "src", "notebook", "parameters.js")).parseParameters(source);
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
  const { parseParameters } = require(path.join(build, "src", "notebook", "parameters.js"));
  try {
    return parseParameters(source).length > 0 ? [] : ["is tagged “parameters” but declares none."];
  } catch (error) {
    return [error.message];
  }
}

/** Comments of whole lines and behind code; good enough to tell a call from a call commented out. */
const withoutComments = (source) => source.replace(/(^|\s)\/\/.*$/gm, "");

const tags = (cell) => cell.metadata?.tags ?? [];
const sourceOf = (cell) => [cell.source ?? ""].flat().join("");

function readNotebook(file) {
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

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [names, keep] = [
    process.argv.slice(2).filter((name) => name !== "--keep-defaults"),
    process.argv.includes("--keep-defaults"),
  ];
  const files = names.length > 0 ? names.map((name) => path.resolve(name)) : notebooks();
  if (keep) files.forEach(keepDefaults);
  const broken = files.flatMap(checkHouseRules);
  // A notebook that cannot be read has no types either.
  const errors = broken.some((message) => message.includes("is not a Jupyter notebook"))
    ? broken
    : [...broken, ...(await checkCode(files))];
  for (const error of errors) console.error(error);
  if (errors.length > 0) process.exitCode = 1;
}
