// npm start: the start notebook headless, its result table, its report.
// npm start -- name=value …: with other parameters. --executed FILE: keeps the executed notebook there, too.
// --picture FILE: draws the kernel beside the accuracies, as in the README.
import { copyFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { writeFileAtomically } from "../../src/files/atomic-write";
import { hasTag } from "../../src/notebook/parameters";
import { messageOf, root } from "./checkout";
import { plain, type NotebookFile } from "./notebook-file";
import { NotebookError, withExecutedNotebook } from "./report/execute-notebook";
import { reportPath, writeReport } from "./report/write-report";
import { startPicture } from "./start-picture";

const file = path.join(root, "notebooks", "00-start-here.ipynb");

async function main(): Promise<void> {
  const { settings, copy, picture } = readArguments();
  const out = await withExecutedNotebook({ file, settings }, async (executed) => {
    if (copy) copyFileSync(executed.executedFile, copy);
    if (picture) {
      const png = await startPicture(executed.notebook);
      writeFileAtomically(picture, (append) => append(png));
    }
    console.log(`\n${resultTable(executed.notebook)}\n`);
    return writeReport({ file, out: reportPath(file), ...executed });
  });
  console.log(`The report, with charts:  ${out}`);
  console.log("To change parameters and run the cells yourself:  npm run lab");
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
      `${messageOf(error)}\n\nusage: npm start [-- name=value ...] [--executed FILE] [--picture FILE]`,
    );
  }
}

/** The plain-text form of what the cell tagged `results` shows. */
function resultTable(notebook: NotebookFile): string {
  const cells = notebook.cells.filter((cell) => hasTag(cell, "results"));
  const texts = cells
    .flatMap((cell) => cell.outputs ?? [])
    .map((output) => output.data?.["text/plain"] ?? (output.name === "stdout" ? output.text : undefined));
  const shown = texts.filter((text) => text !== undefined).map(plain);
  if (shown.length === 0)
    throw new NotebookError(
      `${path.relative(root, file)} shows no results: it needs a cell tagged "results" that shows a table.`,
    );
  return shown.join("\n\n").trimEnd();
}

main().catch((error: Error) => {
  console.error(error instanceof NotebookError ? error.message : `npm start failed: ${error.stack}`);
  process.exitCode = 1;
});
