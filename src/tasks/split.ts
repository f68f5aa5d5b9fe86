import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { isMissing, parseCsv, parseTsv, type Row } from "../files/delimited";
import { utf8, withoutMark } from "../files/file-bytes";
import { columnsNeeded, delimiterOf, labelCell, placed, shortened, unknownLabel, type Placed } from "./columns";
import { readLabel } from "./labels";
import type { Example, Split, Task } from "./task";
import { warnOnce } from "../warn-once";

/**
 * Reads one split of a task from a folder as LM-BFF makes it: `train`, `dev` and `test` (or the task's own names) with
 * the ending of the task's format, in utf-8 (with or without byte-order mark).
 *
 * @param warn is told how many texts a task with `missingValues` has emptied
 * @returns the examples in the order of the file
 * @throws naming file, line and value if a file is missing, a line has too few columns, or a label is unknown
 */
export function readSplit(directory: string, split: Split, task: Task, warn = warnOnce): Example[] {
  const path = dataFile(directory, task.files?.[split] ?? split, task);
  const rows = readRows(path, task);
  const own = placed(task, rows[0]?.cells ?? [], path);
  const body = task.header ? withoutHeader(rows, path, own) : rows;
  const whole = task.skipShortRows === true ? body.filter(({ cells }) => cells.length >= columnsNeeded(own)) : body;
  if (whole.length === 0) throw new InputError(`${path} has no examples`);
  const emptied = whole.filter(({ cells }) => own.columns.texts.some((column) => isEmptied(cells[column], task)));
  if (emptied.length > 0) {
    const first = JSON.stringify(own.columns.texts.map((column) => emptied[0].cells[column]).find(isMissing));
    warn(
      `${path}: ${emptied.length} text(s) such as ${first} (line ${emptied[0].line}) are read as empty, as the authors' code does`,
    );
  }
  const labels = whole.map(({ cells }) => labelCell(cells, own));
  return whole.map((row) => toExample(row, path, own, labels));
}

/** The path of a task's file in a folder; throws if it is not there. */
export function dataFile(directory: string, name: string, task: Pick<Task, "name" | "format">): string {
  const path = join(directory, `${name}.${task.format}`);
  if (existsSync(path)) return path;
  if (!existsSync(directory)) throw new InputError(`the data folder ${directory} does not exist`);
  throw new InputError(`${directory} has no ${name}.${task.format}, which task ${task.name} is read from`);
}

/** The rows of a file. @throws naming file and line if it is not UTF-8, or malformed */
export function readRows(path: string, task: Parameters<typeof delimiterOf>[1] & Pick<Task, "format">): Row[] {
  const fail = (problem: string, cause?: unknown): never => {
    throw new InputError(`${path}${problem}`, { file: path }, { cause });
  };
  const text = withoutMark(utf8(readFileSync(path)) ?? fail(" is not utf-8 text"));
  if (task.format === "tsv") return parseTsv(text);
  try {
    return parseCsv(text, delimiterOf(text, task));
  } catch (error) {
    return fail(`, ${(error as Error).message}`, error);
  }
}

function withoutHeader(rows: Row[], path: string, task: Placed<Task>): Row[] {
  // Without this test a file that lacks its header would silently lose its first example.
  const label = rows.length > 0 ? labelCell(rows[0].cells, task) : undefined;
  if (readLabel(label, task) !== undefined) {
    throw new InputError(
      `${path}, line 1: a line of column names was expected, but its label column holds the label ${JSON.stringify(label)}`,
    );
  }
  return rows.slice(1);
}

function toExample(
  { line, cells }: Row,
  path: string,
  task: Placed<Task>,
  labels: readonly (string | undefined)[],
): Example {
  const needed = columnsNeeded(task);
  if (cells.length < needed) {
    const value = JSON.stringify(shortened(cells.join(task.format === "tsv" ? "\t" : ",")));
    const untabbed =
      task.format === "tsv" && cells.length === 1 ? "; a tsv file has tabs between its columns, csv is for others" : "";
    throw new InputError(
      `${path}, line ${line}: ${cells.length} column(s) where task ${task.name} needs ${needed}: ${value}${untabbed}`,
    );
  }
  const cell = labelCell(cells, task) ?? "";
  const label = readLabel(cell, task);
  if (label === undefined)
    throw new InputError(`${path}, line ${line}: ${unknownLabel(cell, labels, task)}`, { file: path });
  const texts = task.columns.texts.map((column) => (isEmptied(cells[column], task) ? "" : cells[column]));
  return { texts, label, line };
}

/** Whether a text that is not empty is read as an empty one. */
export const isEmptied = (
  text: string | undefined,
  { format, missingValues }: Pick<Task, "format" | "missingValues">,
) => format === "csv" && missingValues === true && text !== undefined && text !== "" && isMissing(text);

/** What two splits have in common. */
export interface SplitOverlap {
  first: string;
  second: string;
  /** Examples of the second split whose texts occur in the first one, whatever their labels. */
  shared: Example[];
}

/** The texts that occur in more than one split, for each pair of splits: a test text seen in training tests nothing. */
export function splitOverlaps(splits: Readonly<Record<string, readonly Example[]>>): SplitOverlap[] {
  const entries = Object.entries(splits);
  const keyOf = ({ texts }: Example): string => JSON.stringify(texts);
  return entries.flatMap(([first, own], i) => {
    const known = new Set(own.map(keyOf));
    return entries
      .slice(i + 1)
      .map(([second, others]) => ({ first, second, shared: others.filter((example) => known.has(keyOf(example))) }));
  });
}
