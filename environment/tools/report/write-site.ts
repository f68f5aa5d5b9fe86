// All notebooks as one linked site: a page for each, and an index with their questions.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageVersion } from "../../../src/package-version";
import { messageOf, root } from "../checkout";
import { liveParts, sharedFile, type LiveParts } from "../live/parts";
import { readNotebook } from "../notebook-file";
import { NotebookError, StoppedError, prepareNotebook, withExecutedNotebook, type Execute } from "./execute-notebook";
import { drawFormulas } from "./formulas";
import { escapeHtml, inlineHtml, notebookHeading, type Heading } from "./heading";
import { machineRows, writeReport } from "./write-report";

const template = path.join(root, "environment", "tools", "report", "template");
const generator = '<meta name="generator" content="kernel-view ';

export interface SiteRequest {
  /** The notebooks. */
  files: readonly string[];
  /** The site's folder. */
  out: string;
  /** "name=value" for every notebook that has the parameter. */
  settings?: readonly string[];
  /** Whether explorers compute in the pages, which share one copy of the model and the engine in `live/`. */
  live?: boolean;
  /** In place of withExecutedNotebook. */
  execute?: Execute;
}

/** What became of a notebook: a page and the seconds that it took, or a message. */
export interface SiteEntry extends Heading {
  file: string;
  page?: string;
  seconds?: number;
  failure?: string;
}

/** A notebook that ran to its end. */
type Written = SiteEntry & { page: string; seconds: number };

const isWritten = (entry: SiteEntry): entry is Written => entry.failure === undefined;

/**
 * Executes notebooks in order and writes a page for each that ran to its end, and an index of all. The folder is
 * replaced as a whole, when everything is done; when no notebook ran, it stays as it was.
 * @returns what became of each notebook
 * @throws NotebookError, before anything runs, for settings that no notebook takes and for a folder that is no site
 */
