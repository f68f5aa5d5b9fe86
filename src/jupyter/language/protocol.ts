/** What the kernel asks of the thread that knows TypeScript, and what it answers. */

import type { EmittedCell } from "./emit";

/** The module whose exports are the names of all cells. */
export const SCOPE_MODULE = "$scope";

/** A place in a cell; lines and columns count from 0. */
export interface CellPlace {
  line: number;
  column: number;
  length: number;
}

/** An error of the compiler in a cell. */
export interface CellError {
  message: string;
  /** TypeScript's number of the error, as in "TS2304". */
  code: number;
  place?: CellPlace;
}

/** A cell ready to run. Every cell has its own number, also silent ones. */
export interface PreparedCell extends EmittedCell {
  cell: number;
  /** The type of the last expression, where that is a function. */
  signature?: string;
}

export interface Completion {
  matches: string[];
  /** What they replace: positions in the code, in UTF-16 units. */
  start: number;
  end: number;
  /** What each match is, in the words of the language ("function", "property", …), for front ends that show it. */
  kinds: string[];
}

/** One of the answers of `is_complete_request`. */
export type Completeness = { status: "complete" | "invalid" } | { status: "incomplete"; indent: string };

/** The questions, as functions: parameters and answers travel between threads. */
export interface LanguageQuestions {
  /** Checks a cell against the cells before it and compiles it. */
  prepare(code: string): { prepared: PreparedCell } | { errors: CellError[] };
  /** Takes over the names of a cell that ran; of one that failed those of the statements that ran. */
  take(cell: number, ran?: number[]): void;
  complete(code: string, position: number): Completion;
  /** Signature, type and doc comment of what stands at a position, as plain text and Markdown. */
  inspect(code: string, position: number): { plain: string; markdown: string } | undefined;
  isComplete(code: string): Completeness;
}
