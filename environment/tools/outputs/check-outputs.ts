// Makes the outputs that are committed, and compares a new run with them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { writeFileAtomically } from "../../../src/files/atomic-write";
import { hasTag } from "../../../src/notebook/parameters";
import { messageOf } from "../checkout";
import { parseNotebook, type NotebookFile } from "../notebook-file";
import { NotebookError, withExecutedNotebook, type Execute } from "../report/execute-notebook";
import { OutputsError, notebookText, withOutputs, type Place } from "./committed-outputs";
import { compareOutputs, type Comparison } from "./compare-outputs";

export interface RunOptions {
  places?: readonly Place[];
  /** In place of withExecutedNotebook. */
  execute?: Execute;
}

const shown = (file: string): string => path.relative(process.cwd(), file) || file;

/** The command that makes a notebook's outputs. */
export const outputsCommand = (file: string): string => `npm run notebooks -- ${shown(file)}`;

/**
 * Executes a notebook with the parameters it declares and writes its outputs into its file, whole or not at all.
 * @returns `{ bytes, changed, seconds }`: size of the file, and whether it is another one now
 * @throws NotebookError when a cell fails, its outputs cannot be committed, or the file changed meanwhile; it stays as it is
 */
export async function writeOutputs(
  file: string,
  { places = [], execute = withExecutedNotebook }: RunOptions = {},
): Promise<{ bytes: number; changed: boolean; seconds: number }> {
  const before = readIfNotebook(file);
  return execute({ file }, ({ notebook, seconds }) => {
    const text = fitting(file, () => notebookText(withOutputs(parseNotebook(before), notebook, places)));
    if (readFileSync(file, "utf8") !== before)
      throw new NotebookError(
        `${shown(file)} was changed while it ran, and stays as it is: run ${outputsCommand(file)} again.`,
      );
    if (text !== before) writeFileAtomically(file, text);
    return { bytes: Buffer.byteLength(text), changed: text !== before, seconds };
  });
}

/**
 * Executes a notebook and compares it with its committed outputs.
 * @returns what compareOutputs tells, and the seconds that it took
 * @throws NotebookError when it has nothing to compare with, before it runs, and when a cell fails
 */
export async function checkOutputs(
  file: string,
  { places = [], execute = withExecutedNotebook }: RunOptions = {},
): Promise<Comparison & { seconds: number }> {
  committedNotebook(file);
  return execute({ file }, ({ notebook, seconds }) => ({ ...compareWithCommitted(file, notebook, places), seconds }));
}

/** Compares a notebook that was executed already. */
export function compareWithCommitted(file: string, executed: NotebookFile, places: readonly Place[] = []): Comparison {
  const committed = committedNotebook(file);
  return compareOutputs(
    committed,
    fitting(file, () => withOutputs(committed, executed, places)),
  );
}

/** A notebook that others can be compared with. */
function committedNotebook(file: string): NotebookFile {
  const notebook = parseNotebook(readIfNotebook(file));
  const code = notebook.cells.filter(({ cell_type: type }) => type === "code");
  if (code.every(({ outputs }) => !outputs?.length))
    throw new NotebookError(`${shown(file)} has no outputs yet. Make them: ${outputsCommand(file)}`);
  if (!code.some((cell) => hasTag(cell, "results"))) {
    throw new NotebookError(
      `${shown(file)} has no cell tagged “results”, so there is nothing to compare: tag the cells that show what it found (in JupyterLab: the gear on the right ▸ Cell Tags).`,
    );
  }
  return notebook;
}

/** The text of the file; what is no notebook is refused by the runner, in its own words. */
function readIfNotebook(file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    parseNotebook(text);
    return text;
  } catch (error) {
    throw new NotebookError(
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? `There is no notebook ${shown(file)}.`
        : `${shown(file)} is not a Jupyter notebook: ${messageOf(error)}`,
    );
  }
}

function fitting<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof OutputsError)) throw error;
    throw new NotebookError(`${shown(file)}, ${error.message}`);
  }
}

/** The differences as lines "notebook, cell 'results': …". */
export const differenceLines = (file: string, { differences }: Comparison): string[] =>
  differences.map(({ cell, message }) => `${shown(file)}, cell ${cell}: ${message}`);
