/** The full data sets that few-shot splits are drawn from, as the authors' `data/download_dataset.sh` gets and changes them. */
import { CorruptFileError } from "../errors";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { runningSignal } from "../running-cell";
import { customerReviewFiles } from "../tasks/customer-reviews";
import { parseCsv } from "../files/delimited";
import { kShotSplit, readOriginal, type Original } from "../tasks/k-shot";
import { columnsNeeded } from "../tasks/split";
import { taskByName, taskFolder, taskNames, type Task } from "../tasks/task";
import { fetchAgNews } from "./ag-news";
import { DATA_SOURCES } from "./data-sources";
import {
  checkAddress,
  checkSha256,
  checkSpace,
  fetchRemote,
  findRemote,
  hashOf,
  removeUnfinished,
  versionOf,
  type RemoteOptions,
} from "./remote-file";
import { extractTarFiles, type TarLimits } from "../files/tar-files";

/** LM-BFF's archive of all tasks but AG News, which the authors' script downloads. */
export const ARCHIVE_ADDRESS = "https://nlp.cs.princeton.edu/projects/lm-bff/datasets.tar";
const README = "https://github.com/princeton-nlp/LM-BFF#prepare-the-data";
/** The largest archive that is fetched; the tasks' files together have about a gigabyte. */
const MAX_ARCHIVE_BYTES = 8 * 2 ** 30;

export interface DataDownloadOptions extends RemoteOptions {
  /** The folder to which a folder for each task is added. */
  out: string;
  /**
   * Address of the archive, if not {@link ARCHIVE_ADDRESS}; ending in "/", that of a folder with datasets.tar and
   * ag_news/train.csv and test.csv.
   */
  from?: string;
  /** What the archive's SHA-256 must be, in hexadecimal. The authors publish none: that of the first download is in source.json. */
  sha256?: string;
  /** As for `fetchAgNews`. */
  agNews?: { hub?: string; csvAddress?: string; published?: { train: string; test: string } };
  limits?: TarLimits;
  /** Bytes of what is downloaded, then of the archive as it is unpacked. */
  onProgress?: (progress: { step: string; done: number; total: number }) => void;
  /** Told what the user should know and is no error. */
  note?: (line: string) => void;
}

/** What source.json beside a task's files says of them. */
export interface TaskSource {
  task: string;
  title: string;
  homepage: string;
  licence: string;
  urls: string[];
  /** Of the archive that they come from. */
  archive?: { bytes: number; sha256: string; lastModified?: string };
  /** What was changed, as in the authors' script. */
  changed?: string;
  downloaded: string;
  files: { name: string; bytes: number; sha256: string }[];
  /** Whether the 16-shot split with seed 13 has the MD5 that LM-BFF published, where there is one. */
  splitAsPublished?: boolean;
}

export interface InstalledTask {
  task: string;
  folder: string;
  /** Whether it was there already. */
  reused: boolean;
  /** Missing where this program did not make the folder. */
  source?: TaskSource;
}

export interface DataDownload {
  installed: InstalledTask[];
  /** Tasks that could not be installed, each with one clear message; nothing of them is left. */
  failed: { task: string; message: string }[];
}

/**
 * Makes `OUT/FOLDER` for every task, with its train file and the files that test examples come from. A folder appears
 * when its files are there and have the task's columns and labels; one made before is used as it is. Downloads go on
 * where they stopped. The archive is kept (hidden, in `out`) until every task in it is there.
 *
 * @throws if an option is wrong, a folder is taken by something else, or on abort; what goes wrong with single tasks is in `failed`
 */
