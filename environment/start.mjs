// npm start: the start notebook headless, its result table, its report.
// npm start -- name=value …: with other parameters. --executed FILE: keeps the executed notebook there, too.
// --picture FILE: draws the kernel beside the accuracies, as in the README.
import { copyFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { NotebookError, notebookFunctions, withExecutedNotebook } from "./report/execute-notebook.mjs";
import { reportPath, writeReport } from "./report/write-report.mjs";
import { writeWhole } from "./setup/files.mjs";
import { root } from "./setup/places.mjs";
import { startPicture } from "./start-picture.mjs";

const file = path.join(root, "notebooks", "00-start-here.ipynb");

try {
  const { settings, copy, picture } = readArguments();
  const out = await withExecutedNotebook({ file, settings }, async (executed) => {
    if (copy) copyFileSync(executed.executedFile, copy);
    if (picture) writeWhole(picture, await startPicture(executed.notebook));
    console.log(`\n${resultTable(executed.notebook)}\n`);
    return writeReport({ file, out: reportPath(file), ...executed });
  });
  console.log(`The report, with charts:  ${out}`);
  console.log("To change parameters and run the cells yourself:  npm run lab");
} catch (error) {
  console.error(error instanceof NotebookError ? error.message : `npm start failed: ${error.stack}`);
  process.exitCode = 1;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { executed: { type: "string" }, picture: { type: "string" } },
    });
    return { settings: positionals, copy: values.executed, picture: values.picture };
  } catch (error) {
    throw new NotebookError(
      `${error.message}\n\nusage: npm start [-- name=value ...] [--executed FILE] [--picture FILE]`,
    );
  }
}

/** The plain-text form of what the cell tagged `results` shows. */
function resultTable(notebook) {
  const { hasTag } = notebookFunctions();
  const cells = notebook.cells.filter((cell) => hasTag(cell, "results"));
  const texts = cells
    .flatMap((cell) => cell.outputs)
    .map((output) => output.data?.["text/plain"] ?? (output.name === "stdout" ? output.text : undefined));
  const shown = texts.filter((text) => text !== undefined).map((text) => (Array.isArray(text) ? text.join("") : text));
  if (shown.length === 0)
    throw new NotebookError(
      `${path.relative(root, file)} shows no results: it needs a cell tagged "results" that shows a table.`,
    );
  return shown.join("\n\n").trimEnd();
}
