import { existsSync, readFileSync, statSync } from "node:fs";
import Module, { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type typescript from "typescript";
import type { CellMap } from "../language/place";

/** How the modules that cells name are loaded. */
export interface Modules {
  /** Loads modules, those that only `import` can load too; without any of those it has done so when it returns. */
  load(names: readonly string[]): Promise<void> | undefined;
  /** A module loaded before, or one that `require` can load. */
  require: NodeJS.Require;
  /** `import(name)` in a cell. */
  import(name: string): Promise<unknown>;
  /** What leads from the JavaScript of the user's TypeScript files back to their lines. */
  maps: ReadonlyMap<string, CellMap>;
}

const extensions = [".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".json"];

/**
 * @param folder the notebook's folder: relative names start there
 * @param root the project's folder: packages that the notebook's folder does not have are found there
 */
export function createModules(folder: string, root: string): Modules {
  const [ownRequire, projectRequire] = [folder, root].map((place) => createRequire(path.join(place, "cell.js")));
  const imported = new Map<string, unknown>();
  const ownFiles = loadTypeScript();

  const resolve = (name: string): string => {
    if (isPath(name)) return resolveFile(path.resolve(folder, name)) ?? ownRequire.resolve(name);
    try {
      return ownRequire.resolve(name);
    } catch (error) {
      try {
        return projectRequire.resolve(name);
      } catch {
        throw error;
      }
    }
  };

  const requireNow = (name: string): unknown => {
    const key = isPath(name) ? path.resolve(folder, name) : name;
    if (imported.has(key)) return imported.get(key);
    const file = resolve(name);
    if (isPath(name)) ownFiles.add(file);
    return ownRequire(file);
  };

  const importNow = async (name: string): Promise<unknown> => {
    const file = resolveForImport(name, resolve, folder, root);
    return import(file) as Promise<unknown>;
  };

  const load = (names: readonly string[]): Promise<void> | undefined => {
    if (names.some(isPath)) ownFiles.forgetChanged();
    const pending = names.filter((name) => {
      try {
        requireNow(name);
        return false;
      } catch (error) {
        if (needsImport(error)) return true;
        throw error;
      }
    });
    if (pending.length === 0) return undefined;
    return Promise.all(
      pending.map(async (name) =>
        imported.set(isPath(name) ? path.resolve(folder, name) : name, asModule((await importNow(name)) as object)),
      ),
    ).then(() => undefined);
  };

  const require = Object.assign((name: string) => requireNow(name), {
    resolve: Object.assign(resolve, { paths: ownRequire.resolve.paths }),
    cache: ownRequire.cache,
    extensions: ownRequire.extensions,
    main: undefined,
  }) as NodeJS.Require;
  return {
    load,
    require,
    maps: ownFiles.maps,
    import: async (name) => {
      try {
        const loaded = requireNow(name) as object;
        return isNamespace(loaded) ? loaded : await importNow(name).catch(() => loaded);
      } catch (error) {
        if (needsImport(error)) return importNow(name);
        throw error;
      }
    },
  };
}

const isPath = (name: string): boolean =>
  /^\.{0,2}\//.test(name) || name === "." || name === ".." || path.isAbsolute(name);

const isNamespace = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Module]";

/** A file as TypeScript finds it: without its extension, as a folder's index, or `.js` for `.ts`. */
function resolveFile(file: string): string | undefined {
  const bases = [file, file.replace(/\.([cm]?)jsx?$/, ".$1ts")];
  const candidates = [
    ...bases,
    ...extensions.map((extension) => file + extension),
    ...extensions.map((extension) => path.join(file, `index${extension}`)),
  ];
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile());
}

function resolveForImport(name: string, resolve: (name: string) => string, folder: string, root: string): string {
  if (name.startsWith("node:") || Module.isBuiltin(name)) return name;
  try {
    const file = resolve(name);
    return path.isAbsolute(file) ? pathToFileURL(file).href : file;
  } catch (error) {
    // A package with nothing for `require` in its exports: its `import` entry is looked up where it lies.
    const entry = isPath(name) ? undefined : importEntry(name, [folder, root]);
    if (entry) return pathToFileURL(entry).href;
    throw error;
  }
}

