/** Chosen files out of a tar archive (plain or gzip), read as a stream: nothing else of it is written, and no link is followed. */
import { createReadStream, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ReadEntry } from "tar";
import { CorruptFileError } from "../errors";
import { tar } from "../packages";
import { runningSignal } from "../running-cell";
import { startOf } from "./file-bytes";

/** Largest file that is unpacked; the largest training files of the tasks have some hundred megabytes. */
const MAX_FILE_BYTES = 2 * 2 ** 30;
/** What an archive may unpack to, files that are not wanted included. */
const MAX_TOTAL_BYTES = 16 * 2 ** 30;
const MAX_ENTRIES = 100_000;

export interface TarLimits {
  fileBytes?: number;
  totalBytes?: number;
  entries?: number;
}

/**
 * Unpacks the wanted files into new files. Every path of the archive must stay within it, wanted or not; links that lead
 * out of it, devices and pipes are refused, and so is a link in place of a wanted file.
 *
 * @param wanted target paths by path in the archive, such as "original/mr/train.csv"
 * @param onBytes called with the bytes of the archive that have been read
 * @returns the wanted paths that the archive has, and the folders at its top
 * @throws CorruptFileError naming the entry; Error if it is larger than allowed or a file cannot be written
 */
export async function extractTarFiles(
  path: string,
  wanted: ReadonlyMap<string, string>,
  {
    limits = {},
    onBytes,
    signal = runningSignal(),
  }: { limits?: TarLimits; onBytes?: (done: number, total: number) => void; signal?: AbortSignal } = {},
): Promise<{ found: Set<string>; folders: Set<string> }> {
  const { fileBytes = MAX_FILE_BYTES, totalBytes = MAX_TOTAL_BYTES, entries: mostEntries = MAX_ENTRIES } = limits;
  const found = new Set<string>();
  const folders = new Set<string>();
  const fail = (problem: string): CorruptFileError => new CorruptFileError(`${path}: ${problem}`, { file: path });
  let problem: Error | undefined;
  let ended = false;
  let count = 0;

  const onReadEntry = (entry: ReadEntry): void => {
    problem ??= problemOf(entry, wanted, fail);
    if (++count > mostEntries) problem ??= fail(`it has more than ${mostEntries} entries`);
    const name = normal(entry.path);
    const target = entry.type === "Directory" ? undefined : wanted.get(name);
    folders.add(name.split("/")[0]);
    if (target !== undefined && found.has(name)) problem ??= fail(`${JSON.stringify(entry.path)} is in it twice`);
    if (target !== undefined && entry.size > fileBytes)
      problem ??= fail(
        `${JSON.stringify(entry.path)} has ${entry.size} bytes, more than the ${fileBytes} that are allowed`,
      );
    if (target === undefined || problem !== undefined) return void entry.resume();
    const write = (bytes: Uint8Array, flag: "wx" | "a"): void => {
      try {
        if (problem === undefined) writeFileSync(target, bytes, { flag });
      } catch (error) {
        problem = error as Error;
      }
    };
    mkdirSync(dirname(target), { recursive: true });
    write(new Uint8Array(0), "wx");
    // Written at once, so that nothing piles up in memory.
    entry.on("data", (chunk: Buffer) => write(chunk, "a"));
    entry.on("end", () => found.add(name));
  };

  const parser = new tar.Parser({ strict: true, zstd: false, onReadEntry });
  parser.on("error", (error: Error) => (problem ??= fail(damage(error))));
  parser.on("eof", () => (ended = true));
  const total = statSync(path).size;
  const compressed = isGzip(path, fail);
  const file = createReadStream(path, { highWaterMark: 1 << 20, signal });
  // The callback is for errors that the loop below sees too.
  const source = compressed ? pipeline(file, createGunzip({ chunkSize: 1 << 20 }), () => undefined) : file;
  let unpacked = 0;
  try {
    for await (const chunk of source) {
      const bytes = chunk as Buffer;
      // The parser would unzip it once more, past the limits.
      if (unpacked === 0 && compressed && bytes[0] === 0x1f) throw fail("it is compressed twice");
      unpacked += bytes.length;
      if (unpacked > totalBytes) throw fail(`it unpacks to more than the ${totalBytes} bytes that are allowed`);
      // Entries are written or dropped as they come: the parser never has to wait.
      parser.write(bytes);
      onBytes?.(file.bytesRead, total);
      if (problem !== undefined) throw problem as Error;
      if (ended) break;
    }
    if (!ended) {
      parser.end();
      throw problem ?? fail("it ends before its end mark: it is truncated, or not a tar archive");
    }
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code?.startsWith("Z_"))
      throw fail(`it is damaged or truncated (${(error as Error).message})`);
    throw error;
  } finally {
    file.destroy();
  }
  onBytes?.(total, total);
  return { found, folders };
}

const normal = (path: string): string => path.replace(/^(\.\/+)+/, "").replace(/\/+$/, "");

/** What is wrong with an entry, whether it is wanted or not. */
function problemOf(
  { path, type, linkpath = "" }: ReadEntry,
  wanted: ReadonlyMap<string, string>,
  fail: (problem: string) => CorruptFileError,
): CorruptFileError | undefined {
  const refused = "; nothing was installed";
  if (leadsOut(path)) return fail(`the path ${JSON.stringify(path)} leads out of the archive${refused}`);
  if (type === "SymbolicLink" || type === "Link") {
    // A symbolic link counts from its folder, a hard link from the top.
    const target =
      type === "Link" || linkpath.startsWith("/") ? linkpath : posix.join(posix.dirname(normal(path)), linkpath);
    const kind = type === "Link" ? "hard link" : "symbolic link";
    if (leadsOut(posix.normalize(target)))
      return fail(
        `the ${kind} ${JSON.stringify(path)} leads out of the archive, to ${JSON.stringify(linkpath)}${refused}`,
      );
    if (wanted.has(normal(path))) return fail(`${JSON.stringify(path)} is a ${kind}, not a file${refused}`);
  } else if (!["File", "OldFile", "ContiguousFile", "Directory"].includes(type)) {
    return fail(`${JSON.stringify(path)} is neither a file nor a folder (${type})${refused}`);
  }
  return undefined;
}

// eslint-disable-next-line no-control-regex
const DRIVE_OR_CONTROL = /^[A-Za-z]:|[\\\0-\x1f]/;
const leadsOut = (path: string): boolean =>
  path.startsWith("/") || path.split("/").includes("..") || DRIVE_OR_CONTROL.test(path);

/** The parser's complaints, in words that say what to think of. */
function damage(error: Error): string {
  const message = error.message.replace(/^TAR_\w+: /, "");
  return /checksum failure|Unrecognized|path is required/.test(message)
    ? `it is damaged, or not a tar archive (${message})`
    : `it is damaged or truncated (${message})`;
}

/** How files of other formats begin, in hexadecimal. */
const OTHERS = { xz: "fd377a585a", bzip2: "425a68", zstd: "28b52ffd", zip: "504b0304" };

function isGzip(path: string, fail: (problem: string) => CorruptFileError): boolean {
  const start = startOf(path, 6).toString("hex");
  const other = Object.entries(OTHERS).find(([, magic]) => start.startsWith(magic));
  if (other !== undefined) throw fail(`it is compressed with ${other[0]}; only plain tar and gzip are read`);
  return start.startsWith("1f8b");
}
