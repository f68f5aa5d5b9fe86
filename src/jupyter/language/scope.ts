import type { CellSource, Declaration } from "./cell-source";
import { SCOPE_MODULE } from "./protocol";

/** Where the value or type of a name comes from. */
type Origin = (Pick<Declaration, "kind" | "ambient"> & { cell: number }) | { kind: "import"; text: string };

/** The names that the cells run so far have left, as the next cell sees them. */
export class Scope {
  readonly #origins = new Map<string, Origin>();
  readonly #augmenting = new Set<number>();

  get names(): string[] {
    return [...this.#origins.keys()];
  }

  /** Whether a later cell can use names of that one. */
  refersTo(cell: number): boolean {
    return (
      this.#augmenting.has(cell) ||
      [...this.#origins.values()].some((origin) => origin.kind !== "import" && origin.cell === cell)
    );
  }

  /**
   * Takes over what a cell declared. A new declaration replaces an old one in all its meanings.
   * @param ran the statements that ran to their end; undefined when all did
   */
  take(
    cell: number,
    { declarations, imports, augments }: Pick<CellSource, "declarations" | "imports" | "augments">,
    ran?: ReadonlySet<number>,
  ): void {
    if (augments) this.#augmenting.add(cell);
    for (const { name, text } of imports) this.#origins.set(name, { kind: "import", text });
    for (const { name, kind, statement, ambient } of declarations) {
      if (ran === undefined || statement === "type" || ran.has(statement))
        this.#origins.set(name, { kind, cell, ambient });
    }
  }

  /**
   * What stands behind a cell so that the compiler knows the names of earlier cells: their types follow from those cells
   * by inference. Behind it, so that every position in the cell stays what it is.
   */
  declarationsFor(
    cell: CellSource,
    moduleOf: (cell: number) => string,
    wanted: Iterable<string> = cell.identifiers,
  ): string {
    const own = new Set([...cell.declarations, ...cell.imports].map(({ name }) => name));
    const exports = [...new Set(cell.declarations.map(({ name }) => name))].filter((name) => !cell.exported.has(name));
    const lines = [
      `export { ${exports.join(", ")} };`,
      ...[...this.#augmenting].map((number) => `import "${moduleOf(number)}";`),
    ];
    for (const [name, origin] of this.#visible(wanted, own)) {
      if (origin.kind === "import") lines.push(origin.text);
      else if (origin.kind === "let")
        lines.push(`declare let ${name}: typeof import("${moduleOf(origin.cell)}").${name};`);
      else if (origin.kind === "const")
        lines.push(`declare const ${name}: typeof import("${moduleOf(origin.cell)}").${name};`);
      else lines.push(`import { ${name} } from "${moduleOf(origin.cell)}";`);
    }
    return lines.join("\n");
  }

  /** The same for the running program, before a cell: names of earlier cells live in one object. */
  importsFor(cell: CellSource): string {
    const own = new Set([...cell.declarations, ...cell.imports].map(({ name }) => name));
    const visible = [...this.#visible(cell.identifiers, own)];
    const carried = visible.filter(([, origin]) => origin.kind !== "import" && !origin.ambient).map(([name]) => name);
    const imports = visible.flatMap(([, origin]) => (origin.kind === "import" ? [origin.text] : []));
    return [
      ...(carried.length > 0 ? [`import { ${carried.join(", ")} } from "${SCOPE_MODULE}";`] : []),
      ...imports,
    ].join(" ");
  }

  *#visible(wanted: Iterable<string>, own: ReadonlySet<string>): Generator<[string, Origin]> {
    for (const name of wanted) {
      const origin = own.has(name) ? undefined : this.#origins.get(name);
      if (origin) yield [name, origin];
    }
  }
}
