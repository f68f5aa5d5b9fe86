import { createHash, randomBytes } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CorruptFileError, InputError } from "../errors";
import { runningSignal } from "../running-cell";
import { networkFetch } from "./network-fetch";

/** What a file must hold. */
export interface Content {
  /** In bytes. */
  size: number;
  /** What it must hash to: sha256, or git's sha1 of a blob. */
  checksum: { algorithm: "sha256" | "git-sha1"; hex: string };
}

export interface Download {
  url: string;
  headers: Record<string, string>;
  /** Where the complete, checked file goes. */
  path: string;
  size: number;
  /** Without it only the size is checked here. */
  checksum?: Content["checksum"];
  /** What messages call the file. */
  name: string;
}

export interface RequestOptions {
  /** In place of the global fetch, or of the one through HTTPS_PROXY and HTTP_PROXY. */
  fetch?: typeof fetch;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
  /** Attempts after a request that brought nothing. Default 5. */
  retries?: number;
  /** Pause before the first retry in milliseconds, doubling with each. Default 500. */
  retryDelay?: number;
}

/** The settings of requests, with every default. */
export const requestsOf = ({
  fetch = networkFetch,
  signal = runningSignal(),
  retries = 5,
  retryDelay = 500,
}: RequestOptions) => ({ fetch, signal, retries, retryDelay });

/** Waits before the next of several attempts, the first of which has number 0. @throws on abort */
export async function pause(attempt: number, { retryDelay, signal }: ReturnType<typeof requestsOf>): Promise<void> {
  await setTimeout(retryDelay * 2 ** attempt, undefined, { signal }).catch(() => signal?.throwIfAborted());
}

/** An answer of the server that another attempt will not change. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Downloads a file into `path`. The bytes go to a file ending in `.incomplete` beside it. After an interruption, this
 * process or a later one resumes the download from there (HTTP Range), or starts over if the server cannot resume.
 * The file gets its name only once size and checksum are right.
 *
 * @param onBytes called whenever bytes arrive, with the number of bytes of this file on disk
 * @throws if all attempts fail (what has arrived is kept), if size or checksum are wrong, or on abort
 */
