import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { PathInfo } from "@huggingface/hub";
import { huggingfaceHub } from "../packages";
import { runningSignal } from "../running-cell";
import { writeFileAtomically } from "./atomic-write";
import { downloadFile, HttpError, reason } from "./download";
import { checkModelId } from "./model-name";
import { readShardIndex } from "./shards";

export interface DownloadProgress {
  /** The file under way. */
  file: string;
  /** Bytes of all files of this step that are there, those of an earlier attempt included. */
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
  /** Use the cache only. Default: whether HF_HUB_OFFLINE is set. */
  offline?: boolean;
  /** Default: HF_TOKEN. */
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

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * The folder of a model: a folder as it is; anything else is an id ("roberta-base", "org/name"), whose config.json,
 * tokenizer.json and safetensors weights are downloaded into the Hub's standard cache, which Python shares.
 * Interrupted downloads go on where they stopped; every file is checked against the Hub's checksum.
 *
 * @throws if there is no such folder or model, access is refused, the network fails and nothing is cached, or on abort
 */
export async function resolveModel(
  idOrDirectory: string,
  { signal = runningSignal(), ...given }: HubOptions = {},
): Promise<string> {
  const options: HubOptions = { ...given, signal };
  if (statSync(idOrDirectory, { throwIfNoEntry: false })?.isDirectory()) return idOrDirectory;
  const revision = options.revision ?? "main";
  checkModelId(idOrDirectory);
  checkRevision(revision);
  const model: Model = {
    id: idOrDirectory,
    revision,
    storage: join(
      options.cacheDir ?? huggingfaceHub.getHFHubCachePath(),
      huggingfaceHub.getRepoFolderName({ type: "model", name: idOrDirectory }),
    ),
    endpoint: (options.endpoint ?? nonEmpty(process.env.HF_ENDPOINT) ?? huggingfaceHub.HUB_URL).replace(/\/+$/, ""),
    accessToken: options.accessToken ?? nonEmpty(process.env.HF_TOKEN),
    // The library's functions take no signal: it goes in with fetch.
    fetch: (url, init) => (options.fetch ?? fetch)(url, { signal, ...init }),
  };

  const cached = cachedSnapshot(model);
  if (options.offline ?? isTrue(process.env.HF_HUB_OFFLINE)) {
    if (cached !== undefined) return cached;
    throw new Error(
      `model ${model.id} (revision ${revision}) is not complete in the cache ${model.storage}, and downloads are switched off (offline, HF_HUB_OFFLINE)`,
    );
  }
  // A commit never changes.
  if (cached !== undefined && COMMIT.test(revision)) return cached;
  try {
    return await download(model, options);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Unreachable && cached !== undefined) {
      (options.warn ?? console.warn)(`${error.message}; using the cached ${model.id}`);
      return cached;
    }
    throw error;
  }
}

interface Model {
  id: string;
  revision: string;
  /** The model's folder in the cache: blobs, refs, snapshots. */
  storage: string;
  endpoint: string;
  accessToken?: string;
  fetch: typeof fetch;
}

class Unreachable extends Error {}

function checkRevision(revision: string): void {
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new Error(`${JSON.stringify(revision)} is not the name of a revision (branch, tag or commit)`);
  }
}

/** The snapshot that the cache has for the revision, if config and weights are complete. */
function cachedSnapshot({ storage, revision }: Model): string | undefined {
  let commit = revision;
  if (!COMMIT.test(revision)) {
    const ref = join(storage, "refs", revision);
    if (!existsSync(ref)) return undefined;
    commit = readFileSync(ref, "utf8").trim();
    if (!COMMIT.test(commit)) return undefined;
  }
  const folder = join(storage, "snapshots", commit);
  const has = (file: string): boolean => existsSync(join(folder, file));
  if (!has("config.json")) return undefined;
  if (has(WEIGHTS)) return folder;
  return has(INDEX) && shardNames(join(folder, INDEX)).every(has) ? folder : undefined;
}

function shardNames(index: string): string[] {
  return [...new Set(Object.values(readShardIndex(index)))].sort();
}

async function download(model: Model, options: HubOptions): Promise<string> {
  const { id, revision, storage, endpoint, accessToken } = model;
  const hub = { hubUrl: endpoint, accessToken, fetch: model.fetch };
  const info = await asking(model, () =>
    huggingfaceHub.modelInfo({ ...hub, name: id, revision, additionalFields: ["sha", "filePaths"] }),
  );
  const commit = info.sha;
  if (typeof commit !== "string" || !COMMIT.test(commit))
    throw new Error(`${endpoint} gives no commit for model ${id}: it does not behave like the Hub`);
  const there = (file: string): boolean => info.filePaths.includes(file);
  if (!there("config.json")) throw new Error(`model ${id} has no config.json: it is not in Hugging Face layout`);
  if (!there(WEIGHTS) && !there(INDEX)) throw new Error(withoutSafetensors(id, info.filePaths));

  const folder = join(storage, "snapshots", commit);
  const get = async (names: string[]): Promise<void> => {
    const missing = names.filter((name) => !existsSync(join(folder, name)));
    if (missing.length === 0) return;
    const files = await asking(model, () =>
      huggingfaceHub.pathsInfo({ ...hub, repo: { type: "model", name: id }, revision: commit, paths: missing }),
    );
    for (const name of missing) {
      if (!files.some((file) => file.path === name))
        throw new Error(`model ${id} (commit ${commit}) has no file ${name}`);
    }
    await getFiles(
      model,
      commit,
      files.filter((file) => missing.includes(file.path)),
      options,
    );
  };
  const small = ["config.json", "tokenizer.json", "tokenizer_config.json"].filter(there);
  if (there(WEIGHTS)) await get([...small, WEIGHTS]);
  else {
    await get([...small, INDEX]);
    await get(shardNames(join(folder, INDEX)));
  }
  // Only now: until everything is there, the revision stays what it was.
  if (revision !== commit) writeFileAtomically(join(storage, "refs", revision), commit);
  return folder;
}

function withoutSafetensors(id: string, files: string[]): string {
  if (!files.some((file) => file.startsWith("pytorch_model")))
    return `model ${id} has no safetensors weights (neither ${WEIGHTS} nor ${INDEX})`;
  return (
    `model ${id} has its weights only as pytorch_model.bin, which is not read here (it can hold code). Convert it with Python: ` +
    `from transformers import AutoModelForMaskedLM, AutoTokenizer; AutoModelForMaskedLM.from_pretrained("${id}").save_pretrained("FOLDER"); ` +
    `AutoTokenizer.from_pretrained("${id}").save_pretrained("FOLDER"), and give FOLDER`
  );
}

async function getFiles(model: Model, commit: string, files: PathInfo[], options: HubOptions): Promise<void> {
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
    throw new Error(`the Hub gives no checksum for ${path} of model ${id}`);
  return name;
}

async function checkSpace(folder: string, needed: number, id: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (needed <= bavail * bsize) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  throw new Error(
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

/** Runs a request, and says in plain words what went wrong with it. */
async function asking<T>(model: Model, request: () => Promise<T>): Promise<T> {
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
          ? "set HF_TOKEN to an access token"
          : "check that the token in HF_TOKEN has access";
      throw new Error(
        `${endpoint} does not show model ${id} (HTTP ${status}): check the name; if the model is private or gated, ${token} and accept its conditions on its page`,
        { cause: error },
      );
    }
    if (status === 404)
      throw new Error(`${endpoint} has no model ${id} with revision ${revision} (HTTP 404): check name and revision`, {
        cause: error,
      });
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

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
