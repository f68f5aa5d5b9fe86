import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { taskFolder, type Task } from "./task";

/**
 * The folder with a task's full data: its own folder within a folder of several tasks, `original` in that (as the
 * English tasks have it), or the given folder itself if it holds the task's training file. Undefined if it is none of these.
 */
export function originalFolder(directory: string, task: Pick<Task, "name" | "folder" | "format">): string | undefined {
  const own = join(directory, taskFolder(task));
  const holdsFiles = (folder: string): boolean => existsSync(join(folder, `train.${task.format}`));
  const found = [own, join(own, "original"), directory].find(holdsFiles);
  // A folder with the task's name is the one meant; reading it reports what it lacks.
  return found ?? (existsSync(own) ? own : undefined);
}

/**
 * Writes a split's files as one folder, all of them or none. A folder that exists already stays as it is: it must
 * hold the same files.
 *
 * @param files contents by file name, as `kShotSplit` gives them
 * @returns the folder's path
 * @throws naming the file whose content differs
 */
export function writeSplitFolder(folder: string, files: ReadonlyMap<string, Buffer>): string {
  if (existsSync(folder)) {
    const different = [...files].find(
      ([name, bytes]) => !existsSync(join(folder, name)) || !readFileSync(join(folder, name)).equals(bytes),
    );
    if (different === undefined) return folder;
    throw new InputError(
      `${folder} is there already with another ${different[0]}: remove it, or choose another folder`,
    );
  }
  const temporary = `${folder}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  mkdirSync(temporary, { recursive: true });
  try {
    for (const [name, bytes] of files) writeFileSync(join(temporary, name), bytes, { flush: true });
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
