/** Requests to the Hub: what goes wrong with them in plain words, and the files of a model put into its cache. */
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { PathInfo } from "@huggingface/hub";
import { InputError } from "../errors";
import { huggingfaceHub } from "../packages";
import { downloadFile, HttpError, reason } from "./download";

export interface DownloadProgress {
  /** The file under way. */
  file: string;
  /** Bytes of all files of this step on disk, those of an earlier attempt included. */
  done: number;
  total: number;
  bytesPerSecond: number;
}

export interface HubOptions {
  /** Branch, tag or commit. Default "main". */
  revision?: string;
  /** Default: HF_HUB_CACHE, or `hub` under HF_HOME, as for Python. */
  cacheDir?: string;
  /** Address of the Hub or a mirror. Default: HF_ENDPOINT, or the public Hub. */
  endpoint?: string;
  /** Use the cache only. Default: whether HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set. */
  offline?: boolean;
  /** Default: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or the token that `hf auth login` keeps. */
  accessToken?: string;
  /** In place of the global fetch. */
  fetch?: typeof fetch;
  /** Called at most four times a second, and at the end. */
  onProgress?: (progress: DownloadProgress) => void;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
  /** Attempts after a request that brought nothing. Default 5. */
  retries?: number;
  /** Pause before the first retry in milliseconds, doubling with each. Default 500. */
  retryDelay?: number;
  /** Told when the Hub cannot be reached and the cached model is used. Default: console.warn. */
  warn?: (message: string) => void;
}

/** A model on the Hub, and its place in the cache. */
export interface HubModel {
  id: string;
  revision: string;
  /** The model's folder in the cache: blobs, refs, snapshots. */
  storage: string;
  endpoint: string;
  accessToken?: string;
  fetch: typeof fetch;
}

/** The Hub, or a mirror, gave no answer or none that helps: a cached model may do. */
export class Unreachable extends Error {}

/** Downloads files of a commit into the cache; those that it has are linked only. */
export async function getFiles(model: HubModel, commit: string, files: PathInfo[], options: HubOptions): Promise<void> {
  const { id, storage, endpoint, accessToken } = model;
  const blobs = join(storage, "blobs");
  mkdirSync(blobs, { recursive: true });
  const wanted = files.map((file) => ({
    name: file.path,
    size: file.lfs?.size ?? file.size,
    blob: blobName(id, file),
  }));
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  await checkSpace(
    blobs,
    wanted.filter(({ blob }) => !existsSync(join(blobs, blob))).reduce((sum, { size }) => sum + size, 0),
    id,
  );

  const progress = progressReporter(total, options.onProgress);
  let before = 0;
  for (const { name, size, blob } of wanted) {
    const path = join(blobs, blob);
    if (!existsSync(path)) {
      const url = `${endpoint}/${id}/resolve/${commit}/${name}`;
      const headers: Record<string, string> =
        accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
      const checksum = { algorithm: blob.length === 64 ? ("sha256" as const) : ("git-sha1" as const), hex: blob };
      await asking(model, () =>
        downloadFile(
          { url, headers, path, size, checksum, name: `${id}/${name}` },
          {
            fetch: model.fetch,
            signal: options.signal,
            onBytes: (done) => progress(name, before + done),
            retries: options.retries ?? 5,
            retryDelay: options.retryDelay ?? 500,
          },
        ),
      );
    }
    before += size;
    link(path, join(storage, "snapshots", commit, name));
    progress(name, before);
  }
}

/** The name of a file's content in the cache is its checksum: sha256 of large files, git's sha1 of small ones. */
function blobName(id: string, { path, lfs, oid }: PathInfo): string {
  const name = lfs?.oid ?? oid ?? "";
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name))
    throw new InputError(`the Hub gives no checksum for ${path} of model ${id}`);
  return name;
}

async function checkSpace(folder: string, needed: number, id: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  throw new InputError(
    `model ${id} takes ${gigabytes(needed)} GB, but ${folder} has ${gigabytes(bavail * bsize)} GB left: make room, or set HF_HOME to another disk`,
  );
}

/** Points the snapshot's file at the blob, as Python does; copies where symbolic links are not allowed. */
function link(blob: string, pointer: string): void {
  mkdirSync(dirname(pointer), { recursive: true });
  rmSync(pointer, { force: true });
  try {
    symlinkSync(relative(dirname(resolve(pointer)), resolve(blob)), pointer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    copyFileSync(blob, pointer);
  }
}

function progressReporter(
  total: number,
  report?: (progress: DownloadProgress) => void,
): (file: string, done: number) => void {
  let first: { time: number; done: number } | undefined;
  let last = -Infinity;
  return (file, done) => {
    const time = performance.now();
    first ??= { time, done };
    if (report === undefined || (time - last < 250 && done < total)) return;
    last = time;
    report({
      file,
      done,
      total,
      bytesPerSecond: time > first.time ? ((done - first.done) * 1000) / (time - first.time) : 0,
    });
  };
}

/** Runs a request; its errors say what went wrong and what to do. */
export async function asking<T>(model: HubModel, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const status =
      error instanceof huggingfaceHub.HubApiError
        ? error.statusCode
        : error instanceof HttpError
          ? error.status
          : undefined;
    const { id, revision, endpoint } = model;
    if (status === 401 || status === 403) {
      const token =
        model.accessToken === undefined
          ? "set HF_TOKEN to an access token (or run `hf auth login`)"
          : "check that the access token (HF_TOKEN, or that of `hf auth login`) has access";
      throw new InputError(
        `${endpoint} does not show model ${id} (HTTP ${status}): check the name; if the model is private or gated, ${token} and accept its conditions on its page`,
        { field: "model" },
        { cause: error },
      );
    }
    if (status === 404)
      throw new InputError(
        `${endpoint} has no model ${id} with revision ${revision} (HTTP 404): check name and revision`,
        { field: "model" },
        { cause: error },
      );
    if (status !== undefined && error instanceof huggingfaceHub.HubApiError) {
      const problem = `${endpoint} answered HTTP ${status} for model ${id}`;
      throw status === 429 || status >= 500 ? new Unreachable(problem) : new Error(problem);
    }
    // fetch reports every failure of the network as a TypeError with the reason in its cause.
    if (error instanceof TypeError && error.cause !== undefined) {
      throw new Unreachable(
        `${endpoint} cannot be reached (${reason(error)}): check the network or HF_ENDPOINT, or give the folder of a model`,
        { cause: error },
      );
    }
    throw error;
  }
}
