/**
 * Parameters of a notebook: one cell tagged `parameters` declares them with their defaults, one to a line,
 *
 *     let k = 16; // training examples per class
 *
 * and a cell tagged `injected-parameters`, put after it, assigns other values (Papermill's convention, in TypeScript).
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../errors";
import { checked } from "../files/fields";
import { readJson } from "../files/json";
import { once } from "../lazy";
import { z } from "../packages";

export type ParameterValue = number | string | boolean | null | ParameterValue[] | { [key: string]: ParameterValue };

/** One parameter as its cell declares it. */
export interface Parameter {
  name: string;
  value: ParameterValue;
  /** The comment behind it. */
  comment?: string;
}

/** What is read and written here of a notebook file (nbformat 4). */
export interface NotebookCell {
  cell_type: string;
  id?: string;
  source: string | string[];
  metadata: { tags?: string[]; [key: string]: unknown };
  [key: string]: unknown;
}
export interface Notebook {
  cells: NotebookCell[];
  [key: string]: unknown;
}

const notebookSchema = once(() =>
  z.looseObject({
    cells: z.array(
      z.looseObject({
        cell_type: z.string(),
        source: z.union([z.string(), z.array(z.string())]),
        metadata: z.looseObject({ tags: z.array(z.string()).optional() }),
      }),
    ),
  }),
);

/** Reads a notebook file. @throws InputError naming the file and the field at fault if it is no notebook */
export function readNotebook(file: string): Notebook {
  const notebook = readJson(file);
  checked(notebookSchema(), notebook, file);
  return notebook as Notebook;
}

/** The text of a cell. */
export function cellSource(cell: NotebookCell): string {
  return Array.isArray(cell.source) ? cell.source.join("") : cell.source;
}

export function hasTag(cell: NotebookCell, tag: string): boolean {
  return cell.metadata?.tags?.includes(tag) ?? false;
}

/**
 * The parameters a notebook declares, in order; empty where it has no cell tagged `parameters`.
 * @throws Error for a line that declares one with something else than a literal value
 */
export function notebookParameters(notebook: Notebook): Parameter[] {
  const cell = notebook.cells.find((candidate) => hasTag(candidate, "parameters"));
  return cell ? parseParameters(cellSource(cell)) : [];
}

const declaration = /^\s*let\s+([A-Za-z_$][\w$]*)\s*(?::[^=]+)?=(.*)$/;

/** Reads the lines `let name = literal; // comment` of a parameters cell; comments and blank lines are skipped. */
export function parseParameters(source: string): Parameter[] {
  const lines = source.split("\n").filter((line) => !/^\s*(?:\/\/.*)?$/.test(line));
  return lines.map((line) => {
    const match = declaration.exec(line);
    const rest = match && splitComment(match[2]);
    if (!match || !rest) {
      throw new InputError(
        `Parameters cell: cannot read the line ${JSON.stringify(line.trim())}. Write one parameter a line, as: let name = value; // comment`,
      );
    }
    return { name: match[1], ...rest };
  });
}

/** The literal and the comment of "literal; // comment"; a text may hold slashes, so the first split that makes sense counts. */
function splitComment(text: string): { value: ParameterValue; comment?: string } | undefined {
  const ends = [...text.matchAll(/\/\//g)].map((match) => match.index).concat(text.length);
  for (const end of ends) {
    const value = parseLiteral(text.slice(0, end).trim().replace(/\s*;$/, ""));
    const comment = text.slice(end + 2).trim();
    if (value !== undefined) return { value, ...(comment ? { comment } : {}) };
  }
  return undefined;
}

/** A JSON value, or undefined; single quotes and numbers such as 1_000, 1e-2, .5 and Infinity are understood as TypeScript does. */
function parseLiteral(text: string): ParameterValue | undefined {
  if (text === "Infinity") return Infinity;
  const singleQuoted = /^'((?:[^'\\]|\\.)*)'$/.exec(text);
  const json = singleQuoted ? `"${singleQuoted[1].replace(/\\'/g, "'").replace(/(?<!\\)"/g, '\\"')}"` : text;
  const plain = /^-?[\d_.]+(?:e[-+]?\d+)?$/i.test(json)
    ? json
        .replace(/_/g, "")
        .replace(/^(-?)\./, "$10.")
        .replace(/\.(?=e|$)/i, "")
    : json.replace(/,\s*([\]}])/g, "$1");
  try {
    return JSON.parse(plain) as ParameterValue;
  } catch {
    return undefined;
  }
}

