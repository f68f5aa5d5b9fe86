import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file under a temporary name in the same folder, syncs it to disk and renames it,
 * so that a reader sees the old file or the whole new one, never a part. Makes the folder if needed.
 *
 * @param content text, or a function that receives a function to append bytes with
 */
export function writeFileAtomically(
  path: string,
  content: string | ((append: (bytes: Uint8Array) => void) => void),
): void {
  const write =
    typeof content === "string" ? (append: (bytes: Uint8Array) => void) => append(Buffer.from(content)) : content;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  const file = openSync(temporary, "wx");
  try {
    try {
      write((bytes) => {
        // One write call moves at most 2 GiB, and may move less than it was asked to.
        for (let done = 0; done < bytes.length;) {
          done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
        }
      });
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
