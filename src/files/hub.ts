/** Models by id: from a folder, the Hub, or the cache that Python shares. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, extname, isAbsolute, join, resolve } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { huggingfaceHub } from "../packages";
import { runningSignal } from "../running-cell";
import { writeFileAtomically } from "./atomic-write";
import { startOf } from "./file-bytes";
import { asking, getFiles, Unreachable, type HubModel, type HubOptions } from "./hub-requests";
import { valueAt } from "./fields";
import { readJson } from "./json";
import { networkFetch } from "./network-fetch";
import { readSafetensorsHeader } from "./safetensors";
import { openZip } from "./zip";

export type { DownloadProgress, HubOptions } from "./hub-requests";

const CONFIG = "config.json";
/** Weights, or the index of their shards, the first that is there being read. Older repositories have only a pickle, which is not run. */
export const WEIGHT_FILES = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
] as const;
/** What a tokenizer is read from: the first of these whose files are all there. */
export const TOKENIZERS = [["tokenizer.json"], ["vocab.json", "merges.txt"], ["vocab.txt"]] as const;
const TOKENIZER_SETTINGS = ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"] as const;
/** All files of tokenizers that are kept with a model. */
export const TOKENIZER_FILES: readonly string[] = [...TOKENIZERS.flat(), ...TOKENIZER_SETTINGS];
const COMMIT = /^[0-9a-f]{40}$/;

/**
 * The folder of a model: a folder as it is; anything else is an id ("roberta-base", "org/name"), whose config.json,
 * tokenizer's files and weights are downloaded into the Hub's standard cache, which Python shares.
 * A model that lacks one of them is refused before its weights are downloaded. Interrupted downloads go on where they
 * stopped; every file is checked against the Hub's checksum, and what is cut off in the cache is downloaded again.
 *
 * @param check called with the folder before weights are downloaded, when all else is there; what it throws stops that
 * @throws if there is no such folder or model, access is refused, the network fails and nothing is cached, or on abort
 */
export async function resolveModel(
  idOrDirectory: string,
  { signal = runningSignal(), ...given }: HubOptions = {},
  check?: (folder: string) => void,
): Promise<string> {
  const options: HubOptions = { ...given, signal };
  if (statSync(idOrDirectory, { throwIfNoEntry: false })?.isDirectory()) return idOrDirectory;
  const revision = options.revision ?? "main";
  checkModelId(idOrDirectory);
  checkRevision(revision);
  const model: HubModel = {
    id: idOrDirectory,
    revision,
    storage: join(
      options.cacheDir ?? placeIn("HF_HUB_CACHE") ?? placeIn("HUGGINGFACE_HUB_CACHE") ?? join(hubHome(), "hub"),
      huggingfaceHub.getRepoFolderName({ type: "model", name: idOrDirectory }),
    ),
    endpoint: (options.endpoint ?? nonEmpty(process.env.HF_ENDPOINT) ?? huggingfaceHub.HUB_URL).replace(/\/+$/, ""),
    accessToken: options.accessToken ?? standardToken(),
    // The library's functions take no signal: it goes in with fetch.
    fetch: (url, init) => (options.fetch ?? networkFetch)(url, { signal, ...init }),
  };

  const snapshot = cachedSnapshot(model);
  const lacking = snapshot === undefined ? CONFIG : lackingIn(snapshot);
  const cached = lacking === undefined ? snapshot : undefined;
  if (options.offline ?? (isTrue(process.env.HF_HUB_OFFLINE) || isTrue(process.env.TRANSFORMERS_OFFLINE))) {
    if (cached !== undefined) return cached;
    throw new InputError(
      `model ${model.id} (revision ${revision}) is not complete in the cache ${model.storage} (${lacking} is missing or cut off), and downloads are switched off (offline, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE)`,
    );
  }
  // A commit never changes.
  if (cached !== undefined && COMMIT.test(revision)) return cached;
  try {
    return await download(model, options, check);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Unreachable && cached !== undefined) {
      (options.warn ?? console.warn)(`${error.message}; using the cached ${model.id}`);
      return cached;
    }
    throw error;
  }
}

