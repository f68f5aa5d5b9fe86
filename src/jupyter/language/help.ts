import ts from "typescript";
import type { Cells } from "./cells";
import { completePath } from "./paths";
import type { Completeness, Completion } from "./protocol";

/** What can stand at a position: names, members, packages, paths of files. */
export function complete(cells: Cells, code: string, position: number): Completion {
  const inPath = completePath(code, position, cells.root);
  if (inPath) return inPath;
  const { service, file, start: offset } = cells.typing(code);
  const found = service.getCompletionsAtPosition(file, offset + position, {
    includeCompletionsWithInsertText: false,
    includeExternalModuleExports: false,
  });
  const replaced = found?.optionalReplacementSpan;
  const start = replaced ? replaced.start - offset : wordStart(code, position);
  const prefix = code.slice(start, position).toLowerCase();
  const entries = (found?.entries ?? [])
    .filter(
      ({ name, kind, sortText }) =>
        name.toLowerCase().startsWith(prefix) &&
        !name.startsWith("%") &&
        !(prefix === "" && isKeyword(kind)) &&
        !sortText.startsWith("z"),
    )
    .sort((a, b) => compare(a.sortText, b.sortText) || compare(a.name, b.name));
  return { matches: entries.map(({ name }) => name), kinds: entries.map(({ kind }) => kind), start, end: position };
}

const isKeyword = (kind: string): boolean => kind === "keyword";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function wordStart(code: string, position: number): number {
  while (position > 0 && /[\w$]/.test(code[position - 1])) position--;
  return position;
}

/**
 * What stands at a position: signature or type, and the doc comment. Inside the brackets of a call, where nothing is
 * written yet, the call.
 */
export function inspect(cells: Cells, code: string, position: number): { plain: string; markdown: string } | undefined {
  const { service, file, start } = cells.typing(code);
  const program = service.getProgram()!;
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file)!;
  for (const at of [position, position - 1]
    .filter((place) => /[\w$"'`]/.test(code[place] ?? ""))
    .map((place) => start + place)) {
    const info = service.getQuickInfoAtPosition(file, at);
    // A name of an earlier cell is an import to the compiler, and nothing that the user has imported.
    const shown = textOf(info?.displayParts).replace(/^\(alias\) ([\s\S]*)\nimport .*$/, "$1");
    // Of a name that does not exist the compiler says only that it can be anything.
    if (info && !(info.kind === ts.ScriptElementKind.unknown && shown === "any"))
      return answer(shown, cells, declarationOf(symbolAt(source, at, checker), checker));
  }
  const call = callAround(source, start + position);
  const signature = call && checker.getResolvedSignature(call);
  if (!call || !signature) return undefined;
  return answer(
    `${call.expression.getText(source)}${checker.signatureToString(signature, call, ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope)}`,
    cells,
    signature.declaration,
  );
}

const textOf = (parts: readonly ts.SymbolDisplayPart[] | undefined): string =>
  ts.displayPartsToString(parts as ts.SymbolDisplayPart[] | undefined);

function symbolAt(source: ts.SourceFile, position: number, checker: ts.TypeChecker): ts.Symbol | undefined {
  const node = innermost(source, (candidate) => candidate.getStart(source) <= position && position < candidate.end);
  return node && checker.getSymbolAtLocation(node);
}

/** Where a symbol is declared; a variable that stands for a name of an earlier cell leads on to that one. */
function declarationOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): ts.Node | undefined {
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) return declarationOf(checker.getAliasedSymbol(symbol), checker);
  const declaration = symbol?.declarations?.[0];
  if (
    declaration &&
    ts.isVariableDeclaration(declaration) &&
    declaration.type &&
    ts.isImportTypeNode(declaration.type) &&
    declaration.type.qualifier
  ) {
    return declarationOf(checker.getSymbolAtLocation(declaration.type.qualifier), checker) ?? declaration;
  }
  return declaration;
}

/** The call or `new` whose brackets enclose a position, also those that are not closed yet. */
function callAround(source: ts.SourceFile, position: number): ts.CallExpression | ts.NewExpression | undefined {
  const reaches = ({ end }: ts.Node): boolean =>
    position <= end || (source.text[end - 1] !== ")" && source.text.slice(end, position).trim() === "");
  return innermost(
    source,
    (node) =>
      (ts.isCallExpression(node) || ts.isNewExpression(node)) && node.expression.end < position && reaches(node),
  ) as ts.CallExpression | ts.NewExpression | undefined;
}

/** The innermost node that a condition holds for. */
function innermost(source: ts.SourceFile, holds: (node: ts.Node) => boolean): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (node !== source && holds(node)) found = node;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function answer(
  signature: string,
  cells: Cells,
  declaration: ts.Node | undefined,
): { plain: string; markdown: string } {
  const { text, tags } = declaration ? cells.docComment(declaration) : { text: "", tags: [] };
  const plain = [signature, text, tags.map((tag) => `@${tag.name} ${tag.text}`.trimEnd()).join("\n")];
  const markdown = [
    `\`\`\`typescript\n${signature}\n\`\`\``,
    text,
    tags.map((tag) => `*@${tag.name}* ${tag.text}`.trimEnd()).join("  \n"),
  ];
  return { plain: joined(plain), markdown: joined(markdown) };
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");

/** Whether a cell can be run as it is, for front ends that run a line when Enter is pressed. */
export function isComplete(code: string): Completeness {
  const { parseDiagnostics } = ts.createSourceFile(
    "cell.ts",
    code,
    { languageVersion: ts.ScriptTarget.ESNext },
    false,
  ) as ts.SourceFile & { parseDiagnostics: ts.DiagnosticWithLocation[] };
  if (parseDiagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const [first] = parseDiagnostics;
  const unfinished = first.start >= end || [1160, 1010, 1126, 1161].includes(first.code);
  return unfinished ? { status: "incomplete", indent: indentAfter(code) } : { status: "invalid" };
}

/** The indentation of the last line, one step deeper behind an opening bracket. */
function indentAfter(code: string): string {
  const line = code.trimEnd().split("\n").at(-1) ?? "";
  return /^\s*/.exec(line)![0] + (/[([{]$/.test(line) ? "  " : "");
}
