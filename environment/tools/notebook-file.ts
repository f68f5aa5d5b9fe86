// A notebook's file with its outputs (nbformat 4). Only what readNotebook says has been checked of one that was read.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Notebook, NotebookCell } from "../../src/notebook/parameters";
import type { VegaLiteSpec } from "../../src/notebook/static-chart";
import { root } from "./checkout";

/** A text as a notebook holds it: whole, or as a list of lines. */
export type Text = string | string[];

export const vegaLiteType = "application/vnd.vegalite.v5+json";

/** One thing in several forms, by MIME type. */
export interface Forms {
  [vegaLiteType]?: VegaLiteSpec;
  "image/png"?: Text;
  "text/html"?: Text;
  "text/plain"?: Text;
  [type: string]: unknown;
}

export interface Output {
  output_type: string;
  /** Of a stream: stdout or stderr, and what was printed. */
  name?: string;
  text?: Text;
  /** Of an error. */
  ename?: string;
  evalue?: string;
  traceback?: string[];
  data?: Forms;
  metadata?: Record<string, unknown>;
}

export interface CellWithOutputs extends NotebookCell {
  execution_count?: number | null;
  outputs?: Output[];
}

export interface NotebookFile extends Notebook {
  cells: CellWithOutputs[];
  metadata?: { kernelspec?: { name?: string } };
  nbformat?: number;
  nbformat_minor?: number;
}

/** @throws Error for a file that is no notebook: not JSON, or without cells */
export const readNotebook = (file: string): NotebookFile => parseNotebook(readFileSync(file, "utf8"));

/** The same for the text of a file. */
export function parseNotebook(text: string): NotebookFile {
  const notebook = JSON.parse(text) as NotebookFile;
  if (!Array.isArray(notebook.cells)) throw new Error("it has no cells");
  return notebook;
}

/** Every notebook of the project, in order. */
export function notebooks(): string[] {
  const folder = path.join(root, "notebooks");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ipynb"))
    .sort()
    .map((name) => path.join(folder, name));
}

/** A text in one piece. */
export const plain = (text: Text = ""): string => (Array.isArray(text) ? text.join("") : text);

/** The text of a cell. */
export const sourceOf = (cell: Pick<CellWithOutputs, "source">): string => plain(cell.source);
