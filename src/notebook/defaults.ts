/**
 * The defaults of notebooks: what their parameters cells hold as committed. Whoever edits that cell would have nothing
 * to compare with, so a copy lies in `defaults` beside the notebooks, one parameter to a line. It is written by
 * `node environment/check-cells.mjs --keep-defaults` and never by hand; the checks of `npm test` compare it with the cell.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Parameter } from "./parameters";

/** The file with the defaults of a notebook, given by its name without ending and the folder that it lies in. */
export const defaultsFile = (name: string, folder = path.join(__dirname, "..", "..", "..", "notebooks")): string =>
  path.join(folder, "defaults", `${name}.json`);

export const formatDefaults = (parameters: readonly Parameter[]): string =>
  `[\n${parameters.map((parameter) => ` ${JSON.stringify(parameter)}`).join(",\n")}\n]\n`;

/** The kept defaults of a notebook; undefined where there are none. */
export function readDefaults(name: string, folder?: string): Parameter[] | undefined {
  const file = defaultsFile(name, folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Parameter[]) : undefined;
}
