/** Where a file has a task's texts and labels. */
import { InputError } from "../errors";
import { DELIMITERS, parseCsv, type Delimiter } from "../files/delimited";
import { readLabel } from "./labels";
import type { Task } from "./task";

/** A task whose columns are numbers. */
export type Placed<T extends Pick<Task, "columns">> = Omit<T, "columns"> & {
  columns: { texts: readonly number[]; label: number | "last" };
};

/**
 * The task with its columns by number, as a file with this first line has them.
 *
 * @param path what an error calls the file
 * @throws naming the column if the header does not have it, or has it twice
 */
export function placed<T extends Pick<Task, "columns">>(
  task: T,
  header: readonly string[],
  path = "the file",
): Placed<T> {
  const names = header.map((name) => name.trim());
  const place = (column: number | string): number => {
    if (typeof column === "number") return column;
    const found = names.indexOf(column);
    if (found >= 0 && names.indexOf(column, found + 1) < 0) return found;
    const problem = found < 0 ? "has no column" : "has more than one column";
    throw new InputError(
      `${path}, line 1: the header ${problem} ${JSON.stringify(column)}; its columns are ${names.map((name) => JSON.stringify(name)).join(", ")}`,
      { file: path },
    );
  };
  const { texts, label } = task.columns;
  return { ...task, columns: { texts: texts.map(place), label: label === "last" ? label : place(label) } };
}

/** The fewest columns that a row of the task's files can have. */
export function columnsNeeded({ columns: { texts, label } }: Pick<Placed<Task>, "columns">): number {
  return Math.max(...texts, label === "last" ? 0 : label) + 1;
}

/** The label of a row; undefined if the row is too short. */
export const labelCell = (cells: readonly string[], { columns }: Pick<Placed<Task>, "columns">): string | undefined =>
  cells.at(columns.label === "last" ? -1 : columns.label);

/** See `Task.delimiter`. */
export function delimiterOf(
  text: string,
  task: Pick<Task, "delimiter" | "columns" | "header" | "labels" | "target">,
): Delimiter {
  if (task.delimiter !== undefined) return task.delimiter;
  const line = /^[^\r\n]*/.exec(text)![0];
  const fits = (delimiter: Delimiter): boolean => {
    try {
      const [{ cells }] = parseCsv(line, delimiter);
      const own = placed(task, cells);
      // "last" needs a column behind the texts.
      const enough = cells.length >= columnsNeeded(own) + (own.columns.label === "last" ? 1 : 0);
      return enough && (task.header || readLabel(labelCell(cells, own), task) !== undefined);
    } catch {
      return false;
    }
  };
  return DELIMITERS.find(fits) ?? ",";
}

/**
 * Why a label is none of the task's, with what the whole column holds.
 *
 * @param column the labels of every row
 */
export function unknownLabel(
  cell: string,
  column: readonly (string | undefined)[],
  { name, labels, target }: Pick<Task, "name" | "labels" | "target">,
): string {
  const quoted = (value: string): string => JSON.stringify(shortened(value));
  if (target !== undefined) return `label ${quoted(cell)} is no number from ${labels.join(" to ")} (task ${name})`;
  const problem = `label ${quoted(cell)} is not one of ${labels.join(", ")} (task ${name})`;
  const own = [...new Set(column.filter((value) => value !== undefined))];
  if (own.length > 10)
    return `${problem}; its column has ${own.length} different values: is it the one with the labels?`;
  // What is left of a label without spaces around it, capital letters, and ".0".
  const plain = (label: string): string =>
    Number.isFinite(Number(label)) && label.trim() !== "" ? String(Number(label)) : label.trim().toLowerCase();
  const known = new Set(labels.map(plain));
  const differs = own.every((label) => known.has(plain(label)))
    ? `, which differ in spaces, capital letters or digits after the point: write them in "labels" as the files have them`
    : "";
  return `${problem}; labels are ${own.map(quoted).join(" and ")}; the task names ${labels.map(quoted).join(" and ")}${differs}`;
}

/** A text as an error quotes it. */
export function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** How messages say that a file has few examples of a class. */
export const shortageText = (file: string, count: number, k: number, label: string): string =>
  `${file} has ${count} of ${k} examples of label ${label}`;
