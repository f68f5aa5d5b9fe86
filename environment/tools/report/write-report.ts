// From an executed notebook to one HTML file.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { writeFileAtomically } from "../../../src/files/atomic-write";
import { literal } from "../../../src/notebook/parameters";
import { packageVersion } from "../../../src/package-version";
import { defaultReports } from "../../../src/store/folder";
import { root, venvPython } from "../checkout";
import { textElements, type LiveParts } from "../live/parts";
import type { Executed, RunParameter } from "./execute-notebook";
import { drawFormulas } from "./formulas";

/** What a report says of one run. */
type Run = Pick<Executed, "executedFile" | "parameters" | "seconds">;

export interface ReportRequest extends Run {
  /** The notebook. */
  file: string;
  /** Where the report goes. */
  out: string;
  editedCells?: string[];
  /** For files on the way. */
  folder: string;
  /** A second run of the same notebook: both are shown side by side. */
  against?: Run;
  /** What makes it live (see liveParts), in a single report; `shared` says that a site holds the texts. */
  live?: LiveParts & { shared?: boolean };
  /** Whether the page belongs to a site, whose links go where it says <!--site-links-->. */
  inSite?: boolean;
}

/** A row of a table: what it is, and its value. */
export interface Row {
  what: string;
  value: string;
}

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
}: ReportRequest): string {
  const facts = path.join(folder, "facts.json");
  const scripts = path.join(folder, "libraries.json");
  const page = path.join(folder, "page.html");
  const name = path.basename(file, ".ipynb");
  const run = (one: Run) => ({
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
    [path.join(root, "environment", "tools", "report", "render_report.py"), facts, scripts, page],
    { encoding: "utf8" },
  );
  if (result.status !== 0)
    throw new Error(
      `The report of ${path.basename(file)} could not be made:\n${(result.stderr || String(result.error)).trimEnd()}`,
    );
  const texts = live && !live.shared ? textElements(live.texts) : "";
  writeFileAtomically(
    out,
    drawFormulas(readFileSync(page, "utf8")).replace("<!--live-texts-->", () => texts),
  );
  return out;
}

/** The parameters in which two runs differ, those in which they agree, and a heading for each run. */
export function comparedParameters(first: RunParameter[], second: RunParameter[]) {
  const pairs = first.map((parameter, index) => ({
    name: parameter.name,
    comment: parameter.comment ?? "",
    values: [parameter, second[index]].map(({ value }) => literal(value)),
  }));
  const differs = ({ values }: { values: string[] }): boolean => values[0] !== values[1];
  const differing = pairs.filter(differs);
  return {
    differing,
    agreeing: pairs.filter((pair) => !differs(pair)),
    sides: [0, 1].map((side) => differing.map(({ name, values }) => `${name} = ${values[side]}`).join(", ")),
  };
}

function uncommittedRows(parameters: RunParameter[]) {
  return parameters
    .filter(({ committed }) => committed !== undefined)
    .map(({ name, value, committed, comment = "" }) => ({ name, value: literal(value), committed, comment }));
}

/** The report's standard place. */
export const reportPath = (file: string): string =>
  path.join(defaultReports(), `${path.basename(file, ".ipynb")}.html`);

/** The standard place of two runs of a notebook side by side. */
export const comparisonPath = (file: string): string =>
  path.join(defaultReports(), `${path.basename(file, ".ipynb")}-compared.html`);

/** The standard place of the linked reports of all notebooks. */
export const sitePath = (): string => path.join(defaultReports(), "site");

function runRows({ file, parameters, editedCells, seconds }: Run & { file: string; editedCells: string[] }): Row[] {
  const value = (parameter: RunParameter): string => {
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
export function machineRows(): Row[] {
  return [
    { what: "Package", value: packageVersion() },
    { what: "Node", value: process.version },
    { what: "CPU", value: `${os.cpus()[0]?.model.trim() ?? "unknown"}, ${os.availableParallelism()} threads` },
    { what: "System", value: `${os.type()} ${os.arch()}` },
    { what: "Time (UTC)", value: new Date().toISOString() },
  ];
}
