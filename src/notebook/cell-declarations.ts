import path from "node:path";

/** What the package exports in the types of other packages: its main declaration file leaves it to another. */
const NAMES = /\b(?:tf|resultDataFrame)\b/;

/**
 * Declaration files that a compiler needs for the cells of a notebook beside those they import. They stand apart, because
 * reading them takes longer than all else, and few notebooks use what they declare.
 *
 * @param source the cells' code
 */
export function cellDeclarations(source: string): string[] {
  return NAMES.test(source) ? [path.join(__dirname, "..", "..", "types", "other-packages.d.ts")] : [];
}
