import ts from "typescript";
import type { CellSource } from "./cell-source";
import { instrument } from "./instrument";
import { withInsertions, type CellMap, type Insertion } from "./place";
import { SCOPE_MODULE } from "./protocol";

const emitOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  esModuleInterop: true,
  isolatedModules: true,
  preserveConstEnums: true,
  sourceMap: true,
  removeComments: true,
};

export interface EmittedCell {
  /** The body of an async function of `exports`, `require`, `$cell` and `$stop`. */
  javascript: string;
  /** Modules that it requires. */
  requires: string[];
  /** The way back from its lines to those of the cell. */
  map: CellMap;
}

/**
 * Compiles a cell to JavaScript. TypeScript's own translation of modules does the carrying over: what the cell declares
 * is exported, what earlier cells declared is imported, and both name one object, the scope.
 * @param imports the import statements that bring the names of earlier cells, on one line
 */
export function emitCell(cell: CellSource, imports: string): EmittedCell {
  const insertions: Insertion[] = [{ at: 0, text: imports }, ...instrument(cell)];
  const requires: string[] = [];
  const { outputText, sourceMapText } = ts.transpileModule(withInsertions(cell.text, insertions), {
    fileName: "cell.ts",
    compilerOptions: emitOptions,
    transformers: { after: [dropPrologue((name) => requires.push(name))] },
  });
  const javascript = outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  const { mappings } = JSON.parse(sourceMapText!) as { mappings: string };
  return {
    javascript,
    requires: requires.filter((name) => name !== SCOPE_MODULE),
    map: { text: cell.text, insertions, mappings },
  };
}

/**
 * TypeScript begins a module with `exports.a = exports.b = void 0`, which would make names of earlier cells undefined
 * before the new ones are there. The modules that remain required are told on the way.
 */
const dropPrologue =
  (onRequire: (name: string) => void): ts.TransformerFactory<ts.SourceFile> =>
  (context) =>
  (file) => {
    const visit = (node: ts.Node): void => {
      if (
        ts.isCallExpression(node) &&
        ts.isIdentifier(node.expression) &&
        node.expression.text === "require" &&
        node.arguments.length === 1 &&
        ts.isStringLiteral(node.arguments[0])
      )
        onRequire(node.arguments[0].text);
      else ts.forEachChild(node, visit);
    };
    for (const statement of file.statements)
      if (ts.isVariableStatement(statement) || ts.isExpressionStatement(statement)) visit(statement);
    return context.factory.updateSourceFile(
      file,
      file.statements.filter((statement) => !isPrologue(statement)),
    );
  };

function isPrologue(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement) || statement.pos >= 0) return false;
  let { expression } = statement;
  if (ts.isCallExpression(expression))
    return (
      ts.isPropertyAccessExpression(expression.expression) &&
      expression.expression.name.text === "defineProperty" &&
      expression.arguments[1] !== undefined &&
      ts.isStringLiteral(expression.arguments[1]) &&
      expression.arguments[1].text === "__esModule"
    );
  while (ts.isBinaryExpression(expression)) expression = expression.right;
  return ts.isVoidExpression(expression);
}