export async function downloadData(
  tasks: readonly Task[],
  { signal = runningSignal(), ...given }: DataDownloadOptions,
): Promise<DataDownload> {
  const options: DataDownloadOptions = { ...given, signal };
  const { from, sha256, note = () => undefined } = options;
  if (from !== undefined) checkAddress(from);
  if (sha256 !== undefined) checkSha256(sha256);
  const out = resolve(options.out);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new Error(`${out} is a file: give a folder`);
  for (const task of tasks)
    if (DATA_SOURCES[task.name] === undefined)
      throw new Error(`task ${task.name} has no data to download; known: ${taskNames.join(", ")}`);
  const there = new Map(tasks.flatMap((task) => madeBefore(out, task) ?? []).map((one) => [one.task, one]));
  const wanted = tasks.filter(({ name }) => !there.has(name));
  const failed: DataDownload["failed"] = [];
  if (wanted.length > 0) {
    mkdirSync(out, { recursive: true });
    removeUnfinished(out, UNFINISHED);
    const temporary = join(out, `${UNFINISHED}.${process.pid}-${randomBytes(3).toString("hex")}.incomplete`);
    /** Installs tasks; what goes wrong for all of them is one message for each. */
    const attempt = async (some: Task[], install: () => Promise<InstalledTask[]>): Promise<void> => {
      if (some.length === 0) return;
      try {
        for (const one of await install()) there.set(one.task, one);
      } catch (error) {
        signal?.throwIfAborted();
        failed.push(...some.map(({ name }) => ({ task: name, message: (error as Error).message })));
      } finally {
        rmSync(temporary, { recursive: true, force: true });
      }
    };
    const archived = wanted.filter(({ name }) => name !== "ag_news");
    await attempt(archived, () => fromArchive(archived, out, temporary, failed, { ...options, note }));
    await attempt(
      wanted.filter((task) => !archived.includes(task)),
      () => agNews(wanted.find(({ name }) => name === "ag_news") as Task, out, temporary, { ...options, note }),
    );
  }
  return { installed: tasks.flatMap(({ name }) => there.get(name) ?? []), failed };
}

/** What hidden folders of unfinished work are called. */
const UNFINISHED = ".unpacking";

/** The files of a task that splits are drawn from; the first two have to be there. */
const filesOf = ({ originalTests = ["test"], format }: Task): string[] =>
  ["train", ...originalTests].map((name) => `${name}.${format}`);

function madeBefore(out: string, task: Task): InstalledTask | undefined {
  const folder = join(out, taskFolder(task));
  if (!existsSync(folder)) return undefined;
  if (!statSync(folder).isDirectory())
    throw new Error(`${folder} is a file: move it away, or give another folder with --out`);
  const files = readdirSync(folder);
  if (files.length === 0) return undefined;
  const missing = filesOf(task)
    .slice(0, 2)
    .filter((name) => !files.includes(name));
  if (missing.length > 0)
    throw new Error(
      `${folder} exists, but has no ${missing.join(" and no ")}: remove it, or give another folder with --out`,
    );
  let source: TaskSource | undefined;
  try {
    source = JSON.parse(readFileSync(join(folder, "source.json"), "utf8")) as TaskSource;
  } catch {
    // The user's own.
  }
  return { task: task.name, folder, reused: true, ...(source?.task === task.name ? { source } : {}) };
}

interface Archive {
  path: string;
  url: string;
  bytes: number;
  sha256: string;
  lastModified?: string;
}

type Noting = DataDownloadOptions & { note: (line: string) => void };

async function fromArchive(
  tasks: Task[],
  out: string,
  temporary: string,
  failed: DataDownload["failed"],
  options: Noting,
): Promise<InstalledTask[]> {
  const { signal } = options;
  const archive = await fetchArchive(out, options);
  const { path, url, bytes, sha256, lastModified } = archive;
  const label = `datasets.tar from ${url}`;
  const wanted = new Map(
    tasks.flatMap((task) =>
      archiveFiles(task).map(({ entry, name }) => [entry, join(temporary, taskFolder(task), name)] as const),
    ),
  );
  let contents: { found: Set<string>; folders: Set<string> };
  try {
    checkSpace(out, bytes, "unpacking the archive");
    contents = await extractTarFiles(path, wanted, {
      limits: options.limits,
      signal,
      onBytes: (done, total) => options.onProgress?.({ step: "Unpack", done, total }),
    });
  } catch (error) {
    if (!(error instanceof CorruptFileError)) throw error;
    removeArchive(archive);
    throw new Error(
      `${label}${error.message.slice(path.length)} (the download was removed: try again, or give another address with --from)`,
      { cause: error },
    );
  }
  const installed: InstalledTask[] = [];
  for (const task of tasks) {
    signal?.throwIfAborted();
    try {
      const missing = archiveFiles(task).find(({ entry, optional }) => !optional && !contents.found.has(entry));
      if (missing !== undefined) {
        const folders = [...contents.folders].slice(0, 5).join(", ");
        throw new Error(
          `${label} has no ${missing.entry} (at its top: ${folders}): its layout has changed; unpack ${path} yourself, or give another address with --from (see ${README})`,
        );
      }
      const folder = join(temporary, taskFolder(task));
      if (task.name === "cr") divideCustomerReviews(folder);
      installed.push(
        await install(
          task,
          folder,
          out,
          { urls: [url], archive: { bytes, sha256, lastModified }, changed: CHANGES[task.name] },
          options,
        ),
      );
    } catch (error) {
      failed.push({ task: task.name, message: (error as Error).message });
    }
  }
  const complete = taskNames.every((name) => name === "ag_news" || existsSync(join(out, taskFolder(taskByName(name)))));
  if (complete) removeArchive(archive);
  else
    options.note(
      `the archive is kept for other tasks: ${path} (${(bytes / 1e6).toFixed(0)} MB); delete it when you want none`,
    );
  return installed;
}