/**
 * Reads overrides as given on a command line, "name=value", by the type of the parameter's default.
 * @throws Error for a parameter the notebook does not have, or a value of another type
 */
export function parseOverrides(
  settings: readonly string[],
  parameters: readonly Parameter[],
): Record<string, ParameterValue> {
  return Object.fromEntries(settings.map((setting) => parseOverride(setting, parameters)));
}

function parseOverride(setting: string, parameters: readonly Parameter[]): [string, ParameterValue] {
  const at = setting.indexOf("=");
  const name = at < 0 ? setting : setting.slice(0, at);
  const parameter = parameters.find((candidate) => candidate.name === name);
  if (!parameter) {
    const known = parameters.map((candidate) => candidate.name).join(", ") || "none: it has no cell tagged parameters";
    throw new InputError(`The notebook has no parameter ${JSON.stringify(name)}. Its parameters: ${known}.`);
  }
  if (at < 0)
    throw new InputError(`--set ${name}: a value is missing. Write --set ${name}=${JSON.stringify(parameter.value)}.`);
  return [name, valueLike(parameter, setting.slice(at + 1))];
}

function valueLike({ name, value: standard }: Parameter, text: string): ParameterValue {
  // A shell may leave the quotes around a text.
  if (typeof standard === "string") return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
  const written = text.trim();
  const one = /^inf(inity)?$/i.test(written) ? Infinity : parseLiteral(written);
  // A list of one needs no brackets.
  const value = Array.isArray(standard) && one !== undefined && !Array.isArray(one) ? [one] : one;
  if (value === undefined || kind(value) !== kind(standard)) {
    throw new InputError(`--set ${name}=${text}: expected ${kind(standard)}, such as ${JSON.stringify(standard)}.`);
  }
  return value;
}

function kind(value: ParameterValue): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "null";
  return { number: "a number", boolean: "true or false", object: "an object", string: "a text" }[
    typeof value as "number"
  ];
}

/** A value as a cell writes it: JSON, which has no infinity. */
export const literal = (value: ParameterValue): string => (value === Infinity ? "Infinity" : JSON.stringify(value));

/**
 * A copy of the notebook with a cell that assigns `overrides`, right behind the parameters cell. A cell injected
 * earlier is replaced; without overrides it is removed.
 */
export function injectParameters(notebook: Notebook, overrides: Record<string, ParameterValue>): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  const names = Object.keys(overrides);
  if (names.length === 0) return { ...notebook, cells };
  const at = cells.findIndex((cell) => hasTag(cell, "parameters"));
  if (at < 0) throw new InputError("The notebook has no cell tagged parameters, so none can be set.");
  const injected: NotebookCell = {
    cell_type: "code",
    id: "injected-parameters",
    metadata: { tags: ["injected-parameters"] },
    execution_count: null,
    outputs: [],
    source: [
      "// Values given when this notebook was run.",
      ...names.map((name) => `${name} = ${literal(overrides[name])};`),
    ].join("\n"),
  };
  return { ...notebook, cells: [...cells.slice(0, at + 1), injected, ...cells.slice(at + 1)] };
}

/*
 * The defaults of notebooks: what their parameters cells hold as committed. Whoever edits that cell would have nothing
 * to compare with, so a copy lies in `defaults` beside the notebooks, one parameter to a line. It is written by
 * `npm run notebook:check -- --keep-defaults` and never by hand; the checks of `npm test` compare it with the cell.
 */

/** The file with the defaults of a notebook, given by its name without ending and the folder that it lies in. */
export const defaultsFile = (name: string, folder = path.join(__dirname, "..", "..", "..", "notebooks")): string =>
  path.join(folder, "defaults", `${name}.json`);

export const formatDefaults = (parameters: readonly Parameter[]): string =>
  `[\n${parameters.map((parameter) => ` ${JSON.stringify(parameter)}`).join(",\n")}\n]\n`;

const defaultsSchema = once(() =>
  z.array(z.strictObject({ name: z.string(), value: z.json(), comment: z.string().optional() })),
);

/** The kept defaults of a notebook; undefined where there are none. */
export function readDefaults(name: string, folder?: string): Parameter[] | undefined {
  const file = defaultsFile(name, folder);
  return existsSync(file) ? checked<Parameter[]>(defaultsSchema(), readJson(file), file) : undefined;
}
