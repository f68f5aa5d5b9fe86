/**
 * Reads zip archives by position: the directory first, then only the entries that are asked for, so that an archive may
 * be larger than memory. Written for two kinds: the files of torch.save (stored entries, read with {@link readStoredRange})
 * and archives of such files (deflated too, unpacked with {@link extractZipEntry}). Every entry read is checked against
 * its CRC-32. Format: PKWARE APPNOTE 6.3.9, zip64 included; no encryption, no split archives.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { CorruptFileError } from "../errors";
import { bytesAt, readFully, utf8, withFile, type OpenFile } from "./file-bytes";

export interface ZipArchive {
  path: string;
  entries: Map<string, ZipEntry>;
}

/** What the archive's directory says of one entry. */
export interface ZipEntry {
  name: string;
  isDirectory: boolean;
  /** The file type bits of a Unix mode (0o120000 is a symbolic link); 0 where the archive does not say. */
  unixType: number;
  method: number;
  crc32: number;
  compressedSize: number;
  size: number;
  /** Of the entry's local header, from the start of the file. */
  headerOffset: number;
  /** Where the entry's data must have ended: the next entry or the directory. */
  limit: number;
}

const STORED = 0;
const DEFLATED = 8;
const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** Some thousand entries take less than a megabyte: a larger directory is an attack or an accident. */
const MAX_DIRECTORY_BYTES = 16 << 20;
const CHUNK = 1 << 20;

/** Reads an archive's directory. @throws naming the file if it does not add up */
export const openZip = (path: string): ZipArchive => ({ path, entries: withFile(path, readDirectory) });

/** The bytes from `begin` to `end` of a stored entry. All of the entry is read, for its CRC; only the range is kept. */
export function readStoredRange(
  { path }: ZipArchive,
  entry: ZipEntry,
  begin = 0,
  end = entry.size,
): Uint8Array<ArrayBuffer> {
  if (entry.method !== STORED) damaged(path, entry, "is compressed; torch.save stores its entries");
  return withFile(path, (file) => {
    const start = dataOffset(file, entry);
    const kept = new Uint8Array(end - begin);
    const buffer = new Uint8Array(Math.min(CHUNK, entry.size));
    let crc = 0;
    for (let at = 0; at < entry.size; at += CHUNK) {
      const part = buffer.subarray(0, entry.size - at);
      readFully(file, part, start + at);
      crc = crc32(part, crc);
      const from = Math.max(begin - at, 0);
      if (end > at && from < part.length) kept.set(part.subarray(from, end - at), at + from - begin);
    }
    checkCrc(path, entry, crc);
    return kept;
  });
}

/**
 * Writes one entry's content to a new file, stored or deflated.
 *
 * @param onBytes called with the number of bytes of each piece written
 * @throws if the content is not as long as the directory says, its CRC differs, or the file exists already
 */
export async function extractZipEntry(
  { path }: ZipArchive,
  entry: ZipEntry,
  target: string,
  onBytes?: (count: number) => void,
): Promise<void> {
  const { method, compressedSize } = entry;
  if (method !== STORED && method !== DEFLATED)
    damaged(path, entry, `is compressed with method ${method}; only stored and deflated entries are read`);
  const start = withFile(path, (file) => dataOffset(file, entry));
  let [crc, size] = [0, 0];
  const output = await open(target, "wx");
  const write = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > entry.size)
        damaged(path, entry, `unpacks to more than the ${entry.size} bytes that the directory states`);
      crc = crc32(chunk, crc);
      await output.writeFile(chunk);
      onBytes?.(chunk.length);
    }
  };
  try {
    const source =
      compressedSize === 0
        ? Readable.from([])
        : createReadStream(path, { start, end: start + compressedSize - 1, highWaterMark: CHUNK });
    if (method === STORED) await pipeline(source, write);
    else await pipeline(source, createInflateRaw(), write);
  } catch (error) {
    // An abort's code is a number.
    const { code } = error as { code?: unknown };
    if (typeof code === "string" && code.startsWith("Z_"))
      damaged(path, entry, `is damaged (${(error as Error).message})`);
    throw error;
  } finally {
    await output.close();
  }
  if (size !== entry.size) damaged(path, entry, `unpacks to ${size} bytes; the directory states ${entry.size}`);
  checkCrc(path, entry, crc);
}

function damaged(path: string, { name }: ZipEntry, problem: string): never {
  throw new CorruptFileError(`${path}: entry ${quoted(name)} ${problem}`, { file: path });
}

function checkCrc(path: string, entry: ZipEntry, crc: number): void {
  const [found, stated] = [crc, entry.crc32].map((value) => value.toString(16).padStart(8, "0"));
  if (found !== stated)
    damaged(path, entry, `has CRC-32 ${found}, not ${stated} as the directory states: the file is damaged`);
}

/** Where an entry's data begins: only its local header knows how long the padding before it is. */
function dataOffset(file: OpenFile, entry: ZipEntry): number {
  const { headerOffset, limit } = entry;
  const fail = (problem: string): never => damaged(file.path, entry, problem);
  if (headerOffset + 30 > limit) fail("has no room for its header");
  const header = bytesAt(file, headerOffset, 30);
  if (header.readUInt32LE(0) !== LOCAL) fail(`has no header at byte ${headerOffset}`);
  if (header.readUInt16LE(8) !== entry.method) fail("is stored in another way than the directory states");
  const nameLength = header.readUInt16LE(26);
  const offset = headerOffset + 30 + nameLength + header.readUInt16LE(28);
  if (offset + entry.compressedSize > limit) fail("runs into what follows it");
  if (!bytesAt(file, headerOffset + 30, nameLength).equals(Buffer.from(entry.name)))
    fail("has another name in its header");
  return offset;
}

