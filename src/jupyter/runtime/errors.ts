import path from "node:path";
import { inspect } from "node:util";
import { excerpt, headline, stackLine } from "../error-text";
import { placeInCell, type CellMap } from "../language/place";
import type { ErrorContent } from "../runtime-messages";
import { InterruptedError } from "./execution";

/** A cell that has run: what leads from a stack back to its lines. */
export interface KnownCell {
  label: string;
  map: CellMap;
}

export interface Known {
  /** The cells by their number. */
  cells: ReadonlyMap<number, KnownCell>;
  /** The user's TypeScript files by their path. */
  files: ReadonlyMap<string, CellMap>;
}

/** The name under which node knows the code of a cell. */
export const scriptName = (cell: number): string => `kernel-view:cell-${cell}`;

interface Frame {
  name: string;
  file: string;
  line: number;
  column: number;
}

/**
 * An error as Jupyter shows it. The message comes first, then the line of the cell where it happened. Of the stack stay
 * cells, the user's own files and, by name, the packages that were called.
 * @param projectRoot a file below it is named by its path there
 */
export function errorContent(error: unknown, known: Known, projectRoot: string): ErrorContent {
  if (error instanceof InterruptedError)
    return { ename: error.name, evalue: error.message, traceback: [headline(error.name, error.message)] };
  if (!isError(error)) {
    const value = typeof error === "string" ? error : inspect(error, { depth: 3 });
    return { ename: "Thrown", evalue: value, traceback: [headline("Thrown", value)] };
  }
  return { ename: nameOf(error), evalue: error.message, traceback: lines(error, known, projectRoot, new Set()) };
}

function lines(error: Error, known: Known, projectRoot: string, seen: Set<unknown>): string[] {
  seen.add(error);
  const stack = framesOf(error.stack ?? "").flatMap((frame) => translated(frame, known));
  const top = stack.find((frame) => frame.cell);
  const shown = [headline(nameOf(error), error.message)];
  if (top?.cell) shown.push(...excerpt(top.cell.map.text, top.cell.label, top.line, top.column));
  const calls = stackLines(stack, projectRoot);
  if (calls.length > 1 || !top) shown.push(...calls);
  const extra = ownProperties(error);
  if (extra) shown.push(extra);
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  for (const [title, inner] of [
    ["Caused by", cause],
    ...(Array.isArray(errors) ? errors.map((one) => ["One of them", one] as const) : []),
  ] as const) {
    if (isError(inner) && !seen.has(inner)) {
      const [first, ...rest] = lines(inner, known, projectRoot, seen);
      shown.push(`${title} ${first}`, ...rest);
    }
  }
  return shown;
}

const runningCellFile = path.resolve(__dirname, "..", "..", "running-cell.js");

type Translated = Frame & { cell?: KnownCell };

/** A frame in the user's terms, or nothing for node's and the kernel's own. */
function translated(frame: Frame, { cells, files }: Known): Translated[] {
  const written = { line: frame.line - 1, column: frame.column - 1 };
  const number = /^kernel-view:cell-(\d+)$/.exec(frame.file)?.[1];
  if (number === undefined) {
    if (
      frame.file.startsWith("node:") ||
      frame.file.startsWith(path.dirname(__dirname)) ||
      frame.file === runningCellFile ||
      !path.isAbsolute(frame.file)
    )
      return [];
    const map = files.get(frame.file);
    const place = map && placeInCell(map, written);
    return [place ? { ...frame, line: place.line + 1, column: place.column + 1 } : frame];
  }
  const cell = cells.get(Number(number));
  const place = cell && placeInCell(cell.map, written);
  return cell && place
    ? [
        {
          ...frame,
          ...place,
          name: /^(?:cellBody|eval|exports\.)$/.test(frame.name) ? "" : frame.name.replace(/^exports\./, ""),
          cell,
        },
      ]
    : [];
}

/** At most ten lines; of a package only the function that was called. */
function stackLines(stack: readonly Translated[], projectRoot: string): string[] {
  const shown: string[] = [];
  stack.forEach((frame, index) => {
    const place = frame.cell
      ? `cell ${frame.cell.label}:${frame.line + 1}:${frame.column + 1}`
      : packageName(frame.file, projectRoot);
    const caller = stack[index + 1];
    const inside =
      place !== undefined &&
      !frame.cell &&
      caller !== undefined &&
      !caller.cell &&
      packageName(caller.file, projectRoot) === place;
    if (!inside)
      shown.push(
        stackLine(frame.name, place ?? `${path.relative(process.cwd(), frame.file)}:${frame.line}:${frame.column}`),
      );
  });
  return shown.slice(0, 10);
}

/** The package that a file belongs to; undefined for the user's own files. */
function packageName(file: string, projectRoot: string): string | undefined {
  if (file.startsWith(path.join(projectRoot, "build"))) return "kernel-view";
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1];
}

function framesOf(stack: string): Frame[] {
  return stack.split("\n").flatMap((line) => {
    const match = /^\s+at (?:(?:async )?(.*?) \()?(?:async )?(?:file:\/\/)?(.+?):(\d+):(\d+)\)?$/.exec(line);
    return match ? [{ name: match[1] ?? "", file: match[2], line: Number(match[3]), column: Number(match[4]) }] : [];
  });
}

/** Properties that an error carries beside its message, such as `code` and `path`, on one line. */
function ownProperties(error: Error): string | undefined {
  const hidden = new Set(["stack", "message", "name", "cause", "errors"]);
  const properties = Object.entries(error).filter(([key]) => !hidden.has(key));
  return properties.length === 0
    ? undefined
    : inspect(Object.fromEntries(properties), { depth: 1, breakLength: 120, maxStringLength: 200 });
}

/** Also of another realm. */
const isError = (value: unknown): value is Error =>
  value instanceof Error ||
  (typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Error]");

const nameOf = (error: Error): string => error.name || error.constructor.name || "Error";
