import path from "node:path";
import ts from "typescript";

/** What the compiler demands of cells: what the project demands of its sources. */
export const cellOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.esnext.decorators.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  strict: true,
  noImplicitOverride: true,
  noFallthroughCasesInSwitch: true,
  skipLibCheck: true,
  esModuleInterop: true,
  resolveJsonModule: true,
  allowImportingTsExtensions: true,
  allowUnreachableCode: true,
  allowUnusedLabels: true,
  types: ["node"],
  noEmit: true,
};

/** What cells have beside Node's globals. */
const cellGlobals = `
/**
 * Asks whoever runs the notebook for a line of text, and waits for it.
 * @param question what is shown before the input
 * @throws Error if the front end allows no input, as when a notebook runs unattended
 */
declare function prompt(question?: string): string;
`;

/** Files that exist only here: the cells. Names of such files are absolute. */
export interface VirtualFiles {
  get(fileName: string): { text: string; version: string } | undefined;
}

export interface HostPlaces {
  /** The notebook's folder: relative imports start here. */
  folder: string;
  /** The project's folder: packages that the notebook's folder does not have are found here. */
  root: string;
}

/** TypeScript's own compiler and language service over cells, which share what they have read. */
export interface CellCompiler {
  /** The program of one cell; the next one is made from the last, and takes a few milliseconds. */
  program(fileName: string): ts.Program;
  /** Completion and help for one cell. */
  service(fileName: string): ts.LanguageService;
  /** A file with its doc comments. */
  documented(file: ts.SourceFile): ts.SourceFile;
}

/**
 * A compiler whose only root is one file at a time. What lies on disk is read once: packages do not change while a
 * kernel runs, though new ones are installed. Only a TypeScript file of the user's own is looked at again.
 */
export function createCompiler(cells: VirtualFiles, { folder, root }: HostPlaces): CellCompiler {
  const globals = path.join(folder, "%globals.d.ts");
  const virtual: VirtualFiles = {
    get: (fileName) => (fileName === globals ? { text: cellGlobals, version: "built in" } : cells.get(fileName)),
  };
  const [fileOnDisk, directoryExists, realpath] = [
    remember(ts.sys.fileExists),
    remember(ts.sys.directoryExists),
    remember(ts.sys.realpath!),
  ];
  const isOwn = remember((fileName: string) => !fileName.includes("/node_modules/") && !fileName.endsWith(".d.ts"));
  const fileExists = (fileName: string) =>
    virtual.get(fileName) !== undefined || (isOwn(fileName) ? ts.sys.fileExists(fileName) : fileOnDisk(fileName));
  const readFile = (fileName: string) => virtual.get(fileName)?.text ?? ts.sys.readFile(fileName);
  const versionOf = (fileName: string) =>
    virtual.get(fileName)?.version ??
    (isOwn(fileName) ? `${ts.sys.getModifiedTime?.(fileName)?.getTime()}` : "installed");

  const sources = new Map<string, { version: string; file: ts.SourceFile }>();
  const getSourceFile = (fileName: string): ts.SourceFile | undefined => {
    const known = sources.get(fileName);
    if (known?.version === "installed") return known.file;
    const version = versionOf(fileName);
    if (known?.version === version) return known.file;
    const text = readFile(fileName);
    if (text === undefined) return undefined;
    // Doc comments are a third of the work, and only help needs them: see doc-comments.ts.
    const jsDocParsingMode = version === "installed" ? ts.JSDocParsingMode.ParseNone : ts.JSDocParsingMode.ParseAll;
    const file = ts.createLanguageServiceSourceFile(
      fileName,
      ts.ScriptSnapshot.fromString(text),
      { languageVersion: ts.ScriptTarget.ES2022, jsDocParsingMode },
      version,
      false,
    );
    sources.set(fileName, { version, file });
    return file;
  };

  // The compiler asks for the package.json of every file at every look.
  const packages = ts.createModuleResolutionCache(folder, (name) => name, cellOptions);
  const libraries = path.dirname(ts.getDefaultLibFilePath(cellOptions));
  const shared = {
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: () => path.join(libraries, "lib.es2023.d.ts"),
    fileExists,
    readFile,
    directoryExists,
    realpath,
    getDirectories: ts.sys.getDirectories,
    readDirectory: ts.sys.readDirectory,
    useCaseSensitiveFileNames: () => true,
    ...resolution(
      {
        virtual,
        root,
        fileExists,
        directoryExists,
        realpath,
        isOwn,
        forget: () => [fileOnDisk, directoryExists, packages].forEach((known) => known.clear()),
      },
      packages,
    ),
  };

  let last: ts.Program | undefined;
  const programHost: ts.CompilerHost = {
    ...shared,
    getSourceFile,
    getModuleResolutionCache: () => packages,
    getDefaultLibLocation: () => libraries,
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
    writeFile: () => {},
  };

  let current = "";
  let service: ts.LanguageService | undefined;
  const startService = () =>
    ts.createLanguageService(
      {
        ...shared,
        getCompilationSettings: () => cellOptions,
        getScriptFileNames: () => [current, globals],
        getScriptVersion: versionOf,
        getScriptSnapshot: (fileName) => {
          const file = getSourceFile(fileName);
          return file && ts.ScriptSnapshot.fromString(file.text);
        },
      },
      registryOf((fileName) => getSourceFile(fileName)!),
    );

  return {
    program: (fileName) =>
      (last = ts.createProgram({
        rootNames: [fileName, globals],
        options: cellOptions,
        host: programHost,
        oldProgram: last,
      })),
    documented: remember((file: ts.SourceFile) =>
      virtual.get(file.fileName)
        ? file
        : ts.createSourceFile(file.fileName, file.text, { languageVersion: ts.ScriptTarget.ES2022 }, true),
    ),
    service: (fileName) => {
      current = fileName;
      return (service ??= startService());
    },
  };
}

