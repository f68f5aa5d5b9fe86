import { SourceMap } from "node:module";

/** A text put into another at a position of the original. */
export interface Insertion {
  at: number;
  text: string;
}

/** The text with its insertions; those at one position stay in the order in which they were made. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const { at, text: inserted } of inOrder(insertions)) {
    parts.push(text.slice(from, at), inserted);
    from = at;
  }
  return parts.join("") + text.slice(from);
}

/** The position in the original of a position in the text with insertions; inside an insertion, the place where it was put. */
export function originalPosition(position: number, insertions: readonly Insertion[]): number {
  let shift = 0;
  for (const { at, text } of inOrder(insertions)) {
    if (position <= at + shift) break;
    shift += Math.min(text.length, position - at - shift);
  }
  return position - shift;
}

/** Stable: insertions at one position keep their order. */
const inOrder = (insertions: readonly Insertion[]): Insertion[] => [...insertions].sort((a, b) => a.at - b.at);

/** What leads from the JavaScript of a cell back to its own text. */
export interface CellMap {
  text: string;
  /** What was put into the text before it was compiled. */
  insertions: Insertion[];
  /** From the JavaScript to the text with insertions (source map, version 3). */
  mappings: string;
}

/** Line and column in a text, from 0. */
export interface Place {
  line: number;
  column: number;
}

/** The place in a cell from which a place in its JavaScript comes; undefined for what the compiler added. */
export function placeInCell({ text, insertions, mappings }: CellMap, { line, column }: Place): Place | undefined {
  const map = new SourceMap({
    version: 3,
    file: "cell.js",
    sources: ["cell.ts"],
    sourcesContent: [],
    names: [],
    sourceRoot: "",
    mappings,
  });
  const found = map.findEntry(line, column) as { originalLine?: number; originalColumn?: number };
  if (found.originalLine === undefined || found.originalColumn === undefined) return undefined;
  const instrumented = withInsertions(text, insertions);
  const position = lineStart(instrumented, found.originalLine) + found.originalColumn;
  return placeOf(text, originalPosition(position, insertions));
}

function lineStart(text: string, line: number): number {
  let start = 0;
  for (; line > 0; line--) start = text.indexOf("\n", start) + 1;
  return start;
}

/** Line and column of a position. */
export function placeOf(text: string, position: number): Place {
  const before = text.slice(0, position);
  return { line: before.split("\n").length - 1, column: position - (before.lastIndexOf("\n") + 1) };
}
