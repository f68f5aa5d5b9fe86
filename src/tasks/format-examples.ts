import { InputError } from "../errors";
import { formatCsvRow } from "../files/delimited";
import { labelText } from "./labels";
import type { Example, Task } from "./task";
import { columnsNeeded, placed } from "./columns";
import { isEmptied } from "./split";

/**
 * Examples as one of the task's files has them, so that `readSplit` gives them back: a line of column names where the
 * task's files begin with one, each text and label in its column, other columns empty.
 *
 * @throws naming the example and the text that the format cannot hold
 */
export function formatExamples(
  examples: readonly Example[],
  task: Pick<Task, "name" | "format" | "delimiter" | "missingValues" | "header" | "columns" | "labels" | "target">,
): string {
  const given = [...task.columns.texts, task.columns.label];
  const columnNames = given.every((column) => typeof column === "string") ? given : undefined;
  const { columns } = placed(task, columnNames ?? []);
  const { texts, label } = columns;
  // "last" needs a column behind the texts.
  const width = columnsNeeded({ columns }) + (label === "last" ? 1 : 0);
  const labelColumn = label === "last" ? width - 1 : label;
  const row = (textCells: readonly string[], labelCell: string): string => {
    const cells = Array.from({ length: width }, () => "");
    texts.forEach((column, i) => (cells[column] = textCells[i]));
    cells[labelColumn] = labelCell;
    return task.format === "csv" ? formatCsvRow(cells, task.delimiter) : `${cells.join("\t")}\n`;
  };
  const names = row(
    texts.map((_, i) => columnNames?.[i] ?? (texts.length === 1 ? "text" : `text${i + 1}`)),
    label === "last" ? "label" : (columnNames?.at(-1) ?? "label"),
  );
  const lines = examples.map((example, i) => {
    checkWritable(example, i, task);
    return row(example.texts, labelText(example.label, task));
  });
  return [...(task.header ? [names] : []), ...lines].join("");
}

function checkWritable(
  { texts, label }: Example,
  index: number,
  task: Pick<Task, "name" | "format" | "missingValues" | "columns" | "labels" | "target">,
): void {
  const where = `example ${index} of task ${task.name}`;
  const { length } = task.columns.texts;
  if (texts.length !== length)
    throw new InputError(`${where} has ${texts.length} texts, and the task's files have columns for ${length}`);
  if (task.target !== undefined && !(label >= 0 && label <= 1))
    throw new InputError(`${where}: label ${label} is not a place between the two bounds, 0 to 1`);
  if (task.target === undefined && !(label in task.labels))
    throw new InputError(
      `${where}: label ${label} is not a class of the task; they are 0 to ${task.labels.length - 1} (${task.labels.join(", ")})`,
    );
  for (const text of texts) {
    const quoted = JSON.stringify(text.slice(0, 60));
    if (task.format === "tsv" && /[\t\r\n]/.test(text))
      throw new InputError(
        `${where}: ${quoted} has a tab or a line break, which tab-separated files cannot hold: take it out, or choose the format csv`,
      );
    if (isEmptied(text, task))
      throw new InputError(
        `${where}: a csv file's ${quoted} is read as a missing value, so as an empty text: write it otherwise, choose the format tsv, or leave missingValues out`,
      );
  }
}
