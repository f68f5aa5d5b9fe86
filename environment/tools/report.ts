// npm run report: a notebook as one HTML file, two runs of it side by side, or all notebooks as one site.
import path from "node:path";
import { parseArgs } from "node:util";
import { liveParts } from "./live/parts";
import { messageOf } from "./checkout";
import { notebooks } from "./notebook-file";
import { NotebookError, prepareNotebook, withExecutedNotebook } from "./report/execute-notebook";
import { comparedParameters, comparisonPath, reportPath, sitePath, writeReport } from "./report/write-report";
import { writeSite } from "./report/write-site";

const usage = `usage: npm run report -- NOTEBOOK [--set name=value ...] [--live] [--out FILE]
       npm run report -- NOTEBOOK [--set name=value ...] --against name=value ... [--out FILE]
       npm run report -- --all [NOTEBOOK ...] [--set name=value ...] [--live] [--out FOLDER]

Executes a notebook and writes it as one HTML file that works offline.
  --set name=value       another value for one of the notebook's parameters (may be repeated)
  --against name=value   executes it twice, with --set and with --set changed by this, and shows what came out
                         side by side (may be repeated)
  --all                  every notebook of notebooks/ (or those named), as pages linked with each other and an index
  --live                 explorers compute in the page: the model comes along
  --out                  where to write (default: reports/NOTEBOOK.html, reports/NOTEBOOK-compared.html, reports/site)`;

interface Given {
  set: string[];
  against: string[];
  live?: boolean;
  out?: string;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  if (values.all && values.against.length > 0)
    throw new NotebookError(
      `--against compares two runs of one notebook, so it cannot be used with --all.\n\n${usage}`,
    );
  if (values.live && values.against.length > 0)
    throw new NotebookError(`--live is of one run, so it cannot be used with --against.\n\n${usage}`);
  const files = positionals.map((name) => path.resolve(name));
  if (values.all) return reportAll(files.length > 0 ? files : notebooks(), values);
  if (files.length !== 1) throw new NotebookError(usage);
  const out = values.against.length > 0 ? await compare(files[0], values) : await report(files[0], values);
  console.log(`Report: ${path.relative(process.cwd(), out)}`);
}

function report(file: string, { set: settings, live, out = reportPath(file) }: Given): Promise<string> {
  return withExecutedNotebook({ file, settings }, async (executed) => {
    const parts = live ? await liveParts(executed.executedFile, executed.folder) : undefined;
    if (live && !parts) console.error("This notebook has no explorers: its report has nothing that is live.");
    return writeReport({ file, out: path.resolve(out), live: parts, ...executed });
  });
}

async function compare(file: string, { set: settings, against, out = comparisonPath(file) }: Given): Promise<string> {
  // What is given last counts, so the second run has the first one's settings but for those of --against.
  const parametersOf = (run: string[]) => prepareNotebook({ file, settings: run }).parameters;
  const { sides } = comparedParameters(parametersOf(settings), parametersOf([...settings, ...against]));
  if (sides[0] === "")
    throw new NotebookError(
      `Both runs would have the same parameters: --against ${against.join(" --against ")} changes nothing.`,
    );
  return withExecutedNotebook({ file, settings, note: sides[0] }, (first) =>
    withExecutedNotebook({ file, settings: [...settings, ...against], note: sides[1] }, (second) =>
      writeReport({ file, out: path.resolve(out), ...first, against: second }),
    ),
  );
}

async function reportAll(files: string[], { set: settings, live, out = sitePath() }: Given): Promise<void> {
  if (files.length === 0) throw new NotebookError("There are no notebooks in notebooks/.");
  const entries = await writeSite({ files, out: path.resolve(out), settings, live });
  const failed = entries.filter(({ failure }) => failure);
  for (const { failure } of failed) console.error(failure);
  if (failed.length < entries.length)
    console.log(
      `Site: ${path.relative(process.cwd(), path.join(out, "index.html"))} (${entries.length - failed.length} of ${entries.length} notebooks)`,
    );
  else console.error("No notebook ran to its end, so no site was written.");
  if (failed.length > 0) process.exitCode = 1;
}

function readArguments() {
  const repeated = { type: "string", multiple: true, default: [] as string[] } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        set: repeated,
        against: repeated,
        all: { type: "boolean" },
        live: { type: "boolean" },
        out: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new NotebookError(`${messageOf(error)}\n\n${usage}`);
  }
}

main().catch((error: Error) => {
  console.error(error instanceof NotebookError ? error.message : `Report failed: ${error.stack}`);
  process.exitCode = 1;
});
