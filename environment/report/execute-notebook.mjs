// Executes a notebook through the real kernel, with its progress on standard error.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { root, venvPython } from "../setup/places.mjs";
import { withoutNoise } from "../tensorflow-noise.mjs";
import { notAsCommitted } from "./committed.mjs";

const require = createRequire(import.meta.url);

/** A notebook that did not run to its end; the message names notebook, cell and error. */
export class NotebookError extends Error {}

/** A run that was interrupted from outside: nothing is wrong with the notebook, and nothing should follow. */
export class StoppedError extends NotebookError {}

/** The notebook functions of the library (compiled by set-up). */
export const notebookFunctions = () => require(path.join(root, "build", "src", "notebook", "index.js"));

/**
 * Executes a notebook and hands the result to `use`.
 * @param file the notebook; it is not changed
 * @param settings "name=value" for its parameters
 * @param note what to add to its name in messages
 * @param use called with `{ executedFile, notebook, parameters, editedCells, seconds, folder }`; `folder` is removed afterwards
 * @throws NotebookError when a cell fails or is skipped
 */
export async function withExecutedNotebook({ file, settings = [], note }, use) {
  const name = path.relative(process.cwd(), file) || file;
  const shown = note ? `${name} (${note})` : name;
  const { original, parameters, editedCells, overrides } = prepareNotebook({ file, settings });
  tellEdited(shown, parameters, editedCells);
  const { injectParameters } = notebookFunctions();
  const cache = require(path.join(root, "build", "src", "store", "folder.js")).defaultCache();
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, `report-${process.pid}-`));
  try {
    const prepared = path.join(folder, "prepared.ipynb");
    const executedFile = path.join(folder, "executed.ipynb");
    writeFileSync(prepared, JSON.stringify(injectParameters(original, overrides)));
    const seconds = await execute(prepared, executedFile, path.dirname(path.resolve(file)), shown);
    return await use({
      executedFile,
      notebook: JSON.parse(readFileSync(executedFile, "utf8")),
      parameters,
      editedCells,
      seconds,
      folder,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Reads a notebook and the values for its parameters, without running anything.
 * @returns `{ original, parameters, editedCells, overrides }`: the file's content; all parameters with their values, and
 *   with the committed value where that is another; the code cells that are not as committed; the values set
 * @throws NotebookError for a file that is no notebook, and for settings that do not fit
 */
export function prepareNotebook({ file, settings = [] }) {
  const shown = path.relative(process.cwd(), file) || file;
  const original = readNotebook(file, shown);
  const { notebookParameters, parseOverrides } = notebookFunctions();
  return explained(shown, () => {
    const declared = notebookParameters(original);
    const overrides = parseOverrides(settings, declared);
    const { committedValue, cells: editedCells } = notAsCommitted(file, original);
    const parameters = declared.map((parameter) => {
      const changed = parameter.name in overrides;
      const value = changed ? overrides[parameter.name] : parameter.value;
      return { ...parameter, value, changed, committed: committedValue(parameter.name, value) };
    });
    return { original, parameters, editedCells, overrides };
  });
}

/** What someone once changed in JupyterLab is easily forgotten. */
function tellEdited(shown, parameters, editedCells) {
  const { literal } = notebookFunctions();
  const edited = [
    ...parameters
      .filter(({ changed, committed }) => committed !== undefined && !changed)
      .map(({ name, value, committed }) => `${name} = ${literal(value)} (committed: ${committed})`),
    ...editedCells.map((line) => `the cell “${line}”`),
  ];
  if (edited.length > 0) console.error(`${shown}: not as committed: ${edited.join(", ")}`);
}

function readNotebook(file, shown) {
  if (!existsSync(file)) throw new NotebookError(`There is no notebook ${shown}.`);
  try {
    return notebookFunctions().readNotebook(file);
  } catch (error) {
    throw new NotebookError(`${shown} is not a Jupyter notebook: ${error.message}`);
  }
}

function explained(shown, read) {
  try {
    return read();
  } catch (error) {
    throw new NotebookError(`${shown}: ${error.message}`);
  }
}

async function execute(prepared, executed, folder, shown) {
  const child = spawn(
    venvPython,
    [path.join(root, "environment", "report", "run_notebook.py"), prepared, executed, folder],
    {
      stdio: ["ignore", "pipe", "pipe"],
      // In our process group the terminal's Ctrl-C reaches runner and kernel too; in another they would keep running.
      env: { ...process.env, PYTHONUNBUFFERED: "1", PYDEVD_DISABLE_FILE_VALIDATION: "1" },
    },
  );
  const progress = startProgress(shown);
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += withoutNoise(chunk).toString("utf8")));
  let failure, seconds;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const event = readEvent(line);
    if (!event) errors += `${line}\n`;
    else if (event.event === "cell") progress.cell(event);
    else if (event.event === "note") progress.note(event.text);
    else if (event.event === "done") seconds = event.seconds;
    else if (event.event === "failed") failure = event;
  });
  let stopped;
  const stop = (signal) => {
    stopped = signal;
    child.kill(signal);
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  process.off("SIGTERM", stop).off("SIGINT", stop);
  progress.end(code === 0 ? seconds : undefined);
  if (stopped) throw new StoppedError(`${shown}: stopped (${stopped}).`);
  if (failure) {
    const where =
      failure.cell > 0 ? `${shown}, code cell ${failure.cell} of ${failure.of} (“${failure.title}”)` : shown;
    throw new NotebookError(`${where}:\n${failure.reason.split("\n").slice(0, 40).join("\n")}`);
  }
  if (code !== 0)
    throw new NotebookError(`${shown}: the notebook runner stopped (exit code ${code}).\n${errors.trimEnd()}`);
  return seconds;
}

function readEvent(line) {
  try {
    const event = JSON.parse(line);
    return typeof event?.event === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

/** "notebook: cell 3 of 12 · first line · 14 s · progress shown inside the cell". */
function startProgress(shown) {
  const started = Date.now();
  const terminal = process.stderr.isTTY;
  const columns = process.stderr.columns ?? 80;
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  let cell, note;
  let lastPrinted = started;
  const line = () =>
    [`${shown}: cell ${cell.cell} of ${cell.of}`, seconds(), note ?? cell.title].filter(Boolean).join(" · ");
  const timer = setInterval(() => {
    if (!cell) return;
    if (terminal) process.stderr.write(`\r\x1b[2K${line().slice(0, columns - 1)}`);
    else if (Date.now() - lastPrinted > 15_000) {
      lastPrinted = Date.now();
      console.error(line());
    }
  }, 250);
  return {
    cell(event) {
      cell = event;
      note = undefined;
      if (!terminal) {
        lastPrinted = Date.now();
        console.error(line());
      }
    },
    note: (text) => (note = text),
    end(took) {
      clearInterval(timer);
      if (terminal) process.stderr.write("\r\x1b[2K");
      if (took !== undefined) console.error(`${shown}: executed ${cell?.of ?? 0} cells in ${took.toFixed(1)} s`);
    },
  };
}