/**
 * Refuses what cannot be the id of a model on the Hub; folders are for the caller to tell apart first.
 * @throws naming the id: what looks like a path as a folder that is not there
 */
export function checkModelId(id: string): void {
  if (existsSync(id)) throw new InputError(`${id} is a file: give the folder of a model, or its id on the Hub`);
  const [first] = id.split("/");
  if (/^[./~]|\\|\/.*\//.test(id))
    throw new InputError(
      `there is no folder ${id}${id.startsWith("~") ? ` (write ~ out: ${homedir()})` : isAbsolute(id) ? "" : ` in ${process.cwd()}`}`,
    );
  if (first !== id && existsSync(first))
    throw new InputError(
      `there is no folder ${id}: ${resolve(first)} is there, but not ${basename(id)} in it (for the model of that name on the Hub, work in another folder)`,
    );
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id) || id.includes("..")) {
    throw new InputError(
      `there is no folder ${id}, and it is not the id of a model on the Hub ("name" or "organisation/name")`,
    );
  }
}

function checkRevision(revision: string): void {
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes("..")) {
    throw new InputError(`${JSON.stringify(revision)} is not the name of a revision (branch, tag or commit)`);
  }
}

/** The snapshot that the cache has for the revision, complete or not. */
function cachedSnapshot({ storage, revision }: HubModel): string | undefined {
  const ref = join(storage, "refs", revision);
  const commit = COMMIT.test(revision) ? revision : existsSync(ref) ? readFileSync(ref, "utf8").trim() : "";
  return COMMIT.test(commit) ? join(storage, "snapshots", commit) : undefined;
}

/** The first file that a snapshot lacks or that is cut off there; undefined if it is complete. */
function lackingIn(folder: string): string | undefined {
  const lacks = (file: string): boolean => !isWhole(join(folder, file));
  const has = (file: string): boolean => existsSync(join(folder, file));
  const weights = WEIGHT_FILES.find(has) ?? WEIGHT_FILES[0];
  const missing = [CONFIG, ...(tokenizerOf(has) ?? [TOKENIZERS[0][0]]), weights].find(lacks);
  return missing ?? (isIndex(weights) ? shardNames(join(folder, weights)).find(lacks) : undefined);
}

