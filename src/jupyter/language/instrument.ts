import ts from "typescript";
import { hasModifier, hoistedVariables, isUsing, type CellSource } from "./cell-source";
import type { Insertion } from "./place";

/**
 * What is put into a cell's text before it is compiled to JavaScript, all on the lines where it stands:
 *
 *     export let k = 16;$cell.ran(0);            names are exported into the scope; what ran is told
 *     $cell.check(await work())                  nothing goes on behind an await once the cell was interrupted
 *     while (true) {if($stop[0])$cell.stop(); …  loops and functions end when it is interrupted
 *     $cell.result = (k + 1)                     the value of the last expression
 *
 * `$stop` and `$cell` are parameters of the function that the cell becomes.
 */
export function instrument({ file, exported }: CellSource): Insertion[] {
  const insertions: Insertion[] = [];
  const put = (at: number, text: string) => insertions.push({ at, text });
  const last = file.statements.at(-1);

  const visitTop = (statement: ts.Statement, index: number): void => {
    const exports =
      isExportable(statement) &&
      ![ts.SyntaxKind.ExportKeyword, ts.SyntaxKind.DeclareKeyword].some((modifier) => hasModifier(statement, modifier));
    if (exports) put(statement.getStart(file), "export ");
    const result = statement === last && ts.isExpressionStatement(statement) && isValue(statement.expression);
    if (result) put(statement.expression.getStart(file), "$cell.result = (");
    visit(statement);
    if (result) put(statement.expression.end, ")");
    if (!ts.isFunctionDeclaration(statement) && !isTypeOnly(statement)) put(statement.end, `;$cell.ran(${index});`);
  };

  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isAwaitExpression(node)) return around(node, "$cell.check(", ")");
    if (ts.isIterationStatement(node, false)) return loop(node);
    if (ts.isFunctionLike(node) && "body" in node && node.body)
      return callable(node as ts.FunctionLikeDeclaration & { body: ts.ConciseBody });
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      put(node.expression.getStart(file), "$cell.");
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
      put(node.getStart(file), "$cell.");
    ts.forEachChild(node, visit);
    // `export let x;` compiles to nothing, and an older x would show through.
    if (ts.isVariableDeclaration(node) && !node.initializer && isTopVariable(node)) put(node.end, " = undefined");
  };

  const around = (node: ts.Node, before: string, after: string): void => {
    put(node.getStart(file), before);
    ts.forEachChild(node, visit);
    put(node.end, after);
  };

  const loop = (node: ts.IterationStatement): void => {
    ts.forEachChild(node, (child) => {
      if (child !== node.statement) return visit(child);
      if (ts.isBlock(child)) put(child.getStart(file) + 1, stopHere);
      else put(child.getStart(file), `{${stopHere}`);
      visit(child);
      if (!ts.isBlock(child)) put(child.end, "}");
    });
  };

  const callable = (node: ts.FunctionLikeDeclaration & { body: ts.ConciseBody }): void => {
    ts.forEachChild(node, (child) => {
      if (child !== node.body) return visit(child);
      if (ts.isBlock(child)) put(child.getStart(file) + 1, stopHere);
      else put(child.getStart(file), "($stop[0]&&$cell.stop(),");
      visit(child);
      if (!ts.isBlock(child)) put(child.end, ")");
    });
  };

  const isTopVariable = (node: ts.VariableDeclaration): boolean => {
    const statement = node.parent.parent;
    return (
      ts.isVariableStatement(statement) &&
      statement.parent === file &&
      !isUsing(statement.declarationList) &&
      !hasModifier(statement, ts.SyntaxKind.DeclareKeyword)
    );
  };

  file.statements.forEach(visitTop);
  const hoisted = file.statements
    .filter((statement) => !isExportable(statement) && !isTypeOnly(statement))
    .flatMap(hoistedVariables)
    .filter((name) => !exported.has(name));
  if (hoisted.length > 0) put(file.end, `\nexport { ${[...new Set(hoisted)].join(", ")} };`);
  return insertions;
}

const stopHere = "if($stop[0])$cell.stop();";

/** Statements that take the word `export`. */
function isExportable(statement: ts.Statement): boolean {
  if (ts.isVariableStatement(statement)) return !isUsing(statement.declarationList);
  if (ts.isModuleDeclaration(statement))
    return ts.isIdentifier(statement.name) && !(statement.flags & ts.NodeFlags.GlobalAugmentation);
  return (
    (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) &&
    statement.name !== undefined
  );
}

const isTypeOnly = (statement: ts.Statement): boolean =>
  ts.isInterfaceDeclaration(statement) ||
  ts.isTypeAliasDeclaration(statement) ||
  ts.isImportDeclaration(statement) ||
  ts.isImportEqualsDeclaration(statement) ||
  ts.isExportDeclaration(statement) ||
  ts.isExportAssignment(statement) ||
  ts.isReturnStatement(statement) ||
  hasModifier(statement, ts.SyntaxKind.DeclareKeyword) ||
  (ts.isModuleDeclaration(statement) && !ts.isIdentifier(statement.name));

/** An assignment is a statement to whoever writes it; everything else shows its value. */
function isValue(expression: ts.Expression): boolean {
  if (ts.isBinaryExpression(expression))
    return !(
      expression.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
      expression.operatorToken.kind <= ts.SyntaxKind.LastAssignment
    );
  return !(
    ts.isPostfixUnaryExpression(expression) ||
    (ts.isPrefixUnaryExpression(expression) &&
      (expression.operator === ts.SyntaxKind.PlusPlusToken || expression.operator === ts.SyntaxKind.MinusMinusToken)) ||
    ts.isDeleteExpression(expression)
  );
}
