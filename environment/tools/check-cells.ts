// Checks the notebooks: the house's rules for what is committed, the types of the code cells with the project's own
// compiler, all at once, and lint.
// npm run notebook:check -- [--keep-defaults] [NOTEBOOK …]
// With --keep-defaults the parameters cells, as they are, become the defaults that notebooks compare themselves with.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ESLint, type Linter } from "eslint";
import ts from "typescript";
import { configs } from "typescript-eslint";
import { cellDeclarations } from "../../src/notebook/cell-declarations";
import { cache, root } from "./checkout";
import { notebooks, readNotebook, sourceOf } from "./notebook-file";
import { checkHouseRules, keepDefaults } from "./notebook-rules";

/** A notebook and the sources of its code cells. */
interface Cells {
  file: string;
  cells: string[];
}

/** Notebooks by the path of the module that their cells make. */
type Modules = ReadonlyMap<string, Cells>;

/**
 * The type errors of notebooks' cells, as lines "notebook, code cell 3, line 2: message".
 * All code cells of a notebook together are one module, as they are to the reader.
 */
export function checkTypes(files: readonly string[]): string[] {
  const modules = writeModules(files);
  try {
    return typeErrors(modules, createProgram(modules));
  } finally {
    removeModules(modules);
  }
}

/** Type errors and, where there are none, what the linter finds, in the same form. */
async function checkCode(files: readonly string[]): Promise<string[]> {
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
function writeModules(files: readonly string[]): Modules {
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

function removeModules(modules: Modules): void {
  for (const module of modules.keys()) rmSync(module, { force: true });
}

/** One program for all modules, so that the packages' types are read once. */
function createProgram(modules: Modules): ts.Program {
  const settings = ts.parseJsonConfigFileContent(
    ts.readConfigFile(path.join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
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
  const declarations = cellDeclarations([...modules.values()].flatMap(({ cells }) => cells).join("\n"));
  return ts.createProgram([...modules.keys(), ...declarations], options);
}

function typeErrors(modules: Modules, program: ts.Program): string[] {
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n  ");
    const notebook = file && modules.get(path.normalize(file.fileName));
    if (!notebook) return `${file ? path.relative(root, file.fileName) : "the notebooks"}: ${message}`;
    return atPlace(
      notebook,
      start === undefined ? undefined : file!.getLineAndCharacterOfPosition(start).line,
      message,
    );
  });
}

/** The lint rules of the sources that make sense in cells, such as charts that are not awaited and unused imports. */
async function lintErrors(modules: Modules, program: ts.Program): Promise<string[]> {
  const rules: Linter.RulesRecord = {
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
    messages.map(({ line, message }) => atPlace(modules.get(filePath)!, line - 1, message)),
  );
}

const atPlace = ({ file, cells }: Cells, line: number | undefined, message: string): string =>
  `${path.relative(root, file)}, ${place(line, cells)}: ${message}`;

function place(line: number | undefined, cells: string[]): string {
  if (line === undefined) return "whole notebook";
  for (const [index, source] of cells.entries()) {
    const lines = source.split("\n").length;
    if (line < lines) return `code cell ${index + 1}, line ${line + 1}`;
    line -= lines;
  }
  return "end";
}

async function main(): Promise<void> {
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

if (require.main === module) void main();
