// From an executed notebook to one HTML file.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { textElements } from "../live/parts.mjs";
import { writeWhole } from "../setup/files.mjs";
import { root, venvPython } from "../setup/places.mjs";
import { notebookFunctions } from "./execute-notebook.mjs";
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
 * @param against a second run of the same notebook, `{ executedFile, parameters, seconds }`: both are shown side by side
 * @param live what makes it live (see liveParts), in a single report; `shared` says that a site holds the texts
 * @param inSite whether the page belongs to a site, whose links go where it says <!--site-links-->
 * @returns the path written
 */
export function writeReport({
  file,
  out,
  executedFile,
  parameters,
  editedCells = [],
  seconds,
  folder,
  against,
  inSite = false,
  live,
}) {
  const facts = path.join(folder, "facts.json");
  const scripts = path.join(folder, "libraries.json");
  const page = path.join(folder, "page.html");
  const name = path.basename(file, ".ipynb");
  const run = (one) => ({
    executed: one.executedFile,
    parameters: one.parameters,
    rows: runRows({ file, editedCells, ...one }),
  });
  writeFileSync(
    facts,
    JSON.stringify({
      name,
      inSite,
      live: live && { places: live.places, shared: live.shared ? Object.keys(live.texts) : [] },
      package: packageVersion(),
      editedCells,
      uncommitted: uncommittedRows(parameters),
      ...run({ executedFile, parameters, seconds }),
      ...(against ? { against: run(against), ...comparedParameters(parameters, against.parameters) } : {}),
    }),
  );
  const liveScript = path.join(folder, "live.js");
  if (live) writeFileSync(liveScript, live.script);
  writeFileSync(scripts, JSON.stringify({ charts: libraries, live: live ? [liveScript] : [] }));
  const result = spawnSync(
    venvPython,
    [path.join(root, "environment", "report", "render_report.py"), facts, scripts, page],
    { encoding: "utf8" },
  );
  if (result.status !== 0)
    throw new Error(
      `The report of ${path.basename(file)} could not be made:\n${(result.stderr || String(result.error)).trimEnd()}`,
    );
  const texts = live && !live.shared ? textElements(live.texts) : "";
  writeWhole(
    out,
    drawFormulas(readFileSync(page, "utf8")).replace("<!--live-texts-->", () => texts),
  );
  return out;
}

/** The parameters in which two runs differ, those in which they agree, and a heading for each run. */
export function comparedParameters(first, second) {
  const { literal } = notebookFunctions();
  const pairs = first.map((parameter, index) => ({
    name: parameter.name,
    comment: parameter.comment ?? "",
    values: [parameter, second[index]].map(({ value }) => literal(value)),
  }));
  const differs = ({ values }) => values[0] !== values[1];
  const differing = pairs.filter(differs);
  return {
    differing,
    agreeing: pairs.filter((pair) => !differs(pair)),
    sides: [0, 1].map((side) => differing.map(({ name, values }) => `${name} = ${values[side]}`).join(", ")),
  };
}

function uncommittedRows(parameters) {
  const { literal } = notebookFunctions();
  return parameters
    .filter(({ committed }) => committed !== undefined)
    .map(({ name, value, committed, comment = "" }) => ({ name, value: literal(value), committed, comment }));
}

/** The reports' standard place. */
const reports = (...names) =>
  path.join(require(path.join(root, "build", "src", "store", "folder.js")).defaultReports(), ...names);

/** The report's standard place. */
export const reportPath = (file) => reports(`${path.basename(file, ".ipynb")}.html`);

/** The standard place of two runs of a notebook side by side. */
export const comparisonPath = (file) => reports(`${path.basename(file, ".ipynb")}-compared.html`);

/** The standard place of the linked reports of all notebooks. */
export const sitePath = () => reports("site");

/** "kernel-view 0.1.0". */
export function packageVersion() {
  const { name, version } = require(path.join(root, "package.json"));
  return `${name} ${version}`;
}

function runRows({ file, parameters, editedCells, seconds }) {
  const { literal } = notebookFunctions();
  const value = (parameter) => {
    const notes = [parameter.changed && "set for this run", parameter.committed && `committed: ${parameter.committed}`];
    const note = notes.filter(Boolean).join("; ");
    return `${parameter.name} = ${literal(parameter.value)}${note ? ` (${note})` : ""}`;
  };
  return [
    { what: "Notebook", value: path.basename(file) },
    { what: "Parameters", value: parameters.map(value).join(", ") || "none" },
    ...(editedCells.length > 0 ? [{ what: "Cells not as committed", value: editedCells.join("; ") }] : []),
    { what: "Run time", value: `${seconds.toFixed(1)} s` },
    ...machineRows(),
  ];
}

/** What computed, and when. */
export function machineRows() {
  return [
    { what: "Package", value: packageVersion() },
    { what: "Node", value: process.version },
    { what: "CPU", value: `${os.cpus()[0]?.model.trim() ?? "unknown"}, ${os.availableParallelism()} threads` },
    { what: "System", value: `${os.type()} ${os.arch()}` },
    { what: "Time (UTC)", value: new Date().toISOString() },
  ];
}
