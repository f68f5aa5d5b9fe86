import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCsv, parseTsv, type Row } from "./delimited";
import type { Example } from "./example";
import type { Split, Task } from "./task";

/**
 * Reads one split of a task from a folder as LM-BFF makes it: `train.tsv`, `dev.tsv`, `test.tsv`, or the same
 * with `.csv`, in utf-8 (with or without byte-order mark).
 *
 * @returns the examples in the order of the file
 * @throws naming file, line and value if a file is missing, a line has too few columns, or a label is unknown
 */
export function readSplit(directory: string, split: Split, task: Task): Example[] {
  const path = findFile(directory, task.files?.[split] ?? split);
  const rows = parseFile(path);
  const body = task.header ? withoutHeader(rows, path, task) : rows;
  if (body.length === 0) throw new Error(`${path} has no examples`);
  return body.map((row) => toExample(row, path, task));
}

function findFile(directory: string, name: string): string {
  for (const file of [`${name}.tsv`, `${name}.csv`]) {
    if (existsSync(join(directory, file))) return join(directory, file);
  }
  if (!existsSync(directory)) throw new Error(`the data folder ${directory} does not exist`);
  throw new Error(`${directory} has neither ${name}.tsv nor ${name}.csv: expected a folder with train, dev and test files`);
}

function parseFile(path: string): Row[] {
  let text: string;
  try {
    // The decoder drops a byte-order mark.
    text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) throw new Error(`${path} is not utf-8 text`, { cause: error });
    throw error;
  }
  if (path.endsWith(".tsv")) return parseTsv(text);
  try {
    return parseCsv(text);
  } catch (error) {
    throw new Error(`${path}, ${(error as Error).message}`, { cause: error });
  }
}

function labelCell(cells: readonly string[], task: Task): string | undefined {
  return task.columns.label === "last" ? cells[cells.length - 1] : cells[task.columns.label];
}

function withoutHeader(rows: Row[], path: string, task: Task): Row[] {
  // Without this test a file that lacks its header would silently lose its first example.
  const label = rows.length > 0 ? labelCell(rows[0].cells, task) : undefined;
  if (label !== undefined && task.labels.includes(label)) {
    throw new Error(`${path}, line 1: a line of column names was expected, but its label column holds the label ${JSON.stringify(label)}`);
  }
  return rows.slice(1);
}

function toExample({ line, cells }: Row, path: string, task: Task): Example {
  const { texts, label: labelColumn } = task.columns;
  const needed = Math.max(...texts, labelColumn === "last" ? 0 : labelColumn) + 1;
  if (cells.length < needed) {
    const value = JSON.stringify(shortened(cells.join(path.endsWith(".tsv") ? "\t" : ",")));
    throw new Error(`${path}, line ${line}: ${cells.length} column(s) where task ${task.name} needs ${needed}: ${value}`);
  }
  const cell = labelCell(cells, task) as string;
  const label = task.labels.indexOf(cell);
  if (label < 0) {
    throw new Error(`${path}, line ${line}: label ${JSON.stringify(shortened(cell))} is not one of ${task.labels.join(", ")} (task ${task.name})`);
  }
  return { texts: texts.map((column) => cells[column]), label };
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