/** Whether a file is there with all its bytes, as far as its format tells. */
function isWhole(path: string): boolean {
  try {
    if (path.endsWith(".json")) readJson(path);
    else if (path.endsWith(".safetensors")) readSafetensorsHeader(path);
    // The format before zip is for the reader to check.
    else if (startOf(path, 2).toString() === "PK" && path.endsWith(".bin")) openZip(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * The file of each tensor, from the index of a model's shards, `model.safetensors.index.json` or `pytorch_model.bin.index.json`.
 *
 * @throws naming the file if it is malformed or a shard's name leads out of the folder
 */
export function readShardIndex(path: string): Map<string, string> {
  const map = valueAt(readJson(path), ["weight_map"]);
  if (typeof map !== "object" || map === null || Array.isArray(map))
    throw new CorruptFileError(`${path} has no weight_map`, { file: path });
  const ending = extname(basename(path, ".index.json"));
  return new Map(
    Object.entries(map).map(([name, file]: [string, unknown]) => {
      if (typeof file === "string" && file.endsWith(ending) && basename(file) === file && !file.includes("\\"))
        return [name, file];
      throw new CorruptFileError(
        `${path}: weight_map of ${name} is ${JSON.stringify(file)}, not the name of a ${ending} file`,
        { file: path, field: "weight_map" },
      );
    }),
  );
}

const tokenizerOf = (has: (file: string) => boolean): readonly string[] | undefined =>
  TOKENIZERS.find((files) => files.every(has));

const isIndex = (file: string): boolean => file.endsWith(".index.json");

function shardNames(index: string): string[] {
  return [...new Set(readShardIndex(index).values())].sort();
}

async function download(
  model: HubModel,
  options: HubOptions,
  check: (folder: string) => void = () => undefined,
): Promise<string> {
  const { id, revision, storage, endpoint, accessToken } = model;
  const hub = { hubUrl: endpoint, accessToken, fetch: model.fetch };
  const info = await asking(model, () =>
    huggingfaceHub.modelInfo({ ...hub, name: id, revision, additionalFields: ["sha", "filePaths"] }),
  );
  const commit = info.sha;
  if (typeof commit !== "string" || !COMMIT.test(commit))
    throw new InputError(`${endpoint} gives no commit for model ${id}: it does not behave like the Hub`);
  const there = (file: string): boolean => info.filePaths.includes(file);
  if (!there(CONFIG)) throw new InputError(`model ${id} has no ${CONFIG}: it is not in Hugging Face layout`);
  const weights = WEIGHT_FILES.find(there);
  if (weights === undefined) throw new InputError(`model ${id} has no weights (none of ${WEIGHT_FILES.join(", ")})`);
  const tokenizer = tokenizerOf(there);
  if (tokenizer === undefined)
    throw new InputError(
      `model ${id} has no tokenizer (none of ${TOKENIZERS.map((files) => files.join(" with ")).join(", ")}). ${conversionAdvice(id)}`,
    );

  const folder = join(storage, "snapshots", commit);
  const get = async (names: string[]): Promise<void> => {
    const missing = names.filter((name) => !isWhole(join(folder, name)));
    if (missing.length === 0) return;
    const found = await asking(model, () =>
      huggingfaceHub.pathsInfo({ ...hub, repo: { type: "model", name: id }, revision: commit, paths: missing }),
    );
    const files = missing.map((name) => {
      const file = found.find(({ path }) => path === name);
      if (file === undefined) throw new InputError(`model ${id} (commit ${commit}) has no file ${name}`);
      return file;
    });
    await getFiles(model, commit, files, options, (name) => {
      if (/\.(safetensors|bin)$/.test(name)) check(folder);
    });
  };
  await get([CONFIG, ...tokenizer, ...TOKENIZER_SETTINGS.filter(there), weights]);
  if (isIndex(weights)) await get(shardNames(join(folder, weights)));
  // Only now: the revision keeps its old commit until all files have arrived.
  if (revision !== commit) writeFileAtomically(join(storage, "refs", revision), commit);
  return folder;
}

/** How to convert what is not read here, without a head that the checkpoint lacks being made up. */
export const conversionAdvice = (model: string): string =>
  `Convert it with Python: from transformers import AutoModelForMaskedLM, AutoTokenizer; ` +
  `model, info = AutoModelForMaskedLM.from_pretrained(${JSON.stringify(model)}, output_loading_info=True); ` +
  `assert not info["missing_keys"], info; model.save_pretrained("FOLDER"); ` +
  `AutoTokenizer.from_pretrained(${JSON.stringify(model)}).save_pretrained("FOLDER"), and give FOLDER`;

/** The access token as Python's huggingface_hub finds it: from the environment, or where `hf auth login` keeps it. */
function standardToken(): string | undefined {
  const given = nonEmpty(process.env.HF_TOKEN) ?? nonEmpty(process.env.HUGGING_FACE_HUB_TOKEN);
  if (given !== undefined) return given;
  const file = placeIn("HF_TOKEN_PATH") ?? join(hubHome(), "token");
  return existsSync(file) ? nonEmpty(readFileSync(file, "utf8")) : undefined;
}

/** Where Python's huggingface_hub keeps its things. */
const hubHome = (): string =>
  placeIn("HF_HOME") ?? join(placeIn("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");

/** The place that a variable of the environment names; ~ in it is the home folder, as for Python. */
const placeIn = (name: string): string | undefined => nonEmpty(process.env[name])?.replace(/^~(?=\/|$)/, homedir());

const nonEmpty = (value: string | undefined): string | undefined => value?.trim() || undefined;

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
