/** Files at a web address that have no published checksum, only a size, a date and an ETag: found, downloaded, hashed. */
import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join, parse } from "node:path";
import { InputError } from "../errors";
import {
  checkSpace,
  downloadFile,
  hashOf,
  HttpError,
  pause,
  reason,
  requestsOf,
  type RequestOptions,
} from "../files/download";

export interface RemoteFile {
  url: string;
  size: number;
  /** A strong ETag or a date, for If-Range. */
  validator?: string;
  lastModified?: string;
}

export interface WantedFile {
  /** What messages call it. */
  name: string;
  /** A name such as "datasets.tar", into which the version goes: ".datasets-0123456789ab.tar". */
  file: string;
  folder: string;
  /** Asked in turn. */
  addresses: readonly string[];
  /** The message when none of them has it. */
  missing: string;
  sha256?: string;
  /** In bytes. */
  largest?: number;
}

/** What to do where there is no room. */
export const OTHER_FOLDER = "make room, or give another folder";

type Requests = ReturnType<typeof requestsOf>;

/** Asks each address in turn for its first byte, which tells whether and how large the file is; "not found" leads to the next. */
async function findRemote({ name, addresses, missing }: WantedFile, options: Requests): Promise<RemoteFile> {
  const { fetch: request, retries, signal } = options;
  for (const url of addresses) {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted();
      let problem: unknown;
      try {
        const response = await request(url, {
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
      await pause(attempt, options);
    }
  }
  throw new InputError(missing);
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

/**
 * Downloads the first of the addresses that has the file into its folder, under a hidden name with the version in it, so that
 * bytes of two versions never meet. It goes on where an earlier attempt stopped; what an earlier run downloaded is used as it is.
 * @throws if no address has the file or can be reached, the download breaks off (what has come is kept), the file has another
 *   checksum or is larger than `largest`, or there is no room for it
 */
export async function fetchVersion(
  wanted: WantedFile,
  options: RequestOptions,
  onBytes: (done: number, total: number) => void = () => undefined,
): Promise<{ path: string; remote: RemoteFile }> {
  const { name, file, folder, largest = Infinity } = wanted;
  const requests = requestsOf(options);
  requests.fetch = httpsOnly(requests.fetch);
  const remote = await findRemote(wanted, requests);
  const { url, size, validator } = remote;
  if (size > largest)
    throw new InputError(
      `${url} has ${size} bytes, more than the ${largest} that are allowed: it is not the authors' archive`,
    );
  const version = createHash("sha256").update([url, size, validator].join("\n")).digest("hex").slice(0, 12);
  const { name: start, ext } = parse(file);
  const path = join(folder, `.${start}-${version}${ext}`);
  checkSpace(folder, size, name, OTHER_FOLDER);
  const hex = wanted.sha256?.toLowerCase();
  // An earlier run may have been given no checksum.
  if (hex !== undefined && existsSync(path) && (await hashOf(path)) !== hex) rmSync(path);
  if (existsSync(path)) return { path, remote };
  const headers: Record<string, string> = validator === undefined ? {} : { "If-Range": validator };
  const checksum = hex === undefined ? undefined : { algorithm: "sha256" as const, hex };
  try {
    await downloadFile({ url, headers, path, size, name, checksum }, requests, (done) => onBytes(done, size));
  } catch (error) {
    if (requests.signal?.aborted === true || !(error instanceof TypeError)) throw error;
    throw new Error(`${url} cannot be reached (${reason(error)}): check the network and run again to go on`, {
      cause: error,
    });
  }
  return { path, remote };
}

/** Without a published checksum only the connection protects a file: a redirect must not leave https. */
function httpsOnly(fetcher: typeof fetch): typeof fetch {
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

/** Where an archive is if not at its usual address, and what it must be. */
export interface OriginOptions {
  /** Address of the archive, or, ending in "/", of the folder it lies in. */
  from?: string;
  /** What the archive's SHA-256 must be, in hexadecimal. The authors publish none: that of the first download is in source.json. */
  sha256?: string;
}

/** @throws if the one is not an address of the web, or the other not a SHA-256 in hexadecimal */
export function checkOrigin({ from, sha256 }: OriginOptions): void {
  if (from !== undefined && (!URL.canParse(from) || !/^https?:$/.test(new URL(from).protocol)))
    throw new InputError(`${JSON.stringify(from)} is not an address: give one that begins with https://`);
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256))
    throw new InputError(`${JSON.stringify(sha256)} is not a SHA-256 (64 hexadecimal digits)`);
}
