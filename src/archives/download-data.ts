/** The full data sets that few-shot splits are drawn from, as the authors' `data/download_dataset.sh` gets and changes them. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { checkSpace, hashOf, unfinishedName, type RequestOptions } from "../files/download";
import { extractTarFiles, type TarLimits } from "../files/tar-files";
import { runningSignal } from "../running-cell";
import { customerReviewFiles } from "../tasks/customer-reviews";
import { taskByName, taskFolder, taskNames, type Task } from "../tasks/task";
import { fetchAgNews } from "./ag-news";
import { DATA_SOURCES } from "./data-sources";
import { installTask, taskFiles, taskMadeBefore, type InstalledTask } from "./install-task";
import { filesIn, removeUnfinished } from "./installed-folder";
import { checkOrigin, fetchVersion, OTHER_FOLDER, type OriginOptions } from "./remote-file";

/** LM-BFF's archive of all tasks but AG News, which the authors' script downloads. */
export const ARCHIVE_ADDRESS = "https://nlp.cs.princeton.edu/projects/lm-bff/datasets.tar";
const README = "https://github.com/princeton-nlp/LM-BFF#prepare-the-data";
/** The largest archive that is fetched; the tasks' files together have about a gigabyte. */
const MAX_ARCHIVE_BYTES = 8 * 2 ** 30;

/** What hidden folders of unfinished work are called. */
const UNFINISHED = ".unpacking";

/**
 * The default of `from` is {@link ARCHIVE_ADDRESS}; an address that ends in "/" is that of a folder with datasets.tar and
 * ag_news/train.csv and test.csv.
 */
export interface DataDownloadOptions extends RequestOptions, OriginOptions {
  /** The folder to which a folder for each task is added. */
  out: string;
  /** As for `fetchAgNews`. */
  agNews?: { hub?: string; csvAddress?: string; published?: { train: string; test: string } };
  limits?: TarLimits;
  /** Bytes of what is downloaded, then of the archive as it is unpacked. */
  onProgress?: (progress: { step: string; done: number; total: number }) => void;
  /** Receives notes for the user that are no errors. */
  note?: (line: string) => void;
}

type Noting = DataDownloadOptions & { note: (line: string) => void };

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
  const noting = { ...options, note: options.note ?? (() => undefined) };
  checkOrigin(options);
  const out = resolve(options.out);
  filesIn(out, "give a folder");
  for (const task of tasks)
    if (DATA_SOURCES[task.name] === undefined)
      throw new InputError(`task ${task.name} has no data to download; known: ${taskNames.join(", ")}`);
  const there = new Map(tasks.flatMap((task) => taskMadeBefore(out, task) ?? []).map((one) => [one.task, one]));
  const wanted = tasks.filter(({ name }) => !there.has(name));
  const failed: DataDownload["failed"] = [];
  if (wanted.length > 0) {
    mkdirSync(out, { recursive: true });
    removeUnfinished(out, UNFINISHED);
    const temporary = unfinishedName(join(out, UNFINISHED));
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
    await attempt(archived, () => installFromArchive(archived, out, temporary, failed, noting));
    for (const task of wanted.filter(({ name }) => name === "ag_news"))
      await attempt([task], () => installAgNews(task, out, temporary, noting));
  }
  return { installed: tasks.flatMap(({ name }) => there.get(name) ?? []), failed };
}

async function installAgNews(task: Task, out: string, temporary: string, options: Noting): Promise<InstalledTask[]> {
  const folder = join(temporary, taskFolder(task));
  mkdirSync(folder, { recursive: true });
  const mirror = options.from?.endsWith("/") === true ? `${options.from}ag_news/` : undefined;
  const onProgress = (file: string, done: number, total: number): void =>
    options.onProgress?.({ step: `Download AG News, ${file}`, done, total });
  const urls = await fetchAgNews(folder, { ...options, ...options.agNews, mirror, cache: out, onProgress });
  return [await installTask(task, folder, out, { urls }, options.note)];
}

interface Archive {
  path: string;
  url: string;
  bytes: number;
  sha256: string;
  lastModified?: string;
}

/**
 * Unpacks the files of tasks into `temporary`, and gives each task's folder its name in `out`.
 * @returns what was installed; what goes wrong with single tasks is added to `failed`
 */
async function installFromArchive(
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
    checkSpace(out, bytes, "unpacking the archive", OTHER_FOLDER);
    contents = await extractTarFiles(path, wanted, {
      limits: options.limits,
      signal,
      onBytes: (done, total) => options.onProgress?.({ step: "Unpack", done, total }),
    });
  } catch (error) {
    if (!(error instanceof CorruptFileError)) throw error;
    removeArchive(archive);
    throw new CorruptFileError(
      `${label}${error.message.slice(path.length)} (the download was removed: try again, or give another address with --from)`,
      {},
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
        throw new CorruptFileError(
          `${label} has no ${missing.entry} (at its top: ${folders}): its layout has changed; unpack ${path} yourself, or give another address with --from (see ${README})`,
        );
      }
      const folder = join(temporary, taskFolder(task));
      if (task.name === "cr") divideCustomerReviews(folder);
      installed.push(
        await installTask(
          task,
          folder,
          out,
          { urls: [url], archive: { bytes, sha256, lastModified }, changed: CHANGES[task.name] },
          options.note,
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
  return taskFiles(task).map((name, i) => ({ entry: `original/${folder}/${name}`, name, optional: i > 1 }));
}

function divideCustomerReviews(folder: string): void {
  const path = join(folder, ALL_REVIEWS);
  try {
    const { train, test } = customerReviewFiles(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)));
    writeFileSync(join(folder, "train.csv"), train);
    writeFileSync(join(folder, "test.csv"), test);
  } catch (error) {
    throw new CorruptFileError(`original/cr/${ALL_REVIEWS}: ${(error as Error).message}`, {}, { cause: error });
  }
}

/** The archive in `out`: kept from an earlier run, or downloaded. */
async function fetchArchive(out: string, options: Noting): Promise<Archive> {
  const { from = ARCHIVE_ADDRESS, onProgress } = options;
  const url = from.endsWith("/") ? `${from}datasets.tar` : from;
  const kept = await keptArchive(out, url, options);
  if (kept !== undefined) return kept;
  const { path, remote } = await fetchVersion(
    {
      name: "datasets.tar",
      file: "datasets.tar",
      folder: out,
      addresses: [url],
      missing: `there is no archive at ${url}: see ${README}, or give another address with --from`,
      sha256: options.sha256,
      largest: MAX_ARCHIVE_BYTES,
    },
    options,
    (done, total) => onProgress?.({ step: "Download datasets.tar", done, total }),
  );
  const { size: bytes, lastModified } = remote;
  const record = { url, bytes, sha256: await hashOf(path), lastModified };
  writeFileSync(recordOf(path), `${JSON.stringify(record)}\n`);
  return { path, ...record };
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
