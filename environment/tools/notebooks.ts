// npm run notebooks: executes notebooks and writes their outputs into them, or compares a new run with the committed one.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { cache, messageOf } from "./checkout";
import { notebooks } from "./notebook-file";
import { checkOutputs, differenceLines, writeOutputs, type RunOptions } from "./outputs/check-outputs";
import { NotebookError, StoppedError } from "./report/execute-notebook";

const usage = `usage: npm run notebooks [-- NOTEBOOK ...] [--reuse]
       npm run notebooks -- --check [NOTEBOOK ...] [--reuse]

Executes the notebooks of notebooks/ (or those named) with the parameters that they declare, and writes what they show
into their files: figures, tables and printed text, without execution counts, times and paths of this machine.
A notebook that fails stays as it is.
  --check   compares instead: the texts and tables of cells tagged "results" with the committed ones, numbers within
            the tolerance of the cell (metadata "tolerance": { "relative", "absolute", "counts" }) or the usual one
  --reuse   lets them use kernels and training runs that are on disk already; without it, everything is computed anew`;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  const files = positionals.length > 0 ? positionals.map((name) => path.resolve(name)) : notebooks();
  const store = values.reuse ? undefined : emptyStore();
  // What a notebook prints of the place where it keeps things is the same in every run.
  const options: RunOptions = { places: store ? [[store, ".cache"]] : [] };
  try {
    for (const file of files) {
      const done = await attempt(() => (values.check ? check(file, options) : write(file, options)));
      if (!done) process.exitCode = 1;
    }
  } finally {
    if (store) rmSync(store, { recursive: true, force: true });
  }
}

/** The other notebooks still run after one has failed, but not after an interrupt. */
async function attempt(run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof NotebookError)) throw error;
    console.error(error.message);
    if (error instanceof StoppedError) throw error;
    return false;
  }
}

async function write(file: string, options: RunOptions): Promise<boolean> {
  const { bytes, changed } = await writeOutputs(file, options);
  console.log(
    `${path.relative(process.cwd(), file)}: ${changed ? "outputs written" : "the outputs are the same"} (${Math.round(bytes / 1000)} kB)`,
  );
  return true;
}

async function check(file: string, options: RunOptions): Promise<boolean> {
  const result = await checkOutputs(file, options);
  for (const line of differenceLines(file, result)) console.error(line);
  const numbers = `${result.numbers} numbers in ${result.cells} ${result.cells === 1 ? "cell" : "cells"}`;
  if (result.differences.length === 0) console.log(`${path.relative(process.cwd(), file)}: as committed (${numbers})`);
  return result.differences.length === 0;
}

/** A separate store for the notebooks of this command, so that no result of earlier code is used. */
function emptyStore(): string {
  mkdirSync(cache, { recursive: true });
  const store = mkdtempSync(path.join(cache, `notebooks-${process.pid}-`));
  process.env.KERNEL_VIEW_CACHE = store;
  return store;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { check: { type: "boolean" }, reuse: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    const message = messageOf(error);
    const set = /'--set'/.test(message);
    throw new NotebookError(
      set
        ? "Committed outputs are those of the parameters a notebook declares. For other values: npm run report -- NOTEBOOK --set name=value"
        : `${message}\n\n${usage}`,
    );
  }
}

main().catch((error: Error) => {
  if (!(error instanceof StoppedError))
    console.error(error instanceof NotebookError ? error.message : `npm run notebooks failed: ${error.stack}`);
  process.exitCode = 1;
});