function readDirectory(file: OpenFile): Map<string, ZipEntry> {
  const fail = (problem: string): never => {
    throw new CorruptFileError(`${file.path} is not a valid zip archive: ${problem}`);
  };
  const { count, bytes, offset } = findDirectory(file, fail);
  if (bytes > MAX_DIRECTORY_BYTES)
    fail(`its directory has ${bytes} bytes (at most ${MAX_DIRECTORY_BYTES} are allowed)`);
  if (count * 46 > bytes) fail(`its directory has ${bytes} bytes, too few for ${count} entries`);
  const directory = bytesAt(file, offset, bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes || directory.readUInt32LE(at) !== CENTRAL) fail(`entry ${i} of its directory is damaged`);
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) => directory.readUInt16LE(at + place));
    const end = at + 46 + nameLength + extraLength + commentLength;
    if (end > bytes) fail(`entry ${i} of its directory is longer than the directory`);
    const name = utf8(directory.subarray(at + 46, at + 46 + nameLength)) ?? fail(`the name of entry ${i} is not UTF-8`);
    if (entries.has(name)) fail(`it has two entries ${quoted(name)}`);
    if ((directory.readUInt16LE(at + 8) & 1) !== 0) fail(`entry ${quoted(name)} is encrypted`);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, compressedSize, headerOffset] = sizesOf(directory, at, extra);
    if (size === undefined || compressedSize === undefined || headerOffset === undefined)
      return fail(`entry ${quoted(name)} has no valid zip64 sizes`);
    const method = directory.readUInt16LE(at + 10);
    if (method === STORED && compressedSize !== size)
      fail(`entry ${quoted(name)} is stored, yet has two different sizes`);
    const madeOnUnix = directory.readUInt8(at + 5) === 3;
    entries.set(name, {
      name,
      size,
      compressedSize,
      headerOffset,
      method,
      isDirectory: name.endsWith("/"),
      unixType: madeOnUnix ? (directory.readUInt32LE(at + 38) >>> 16) & 0o170000 : 0,
      crc32: directory.readUInt32LE(at + 16),
      limit: offset,
    });
    at = end;
  }
  // No two entries may share bytes: that is how a small archive unpacks to a huge one.
  const ordered = [...entries.values()].sort((a, b) => a.headerOffset - b.headerOffset);
  ordered.forEach((entry, i) => {
    entry.limit = ordered[i + 1]?.headerOffset ?? offset;
    if (entry.headerOffset + 30 + entry.compressedSize > entry.limit)
      fail(`entry ${quoted(entry.name)} overlaps what follows it (truncated?)`);
  });
  return entries;
}

/** Size, compressed size and place of the header: the 32-bit fields, or the zip64 field's for each that does not fit. */
function sizesOf(directory: Buffer, at: number, extra: Buffer): (number | undefined)[] {
  let wide: Buffer = Buffer.alloc(0);
  for (let place = 0; place + 4 <= extra.length;) {
    const end = place + 4 + extra.readUInt16LE(place + 2);
    if (extra.readUInt16LE(place) === 1) wide = extra.subarray(place + 4, end);
    place = end;
  }
  let used = 0;
  return [24, 20, 42].map((place) => {
    const narrow = directory.readUInt32LE(at + place);
    if (narrow !== 0xffffffff) return narrow;
    used += 8;
    return used > wide.length ? undefined : safe(wide.readBigUInt64LE(used - 8));
  });
}

/** Finds the directory from the record at the end of the file, which a comment may follow. */
function findDirectory(
  file: OpenFile,
  fail: (problem: string) => never,
): { count: number; bytes: number; offset: number } {
  const { size } = file;
  if (size < 22) fail(`it has ${size} bytes, fewer than any zip archive`);
  const tail = bytesAt(file, Math.max(0, size - 22 - 0xffff), Math.min(size, 22 + 0xffff));
  let at = tail.length - 22;
  while (at >= 0 && !(tail.readUInt32LE(at) === END && at + 22 + tail.readUInt16LE(at + 20) === tail.length)) at--;
  if (at < 0) fail("its end is missing (truncated, or another kind of file)");
  let found = {
    count: tail.readUInt16LE(at + 10),
    bytes: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  let limit = size - tail.length + at;
  if (tail.readUInt16LE(at + 8) !== found.count) fail("it is a part of a split archive");
  if (found.count === 0xffff || found.bytes === 0xffffffff || found.offset === 0xffffffff) {
    if (limit < 20 || bytesAt(file, limit - 20, 4).readUInt32LE(0) !== END64_LOCATOR) fail("its zip64 end is missing");
    limit = safe(bytesAt(file, limit - 12, 8).readBigUInt64LE(0)) ?? size;
    if (limit + 56 > size) fail("its zip64 end lies beyond the file");
    const end = bytesAt(file, limit, 56);
    if (end.readUInt32LE(0) !== END64) fail("its zip64 end is damaged");
    const [count, bytes, offset] = [32, 40, 48].map((place) => safe(end.readBigUInt64LE(place)));
    if (count === undefined || bytes === undefined || offset === undefined) return fail("its zip64 end is damaged");
    found = { count, bytes, offset };
  }
  if (found.offset + found.bytes > limit) fail("its directory lies beyond its end");
  return found;
}

const safe = (value: bigint): number | undefined =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
const quoted = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
