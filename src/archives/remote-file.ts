/** Files at a web address that vouch for themselves only by size, date and ETag: found, downloaded, hashed. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { downloadFile, HttpError, isInUse, reason } from "../files/download";
import { runningSignal } from "../running-cell";

export interface RemoteOptions {
  /** In place of the global fetch. */
  fetch?: typeof fetch;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
  /** Attempts after a request that brought nothing. Default 5. */
  retries?: number;
  /** Pause before the first retry in milliseconds, doubling with each. Default 500. */
  retryDelay?: number;
}

export interface RemoteFile {
  url: string;
  size: number;
  /** A strong ETag or a date, for If-Range. */
  validator?: string;
  lastModified?: string;
}

/**
 * Asks each address in turn for its first byte, which tells whether and how large the file is; "not found" leads to the next.
 *
 * @param missing the message when no address has it
 */
export async function findRemote(
  name: string,
  addresses: readonly string[],
  options: RemoteOptions,
  missing: string,
): Promise<RemoteFile> {
  const { retries = 5, retryDelay = 500, signal = runningSignal() } = options;
  for (const url of addresses) {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      let problem: unknown;
      try {
        const response = await httpsOnly(options.fetch ?? fetch)(url, {
          headers: { Range: "bytes=0-0", "Accept-Encoding": "identity" },
          signal,
        });
        const { status, headers } = response;
        // The body may be the whole file, if the server does not do ranges.
        await response.body?.cancel();
        if (status === 404 || status === 410) break;
        if (status < 500 && status !== 429) return remoteOf(url, status, headers, name);
        problem = new Error(`HTTP ${status}`);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof HttpError) throw error;
        problem = error;
      }
      if (attempt >= retries)
        throw new Error(
          `${url} cannot be reached (${reason(problem)}): check the network, or give another address with --from`,
          { cause: problem },
        );
      await setTimeout(retryDelay * 2 ** attempt, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
  throw new Error(missing);
}

function remoteOf(url: string, status: number, headers: Headers, name: string): RemoteFile {
  if (status !== 200 && status !== 206) throw new HttpError(status, `${name}: HTTP ${status} from ${url}`);
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("text/html"))
    throw new HttpError(status, `${url} is a web page, not an archive: check the address`);
  const size = Number(
    status === 206 ? /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] : (headers.get("content-length") ?? NaN),
  );
  if (!Number.isSafeInteger(size) || size < 1)
    throw new HttpError(status, `${url} does not say how large it is: download it another way and unpack it`);
  const etag = headers.get("etag");
  const lastModified = headers.get("last-modified") ?? undefined;
  return { url, size, lastModified, validator: etag !== null && !etag.startsWith("W/") ? etag : lastModified };
}

/** Twelve digits that differ between two versions of a remote file, for names: bytes of two versions never meet. */
export function versionOf({ url, size, validator }: RemoteFile): string {
  return createHash("sha256").update([url, size, validator].join("\n")).digest("hex").slice(0, 12);
}

/**
 * Downloads the file, going on where an earlier attempt stopped.
 *
 * @param sha256 what its SHA-256 must be, where that is known
 * @throws if it cannot be reached, breaks off (what has come is kept) or has another checksum
 */
export async function fetchRemote(
  remote: RemoteFile,
  path: string,
  name: string,
  sha256: string | undefined,
  options: RemoteOptions & { onBytes?: (done: number) => void },
): Promise<void> {
  const { url, size, validator } = remote;
  const { signal = runningSignal() } = options;
  const checksum = sha256 === undefined ? undefined : { algorithm: "sha256" as const, hex: sha256.toLowerCase() };
  try {
    await downloadFile(
      { url, headers: validator === undefined ? {} : { "If-Range": validator }, path, size, name, checksum },
      {
        fetch: httpsOnly(options.fetch ?? fetch),
        signal,
        onBytes: options.onBytes ?? (() => undefined),
        retries: options.retries ?? 5,
        retryDelay: options.retryDelay ?? 500,
      },
    );
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof TypeError)) throw error;
    throw new Error(`${url} cannot be reached (${reason(error)}): check the network and run again to go on`, {
      cause: error,
    });
  }
}

/** Without a published checksum the connection is all that vouches for a file: a redirect must not leave https. */
export function httpsOnly(fetcher: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await fetcher(input, init);
    const asked = String(input);
    if (asked.startsWith("https:") && response.url !== "" && !response.url.startsWith("https:")) {
      await response.body?.cancel();
      throw new HttpError(response.status, `${asked} leads to ${response.url}, which is not https: refused`);
    }
    return response;
  };
}

/** @throws if it is not an address of the web */
export function checkAddress(from: string): void {
  if (!URL.canParse(from) || !/^https?:$/.test(new URL(from).protocol))
    throw new Error(`${JSON.stringify(from)} is not an address: give one that begins with https://`);
}

/** @throws if it is not a SHA-256 in hexadecimal */
export function checkSha256(sha256: string): void {
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new Error(`${JSON.stringify(sha256)} is not a SHA-256 (64 hexadecimal digits)`);
}

export async function hashOf(path: string, signal = runningSignal()): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

export function checkSpace(folder: string, needed: number, what: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  if (needed > bavail * bsize)
    throw new Error(
      `${what} takes ${gigabytes(needed)} GB, but ${folder} has ${gigabytes(bavail * bsize)} GB left: make room, or give another folder`,
    );
}

/** Removes what runs that were killed had made under `folder`: names of the form START.PID-xxxxxx.incomplete. */
export function removeUnfinished(folder: string, start: string): void {
  for (const file of readdirSync(folder)) {
    const suffix = file.startsWith(`${start}.`) ? file.slice(start.length + 1) : "";
    if (/^\d+-[0-9a-f]{6}\.incomplete$/.test(suffix) && !isInUse(suffix))
      rmSync(join(folder, file), { recursive: true, force: true });
  }
}
