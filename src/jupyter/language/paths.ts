import { readdirSync } from "node:fs";
import path from "node:path";
import type { Completion } from "./protocol";

/**
 * Completes the path of a file in a text, from the kernel's working folder: `readSplit("data/…`. A text without a
 * slash is no path, and what stands behind `from` or `require(` is the compiler's.
 */
export function completePath(code: string, position: number): Completion | undefined {
  const line = code.slice(code.lastIndexOf("\n", position - 1) + 1, position);
  const open = /(["'`])([^"'`]*)$/.exec(line);
  if (!open || !open[2].includes("/") || /(?:\bfrom|\bimport|\brequire\()\s*$/.test(line.slice(0, open.index).replace(/\($/, "("))) return undefined;
  if ((line.slice(0, open.index).split(open[1]).length - 1) % 2 === 1) return undefined; // the quote closes a text
  const slash = open[2].lastIndexOf("/") + 1;
  const [folder, prefix] = [open[2].slice(0, slash), open[2].slice(slash)];
  const entries = list(path.resolve(folder.replace(/^~(?=\/)/, process.env.HOME ?? "~"))).filter(({ name }) => name.startsWith(prefix) && (prefix.startsWith(".") || !name.startsWith(".")));
  return { matches: entries.map(({ name, kind }) => (kind === "directory" ? `${name}/` : name)), kinds: entries.map(({ kind }) => kind), start: position - prefix.length, end: position };
}

function list(folder: string): { name: string; kind: string }[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? "directory" : "file" }));
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