/** What the authors' script changes in LM-BFF's data. */
const CHANGES: Record<string, string | undefined> = {
  "sst-2": "GLUE's SST-2 (GLUE-SST-2 in the archive) in place of LM-BFF's",
  cr: "divided anew from custrev.all: 250 test examples of each label in place of 1,000",
};

const ALL_REVIEWS = "custrev.all";

/** Where a task's files are in the archive. */
function archiveFiles(task: Task): { entry: string; name: string; optional: boolean }[] {
  if (task.name === "cr") return [{ entry: `original/cr/${ALL_REVIEWS}`, name: ALL_REVIEWS, optional: false }];
  const folder = task.name === "sst-2" ? "GLUE-SST-2" : taskFolder(task);
  return filesOf(task).map((name, i) => ({ entry: `original/${folder}/${name}`, name, optional: i > 1 }));
}

function divideCustomerReviews(folder: string): void {
  const path = join(folder, ALL_REVIEWS);
  try {
    const { train, test } = customerReviewFiles(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)));
    writeFileSync(join(folder, "train.csv"), train);
    writeFileSync(join(folder, "test.csv"), test);
  } catch (error) {
    throw new Error(`original/cr/${ALL_REVIEWS}: ${(error as Error).message}`, { cause: error });
  }
}

async function agNews(task: Task, out: string, temporary: string, options: Noting): Promise<InstalledTask[]> {
  const folder = join(temporary, taskFolder(task));
  mkdirSync(folder, { recursive: true });
  const mirror = options.from?.endsWith("/") === true ? `${options.from}ag_news/` : undefined;
  const onProgress = (file: string, done: number, total: number): void =>
    options.onProgress?.({ step: `Download AG News, ${file}`, done, total });
  const urls = await fetchAgNews(folder, { ...options, ...options.agNews, mirror, cache: out, onProgress });
  return [await install(task, folder, out, { urls }, options)];
}

/** Checks a task's files, writes source.json beside them and gives the folder its name. */
async function install(
  task: Task,
  made: string,
  out: string,
  origin: Pick<TaskSource, "urls" | "archive" | "changed">,
  { note }: Noting,
): Promise<InstalledTask> {
  const { title, homepage, licence, splitMd5 } = DATA_SOURCES[task.name];
  let original: Original;
  try {
    original = readOriginal(made, task);
    checkColumns(original, task);
  } catch (error) {
    const message = (error as Error).message
      .replaceAll(`${made}/`, `${taskFolder(task)}/`)
      .replaceAll(made, taskFolder(task));
    throw new Error(
      `${origin.urls.join(", ")}: ${message}: its layout has changed, or it is damaged; nothing of task ${task.name} was installed: give another address with --from, or put the files into ${join(out, taskFolder(task))} yourself`,
      { cause: error },
    );
  }
  const splitAsPublished = splitMd5 === undefined ? undefined : splitMatches(original, task, splitMd5);
  if (splitAsPublished === false)
    note(
      `${task.name}: its 16-shot split with seed 13 is not the one that LM-BFF published: other data than the authors'`,
    );
  const files = await Promise.all(
    readdirSync(made)
      .sort()
      .map(async (name) => ({ name, bytes: statSync(join(made, name)).size, sha256: await hashOf(join(made, name)) })),
  );
  const source: TaskSource = {
    task: task.name,
    title,
    homepage,
    licence,
    ...origin,
    downloaded: new Date().toISOString(),
    files,
    splitAsPublished,
  };
  writeFileSync(join(made, "source.json"), `${JSON.stringify(source, undefined, 2)}\n`);
  const folder = join(out, taskFolder(task));
  if (existsSync(folder)) rmdirSync(folder);
  renameSync(made, folder);
  return { task: task.name, folder, reused: false, source };
}

/** How many training rows are looked at; their labels have all been read. */
const ROWS_CHECKED = 1000;

