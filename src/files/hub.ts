/** Models by id: from a folder, the Hub, or the cache that Python shares. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { huggingfaceHub } from "../packages";
import { runningSignal } from "../running-cell";
import { writeFileAtomically } from "./atomic-write";
import { asking, getFiles, Unreachable, type HubModel, type HubOptions } from "./hub-requests";
import { readJson, valueAt } from "./json";

export type { DownloadProgress, HubOptions } from "./hub-requests";

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
/** Older repositories have only this; its pickle is read without running it. */
const TORCH_WEIGHTS = "pytorch_model.bin";
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
  const model: HubModel = {
    id: idOrDirectory,
    revision,
    storage: join(
      options.cacheDir ?? huggingfaceHub.getHFHubCachePath(),
      huggingfaceHub.getRepoFolderName({ type: "model", name: idOrDirectory }),
    ),
    endpoint: (options.endpoint ?? nonEmpty(process.env.HF_ENDPOINT) ?? huggingfaceHub.HUB_URL).replace(/\/+$/, ""),
    accessToken: options.accessToken ?? standardToken(),
    // The library's functions take no signal: it goes in with fetch.
    fetch: (url, init) => (options.fetch ?? fetch)(url, { signal, ...init }),
  };

  const cached = cachedSnapshot(model);
  if (options.offline ?? (isTrue(process.env.HF_HUB_OFFLINE) || isTrue(process.env.TRANSFORMERS_OFFLINE))) {
    if (cached !== undefined) return cached;
    throw new InputError(
      `model ${model.id} (revision ${revision}) is not complete in the cache ${model.storage}, and downloads are switched off (offline, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE)`,
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

/**
 * Refuses what cannot be the id of a model on the Hub; folders are for the caller to tell apart first.
 * @throws naming the id
 */
export function checkModelId(id: string): void {
  if (existsSync(id)) throw new InputError(`${id} is a file: give the folder of a model, or its id on the Hub`);
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

/** The snapshot that the cache has for the revision, if config and weights are complete. */
function cachedSnapshot({ storage, revision }: HubModel): string | undefined {
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
  if (has(TORCH_WEIGHTS) && !has(INDEX)) return folder;
  return has(INDEX) && shardNames(join(folder, INDEX)).every(has) ? folder : undefined;
}

/**
 * The file of each tensor, from `model.safetensors.index.json`.
 *
 * @throws naming the file if it is malformed or a shard's name leads out of the folder
 */
export function readShardIndex(path: string): Map<string, string> {
  const map = valueAt(readJson(path), ["weight_map"]);
  if (typeof map !== "object" || map === null || Array.isArray(map))
    throw new CorruptFileError(`${path} has no weight_map`, { file: path });
  return new Map(
    Object.entries(map).map(([name, file]: [string, unknown]) => {
      if (typeof file === "string" && file.endsWith(".safetensors") && basename(file) === file && !file.includes("\\"))
        return [name, file];
      throw new CorruptFileError(
        `${path}: weight_map of ${name} is ${JSON.stringify(file)}, not the name of a safetensors file`,
        { file: path, field: "weight_map" },
      );
    }),
  );
}

function shardNames(index: string): string[] {
  return [...new Set(readShardIndex(index).values())].sort();
}

async function download(model: HubModel, options: HubOptions): Promise<string> {
  const { id, revision, storage, endpoint, accessToken } = model;
  const hub = { hubUrl: endpoint, accessToken, fetch: model.fetch };
  const info = await asking(model, () =>
    huggingfaceHub.modelInfo({ ...hub, name: id, revision, additionalFields: ["sha", "filePaths"] }),
  );
  const commit = info.sha;
  if (typeof commit !== "string" || !COMMIT.test(commit))
    throw new InputError(`${endpoint} gives no commit for model ${id}: it does not behave like the Hub`);
  const there = (file: string): boolean => info.filePaths.includes(file);
  if (!there("config.json")) throw new InputError(`model ${id} has no config.json: it is not in Hugging Face layout`);
  const whole = [WEIGHTS, INDEX, TORCH_WEIGHTS].find(there);
  if (whole === undefined) throw new InputError(withoutWeights(id, info.filePaths));

  const folder = join(storage, "snapshots", commit);
  const get = async (names: string[]): Promise<void> => {
    const missing = names.filter((name) => !existsSync(join(folder, name)));
    if (missing.length === 0) return;
    const files = await asking(model, () =>
      huggingfaceHub.pathsInfo({ ...hub, repo: { type: "model", name: id }, revision: commit, paths: missing }),
    );
    for (const name of missing) {
      if (!files.some((file) => file.path === name))
        throw new InputError(`model ${id} (commit ${commit}) has no file ${name}`);
    }
    await getFiles(
      model,
      commit,
      files.filter((file) => missing.includes(file.path)),
      options,
    );
  };
  const small = ["config.json", "tokenizer.json", "tokenizer_config.json"].filter(there);
  if (whole !== INDEX) await get([...small, whole]);
  else {
    await get([...small, INDEX]);
    await get(shardNames(join(folder, INDEX)));
  }
  // Only now: the revision keeps its old commit until all files have arrived.
  if (revision !== commit) writeFileAtomically(join(storage, "refs", revision), commit);
  return folder;
}

function withoutWeights(id: string, files: readonly string[]): string {
  if (!files.some((file) => file.startsWith("pytorch_model")))
    return `model ${id} has no weights (neither ${WEIGHTS}, nor its shards, nor ${TORCH_WEIGHTS})`;
  return `model ${id} has its weights only as shards of ${TORCH_WEIGHTS}. ${conversionAdvice(id)}`;
}

/** How to convert weights that are not read here, without a head that the checkpoint lacks being made up. */
export const conversionAdvice = (model: string): string =>
  `Convert them with Python: from transformers import AutoModelForMaskedLM, AutoTokenizer; ` +
  `model, info = AutoModelForMaskedLM.from_pretrained(${JSON.stringify(model)}, output_loading_info=True); ` +
  `assert not info["missing_keys"], info; model.save_pretrained("FOLDER"); ` +
  `AutoTokenizer.from_pretrained(${JSON.stringify(model)}).save_pretrained("FOLDER"), and give FOLDER`;

/** The access token as Python's huggingface_hub finds it: from the environment, or where `hf auth login` keeps it. */
function standardToken(): string | undefined {
  const given = nonEmpty(process.env.HF_TOKEN) ?? nonEmpty(process.env.HUGGING_FACE_HUB_TOKEN);
  if (given !== undefined) return given;
  const cache = nonEmpty(process.env.XDG_CACHE_HOME) ?? join(homedir(), ".cache");
  const home = nonEmpty(process.env.HF_HOME) ?? join(cache, "huggingface");
  const file = nonEmpty(process.env.HF_TOKEN_PATH) ?? join(home, "token");
  return existsSync(file) ? nonEmpty(readFileSync(file, "utf8").trim()) : undefined;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? "");
}
