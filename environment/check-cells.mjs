// Type-checks the code cells of the notebooks with the project's own strict compiler (tslab's is older and not strict).
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cache, root } from "./setup/places.mjs";

const ts = createRequire(import.meta.url)("typescript");

/**
 * The type errors of a notebook's cells, as lines "notebook, code cell 3, line 2: message".
 * All code cells together are one module, as they are to the reader.
 */
export function checkNotebook(file) {
  const notebook = JSON.parse(readFileSync(file, "utf8"));
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code").map((cell) => (Array.isArray(cell.source) ? cell.source.join("") : cell.source));
  // Inside the checkout, so that "kernel-view" and the other packages are found.
  const folder = path.join(cache, "cells");
  mkdirSync(folder, { recursive: true });
  const module = path.join(folder, `${path.basename(file, ".ipynb")}-${process.pid}.mts`);
  writeFileSync(module, `${cells.join("\n")}\nexport {};\n`);
  try {
    return diagnostics(module).map((diagnostic) => `${path.relative(root, file)}, ${place(diagnostic, cells)}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n  ")}`);
  } finally {
    rmSync(module, { force: true });
  }
}

function diagnostics(module) {
  const settings = ts.parseJsonConfigFileContent(ts.readConfigFile(path.join(root, "tsconfig.json"), ts.sys.readFile).config, ts.sys, root);
  const options = { ...settings.options, noEmit: true, incremental: false, tsBuildInfoFile: undefined, rootDir: undefined, declaration: false, noUnusedLocals: false };
  const program = ts.createProgram([module], options);
  return ts.getPreEmitDiagnostics(program);
}

function place(diagnostic, cells) {
  if (!diagnostic.file || diagnostic.start === undefined) return "whole notebook";
  let line = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start).line;
  for (const [index, source] of cells.entries()) {
    const lines = source.split("\n").length;
    if (line < lines) return `code cell ${index + 1}, line ${line + 1}`;
    line -= lines;
  }
  return "end";
}

/** Every notebook of the project. */
export function notebooks() {
  const folder = path.join(root, "notebooks");
  return readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort().map((name) => path.join(folder, name));
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const files = process.argv.length > 2 ? process.argv.slice(2).map((name) => path.resolve(name)) : notebooks();
  const errors = files.flatMap(checkNotebook);
  for (const error of errors) console.error(error);
  if (errors.length > 0) process.exitCode = 1;
}