export async function writeSite({
  files,
  out,
  settings = [],
  live = false,
  execute = withExecutedNotebook,
}: SiteRequest): Promise<SiteEntry[]> {
  refuseEqualNames(files);
  tidy(out);
  refuseOtherFolder(out);
  const settingsOf = assignSettings(files, settings);
  const building = `${out}.part-${process.pid}`;
  mkdirSync(building, { recursive: true });
  try {
    const entries: SiteEntry[] = [];
    for (const file of files)
      entries.push(await writePage({ file, settings: settingsOf.get(file), building, live, execute }));
    const written = entries.filter(isWritten);
    if (written.length === 0) return entries;
    for (const [index, entry] of written.entries()) addLinks(building, entry, written[index - 1], written[index + 1]);
    writeFileSync(path.join(building, "index.html"), indexPage(entries, settings));
    replaceFolder(building, out);
    return entries;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

interface PageRequest {
  file: string;
  settings?: readonly string[];
  building: string;
  live: boolean;
  execute: Execute;
}

async function writePage({ file, settings, building, live, execute }: PageRequest): Promise<SiteEntry> {
  const name = path.basename(file, ".ipynb");
  const entry = { file, ...headingOf(file, name) };
  try {
    const page = `${name}.html`;
    const seconds = await execute({ file, settings }, async (executed) => {
      const parts = live ? await liveParts(executed.executedFile, executed.folder) : undefined;
      if (parts) share(parts, path.join(building, "live"));
      writeReport({
        file,
        out: path.join(building, page),
        inSite: true,
        live: parts && { ...parts, shared: true },
        ...executed,
      });
      return executed.seconds;
    });
    return { ...entry, page, seconds };
  } catch (error) {
    if (error instanceof StoppedError) throw error;
    return {
      ...entry,
      failure:
        error instanceof NotebookError ? error.message : `${path.relative(process.cwd(), file)}: ${messageOf(error)}`,
    };
  }
}

/** Writes each text once, whatever pages have it. */
function share({ texts }: LiveParts, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) {
    const file = path.join(folder, `${name}.js`);
    if (!existsSync(file)) writeFileSync(file, sharedFile(name, text));
  }
}

/** What is known of a notebook even if it does not run. */
function headingOf(file: string, name: string): Heading {
  try {
    return notebookHeading(readNotebook(file), name);
  } catch {
    return { title: name, question: "" };
  }
}

/** Gives each notebook the settings of the parameters it has. */
function assignSettings(files: readonly string[], settings: readonly string[]): Map<string, string[]> {
  const unused = new Set(settings);
  const assigned = new Map<string, string[]>();
  for (const file of files) {
    const own = settings.filter((setting) => parametersOf(file).includes(setting.split("=")[0]));
    if (own.length > 0) prepareNotebook({ file, settings: own }); // a value of the wrong type, before hours of work
    for (const setting of own) unused.delete(setting);
    assigned.set(file, own);
  }
  if (unused.size > 0)
    throw new NotebookError(`None of the notebooks has the parameter of --set ${[...unused].join(" --set ")}.`);
  return assigned;
}

/** Names of a notebook's parameters; a notebook that cannot be read fails when its turn comes. */
function parametersOf(file: string): string[] {
  try {
    return prepareNotebook({ file }).parameters.map(({ name }) => name);
  } catch {
    return [];
  }
}

function refuseEqualNames(files: readonly string[]): void {
  const names = files.map((file) => path.basename(file));
  const twice = names.find((name, index) => names.indexOf(name) < index || name === "index.ipynb");
  if (twice)
    throw new NotebookError(
      `The site would have two pages named ${path.basename(twice, ".ipynb")}.html: give notebooks with different names.`,
    );
}

/** The folder is going to be replaced, so it has to be a site, empty, or not there. */
function refuseOtherFolder(out: string): void {
  if (!existsSync(out)) return;
  const index = path.join(out, "index.html");
  const isSite = existsSync(index) && readFileSync(index, "utf8").includes(generator);
  if (!isSite && readdirSync(out).length > 0)
    throw new NotebookError(
      `${out} holds something else than a site of reports, and would be replaced: give another folder with --out.`,
    );
}

function replaceFolder(built: string, target: string): void {
  const old = `${target}.old-${process.pid}`;
  const replaces = existsSync(target);
  if (replaces) renameSync(target, old);
  try {
    renameSync(built, target);
  } catch (error) {
    if (replaces) renameSync(old, target);
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}

/** What killed runs left beside the site: half-made ones go, and an old one that was just being replaced comes back. */
function tidy(out: string): void {
  const parent = path.dirname(out);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const [, kind, id] =
      /^\.(part|old)-(\d+)$/.exec(name.startsWith(path.basename(out)) ? name.slice(path.basename(out).length) : "") ??
      [];
    if (!kind || isRunning(Number(id))) continue;
    if (kind === "old" && !existsSync(out)) renameSync(path.join(parent, name), out);
    else rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function addLinks(folder: string, { page }: Written, previous?: Written, next?: Written): void {
  const link = (kind: string, mark: (title: string) => string, entry?: Written): string =>
    `<span class="${kind}">${entry ? `<a rel="${kind === "previous" ? "prev" : "next"}" href="${address(entry.page)}">${mark(inlineHtml(entry.title.replaceAll("$", "")))}</a>` : ""}</span>`;
  const links = [
    link("previous", (title) => `← ${title}`, previous),
    '<a class="index" href="index.html">All notebooks</a>',
    link("next", (title) => `${title} →`, next),
  ];
  const file = path.join(folder, page);
  let times = 0;
  const linked = readFileSync(file, "utf8").replaceAll(
    "<!--site-links-->",
    () => `<nav class="site" aria-label="Notebooks, ${times++ === 0 ? "above" : "below"}">${links.join("\n")}</nav>`,
  );
  writeFileSync(file, linked);
}

const address = (page: string): string => escapeHtml(encodeURIComponent(page));

function indexPage(entries: SiteEntry[], settings: readonly string[]): string {
  const count = entries.filter(({ failure }) => !failure).length;
  const total = entries.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  const rows = [...(settings.length > 0 ? [{ what: "Parameters", value: settings.join(", ") }] : []), ...machineRows()];
  const icon = readFileSync(path.join(root, "environment", "kernel-logo.svg")).toString("base64");
  return drawFormulas(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'">
${generator}${escapeHtml(packageVersion().split(" ")[1])}">
<meta name="color-scheme" content="light dark">
<title>Kernel View: the notebooks</title>
<link rel="icon" href="data:image/svg+xml;base64,${icon}">
<style>${readFileSync(path.join(template, "report.css"), "utf8")}</style>
<!--katex-css-->
</head>
<body>
<main>
<h1>Kernel View: the notebooks</h1>
<p>${count} of ${entries.length} ${entries.length === 1 ? "notebook" : "notebooks"} ran to the end, in ${duration(total)} together. Every page works offline, and can be sent alone.</p>
<ol class="notebooks">
${entries.map(indexEntry).join("\n")}
</ol>
<section class="provenance">
<h2>Provenance</h2>
<table>
${rows.map(({ what, value }) => `<tr><th scope="row">${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`).join("\n")}
</table>
</section>
</main>
</body>
</html>
`);
}

function indexEntry({ file, page, title, question, seconds = 0, failure }: SiteEntry): string {
  const name = `<code>${escapeHtml(path.basename(file))}</code>`;
  const heading = inlineHtml(title);
  return [
    "<li>",
    `<h2>${page ? `<a href="${address(page)}">${heading}</a>` : heading}</h2>`,
    question ? `<p>${inlineHtml(question)}</p>` : "",
    failure
      ? `<p class="took">${name}</p>\n<p class="failed">Did not run to its end. ${escapeHtml(shareable(failure))}</p>`
      : `<p class="took">${name}, ${duration(seconds)}</p>`,
    "</li>",
  ]
    .filter(Boolean)
    .join("\n");
}

/** The first lines of a message, without the stack and without the place of this checkout. */
function shareable(message: string): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  const stack = lines.findIndex((line) => /^\s+at /.test(line));
  return lines
    .slice(0, stack < 0 ? 6 : Math.min(stack, 6))
    .join("\n")
    .replaceAll(root + path.sep, "");
}

/** "42 s" or "3 min 5 s". */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60
    ? `${seconds < 10 ? seconds.toFixed(1) : whole} s`
    : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
