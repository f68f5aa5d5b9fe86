// Executes a notebook through the real kernel, with its progress on standard error.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import {
  injectParameters,
  literal,
  notebookParameters,
  parseOverrides,
  readNotebook,
  type Notebook,
  type Parameter,
  type ParameterValue,
} from "../../../src/notebook/parameters";
import { defaultCache } from "../../../src/store/folder";
import { messageOf, plainProgram, root, venvPython } from "../checkout";
import { parseNotebook, type NotebookFile } from "../notebook-file";
import { notAsCommitted } from "./committed";

/** A notebook that did not run to its end; the message names notebook, cell and error. */
export class NotebookError extends Error {}

/** A run that was interrupted from outside: nothing is wrong with the notebook, and nothing should follow. */
export class StoppedError extends NotebookError {}

/** A parameter with the value of a run. */
export interface RunParameter extends Parameter {
  /** Whether the value was set for the run. */
  changed: boolean;
  /** The committed value, where that is another. */
  committed?: string;
}

/** A run of a notebook to its end. */
export interface Executed {
  executedFile: string;
  notebook: NotebookFile;
  parameters: RunParameter[];
  /** The first lines of code cells that are not as committed. */
  editedCells: string[];
  seconds: number;
  /** For files on the way; it is removed afterwards. */
  folder: string;
}

export interface RunRequest {
  /** The notebook; it is not changed. */
  file: string;
  /** "name=value" for its parameters. */
  settings?: readonly string[];
  /** What to add to its name in messages. */
  note?: string;
}

/** Executes a notebook and hands the result to `use`. */
export type Execute = <T>(request: RunRequest, use: (executed: Executed) => T | Promise<T>) => Promise<T>;

/**
 * Executes a notebook and hands the result to `use`.
 * @throws NotebookError when a cell fails or is skipped
 */
