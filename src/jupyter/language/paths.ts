import { readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import type { Completion } from "./protocol";

/**
 * Completes the text in which a position stands: behind `from` or `import` the name of a package, elsewhere the path
 * of a file, from the folder in which cells run: `readSplit("data/…`. A text without a slash is no path, and relative
 * names of modules are the compiler's.
 */
export function completePath(code: string, position: number, root: string): Completion | undefined {
  const line = code.slice(code.lastIndexOf("\n", position - 1) + 1, position);
  const [, before, typed] =
    /^((?:[^"'`]|(["'`])(?:(?!\2).)*\2)*)["'`]([^"'`]*)$/.exec(line)?.filter((_, group) => group !== 2) ?? [];
  if (typed === undefined) return undefined;
  if (/(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*$/.test(before))
    return typed.startsWith(".") || typed.includes("/") ? undefined : completion(packages(root), typed, position);
  if (!typed.includes("/")) return undefined;
  const slash = typed.lastIndexOf("/") + 1;
  const [folder, prefix] = [typed.slice(0, slash), typed.slice(slash)];
  const entries = list(path.resolve(root, folder.replace(/^~(?=\/)/, process.env.HOME ?? "~")));
  return completion(
    entries.filter(({ name }) => prefix.startsWith(".") || !name.startsWith(".")),
    prefix,
    position,
  );
}

interface Entry {
  name: string;
  kind: string;
}

function completion(entries: readonly Entry[], prefix: string, position: number): Completion {
  const fitting = entries.filter(({ name }) => name.startsWith(prefix));
  return {
    matches: fitting.map(({ name }) => name),
    kinds: fitting.map(({ kind }) => kind),
    start: position - prefix.length,
    end: position,
  };
}

/** The project itself, what it depends on, and what Node brings. */
function packages(root: string): Entry[] {
  const { name, dependencies = {} } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    name: string;
    dependencies?: Record<string, string>;
  };
  const builtin = builtinModules.filter((module) => !module.startsWith("_") && !module.includes("/"));
  return [name, ...Object.keys(dependencies), ...builtin.map((module) => `node:${module}`), ...builtin].map(
    (module) => ({ name: module, kind: "module" }),
  );
}

function list(folder: string): Entry[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? { name: `${entry.name}/`, kind: "directory" } : { name: entry.name, kind: "file" },
    );
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
