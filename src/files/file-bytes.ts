/** Bytes of a file, read by position. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { CorruptFileError, InputError } from "../errors";

/** A file open for reading. */
export interface OpenFile {
  path: string;
  file: number;
  size: number;
}

/** Opens a file and closes it after `use`. @throws if there is none, or it is a folder */
export function withFile<T>(path: string, use: (file: OpenFile) => T): T {
  const file = openSync(path, "r");
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new InputError(`${path} is not a file`, { file: path });
    return use({ path, file, size: status.size });
  } finally {
    closeSync(file);
  }
}

/** Fills `target` with the bytes from `position` on. @throws if the file ends before */
export function readFully({ path, file }: OpenFile, target: Uint8Array, position: number): void {
  for (let done = 0; done < target.length;) {
    // One read call moves at most 2 GiB.
    const count = readSync(file, target, done, Math.min(target.length - done, 1 << 30), position + done);
    if (count === 0) throw new CorruptFileError(`${path} ends where more was expected (truncated?)`, { file: path });
    done += count;
  }
}

/** `length` bytes from `position` on. */
export function bytesAt(file: OpenFile, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readFully(file, bytes, position);
  return bytes;
}

/** The first bytes of a file, `length` of them or as many as it has. */
export const startOf = (path: string, length: number): Buffer =>
  withFile(path, (file) => bytesAt(file, 0, Math.min(length, file.size)));

/** Without the byte-order mark that some editors put before a text. */
export const withoutMark = (text: string): string => (text.startsWith("\ufeff") ? text.slice(1) : text);

/** The text of a file in UTF-8, without a byte-order mark. */
export const readText = (path: string): string => withoutMark(readFileSync(path, "utf8"));

/** Text in UTF-8, a byte-order mark included; undefined if it is not valid. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