interface ResolutionPlaces {
  root: string;
  virtual: VirtualFiles;
  fileExists(fileName: string): boolean;
  directoryExists(name: string): boolean;
  realpath(name: string): string;
  isOwn(fileName: string): boolean;
  /** What was not there may be there by now. */
  forget(): void;
}

/** Finds what an import names: a cell, a file beside the notebook, a package of the notebook's folder, or of the project. */
function resolution({ virtual, root, isOwn, forget, ...places }: ResolutionPlaces, cache: ts.ModuleResolutionCache) {
  const host: ts.ModuleResolutionHost = { ...places, readFile: ts.sys.readFile, getDirectories: ts.sys.getDirectories };
  const found = new Map<string, ts.ResolvedModuleFull>();
  const projectFile = path.join(root, "cell.ts");

  const resolveModule = (
    name: string,
    containingFile: string,
    options: ts.CompilerOptions,
  ): ts.ResolvedModuleFull | undefined => {
    if (virtual.get(`${name}.ts`))
      return { resolvedFileName: `${name}.ts`, extension: ts.Extension.Ts, isExternalLibraryImport: false };
    const key = `${path.dirname(containingFile)}\0${name}`;
    const known = found.get(key);
    if (known) return known;
    const relative = name.startsWith(".");
    const from = (file: string) =>
      ts.resolveModuleName(name, file, options, host, relative ? undefined : cache).resolvedModule;
    const find = () => from(containingFile) ?? (relative ? undefined : from(projectFile));
    let module = find();
    if (!module && !relative && isOwn(containingFile)) {
      forget();
      module = find();
    }
    // A package that is there stays; a file of one's own can be made, or go.
    if (module && module.resolvedFileName.includes("/node_modules/")) found.set(key, module);
    return module;
  };

  const resolveTypes = (
    name: string,
    containingFile: string,
    redirect: ts.ResolvedProjectReference | undefined,
    options: ts.CompilerOptions,
  ) => {
    const own = ts.resolveTypeReferenceDirective(name, containingFile, options, host, redirect);
    return own.resolvedTypeReferenceDirective
      ? own
      : ts.resolveTypeReferenceDirective(name, projectFile, options, host, redirect);
  };
  const types = new Map<string, ReturnType<typeof resolveTypes>>();

  return {
    resolveModuleNameLiterals: (
      literals: readonly ts.StringLiteralLike[],
      containingFile: string,
      _redirect: ts.ResolvedProjectReference | undefined,
      options: ts.CompilerOptions,
    ) => literals.map(({ text }) => ({ resolvedModule: resolveModule(text, containingFile, options) })),
    resolveTypeReferenceDirectiveReferences: <T extends ts.FileReference | string>(
      references: readonly T[],
      containingFile: string,
      redirect: ts.ResolvedProjectReference | undefined,
      options: ts.CompilerOptions,
    ) =>
      references.map((reference) => {
        const name = typeof reference === "string" ? reference : reference.fileName;
        const key = `${path.dirname(containingFile)}\0${name}`;
        const known = types.get(key) ?? resolveTypes(name, containingFile, redirect, options);
        types.set(key, known);
        return known;
      }),
  };
}

/** TypeScript's own registry shares files between projects and pays for it at every look; here is one project. */
function registryOf(getSourceFile: (fileName: string) => ts.SourceFile): ts.DocumentRegistry {
  return {
    acquireDocument: getSourceFile,
    acquireDocumentWithKey: getSourceFile,
    updateDocument: getSourceFile,
    updateDocumentWithKey: getSourceFile,
    getKeyForCompilationSettings: () => "cells" as ts.DocumentRegistryBucketKey,
    releaseDocument: () => {},
    releaseDocumentWithKey: () => {},
    reportStats: () => "",
  };
}

function remember<Key, T>(look: (key: Key) => T): ((key: Key) => T) & { clear(): void } {
  const known = new Map<Key, T>();
  const recall = (key: Key): T => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = look(key)));
    return value;
  };
  return Object.assign(recall, { clear: () => known.clear() });
}
