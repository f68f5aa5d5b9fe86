import ts from "typescript";

/** A name that a cell declares at its top level. */
export interface Declaration {
  name: string;
  /** How a later cell refers to it: variables can be assigned to, everything else is imported. */
  kind: "let" | "const" | "declared";
  /** Which of the cell's statements declares it; a cell that fails keeps what ran. Types are there in any case. */
  statement: number | "type";
  /** Whether it only says that the name is there: `declare const`. */
  ambient?: boolean;
}

/** A name that a cell imports: later cells import it again, in these words. */
export interface ImportedName {
  name: string;
  text: string;
}

/** What carrying names from cell to cell needs to know of a cell. */
export interface CellSource {
  text: string;
  file: ts.SourceFile;
  syntaxErrors: readonly ts.Diagnostic[];
  declarations: Declaration[];
  imports: ImportedName[];
  /** Every identifier in the cell, wherever it stands. */
  identifiers: ReadonlySet<string>;
  /** Names that the cell exports itself. */
  exported: ReadonlySet<string>;
  /** Whether it has `declare global` or `declare module`, which hold for all later cells. */
  augments: boolean;
}

/** Parses a cell and lists the names it brings. */
export function readCell(text: string, fileName: string): CellSource {
  const file = ts.createSourceFile(fileName, text, { languageVersion: ts.ScriptTarget.ESNext }, true);
  const { parseDiagnostics: syntaxErrors } = file as ts.SourceFile & { parseDiagnostics: ts.DiagnosticWithLocation[] };
  const declarations: Declaration[] = [];
  const imports: ImportedName[] = [];
  const exported = new Set<string>();
  let ambient = false;
  const declare = (name: string, kind: Declaration["kind"], statement: Declaration["statement"]) =>
    declarations.push({ name, kind, statement: ambient ? "type" : statement, ...(ambient ? { ambient } : {}) });
  let augments = false;

  file.statements.forEach((statement, index) => {
    ambient = hasModifier(statement, ts.SyntaxKind.DeclareKeyword);
    if (hasModifier(statement, ts.SyntaxKind.ExportKeyword))
      for (const name of declaredNames(statement)) exported.add(name);
    if (ts.isVariableStatement(statement)) {
      if (isUsing(statement.declarationList)) return;
      const kind = statement.declarationList.flags & ts.NodeFlags.Const ? "const" : "let";
      for (const name of declaredNames(statement)) declare(name, kind, index);
    } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
      declare(statement.name.text, "declared", "type");
    } else if (ts.isFunctionDeclaration(statement)) {
      if (statement.name) declare(statement.name.text, "declared", "type"); // functions are there before the first statement runs
    } else if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) {
      if (statement.name) declare(statement.name.text, "declared", index);
    } else if (ts.isModuleDeclaration(statement)) {
      if (ts.isIdentifier(statement.name) && !(statement.flags & ts.NodeFlags.GlobalAugmentation))
        declare(statement.name.text, "declared", index);
      else augments = true;
    } else if (ts.isImportDeclaration(statement)) {
      imports.push(...importedNames(statement, file));
    } else if (ts.isImportEqualsDeclaration(statement)) {
      imports.push({ name: statement.name.text, text: statement.getText(file) });
    } else if (
      ts.isExportDeclaration(statement) &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
    ) {
      for (const { name } of statement.exportClause.elements) exported.add(name.text);
    } else {
      for (const name of hoistedVariables(statement)) declare(name, "let", index);
    }
  });
  return { text, file, syntaxErrors, declarations, imports, identifiers: identifiersOf(file), exported, augments };
}

/** `var` inside blocks and loops belongs to the whole cell, too. */
export function hoistedVariables(statement: ts.Statement): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    if (ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped))
      names.push(...node.declarations.flatMap(({ name }) => bindingNames(name)));
    ts.forEachChild(node, visit);
  };
  visit(statement);
  return names;
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => bindingNames(name));
  const { name } = statement as { name?: ts.Node };
  return name && ts.isIdentifier(name) ? [name.text] : [];
}

const bindingNames = (name: ts.BindingName): string[] =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bindingNames(element.name)));

/** `using` variables end with their cell. */
export const isUsing = ({ flags }: ts.VariableDeclarationList): boolean =>
  (flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.Using ||
  (flags & ts.NodeFlags.BlockScoped) === ts.NodeFlags.AwaitUsing;

export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}

function importedNames(statement: ts.ImportDeclaration, file: ts.SourceFile): ImportedName[] {
  const { importClause, moduleSpecifier } = statement;
  if (!importClause) return [];
  const from = `from ${moduleSpecifier.getText(file)}${statement.attributes ? ` ${statement.attributes.getText(file)}` : ""};`;
  const type = importClause.isTypeOnly ? "type " : "";
  const names: ImportedName[] = [];
  if (importClause.name)
    names.push({ name: importClause.name.text, text: `import ${type}${importClause.name.text} ${from}` });
  const bindings = importClause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings))
    names.push({ name: bindings.name.text, text: `import ${type}* as ${bindings.name.text} ${from}` });
  if (bindings && ts.isNamedImports(bindings)) {
    for (const element of bindings.elements)
      names.push({ name: element.name.text, text: `import ${type}{ ${element.getText(file)} } ${from}` });
  }
  return names;
}

function identifiersOf(file: ts.SourceFile): Set<string> {
  const identifiers = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) identifiers.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return identifiers;
}