export async function downloadFile(
  download: Download,
  given: RequestOptions,
  onBytes: (done: number) => void,
): Promise<void> {
  const options = requestsOf(given);
  const { signal } = options;
  const { path, name, size } = download;
  mkdirSync(dirname(path), { recursive: true });
  const partial = claimPartial(path);
  try {
    if (!existsSync(partial)) writeFileSync(partial, "");
    let failures = 0;
    let cause: unknown;
    while (sizeOf(partial) < size) {
      signal?.throwIfAborted();
      if (failures > options.retries) {
        const kept = `${sizeOf(partial)} of ${size} bytes are kept; run again to go on`;
        throw new Error(`the download of ${name} broke off (${reason(cause)}); ${kept}`, { cause });
      }
      if (failures > 0) await pause(failures - 1, options);
      const before = sizeOf(partial);
      try {
        await fetchInto(partial, download, options, onBytes);
        cause = "the connection was closed early";
      } catch (error) {
        signal?.throwIfAborted();
        // A full disk or a forbidden folder will not change either; fetch's own errors have no syscall.
        if (error instanceof HttpError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
        cause = error;
      }
      failures = sizeOf(partial) > before ? 1 : failures + 1;
    }
    const { checksum } = download;
    const found = checksum && (await hashOf(partial, checksum.algorithm, signal));
    if (checksum && found !== checksum.hex) {
      rmSync(partial, { force: true });
      throw new CorruptFileError(
        `${name} arrived damaged: its ${checksum.algorithm} is ${found}, not ${checksum.hex}; it was removed, try again`,
      );
    }
    renameSync(partial, path);
  } finally {
    // Leave what has arrived under the common name, for the next attempt.
    if (existsSync(partial)) renameSync(partial, `${path}.incomplete`);
  }
}

/**
 * Takes over what an earlier attempt left, under a name unique to this process, so that two never append to one file.
 * Files that carry the id of a process still alive are that process's.
 */
function claimPartial(path: string): string {
  const own = unfinishedName(path);
  const start = `${basename(path)}.`;
  const left = readdirSync(dirname(path))
    .filter((name) => name.startsWith(start) && name.endsWith(".incomplete") && !isInUse(name.slice(start.length)))
    .map((name) => join(dirname(path), name))
    .sort((a, b) => sizeOf(b) - sizeOf(a));
  const [best, ...rest] = left;
  for (const file of rest) rmSync(file, { force: true });
  try {
    if (best !== undefined) renameSync(best, own);
  } catch {
    // Another process was faster.
  }
  return own;
}

/** A name for what is not finished, with the process that works on it. */
export const unfinishedName = (start: string): string =>
  `${start}.${process.pid}-${randomBytes(3).toString("hex")}.incomplete`;

/** Whether what follows the start of such a name has the id of a process still alive. */
export function isInUse(suffix: string): boolean {
  const owner = /^(\d+)-/.exec(suffix);
  return owner !== null && processLives(Number(owner[1]));
}

/** Whether a process with this id runs on this machine. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** One request: appends its body to the file. */
async function fetchInto(
  partial: string,
  download: Download,
  { fetch: request, signal }: ReturnType<typeof requestsOf>,
  onBytes: (done: number) => void,
): Promise<void> {
  const { url, name, size } = download;
  const from = sizeOf(partial);
  const headers: Record<string, string> = { ...download.headers, "Accept-Encoding": "identity" };
  if (from > 0) headers.Range = `bytes=${from}-`;
  const response = await request(url, { headers, signal });
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  const goesOn = response.status === 206 && range !== null && Number(range[1]) === from;
  if (!goesOn && (response.status === 206 || response.status === 416)) {
    // Not the range we asked for: begin again.
    await response.body?.cancel();
    truncateSync(partial, 0);
    throw new Error(`the server gave another range than asked for (HTTP ${response.status})`);
  }
  if (response.status === 429 || response.status >= 500) {
    await response.body?.cancel();
    throw new Error(`HTTP ${response.status}`);
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new HttpError(response.status, `${name}: HTTP ${response.status} from ${url}`);
  }

  const file = await open(partial, goesOn ? "a" : "w");
  let done = goesOn ? from : 0;
  try {
    for await (const chunk of response.body) {
      const bytes = chunk as Uint8Array;
      done += bytes.length;
      if (done > size) break;
      await file.writeFile(bytes);
      onBytes(done);
      // An abort after the last byte has arrived leaves fetch's stream waiting forever.
      signal?.throwIfAborted();
    }
    if (done <= size) await file.sync();
  } finally {
    await file.close();
  }
  if (done > size) {
    rmSync(partial);
    throw new HttpError(response.status, `${name}: the server sends more than the ${size} bytes it announced`);
  }
}

/** Whether a file is there and holds that. */
export const hasContent = async (path: string, { size, checksum }: Content, signal?: AbortSignal): Promise<boolean> =>
  existsSync(path) && sizeOf(path) === size && (await hashOf(path, checksum.algorithm, signal)) === checksum.hex;

/** The hash of a file's bytes, in hexadecimal. */
export async function hashOf(
  path: string,
  algorithm: Content["checksum"]["algorithm"] = "sha256",
  signal = runningSignal(),
): Promise<string> {
  const hash = createHash(algorithm === "sha256" ? "sha256" : "sha1");
  if (algorithm === "git-sha1") hash.update(`blob ${sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

/** @throws if the file system has less room than that */
export function checkSpace(folder: string, needed: number, what: string, wayOut: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  if (needed > bavail * bsize)
    throw new InputError(
      `${what} takes ${gigabytes(needed)} GB, but ${folder} has ${gigabytes(bavail * bsize)} GB left: ${wayOut}`,
    );
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The message of an error, with that of what caused it, which fetch hides in its causes. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  let first: Error = error;
  while (first.cause instanceof Error) first = first.cause;
  if (first === error) return error.message;
  // A code of the system's says what many messages do not; those of fetch itself do not.
  const { code } = first as { code?: unknown };
  return `${error.message}: ${typeof code === "string" && /^E[A-Z]+/.test(code) ? code : first.message}`;
}
