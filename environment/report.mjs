// npm run report -- NOTEBOOK [--set name=value …] [--out FILE]
import path from "node:path";
import { parseArgs } from "node:util";
import { NotebookError, withExecutedNotebook } from "./report/execute-notebook.mjs";
import { reportPath, writeReport } from "./report/write-report.mjs";

const usage = `usage: npm run report -- NOTEBOOK [--set name=value ...] [--out FILE]

Executes a notebook and writes it as one HTML file that works offline.
  --set name=value   another value for one of the notebook's parameters (may be repeated)
  --out FILE         where to write (default: reports/NOTEBOOK.html)`;

async function main() {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  if (positionals.length !== 1) throw new NotebookError(usage);
  const file = path.resolve(positionals[0]);
  const out = path.resolve(values.out ?? reportPath(file));
  await withExecutedNotebook({ file, settings: values.set }, (executed) => writeReport({ file, out, ...executed }));
  console.log(`Report: ${path.relative(process.cwd(), out)}`);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { set: { type: "string", multiple: true, default: [] }, out: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    throw new NotebookError(`${error.message}\n\n${usage}`);
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof NotebookError ? error.message : `Report failed: ${error.stack}`);
  process.exitCode = 1;
}
