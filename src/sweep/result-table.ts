/** Results as the paper prints them: a row for each k and method, a column for each task. */
import type { Aggregate } from "./aggregate";

/** One row: its cells by column name. */
export type ResultRow = Record<string, string | number>;

/** Rows of {k, method, and for each task one cell "88.3 (0.3)"}, in order of first appearance; a cell without a result is "". */
export function resultRows(aggregates: readonly Pick<Aggregate, "task" | "method" | "k" | "text">[]): ResultRow[] {
  const tasks = [...new Set(aggregates.map(({ task }) => task))];
  const rows = new Map<string, ResultRow>();
  for (const { task, method, k, text } of aggregates) {
    const key = JSON.stringify([k, method]);
    if (!rows.has(key)) rows.set(key, { k, method, ...Object.fromEntries(tasks.map((name) => [name, ""])) });
    rows.get(key)![task] = text;
  }
  return [...rows.values()];
}

/** The columns of rows: their keys in order of first appearance. */
export const columnsOf = (rows: readonly ResultRow[]): string[] => [
  ...new Set(rows.flatMap((row) => Object.keys(row))),
];

/** The rows as a Markdown table. */
export function markdownTable(rows: readonly ResultRow[]): string {
  const columns = columnsOf(rows);
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replace(/[\\|]/g, "\\$&").replace(/\n/g, " ")).join(" | ")} |`;
  return (
    [
      line(columns),
      `|${columns.map(() => " --- ").join("|")}|`,
      ...rows.map((row) => line(columns.map((column) => String(row[column])))),
    ].join("\n") + "\n"
  );
}