/** @throws naming file and row if rows have too few columns, or the first test row's label is none of the task's */
function checkColumns({ train, tests }: Original, task: Task): void {
  const needed = columnsNeeded(task);
  const { texts, label } = task.columns;
  for (const [i, { path, header, rows }] of [train, ...tests.map(({ table }) => table)].entries()) {
    const cellsOf = (row: Buffer): string[] =>
      task.format === "csv" ? parseCsv(row.toString())[0].cells : row.toString().replace(/\n$/, "").split("\t");
    const headerCells = task.header ? cellsOf(header) : undefined;
    if (
      headerCells !== undefined &&
      (headerCells.length < needed || task.labels.includes(headerCells.at(label === "last" ? -1 : label) ?? ""))
    ) {
      throw new Error(`${path} does not begin with a line of ${needed} or more column names`);
    }
    const cells = rows.slice(0, ROWS_CHECKED).map(cellsOf);
    const short = cells.findIndex((row) => row.length < needed);
    if (short >= 0 && (task.skipShortRows !== true || cells.every((row) => row.length < needed))) {
      throw new Error(
        `${path}, row ${short + 1 + Number(task.header)}: ${cells[short].length} column(s) where task ${task.name} needs ${needed} (texts in ${texts.join(" and ")}, counted from 0)`,
      );
    }
    const first = cells.find((row) => row.length >= needed) ?? [];
    const cell = first.at(label === "last" ? -1 : label) ?? "";
    if (i > 0 && !task.labels.includes(cell))
      throw new Error(`${path}: label ${JSON.stringify(cell.slice(0, 60))} is not one of ${task.labels.join(", ")}`);
  }
}

function splitMatches(original: Original, task: Task, [train, dev]: readonly [string, string]): boolean {
  const { files } = kShotSplit(original, task, { k: 16, seed: 13 });
  const md5 = (name: string): string =>
    createHash("md5")
      .update(files.get(`${name}.${task.format}`) ?? "")
      .digest("hex");
  return md5(task.files?.train ?? "train") === train && md5(task.files?.dev ?? "dev") === dev;
}

/** The archive in `out`: kept from an earlier run, or downloaded. */
async function fetchArchive(out: string, options: Noting): Promise<Archive> {
  const { from = ARCHIVE_ADDRESS, onProgress } = options;
  const url = from.endsWith("/") ? `${from}datasets.tar` : from;
  const kept = await keptArchive(out, url, options);
  if (kept !== undefined) return kept;
  const remote = await findRemote(
    "datasets.tar",
    [url],
    options,
    `there is no archive at ${url}: see ${README}, or give another address with --from`,
  );
  const { size: bytes, lastModified } = remote;
  if (bytes > MAX_ARCHIVE_BYTES)
    throw new Error(
      `${url} has ${bytes} bytes, more than the ${MAX_ARCHIVE_BYTES} that are allowed: it is not the authors' archive`,
    );
  const path = join(out, `.datasets-${versionOf(remote)}.tar`);
  checkSpace(out, bytes, "the archive");
  if (!existsSync(path))
    await fetchRemote(remote, path, "datasets.tar", options.sha256, {
      ...options,
      onBytes: (done) => onProgress?.({ step: "Download datasets.tar", done, total: bytes }),
    });
  const archive: Archive = { path, url, bytes, sha256: await hashOf(path), lastModified };
  writeFileSync(recordOf(path), `${JSON.stringify({ url, bytes, sha256: archive.sha256, lastModified })}\n`);
  return archive;
}

const recordOf = (path: string): string => path.replace(/\.tar$/, ".json");

async function keptArchive(out: string, url: string, { sha256, note }: Noting): Promise<Archive | undefined> {
  for (const file of readdirSync(out).filter((name) => /^\.datasets-[0-9a-f]{12}\.tar$/.test(name))) {
    const path = join(out, file);
    let record: Omit<Archive, "path">;
    try {
      record = JSON.parse(readFileSync(recordOf(path), "utf8")) as typeof record;
    } catch {
      continue;
    }
    if (record.url !== url) continue;
    if ((await hashOf(path)) === record.sha256 && (sha256 === undefined || sha256.toLowerCase() === record.sha256))
      return { ...record, path };
    note(`${path} is not what it should be: it is downloaded again`);
    removeArchive({ path });
  }
  return undefined;
}

function removeArchive({ path }: Pick<Archive, "path">): void {
  rmSync(path, { force: true });
  rmSync(recordOf(path), { force: true });
}
