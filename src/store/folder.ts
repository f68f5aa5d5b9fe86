/** The folder that keeps results between runs. */
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { FullDiskError } from "../errors";

/** The default folder for kept results: `kernels` in KERNEL_VIEW_CACHE, or in `.cache` of the package. */
export function defaultStore(): string {
  return join(process.env.KERNEL_VIEW_CACHE || join(__dirname, "..", "..", "..", ".cache"), "kernels");
}

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
