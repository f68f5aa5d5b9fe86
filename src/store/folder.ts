/** The folder that keeps results between runs. */
import { accessSync, constants, existsSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { FullDiskError } from "../errors";

/**
 * The folder for what is kept between runs: KERNEL_VIEW_CACHE, or `.cache` of the package, or `~/.cache/kernel-view` where
 * the package cannot be written, as when another user has set it up.
 */
export function defaultCache(): string {
  if (process.env.KERNEL_VIEW_CACHE) return process.env.KERNEL_VIEW_CACHE;
  return isWritable(root) && (!existsSync(own) || isWritable(own)) ? own : join(homedir(), ".cache", "kernel-view");
}

const root = join(__dirname, "..", "..", "..");
const own = join(root, ".cache");

/** The folder for reports: `reports` of the package, or of {@link defaultCache} where the package cannot be written. */
export const defaultReports = (): string => join(isWritable(root) ? root : defaultCache(), "reports");

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The default folder for kept results: `kernels` in {@link defaultCache}. */
export const defaultStore = (): string => join(defaultCache(), "kernels");

/**
 * Runs something that writes into a folder.
 * @throws {FullDiskError} naming the folder and the way out if its disk is full
 */
export function reportingFullDisk<T>(folder: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new FullDiskError(
      `no space is left in ${folder} (${message}): free some, for example with \`kernel-view blocks gc\`, and run the same command again; finished results are kept`,
      { file: folder },
    );
  }
}

/** Sets a file's time of last use, by which garbage collection chooses. */
export function markUsed(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // A read-only store still serves its results.
  }
}

/** Why `read` throws, in one line; undefined if it does not. */
export function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return oneLine(error);
  }
}

/** An error's message in one line. */
export const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " ");
