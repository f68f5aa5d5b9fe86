/** Errors as a notebook shows them: what is wrong first, then the line of the cell with a caret. */
import type { CellError } from "./language/protocol";
import type { ErrorContent } from "./runtime-messages";

// No red: front ends put errors on a red ground, on which their red is hard to read, bold red in a dark theme most of all.
const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;

/** "TypeError: message", the name marked; further lines of the message stay as they are. */
export const headline = (name: string, message: string): string =>
  `${bold(name)}${message === "" ? "" : `: ${message}`}`;

/**
 * The line of a cell in which something is wrong, with a caret beneath it.
 * @param label how the cell is called, such as "[3]"
 * @param line from 0
 * @param column from 0, in UTF-16 units
 */
export function excerpt(text: string, label: string, line: number, column: number, length = 1): string[] {
  const lines = text.split("\n");
  const width = String(line + 1).length;
  const source = lines[line] ?? "";
  const gap = source.slice(0, column).replace(/[^\t]/g, " ");
  const marked = Math.max(1, Math.min(length, source.length - column));
  return [
    dim(`in cell ${label}, line ${line + 1}:`),
    ...(line > 0 && lines[line - 1].trim() !== ""
      ? [`  ${dim(`${String(line).padStart(width)} │`)} ${lines[line - 1]}`]
      : []),
    `  ${dim(`${line + 1} │`)} ${source}`,
    `  ${" ".repeat(width)} ${dim("│")} ${gap}${bold("^".repeat(marked))}`,
  ];
}

/** A line of a stack: a function and where it is. */
export const stackLine = (name: string, place: string): string =>
  dim(`    at ${name === "" ? place : `${name} (${place})`}`);

/** An error of the kernel itself, without a place. */
export const failure = (ename: string, evalue: string): ErrorContent => ({
  ename,
  evalue,
  traceback: [headline(ename, evalue)],
});

export const interrupted = failure("Interrupted", "The cell was interrupted.");

/** Printed when an interrupt does not end a cell. */
export const stubborn =
  "The cell runs code that cannot be stopped from outside (a package's loop, say), and ends when that returns. Interrupt again to end it by force; variables may then be lost.\n";

/** The compiler's errors, each with its line. The first one gives the error its message. */
export function compileError(errors: readonly CellError[], code: string, label: string): ErrorContent {
  const shown = errors
    .slice(0, 10)
    .flatMap(({ message, code: number, place }) => [
      headline(`TS${number}`, message),
      ...(place ? excerpt(code, label, place.line, place.column, place.length) : []),
    ]);
  const more = errors.length > 10 ? [`… and ${errors.length - 10} more errors`] : [];
  return {
    ename: "CompileError",
    evalue: `TS${errors[0].code}: ${errors[0].message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}`,
    traceback: [...shown, ...more],
  };
}
