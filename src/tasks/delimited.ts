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

/**
 * Rows of comma-separated text: a cell in double quotes may contain commas, line breaks and doubled quotes.
 * Empty lines are left out.
 *
 * @throws if a quote is never closed, or something follows a closing quote
 */
export function parseCsv(text: string): Row[] {
  const rows: Row[] = [];
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  // Each match is one cell with what ends it. Unquoted cells may hold quotes in their middle.
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n][^,\r\n]*|))(,|\r\n|\r|\n|$)/y;
  while (cell.lastIndex < text.length || cells.length > 0) {
    const match = cell.exec(text);
    if (match === null) throw new Error(`line ${line}: a quoted cell is not closed, or goes on after its closing quote`);
    const [whole, quoted, plain, end] = match;
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ",") continue;
    if (cells.length > 1 || whole.length > end.length) rows.push({ line: start, cells });
    cells = [];
    start = line;
  }
  return rows;
}
