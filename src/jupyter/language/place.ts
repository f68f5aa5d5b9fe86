import { SourceMap } from "node:module";
import { originalPosition, withInsertions, type Insertion } from "./insertions";

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
