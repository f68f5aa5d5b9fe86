// What of a run is committed: outputs that read well where the repository is browsed, that stay small, and that are
// the same, byte for byte, when the same machine runs the notebook again.
import { root } from "../checkout";
import { plain, vegaLiteType, type Forms, type NotebookFile, type Output, type Text } from "../notebook-file";
import { localPaths } from "./local-paths";
import { pngSize, smallPng } from "./small-png";

/** A notebook's file stays well below what is pleasant to clone and to open. */
export const largestNotebook = 1_000_000;

/** A chart whose specification takes more than this in the file is committed as a picture only. */
const largestChart = 60_000;

/** A folder whose name is of this machine, and what to write in its place. */
export type Place = readonly [folder: string, shown: string];

/** Outputs that cannot be committed; the message names the cell and the way out. */
export class OutputsError extends Error {}

const provenance = "application/vnd.kernel-view.provenance+json";
const widgetView = "application/vnd.jupyter.widget-view+json";

/**
 * The notebook with the outputs of a run of it, as they are committed. Sources, ids and metadata are the notebook's.
 * @param original the notebook as its file has it
 * @param executed the same notebook after a run with the parameters it declares
 * @throws OutputsError for a warning, a local path, or more than fits
 */
export function withOutputs(
  original: NotebookFile,
  executed: NotebookFile,
  places: readonly Place[] = [],
): NotebookFile {
  const outputsOf = new Map(executed.cells.map((cell) => [cell.id, cell.outputs]));
  const cells = original.cells.map((cell) => {
    if (cell.cell_type !== "code") return cell;
    const outputs = outputsOf.get(cell.id);
    if (!outputs) throw new OutputsError(`cell ${cell.id}: the run has no such cell`);
    return { ...cell, execution_count: null, outputs: committedOutputs(cell.id, outputs, places) };
  });
  return withinLimit({ ...original, cells });
}

/** The notebook as text, in the form in which Jupyter saves it. */
export const notebookText = (notebook: NotebookFile): string => `${JSON.stringify(notebook, null, 1)}\n`;

/** What is committed of the outputs of a cell; what already has this form stays as it is. */
export function committedOutputs(id: string | undefined, outputs: Output[], places: readonly Place[] = []): Output[] {
  const written = outputs.flatMap((output) =>
    committedOutput(id, withoutPlaces(output, [...places, [`${root}/`, ""]])),
  );
  const [found] = localPaths(textOf(written));
  if (found)
    throw new OutputsError(
      `cell ${id}: shows the local path ${found}, which no other machine has: show it relative to the checkout.`,
    );
  return written;
}

/** Everything readable in outputs: not the pictures, whose letters mean nothing. */
const textOf = (outputs: Output[]): string =>
  JSON.stringify(outputs, (type, value: unknown) => (type.startsWith("image/") ? undefined : value));

function withoutPlaces(output: Output, places: readonly Place[]): Output {
  const text = JSON.stringify(output);
  const changed = places.reduce(
    (all, [place, shown]) => all.replaceAll(JSON.stringify(place).slice(1, -1), shown),
    text,
  );
  return changed === text ? output : (JSON.parse(changed) as Output);
}

function committedOutput(id: string | undefined, output: Output): Output[] {
  if (output.output_type === "stream") {
    if (output.name !== "stdout")
      throw new OutputsError(`cell ${id}: writes to standard error: “${shortened(plain(output.text))}”.`);
    return [{ name: "stdout", output_type: "stream", text: lines(output.text) }];
  }
  if (output.output_type === "error")
    throw new OutputsError(`cell ${id}: ends with an error: “${shortened(String(output.evalue))}”.`);
  const data = output.data ?? {};
  if (widgetView in data) return []; // controls, which are gone with the kernel that moved them
  if (vegaLiteType in data || "image/png" in data) return [chart(data, output.metadata)];
  const html = plain(data["text/html"]);
  if (html.includes("<progress")) return []; // one that never came to its end
  const text = plain(data["text/plain"]);
  if (provenance in data || isProvenance(text)) return [withoutTime(html, text)];
  if (html.includes("<table")) return [withoutSeconds(html, text)];
  if (html !== "" || text !== "")
    return [
      displayed(
        html === ""
          ? { "text/plain": text }
          : { "text/html": withoutDuration(html), "text/plain": withoutDuration(text) },
      ),
    ];
  return [displayed(data)];
}

/** Keys in the order of the alphabet and texts as lists of lines, as Jupyter saves them. */
function displayed(data: Forms, metadata: Record<string, unknown> = {}): Output {
  const entries = Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    data: Object.fromEntries(
      entries.map(([type, value]) => [type, type.startsWith("text/") ? lines(value as Text) : value]),
    ),
    metadata,
    output_type: "display_data",
  };
}

/**
 * A PNG, which every viewer shows (an SVG is shown neither by JupyterLab before a notebook is trusted, nor whole by
 * viewers that take parts out of it), and the chart itself where it is small, for JupyterLab to draw.
 */
function chart(data: Forms, metadata: Output["metadata"]): Output {
  const png = Buffer.from(plain(data["image/png"]), "base64");
  const { width, height } = pngSize(png);
  const spec = data[vegaLiteType];
  const keeps = spec !== undefined && sizeInFile(spec) <= largestChart;
  return displayed(
    {
      ...(keeps ? { [vegaLiteType]: spec } : {}),
      "image/png": smallPng(png).toString("base64"),
      "text/plain": plain(data["text/plain"]),
    },
    // Drawn with two pixels a point: without this, viewers show it twice as large.
    metadata?.["image/png"]
      ? metadata
      : { "image/png": { height: Math.round(height / 2), width: Math.round(width / 2) } },
  );
}