export async function withExecutedNotebook<T>(
  { file, settings = [], note }: RunRequest,
  use: (executed: Executed) => T | Promise<T>,
): Promise<T> {
  const name = path.relative(process.cwd(), file) || file;
  const shown = note ? `${name} (${note})` : name;
  const { original, parameters, editedCells, overrides } = prepareNotebook({ file, settings });
  tellEdited(shown, parameters, editedCells);
  const cache = defaultCache();
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, `report-${process.pid}-`));
  try {
    const prepared = path.join(folder, "prepared.ipynb");
    const executedFile = path.join(folder, "executed.ipynb");
    writeFileSync(prepared, JSON.stringify(injectParameters(original, overrides)));
    const seconds = await execute(prepared, executedFile, path.dirname(path.resolve(file)), shown);
    return await use({
      executedFile,
      notebook: parseNotebook(readFileSync(executedFile, "utf8")),
      parameters,
      editedCells,
      seconds,
      folder,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A notebook and the values for a run of it. */
export interface Prepared extends Pick<Executed, "parameters" | "editedCells"> {
  /** The file's content. */
  original: Notebook;
  /** The values set. */
  overrides: Record<string, ParameterValue>;
}

/**
 * Reads a notebook and the values for its parameters, without running anything.
 * @throws NotebookError for a file that is no notebook, and for settings that do not fit
 */
export function prepareNotebook({ file, settings = [] }: RunRequest): Prepared {
  const shown = path.relative(process.cwd(), file) || file;
  const original = readExisting(file, shown);
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
function tellEdited(shown: string, parameters: RunParameter[], editedCells: string[]): void {
  const edited = [
    ...parameters
      .filter(({ changed, committed }) => committed !== undefined && !changed)
      .map(({ name, value, committed }) => `${name} = ${literal(value)} (committed: ${committed})`),
    ...editedCells.map((line) => `the cell “${line}”`),
  ];
  if (edited.length > 0) console.error(`${shown}: not as committed: ${edited.join(", ")}`);
}

function readExisting(file: string, shown: string): Notebook {
  if (!existsSync(file)) throw new NotebookError(`There is no notebook ${shown}.`);
  try {
    return readNotebook(file);
  } catch (error) {
    throw new NotebookError(`${shown} is not a Jupyter notebook: ${messageOf(error)}`);
  }
}

function explained<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new NotebookError(`${shown}: ${messageOf(error)}`);
  }
}

/** What run_notebook.py tells, a line each. */
type RunnerEvent =
  | { event: "cell"; cell: number; of: number; title: string }
  | { event: "note"; text: string }
  | { event: "done"; seconds: number }
  | { event: "failed"; cell: number; of: number; title: string; reason: string };

/** Runs the prepared notebook in a folder; returns the seconds that it took. */
async function execute(prepared: string, executed: string, folder: string, shown: string): Promise<number> {
  const { withoutNoise } = await plainProgram("tensorflow-noise.mjs");
  const child = spawn(
    venvPython,
    [path.join(root, "environment", "tools", "report", "run_notebook.py"), prepared, executed, folder],
    {
      stdio: ["ignore", "pipe", "pipe"],
      // In our process group the terminal's Ctrl-C reaches runner and kernel too; in another they would keep running.
      env: { ...process.env, PYTHONUNBUFFERED: "1", PYDEVD_DISABLE_FILE_VALIDATION: "1" },
    },
  );
  const progress = startProgress(shown);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += withoutNoise(chunk).toString("utf8")));
  let failure: Extract<RunnerEvent, { event: "failed" }> | undefined;
  let seconds: number | undefined;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const event = readEvent(line);
    if (!event) errors += `${line}\n`;
    else if (event.event === "cell") progress.cell(event);
    else if (event.event === "note") progress.note(event.text);
    else if (event.event === "done") seconds = event.seconds;
    else if (event.event === "failed") failure = event;
  });
  let stopped: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    stopped = signal;
    child.kill(signal);
  };
  process.once("SIGTERM", stop).once("SIGINT", stop);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  process.off("SIGTERM", stop).off("SIGINT", stop);
  progress.end(code === 0 ? seconds : undefined);
  if (stopped) throw new StoppedError(`${shown}: stopped (${stopped}).`);
  if (failure) {
    const where =
      failure.cell > 0 ? `${shown}, code cell ${failure.cell} of ${failure.of} (“${failure.title}”)` : shown;
    throw new NotebookError(`${where}:\n${failure.reason.split("\n").slice(0, 40).join("\n")}`);
  }
  if (code !== 0 || seconds === undefined)
    throw new NotebookError(`${shown}: the notebook runner stopped (exit code ${code}).\n${errors.trimEnd()}`);
  return seconds;
}

function readEvent(line: string): RunnerEvent | undefined {
  try {
    const event = JSON.parse(line) as RunnerEvent | null;
    return typeof event?.event === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

type CellEvent = Extract<RunnerEvent, { event: "cell" }>;

/** "notebook: cell 3 of 12 · first line · 14 s · progress shown inside the cell". */
function startProgress(shown: string) {
  const started = Date.now();
  const terminal = process.stderr.isTTY;
  const columns = process.stderr.columns ?? 80;
  const seconds = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  let cell: CellEvent | undefined;
  let note: string | undefined;
  let lastPrinted = started;
  const line = ({ cell: number, of, title }: CellEvent): string =>
    [`${shown}: cell ${number} of ${of}`, seconds(), note ?? title].filter(Boolean).join(" · ");
  const timer = setInterval(() => {
    if (!cell) return;
    if (terminal) process.stderr.write(`\r\x1b[2K${line(cell).slice(0, columns - 1)}`);
    else if (Date.now() - lastPrinted > 15_000) {
      lastPrinted = Date.now();
      console.error(line(cell));
    }
  }, 250);
  return {
    cell(event: CellEvent) {
      cell = event;
      note = undefined;
      if (!terminal) {
        lastPrinted = Date.now();
        console.error(line(event));
      }
    },
    note: (text: string) => void (note = text),
    end(took?: number) {
      clearInterval(timer);
      if (terminal) process.stderr.write("\r\x1b[2K");
      if (took !== undefined) console.error(`${shown}: executed ${cell?.of ?? 0} cells in ${took.toFixed(1)} s`);
    },
  };
}
