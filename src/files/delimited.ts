import { InputError } from "../errors";
/** One line (of a CSV file: one record) with the number of the line where it begins, counted from 1. */
export interface Row {
  line: number;
  cells: string[];
}

/**
 * Rows of tab-separated text without quoting: quotation marks are ordinary characters, as the authors' reader has it.
 * Lines end with \n, \r\n or \r. Empty lines at the end are left out.
 */
export function parseTsv(text: string): Row[] {
  const lines = text.split(/\r\n|\r|\n/);
  while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
  return lines.map((line, i) => ({ line: i + 1, cells: line.split("\t") }));
}

/** What may stand between the cells of a file with quoting. */
export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/**
 * Rows of comma-separated text as `pandas.read_csv(header=None)` cuts them: a cell in double quotes may contain commas,
 * line breaks and doubled quotes, and what follows its closing quote belongs to it; blank lines are left out; a row
 * shorter than the first one gets empty cells. Cells are not converted: see `isMissing`.
 *
 * @throws naming the line if a quote is never closed, or a row is longer than the first one
 */
export function parseCsv(text: string, delimiter: Delimiter = ","): Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  // Each match is one cell with what ends it. Unquoted cells may hold quotes in their middle.
  const bare = `[^${delimiter}\\r\\n]*`;
  const cell = new RegExp(
    `(?:"([^"]*(?:""[^"]*)*)"(${bare})|([^"${delimiter}\\r\\n]${bare}|))([${delimiter}]|\\r\\n|\\r|\\n|$)`,
    "y",
  );
  while (cell.lastIndex < text.length || cells.length > 0) {
    const match = cell.exec(text);
    if (match === null) throw new InputError(`line ${line}: a quoted cell is not closed`);
    const [whole, quoted, after, plain, end] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"') + after);
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === delimiter) continue;
    const blank = cells.length === 1 && quoted === undefined && /^[ \t]*$/.test(plain);
    if (!blank) rows.push({ line: start, cells: padded(cells, rows[0]?.cells.length ?? cells.length, start) });
    cells = [];
    start = line;
  }
  return rows;
}

function padded(cells: string[], width: number, line: number): string[] {
  if (cells.length > width)
    throw new InputError(`line ${line}: ${cells.length} columns where the first row has ${width}`);
  while (cells.length < width) cells.push("");
  return cells;
}

/** pandas 1.1.5, which the authors' requirements name. Later versions count None too. */
const MISSING = new Set(
  "|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|n/a|nan|null".split("|"),
);

/** Whether pandas reads this cell of a CSV file as a missing value, quoted or not; the authors then take the text as empty. */
export function isMissing(cell: string): boolean {
  return MISSING.has(cell);
}

/**
 * One row of comma-separated text as `DataFrame.to_csv` writes it, with its line end: quotes only where a cell needs
 * them. (The authors' version leaves a cell with a lone \r bare, which then cannot be read back; here it is quoted.)
 */
export function formatCsvRow(cells: readonly string[], delimiter: Delimiter = ","): string {
  if (cells.length === 1 && cells[0] === "") return '""\n';
  const quoted = (cell: string): string =>
    cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return `${cells.map(quoted).join(delimiter)}\n`;
}
