// From an executed notebook to one HTML file.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { root, venvPython } from "../setup/places.mjs";
import { drawFormulas } from "./formulas.mjs";

const require = createRequire(import.meta.url);

/** The scripts that draw the charts, from this project's packages. */
const libraries = [
  ["vega", "build/vega.min.js"],
  ["vega-lite", "build/vega-lite.min.js"],
  ["vega-embed", "build/vega-embed.min.js"],
].map(([name, file]) => path.join(root, "node_modules", name, file));

/**
 * Writes the report of an executed notebook (see withExecutedNotebook), whole or not at all.
 * @returns the path written
 */
export function writeReport({ file, out, executedFile, parameters, seconds, folder }) {
  const facts = path.join(folder, "facts.json");
  const scripts = path.join(folder, "libraries.json");
  const page = path.join(folder, "page.html");
  writeFileSync(facts, JSON.stringify({ title: path.basename(file, ".ipynb"), package: packageVersion(), parameters, rows: runRows({ file, parameters, seconds }) }));
  writeFileSync(scripts, JSON.stringify(libraries));
  const result = spawnSync(venvPython, [path.join(root, "environment", "report", "render_report.py"), executedFile, facts, scripts, page], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`The report of ${path.basename(file)} could not be made:\n${(result.stderr || String(result.error)).trimEnd()}`);
  const text = drawFormulas(readFileSync(page, "utf8"));
  mkdirSync(path.dirname(out), { recursive: true });
  const part = `${out}.part-${process.pid}`;
  try {
    writeFileSync(part, text);
    renameSync(part, out);
  } finally {
    rmSync(part, { force: true });
  }
  return out;
}

/** The report's standard place. */
export const reportPath = (file) => path.join(root, "reports", `${path.basename(file, ".ipynb")}.html`);

function packageVersion() {
  const { name, version } = require(path.join(root, "package.json"));
  return `${name} ${version}`;
}

function runRows({ file, parameters, seconds }) {
  const value = (parameter) => `${parameter.name} = ${JSON.stringify(parameter.value)}${parameter.changed ? " (set for this run)" : ""}`;
  return [
    { what: "Notebook", value: path.basename(file) },
    { what: "Parameters", value: parameters.map(value).join(", ") || "none" },
    { what: "Run time", value: `${seconds.toFixed(1)} s` },
    { what: "Package", value: packageVersion() },
    { what: "Node", value: process.version },
    { what: "CPU", value: `${os.cpus()[0]?.model.trim() ?? "unknown"}, ${os.availableParallelism()} threads` },
    { what: "System", value: `${os.type()} ${os.arch()}` },
    { what: "Time (UTC)", value: new Date().toISOString() },
  ];
}
