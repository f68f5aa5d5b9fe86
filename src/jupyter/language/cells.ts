import path from "node:path";
import ts from "typescript";
import { cellDeclarations } from "../../notebook/cell-declarations";
import { readCell, type CellSource } from "./cell-source";
import { createCompiler, type HostPlaces } from "./compiler-host";
import { docCommentOf, type DocComment } from "./doc-comments";
import { emitCell } from "./emit";
import { placeOf } from "./place";
import type { CellError, PreparedCell } from "./protocol";
import { Scope } from "./scope";

/**
 * The cells of one session and the names that they leave to each other. A cell is a module that exists only here; the
 * names it uses of earlier cells are declared behind its text, with types taken from those cells' modules.
 */
export class Cells {
  readonly #scope = new Scope();
  readonly #files = new Map<string, { text: string; version: string }>();
  readonly #sources = new Map<number, CellSource>();
  readonly #compiler;
  readonly #current: string;
  readonly #typing: string;
  readonly #folder: string;
  /** The project's folder, where cells run. */
  readonly root: string;
  #number = 0;
  #edits = 0;

  constructor(places: HostPlaces) {
    this.#folder = places.folder;
    this.root = places.root;
    this.#current = path.join(places.folder, "%cell.ts");
    this.#typing = path.join(places.folder, "%typing.ts");
    this.#compiler = createCompiler(this.#files, places);
  }

  /** Checks a cell against the cells before it and compiles it. */
  prepare(code: string): { prepared: PreparedCell } | { errors: CellError[] } {
    const source = readCell(code, this.#current);
    const text = this.#write(this.#current, source);
    const program = this.#compiler.program(this.#current);
    const file = program.getSourceFile(this.#current)!;
    // What is not closed would go on into the text behind the cell: syntax is judged without that.
    const errors =
      source.syntaxErrors.length > 0
        ? source.syntaxErrors
        : program.getSemanticDiagnostics(file).filter((diagnostic) => isOfCell(diagnostic, code));
    if (errors.length > 0) return { errors: errors.map((diagnostic) => cellError(diagnostic, code)) };
    const cell = ++this.#number;
    this.#files.set(`${this.#moduleOf(cell)}.ts`, { text, version: "run" });
    this.#sources.set(cell, source);
    const signature = signatureOfLast(program, file, code.length);
    return {
      prepared: { cell, ...emitCell(source, this.#scope.importsFor(source)), ...(signature ? { signature } : {}) },
    };
  }

  /** Takes over the names of a cell that ran; of one that failed those of the statements that ran. */
  take(cell: number, ran?: readonly number[]): void {
    const source = this.#sources.get(cell);
    if (!source) return;
    this.#sources.delete(cell);
    this.#scope.take(cell, source, ran && new Set(ran));
    if (cell % 50 === 0) this.#forgetUnused();
  }

  /** Cells whose names have all been declared anew, and which no other cell needs, are gone. */
  #forgetUnused(): void {
    const needed = new Set<number>();
    const need = (cell: number): void => {
      if (needed.has(cell)) return;
      needed.add(cell);
      const text = this.#files.get(`${this.#moduleOf(cell)}.ts`)?.text ?? "";
      for (const [, other] of text.matchAll(/%cell-(\d+)"/g)) need(Number(other));
    };
    const cells = Array.from({ length: this.#number }, (_, index) => index + 1);
    for (const cell of cells) if (this.#scope.refersTo(cell) || this.#sources.has(cell)) need(cell);
    for (const cell of cells) if (!needed.has(cell)) this.#files.delete(`${this.#moduleOf(cell)}.ts`);
  }

  /**
   * The language service, with the cell being typed as its file and all names known. These stand before it, for a cell
   * that is being typed is seldom closed: it begins at `start`.
   */
  typing(code: string): { service: ts.LanguageService; file: string; start: number } {
    const names = `${this.#behind(readCell(code, this.#typing), this.#scope.names)}\n`;
    this.#files.set(this.#typing, { text: names + code, version: `edit ${++this.#edits}` });
    return { service: this.#compiler.service(this.#typing), file: this.#typing, start: names.length };
  }

  /** The doc comment of a declaration in any file of the program. */
  docComment(declaration: ts.Node): DocComment {
    return docCommentOf(declaration, this.#compiler.documented(declaration.getSourceFile()));
  }

  #write(fileName: string, source: CellSource): string {
    const text = `${source.text}\n${this.#behind(source)}\n`;
    this.#files.set(fileName, { text, version: `edit ${++this.#edits}` });
    return text;
  }

  /** What a cell needs so that the compiler knows the names of earlier cells. */
  #behind(source: CellSource, wanted?: Iterable<string>): string {
    const carried = this.#scope.declarationsFor(source, (cell) => this.#moduleOf(cell), wanted);
    const declarations = cellDeclarations(`${source.text}\n${carried}`).map(
      (file) => `import "${file.replace(/\.d\.ts$/, "")}";`,
    );
    return [carried, ...declarations, "export {};"].join("\n");
  }

  #moduleOf = (cell: number): string => path.join(this.#folder, `%cell-${cell}`);
}

/** The type of the last expression of a cell where that is a function: what it is shown as. */
function signatureOfLast(program: ts.Program, file: ts.SourceFile, length: number): string | undefined {
  const last = file.statements.findLast(({ end }) => end <= length);
  if (!last || !ts.isExpressionStatement(last)) return undefined;
  const checker = program.getTypeChecker();
  const type = checker.getTypeAtLocation(last.expression);
  return type.getCallSignatures().length > 0
    ? checker.typeToString(
        type,
        last,
        ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
      )
    : undefined;
}

/** Errors in what stands behind the cell are not the user's; `import x = require("y")` is fine where it is compiled to that. */
const isOfCell = ({ start, code }: ts.Diagnostic, text: string): boolean =>
  (start === undefined || start <= text.length) && code !== 1202;

function cellError({ start, length, code, messageText }: ts.Diagnostic, text: string): CellError {
  const place =
    start === undefined
      ? undefined
      : { ...placeOf(text, start), length: Math.max(1, Math.min(length ?? 1, text.length - start)) };
  return { message: ts.flattenDiagnosticMessageText(messageText, "\n  "), code, ...(place ? { place } : {}) };
}
