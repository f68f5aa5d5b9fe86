/** A task's folder of data: its files checked, with where they come from beside them. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { parseCsv } from "../files/delimited";
import { hashOf } from "../files/download";
import { kShotSplit, readOriginal, type Original } from "../tasks/k-shot";
import { columnsNeeded, labelCell, placed } from "../tasks/columns";
import { taskFolder, type Task } from "../tasks/task";
import { DATA_SOURCES } from "./data-sources";
import { filesIn, nameFolder, readSource } from "./installed-folder";

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

/** The names of the files that a task's splits are drawn from; the first two have to be there. */
export const taskFiles = ({ originalTests = ["test"], format }: Task): string[] =>
  ["train", ...originalTests].map((name) => `${name}.${format}`);

/** A task's files that were made before, by this program or by hand. @throws if something else is in their place */
export function taskMadeBefore(out: string, task: Task): InstalledTask | undefined {
  const folder = join(out, taskFolder(task));
  const files = filesIn(folder, "move it away, or give another folder with --out");
  if (files === undefined) return undefined;
  const missing = taskFiles(task)
    .slice(0, 2)
    .filter((name) => !files.includes(name));
  if (missing.length > 0)
    throw new InputError(
      `${folder} exists, but has no ${missing.join(" and no ")}: remove it, or give another folder with --out`,
      { file: folder },
    );
  const source = readSource<TaskSource>(folder);
  return {
    task: task.name,
    folder,
    reused: true,
    ...(source?.task === task.name ? { source: source as TaskSource } : {}),
  };
}

/** Checks a task's files, writes source.json beside them and gives the folder its name. */
export async function installTask(
  task: Task,
  made: string,
  out: string,
  origin: Pick<TaskSource, "urls" | "archive" | "changed">,
  note: (line: string) => void,
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
    throw new CorruptFileError(
      `${origin.urls.join(", ")}: ${message}: its layout has changed, or it is damaged; nothing of task ${task.name} was installed: give another address with --from, or put the files into ${join(out, taskFolder(task))} yourself`,
      {},
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
  const folder = join(out, taskFolder(task));
  nameFolder(made, folder, source);
  return { task: task.name, folder, reused: false, source };
}

/** How many training rows are looked at; their labels have all been read. */
const ROWS_CHECKED = 1000;

/** @throws naming file and row if rows have too few columns, or the first test row's label is none of the task's */
function checkColumns({ train, tests }: Original, task: Task): void {
  // The paper's tasks have their columns by number.
  const own = placed(task, []);
  const needed = columnsNeeded(own);
  for (const [i, { path, header, rows }] of [train, ...tests.map(({ table }) => table)].entries()) {
    const cellsOf = (row: Buffer): string[] =>
      task.format === "csv" ? parseCsv(row.toString())[0].cells : row.toString().replace(/\n$/, "").split("\t");
    const headerCells = task.header ? cellsOf(header) : undefined;
    if (
      headerCells !== undefined &&
      (headerCells.length < needed || task.labels.includes(labelCell(headerCells, own) ?? ""))
    ) {
      throw new CorruptFileError(`${path} does not begin with a line of ${needed} or more column names`);
    }
    const cells = rows.slice(0, ROWS_CHECKED).map(cellsOf);
    const short = cells.findIndex((row) => row.length < needed);
    if (short >= 0 && (task.skipShortRows !== true || cells.every((row) => row.length < needed))) {
      throw new CorruptFileError(
        `${path}, row ${short + 1 + Number(task.header)}: ${cells[short].length} column(s) where task ${task.name} needs ${needed} (texts in ${own.columns.texts.join(" and ")}, counted from 0)`,
      );
    }
    const first = cells.find((row) => row.length >= needed) ?? [];
    const cell = labelCell(first, own) ?? "";
    if (i > 0 && !task.labels.includes(cell))
      throw new CorruptFileError(
        `${path}: label ${JSON.stringify(cell.slice(0, 60))} is not one of ${task.labels.join(", ")}`,
      );
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