/** Characters of a value in a notebook's file, where every line of it is indented. */
const sizeInFile = (value: unknown): number => JSON.stringify([[[[[[value]]]]]], null, 1).length;

/** Notebooks with many charts: the largest are pictures only, until the file is small enough. */
function withinLimit(notebook: NotebookFile): NotebookFile {
  const charts = notebook.cells
    .flatMap(({ outputs = [] }) => outputs)
    .flatMap(({ data }) => (data?.[vegaLiteType] ? [data] : []));
  const size = (of: NotebookFile): number => Buffer.byteLength(notebookText(of));
  for (const largest of charts.sort((a, b) => sizeInFile(b[vegaLiteType]) - sizeInFile(a[vegaLiteType]))) {
    if (size(notebook) <= largestNotebook) break;
    delete largest[vegaLiteType];
  }
  if (size(notebook) <= largestNotebook) return notebook;
  const { id } = notebook.cells.reduce((a, b) => (sizeInFile(b.outputs ?? []) > sizeInFile(a.outputs ?? []) ? b : a));
  throw new OutputsError(
    `the file would have ${size(notebook)} bytes, more than ${largestNotebook}; most of it is shown by cell ${id}: show less there.`,
  );
}

const time = String.raw`(?:\d+ h \d+ min|\d+ min \d+ s|\d+(?:\.\d)? s)`;
const amount = String.raw`\d+(?:/\d+)?(?: [^<>\n(·]+?)?`;
const summary = new RegExp(
  String.raw`^([^<>\n]*: )(?:\d+ of (${amount}) from disk(?:, \d+ computed)?|(${amount})) in ${time}(?= · |$)`,
);

/** "Kernels: 2 of 5 seeds from disk, 3 computed in 12 s" without how long it took, and without what an earlier run had left. */
const withoutDuration = (text: string): string =>
  text.replace(summary, (_, label: string, all?: string, computed?: string) => `${label}${all ?? computed}`);

const isProvenance = (text: string): boolean =>
  /^what +value *\n/.test(text) && /\nPackage +\S/.test(text) && /\nNode +v\d/.test(text);

function withoutTime(html: string, text: string): Output {
  return displayed({
    "text/html": html.replace(/<tr><td[^>]*>Time \(UTC\)<\/td>.*?<\/tr>\n?/s, ""),
    "text/plain": text.replace(/^Time \(UTC\) .*\n?/m, ""),
  });
}

/** A table without its column "seconds", if it has one: those are measured anew with every run. */
function withoutSeconds(html: string, text: string): Output {
  const columns = [...(/<thead>.*?<\/thead>/s.exec(html)?.[0] ?? "").matchAll(/<th\b[^>]*>(.*?)<\/th>/gs)].map(
    ([, name]) => name,
  );
  const at = columns.indexOf("seconds");
  const rows = text.split("\n");
  const rule = rows.findIndex((line) => /^─+(?: {2}─+)*$/.test(line));
  if (at < 0 || rule < 1) return displayed({ "text/html": html, "text/plain": text });
  const widths = rows[rule].split("  ").map(({ length }) => length);
  const start = widths.slice(0, at).reduce((sum, width) => sum + width + 2, 0);
  const shortenedRow = (line: string): string =>
    `${line.slice(0, start)}${line.slice(start + widths[at] + 2)}`.trimEnd();
  // A caption stands above the names of the columns, "… and 3 more rows" below the last row.
  const inTable = (line: string, index: number): boolean => index >= rule - 1 && !/^… and \d+ more rows$/.test(line);
  return displayed({
    "text/html": html
      .replace(`<td colspan="${columns.length}">`, `<td colspan="${columns.length - 1}">`)
      .replace(/<tr>(.*?)<\/tr>/gs, (row: string, cells: string) => {
        const parts = cells.match(/<(t[hd])\b.*?<\/\1>/gs) ?? [];
        return parts.length === columns.length
          ? `<tr>${parts.filter((_, column) => column !== at).join("")}</tr>`
          : row;
      }),
    "text/plain": rows.map((line, index) => (inTable(line, index) ? shortenedRow(line) : line)).join("\n"),
  });
}

const lines = (text?: Text): string[] =>
  plain(text)
    .split(/(?<=\n)/)
    .filter((line) => line !== "");
const shortened = (text: string): string => (text.trim().length > 200 ? `${text.trim().slice(0, 200)}…` : text.trim());

/**
 * Whether a notebook's outputs have the form in which they are committed, as messages with the cell's id.
 * @returns one message a cell that has not
 */
export function unfitOutputs({ cells }: NotebookFile): { id?: string; message: string }[] {
  return cells.flatMap(({ id, outputs }) => {
    if (!outputs?.length) return [];
    try {
      return isSame(committedOutputs(id, outputs), outputs)
        ? []
        : [{ id, message: "has outputs as a run leaves them, with times, or with every form of a figure" }];
    } catch (error) {
      if (!(error instanceof OutputsError)) throw error;
      return [{ id, message: error.message.replace(`cell ${id}: `, "") }];
    }
  });
}

/** Equal, whatever the order of the keys; a text may be one or a list of lines. */
function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && a.every((line) => typeof line === "string") && typeof b === "string") return a.join("") === b;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return a === b;
  const [entries, others] = [Object.entries(a), new Map<string, unknown>(Object.entries(b))];
  return (
    entries.length === others.size && entries.every(([key, value]) => others.has(key) && isSame(value, others.get(key)))
  );
}
