/** Folders that downloads make: filled under another name, with a source.json that says where the files come from. */
import { existsSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { isInUse } from "../files/download";

/**
 * The files of a folder that was made before; undefined if there is none, or an empty one.
 * @param otherwise what to do if there is a file in its place
 */
export function filesIn(folder: string, otherwise: string): string[] | undefined {
  const status = statSync(folder, { throwIfNoEntry: false });
  if (!status) return undefined;
  if (!status.isDirectory()) throw new InputError(`${folder} is a file: ${otherwise}`, { file: folder });
  const files = readdirSync(folder);
  return files.length > 0 ? files : undefined;
}

/** What source.json in a folder says; undefined where there is none that can be read: the folder is the user's own. */
export function readSource<Source>(folder: string): Partial<Source> | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, "source.json"), "utf8")) as Partial<Source> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Writes source.json into what was made, and gives it the folder's name. */
export function nameFolder(made: string, folder: string, source: object): void {
  writeFileSync(join(made, "source.json"), `${JSON.stringify(source, undefined, 2)}\n`);
  // An empty folder does not count.
  if (existsSync(folder)) rmdirSync(folder);
  renameSync(made, folder);
}

/** Removes what killed runs had made in `folder`: names that `unfinishedName` makes of `start`. */
export function removeUnfinished(folder: string, start: string): void {
  for (const file of readdirSync(folder)) {
    const suffix = file.startsWith(`${start}.`) ? file.slice(start.length + 1) : "";
    if (/^\d+-[0-9a-f]{6}\.incomplete$/.test(suffix) && !isInUse(suffix))
      rmSync(join(folder, file), { recursive: true, force: true });
  }
}
