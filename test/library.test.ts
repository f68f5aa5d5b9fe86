/** The public names: few, each used where a reader can see it, each with its documentation. */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { root } from "./support/checkout";

const LARGEST = 250;

const entry = path.join(root, "build", "src", "index.d.ts");
const program = ts.createProgram([entry], {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  skipLibCheck: true,
  strict: true,
  target: ts.ScriptTarget.ES2022,
  types: ["node"],
});
const checker = program.getTypeChecker();

const declared = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

const publicNames = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!)
    .map((symbol) => [symbol.name, declared(symbol)]),
);

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(ending))
    .map((name) => path.join(root, folder, name));

/** The names that notebooks import from the package. */
function namesInNotebooks(): string[] {
  const cells = filesIn("notebooks", ".ipynb").flatMap(
    (file) => (JSON.parse(readFileSync(file, "utf8")) as { cells: { source: string | string[] }[] }).cells,
  );
  const code = cells.map(({ source }) => [source].flat().join("")).join("\n");
  return [...code.matchAll(/import (?:type )?\{([^}]*)\} from "kernel-view"/g)].flatMap(([, list]) =>
    list.split(",").map(
      (name) =>
        name
          .trim()
          .replace(/^type /, "")
          .split(" as ")[0],
    ),
  );
}

/** The words of the documentation that are set as code; the API reference, which has every name, is not among it. */
function wordsInDocumentation(): string[] {
  const text = [path.join(root, "README.md"), path.join(root, "CONTRIBUTING.md"), ...filesIn("docs", ".md")]
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  return [...text.matchAll(/```.*?```|`[^`]+`/gs)].flatMap(([code]) => code.match(/[A-Za-z_]\w*/g) ?? []);
}

/** The types that the declarations of public values name. */
function typesInSignatures(): Set<ts.Symbol> {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    const symbol = ts.isTypeReferenceNode(node) ? checker.getSymbolAtLocation(node.typeName) : undefined;
    if (symbol) found.add(declared(symbol));
    ts.forEachChild(node, visit);
  };
  for (const symbol of publicNames.values()) {
    if (symbol.flags & ts.SymbolFlags.Value) symbol.declarations?.forEach(visit);
  }
  return found;
}

describe("the public names", () => {
  test(`are at most ${LARGEST}`, () => {
    assert.ok(publicNames.size <= LARGEST, `${publicNames.size} names`);
  });

  test("are each used by a notebook, the documentation or a public signature", () => {
    const words = new Set([...namesInNotebooks(), ...wordsInDocumentation()]);
    const types = typesInSignatures();
    const unused = [...publicNames].filter(([name, symbol]) => !words.has(name) && !types.has(symbol));
    assert.deepEqual(
      unused.map(([name]) => name),
      [],
    );
  });

  test("have a doc comment", () => {
    const bare = [...publicNames].filter(([, symbol]) => symbol.getDocumentationComment(checker).length === 0);
    assert.deepEqual(
      bare.map(([name]) => name),
      [],
    );
  });
});
