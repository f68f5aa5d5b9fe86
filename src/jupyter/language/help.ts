import ts from "typescript";
import type { Cells } from "./cells";
import { completePath } from "./paths";
import type { Completeness, Completion } from "./protocol";

/** What can stand at a position: names, members, packages, paths of files. */
export function complete(cells: Cells, code: string, position: number): Completion {
  const inPath = completePath(code, position);
  if (inPath) return inPath;
  const { service, file } = cells.typing(code);
  const found = service.getCompletionsAtPosition(file, position, { includeCompletionsWithInsertText: false, includeExternalModuleExports: false });
  const start = found?.optionalReplacementSpan?.start ?? wordStart(code, position);
  const prefix = code.slice(start, position).toLowerCase();
  const entries = (found?.entries ?? [])
    .filter(({ name, kind, sortText }) => name.toLowerCase().startsWith(prefix) && !name.startsWith("%") && !(prefix === "" && isKeyword(kind)) && !sortText.startsWith("z"))
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
  const { service, file } = cells.typing(code);
  const info = [position, position - 1].filter((at) => at >= 0 && /[\w$"'`]/.test(code[at] ?? "")).map((at) => service.getQuickInfoAtPosition(file, at)).find((found) => found !== undefined);
  if (info) return answer(text(info.displayParts), text(info.documentation), info.tags ?? []);
  for (let at = position; at >= 0; at = enclosingBracket(code, at)) {
    const help = service.getSignatureHelpItems(file, at, {});
    const item = help?.items[help.selectedItemIndex] ?? help?.items[0];
    if (item) {
      const parameters = item.parameters.map(({ displayParts }) => text(displayParts)).join(text(item.separatorDisplayParts));
      const signature = text(item.prefixDisplayParts) + parameters + text(item.suffixDisplayParts);
      const documented = item.parameters.filter(({ documentation }) => documentation.length > 0).map(({ name, documentation }) => ({ name: "param", text: [{ kind: "text", text: `${name} ${text(documentation)}` }] }));
      return answer(signature, text(item.documentation), [...documented, ...item.tags.filter(({ name }) => name !== "param")]);
    }
  }
  return undefined;
}

/** The position before the bracket that encloses `position`, or -1: an object literal inside a call asks for the call. */
function enclosingBracket(code: string, position: number): number {
  let depth = 0;
  for (let at = position - 1; at >= 0; at--) {
    if (")]}".includes(code[at])) depth++;
    else if ("([{".includes(code[at]) && depth-- === 0) return at;
  }
  return -1;
}

const text = (parts: readonly ts.SymbolDisplayPart[] | undefined): string => ts.displayPartsToString(parts as ts.SymbolDisplayPart[] | undefined);

function answer(signature: string, documentation: string, tags: readonly ts.JSDocTagInfo[]): { plain: string; markdown: string } {
  const lines = tags.map(({ name, text: parts }) => ({ name, words: text(parts) }));
  const plain = [signature, documentation, lines.map(({ name, words }) => `@${name} ${words}`.trimEnd()).join("\n")].filter((part) => part !== "");
  const markdown = [`\`\`\`typescript\n${signature}\n\`\`\``, documentation, lines.map(({ name, words }) => `*@${name}* ${words}`.trimEnd()).join("  \n")].filter((part) => part !== "");
  return { plain: plain.join("\n\n"), markdown: markdown.join("\n\n") };
}

/** Whether a cell can be run as it is, for front ends that run a line when Enter is pressed. */
export function isComplete(code: string): Completeness {
  const { parseDiagnostics } = ts.createSourceFile("cell.ts", code, { languageVersion: ts.ScriptTarget.ESNext }, false) as ts.SourceFile & { parseDiagnostics: ts.DiagnosticWithLocation[] };
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
