/** Requests to the Hub: what goes wrong with them in plain words, and the files of a model put into its cache. */
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { PathInfo } from "@huggingface/hub";
import { InputError } from "../errors";
import { huggingfaceHub } from "../packages";
import { checkSpace, downloadFile, hasContent, HttpError, reason, type Content, type RequestOptions } from "./download";

export interface DownloadProgress {
  /** The file under way. */
  file: string;
  /** Bytes of all files of this step on disk, those of an earlier attempt included. */
  done: number;
  total: number;
  bytesPerSecond: number;
}

export interface HubOptions extends RequestOptions {
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
  /** Called at most four times a second, and at the end. */
  onProgress?: (progress: DownloadProgress) => void;
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

/**
 * Downloads files of a commit into the cache, in turn; those that it has are linked only.
 * @param before called with the name of each file before it is downloaded
 */
export async function getFiles(
  model: HubModel,
  commit: string,
  files: PathInfo[],
  options: HubOptions,
  before: (file: string) => void,
): Promise<void> {
  const { id, storage, endpoint, accessToken } = model;
  const blobs = join(storage, "blobs");
  mkdirSync(blobs, { recursive: true });
  const wanted = await Promise.all(
    files.map(async (file) => {
      const content = contentOf(file, id);
      const path = join(blobs, content.checksum.hex);
      return { ...content, path, file: file.path, isThere: await hasContent(path, content, options.signal) };
    }),
  );
  const sizeOf = (some: typeof wanted): number => some.reduce((sum, { size }) => sum + size, 0);
  checkSpace(
    blobs,
    sizeOf(wanted.filter(({ isThere }) => !isThere)),
    `model ${id}`,
    "make room, or set HF_HOME to another disk",
  );

  const progress = progressReporter(sizeOf(wanted), options.onProgress);
  let received = 0;
  for (const { isThere, file, ...content } of wanted) {
    if (!isThere) {
      before(file);
      const url = `${endpoint}/${id}/resolve/${commit}/${file}`;
      const headers: Record<string, string> =
        accessToken === undefined ? {} : { Authorization: `Bearer ${accessToken}` };
      await asking(model, () =>
        downloadFile({ url, headers, name: `${id}/${file}`, ...content }, { ...options, fetch: model.fetch }, (done) =>
          progress(file, received + done),
        ),
      );
    }
    received += content.size;
    link(content.path, join(storage, "snapshots", commit, file));
    progress(file, received);
  }
}

/** Size and checksum of a file of the Hub: sha256 of large files, git's sha1 of small ones; it names the file in the cache. */
function contentOf({ path, lfs, oid, size }: PathInfo, model: string): Content {
  const hex = lfs?.oid ?? oid ?? "";
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hex))
    throw new InputError(`the Hub gives no checksum for ${path} of model ${model}`);
  return { size: lfs?.size ?? size, checksum: { algorithm: hex.length === 64 ? "sha256" : "git-sha1", hex } };
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
