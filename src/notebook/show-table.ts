import { displaySink, type MimeBundle } from "./display-sink";

/** What `showTable` reads of a danfojs DataFrame (named here so that this file does not load danfojs). */
export interface DataFrameLike {
  columns: (string | number)[];
  values: unknown;
  index?: (string | number)[];
}

/** Rows as plain objects; the columns are the keys in order of first appearance. */
export type Records = readonly object[];

export interface TableOptions {
  caption?: string;
  /** How to write the cells of a column, by column name. */
  format?: Record<string, (value: never) => string>;
  /** Significant digits of numbers that are not whole. Default 4. */
  digits?: number;
  /** Rows shown before the rest is counted instead. Default 50. */
  maxRows?: number;
}

/** Shows a danfojs DataFrame or an array of records as a table. */
export function showTable(table: DataFrameLike | Records, options: TableOptions = {}): void {
  displaySink().show(tableBundle(table, options));
}

/** The table as HTML and as aligned plain text. */
export function tableBundle(table: DataFrameLike | Records, options: TableOptions = {}): MimeBundle {
  const { columns, rows } = readTable(table);
  const { caption, maxRows = 50 } = options;
  const shown = rows.slice(0, maxRows);
  const cells = shown.map((row) => row.map((value, column) => cellText(value, columns[column], options)));
  const numeric = columns.map(
    (_, column) => shown.length > 0 && shown.every((row) => row[column] == null || typeof row[column] === "number"),
  );
  const rest = rows.length > shown.length ? `… and ${rows.length - shown.length} more rows` : undefined;
  const whole = { columns, cells, numeric, caption, rest };
  return { "text/html": asHtml(whole), "text/plain": asText(whole) };
}

interface Shown {
  columns: string[];
  cells: string[][];
  /** Whether a column has numbers. */
  numeric: boolean[];
  caption?: string;
  /** Of rows that are not shown. */
  rest?: string;
}

function readTable(table: DataFrameLike | Records): { columns: string[]; rows: unknown[][] } {
  if (Array.isArray(table)) {
    const records = table as Record<string, unknown>[];
    const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
    return { columns, rows: records.map((record) => columns.map((column) => record[column])) };
  }
  const { columns, values } = table as DataFrameLike;
  if (!Array.isArray(columns) || !Array.isArray(values)) {
    throw new TypeError("showTable: expected a danfojs DataFrame or an array of objects.");
  }
  return { columns: columns.map(String), rows: (values as unknown[]).map((row) => (Array.isArray(row) ? row : [row])) };
}

function cellText(value: unknown, column: string, { format, digits = 4 }: TableOptions): string {
  const own = format?.[column];
  if (own) return own(value as never);
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return numberText(value, digits);
  if (typeof value === "object") return JSON.stringify(value);
  return String(value as string | boolean | bigint);
}

function numberText(value: number, digits: number): string {
  return Number.isInteger(value) || !Number.isFinite(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

function asHtml({ columns, cells, numeric, caption, rest }: Shown): string {
  const align = (column: number, cell = "") => ` style="text-align:${numeric[column] ? "right" : "left"}${room(cell)}"`;
  const head = columns.map((name, column) => `<th${align(column)}>${escapeHtml(name)}</th>`).join("");
  const body = cells
    .map(
      (row) => `<tr>${row.map((cell, column) => `<td${align(column, cell)}>${escapeHtml(cell)}</td>`).join("")}</tr>`,
    )
    .join("\n");
  const foot = rest ? `\n<tfoot><tr><td colspan="${columns.length}">${escapeHtml(rest)}</td></tr></tfoot>` : "";
  return `<table>${caption ? `<caption style="text-align:left">${escapeHtml(caption)}</caption>` : ""}\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>${foot}\n</table>`;
}

/** So that a path or a template, which has no place to break, leaves room for the prose beside it. */
function room(cell: string): string {
  if (/\S{25}/.test(cell)) return ";overflow-wrap:anywhere;min-width:10em";
  return cell.length > 60 ? ";min-width:18em" : "";
}

function asText({ columns, cells, numeric, caption, rest }: Shown): string {
  const widths = columns.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  return [caption, line(columns), widths.map((width) => "─".repeat(width)).join("  "), ...cells.map(line), rest]
    .filter((part): part is string => part !== undefined)
    .join("\n");
}

/** Text made safe to stand in HTML. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}
