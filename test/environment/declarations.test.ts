/** The declaration files that a compiler reads for a cell of a notebook. */
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import * as index from "../../src/index";
import * as library from "../../src/library";
import * as otherPackages from "../../src/other-packages";
import { cellDeclarations } from "../../src/notebook/cell-declarations";
import { root, program as environment } from "../support/checkout";

const types = path.join(root, "build", "types");
let folder: string;
before(async () => {
  const { writeDeclarations } = (await environment("environment/setup/declarations.mjs")) as {
    writeDeclarations: () => Promise<boolean>;
  };
  await writeDeclarations();
  mkdirSync(path.join(root, ".cache"), { recursive: true });
  // Inside the checkout, so that "kernel-view" is found.
  folder = mkdtempSync(path.join(root, ".cache", "declarations-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const options: ts.CompilerOptions = {
  ...ts.convertCompilerOptionsFromJson(
    (ts.readConfigFile(path.join(root, "tsconfig.json"), ts.sys.readFile).config as { compilerOptions: unknown })
      .compilerOptions,
    root,
  ).options,
  noEmit: true,
  incremental: false,
  tsBuildInfoFile: undefined,
  outDir: undefined,
  rootDir: undefined,
  declaration: false,
  noUnusedLocals: false,
};

let cells = 0;

/** A program for the code of a cell, and the errors in it. */
function compiled(code: string): { program: ts.Program; cell: ts.SourceFile; errors: string[] } {
  const file = path.join(folder, `cell-${cells++}.mts`);
  writeFileSync(file, `${code}\nexport {};\n`);
  const program = ts.createProgram([file, ...cellDeclarations(code)], options);
  const cell = program.getSourceFile(file)!;
  return {
    program,
    cell,
    errors: program
      .getSemanticDiagnostics(cell)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  };
}

const filesOf = (code: string): string[] =>
  compiled(code)
    .program.getSourceFiles()
    .map(({ fileName }) => fileName);

/** The names that a module file exports, each with its documentation. */
function exportsOf(program: ts.Program, file: string): Map<string, string> {
  const checker = program.getTypeChecker();
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!);
  const target = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return new Map(
    symbols.map((symbol) => [symbol.name, ts.displayPartsToString(target(symbol).getDocumentationComment(checker))]),
  );
}

/** A link is written out where what it names is known. */
const withoutLinks = (text: string): string => text.replace(/\{@link ([^ }]*) ?\}/g, "$1");

describe("the package's declaration files", () => {
  test("a cell that imports the package needs few files more than an empty one", () => {
    const empty = new Set(filesOf("").map((file) => path.basename(file)));
    const more = filesOf('import { computeKernel } from "kernel-view";\ncomputeKernel;').filter(
      (file) => !empty.has(path.basename(file)) && !file.startsWith(folder),
    );
    assert.ok(more.length <= 10, more.join("\n"));
    assert.deepEqual(
      more
        .filter((file) => file.includes("/build/"))
        .map((file) => path.relative(types, file))
        .sort(),
      ["kernel-view.d.ts", "tensor-methods.d.ts"],
    );
  });

  test("declare everything that the package exports, with its documentation", () => {
    const { program } = compiled('import { tf } from "kernel-view";\ntf;\nimport "../../build/src/index.js";');
    const rolledUp = exportsOf(program, path.join(types, "kernel-view.d.ts"));
    const compiledOnes = exportsOf(program, path.join(root, "build", "src", "index.d.ts"));
    assert.deepEqual([...rolledUp.keys()].sort(), [...compiledOnes.keys()].sort());
    assert.deepEqual(
      Object.keys(index).filter((name) => !rolledUp.has(name)),
      [],
    );
    const differing = [...compiledOnes].filter(
      ([name, text]) => text !== "" && withoutLinks(rolledUp.get(name)!) !== withoutLinks(text),
    );
    assert.deepEqual(differing, []);
  });

  test("leave what has the types of other packages to a cell that names it", () => {
    assert.deepEqual(
      Object.keys(otherPackages).filter((name) => name in library),
      [],
    );
    for (const name of Object.keys(otherPackages)) {
      assert.equal(cellDeclarations(`import { ${name} } from "kernel-view";`).length, 1);
      assert.deepEqual(compiled(`import { ${name} } from "kernel-view";\n${name};`).errors, []);
    }
    assert.deepEqual(cellDeclarations('import { computeKernel } from "kernel-view";'), []);
  });

  test("have the tensors of tfjs, with their methods", () => {
    const without = compiled(
      'import type { Tensor } from "kernel-view";\nconst x = {} as Tensor;\nconst y: number = x.mean();\nx.reshape([2]).softmax();',
    );
    assert.deepEqual(without.errors, ["Type 'Tensor<Rank>' is not assignable to type 'number'."]);
    const both = compiled(`import { tf, type Tensor } from "kernel-view";
      import * as tfjs from "@tensorflow/tfjs";
      const ours: Tensor = tfjs.scalar(1);
      const theirs: tfjs.Tensor = ours.square();
      const sum: tfjs.Scalar = tf.add(ours, theirs);
      const wrong: string = tf.sum(sum);`);
    assert.deepEqual(both.errors, ["Type 'Tensor<Rank>' is not assignable to type 'string'."]);
  });

  test("show a function's documentation and its signature as they stand in the source", () => {
    const file = path.join(folder, "shown.mts");
    const code =
      'import { splitKernels, tf, type TrainingSettings } from "kernel-view";\nsplitKernels;\ntf;\ndeclare const settings: TrainingSettings;\nsettings.clipNorm;\n';
    writeFileSync(file, code);
    const files = [file, ...cellDeclarations(code)];
    const service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => files,
      getScriptVersion: () => "1",
      getScriptSnapshot: (name) => {
        const text = ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      // The package is a link in node_modules, and what is added is added to the file it leads to.
      realpath: ts.sys.realpath,
    });
    const shown = (text: string): string => {
      const info = service.getQuickInfoAtPosition(file, code.lastIndexOf(text))!;
      return `${ts.displayPartsToString(info.displayParts)}\n${ts.displayPartsToString(info.documentation)}`;
    };
    assert.match(shown("splitKernels;"), /splitKernels<Name extends string>\(.*: Promise<Record<Name, SplitKernels>>/s);
    assert.match(shown("tf;"), /The tensor library with the chosen backend/);
    assert.match(shown("clipNorm"), /Largest global norm of a gradient; null does not clip/);
  });

  test("are written only when a declaration has changed", async () => {
    const { writeDeclarations } = (await environment("environment/setup/declarations.mjs")) as {
      writeDeclarations: () => Promise<boolean>;
    };
    const written = (): number => statSync(path.join(types, "kernel-view.d.ts")).mtimeMs;
    const first = written();
    assert.equal(await writeDeclarations(), false);
    assert.equal(written(), first);
  });
});