/** The `import` entry of a package that exports nothing else. */
function importEntry(name: string, places: readonly string[]): string | undefined {
  const [, packageName, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(name)!;
  for (const place of places) {
    for (let folder = place; ; folder = path.dirname(folder)) {
      const home = path.join(folder, "node_modules", packageName);
      if (existsSync(path.join(home, "package.json"))) {
        const { exports } = readPackage(path.join(home, "package.json"));
        const entry = importCondition(
          rest === "" && !(exports as Record<string, unknown>)?.["."]
            ? exports
            : (exports as Record<string, unknown>)?.[`.${rest}`],
        );
        return entry && path.join(home, entry);
      }
      if (path.dirname(folder) === folder) break;
    }
  }
  return undefined;
}

const readPackage = (file: string): { exports?: unknown } => createRequire(file)(file) as { exports?: unknown };

function importCondition(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return undefined;
  const conditions = entry as Record<string, unknown>;
  return ["node", "import", "module-sync", "default"]
    .map((condition) => importCondition(conditions[condition]))
    .find((found) => found !== undefined);
}

/** Whether `require` failed because only `import` can load it: modules that await at their top, or export nothing else. */
function needsImport(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ERR_REQUIRE_ESM" || code === "ERR_REQUIRE_ASYNC_MODULE" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
}

/** What `import` gives, in the form in which compiled imports expect it. */
function asModule(namespace: object): object {
  if ("module.exports" in namespace) return namespace["module.exports"] as object;
  const module = Object.create(null) as object;
  Object.defineProperty(module, "__esModule", { value: true });
  for (const key of Object.keys(namespace))
    Object.defineProperty(module, key, { enumerable: true, get: () => (namespace as Record<string, unknown>)[key] });
  return module;
}

/**
 * Has `require` load TypeScript files. They are the user's own: when one has changed, all are loaded anew at the next
 * import, so that running a cell of imports again takes up the changes.
 */
function loadTypeScript(): { add(file: string): void; forgetChanged(): void; maps: ReadonlyMap<string, CellMap> } {
  const loaded = new Map<string, number>();
  const maps = new Map<string, CellMap>();
  const add = (file: string): void => {
    if (path.isAbsolute(file) && !file.includes(`${path.sep}node_modules${path.sep}`))
      loaded.set(file, changedAt(file));
  };
  const compile = (module: NodeJS.Module & { _compile(code: string, file: string): void }, file: string): void => {
    add(file);
    const ts = require("typescript") as typeof typescript; // only when there is such a file: it takes a third of a second
    const text = readFileSync(file, "utf8");
    const { outputText, sourceMapText } = ts.transpileModule(text, {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
        sourceMap: true,
      },
    });
    maps.set(file, { text, insertions: [], ...(JSON.parse(sourceMapText!) as { mappings: string }) });
    module._compile(outputText, file);
  };
  const loaders = require.extensions as Record<string, typeof compile>;
  for (const extension of [".ts", ".cts", ".mts", ".tsx"]) loaders[extension] = compile;
  const resolver = Module as unknown as {
    _resolveFilename(name: string, parent: NodeJS.Module | undefined, ...rest: unknown[]): string;
  };
  const { _resolveFilename: resolveName } = resolver;
  resolver._resolveFilename = (name, parent, ...rest) => {
    // TypeScript files name each other by what they become.
    if (parent?.filename && /\.[cm]?tsx?$/.test(parent.filename) && /^\.{1,2}\/.*\.[cm]?js$/.test(name)) {
      const file = resolveFile(path.resolve(path.dirname(parent.filename), name));
      if (file) return file;
    }
    return resolveName(name, parent, ...rest);
  };
  return {
    add,
    maps,
    forgetChanged: () => {
      if (![...loaded].some(([file, time]) => changedAt(file) !== time)) return;
      for (const file of loaded.keys()) delete require.cache[file];
      loaded.clear();
    },
  };
}

const changedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1;
