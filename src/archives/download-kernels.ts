/** The kernels that the authors publish: zip archives of {train,dev,test}_kernels_TASK.pt, downloaded and unpacked. */
import { mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { checkSpace, hashOf, unfinishedName, type RequestOptions } from "../files/download";
import { extractZipEntry, openZip, type ZipArchive, type ZipEntry } from "../files/zip";
import { runningSignal } from "../running-cell";
import { authorsFolders } from "./authors-folders";
import { trainTask } from "./authors-kernels";
import { filesIn, nameFolder, readSource, removeUnfinished } from "./installed-folder";
import { checkOrigin, fetchVersion, OTHER_FOLDER, type OriginOptions } from "./remote-file";

/**
 * Where the authors' README keeps its archives; a name is an archive's file name there, without ".zip". Earlier versions
 * of the README link the same archives one folder higher.
 */
export const KERNEL_ADDRESSES = [
  "https://nlp.cs.princeton.edu/projects/LM-Kernel-FT/roberta-base/",
  "https://nlp.cs.princeton.edu/projects/LM-Kernel-FT/",
] as const;
const README = "https://github.com/princeton-nlp/LM-Kernel-FT#download-our-pre-computed-kernels";

/** The default of `from` is {@link KERNEL_ADDRESSES}, in turn. */
export interface KernelDownloadOptions extends RequestOptions, OriginOptions {
  /** The folder to make. */
  out: string;
  /** Bytes of the download, then of the unpacked files. */
  onProgress?: (progress: { step: "download" | "unpack"; done: number; total: number }) => void;
}

/** What source.json beside the kernels says of them. */
export interface KernelSource {
  name: string;
  url: string;
  bytes: number;
  sha256: string;
  /** As the server gave it. */
  lastModified?: string;
  downloaded: string;
  readme: string;
}

export interface DownloadedKernels {
  /** Folders that hold a train kernel, as `solve --kernels` takes them. */
  folders: string[];
  source: KernelSource;
  /** Whether the kernels were there already. */
  reused: boolean;
}

/**
 * Downloads one of the authors' archives of kernels and unpacks it into the folder `out`. An interrupted download goes on
 * where it stopped. The folder appears when every file is there, checked against the archive's CRC-32s; an archive with a
 * path that leads out of it, a link, or without kernels is refused and nothing is left. A folder made before is used as it is.
 *
 * @throws one Error naming the archive if it is not there, the network fails (what has come is kept), it is damaged, or
 *   the folder is taken
 */
export async function downloadKernels(
  name: string,
  { signal = runningSignal(), ...given }: KernelDownloadOptions,
): Promise<DownloadedKernels> {
  const options: KernelDownloadOptions = { ...given, signal };
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new InputError(
      `${JSON.stringify(name)} is not the name of an archive, such as prompt-sgd-16-shot; the authors' archives: ${README}`,
    );
  checkOrigin(options);
  const addresses = addressesOf(name, options.from);
  const out = resolve(options.out);
  const made = madeBefore(out, name, addresses, options);
  if (made !== undefined) return made;

  const parent = dirname(out);
  mkdirSync(parent, { recursive: true });
  removeUnfinished(parent, basename(out));
  const { path, remote } = await fetchVersion(
    {
      name,
      file: `${name}.zip`,
      folder: parent,
      addresses,
      missing: `there is no archive ${name} (${addresses.join(" and ")}: not found): see ${README} for the names, or give the address with --from`,
      sha256: options.sha256,
    },
    options,
    (done, total) => options.onProgress?.({ step: "download", done, total }),
  );
  const sha256 = await hashOf(path, "sha256", signal);
  const source: KernelSource = {
    name,
    url: remote.url,
    bytes: remote.size,
    sha256,
    lastModified: remote.lastModified,
    downloaded: new Date().toISOString(),
    readme: README,
  };
  const unpacked = unfinishedName(out);
  try {
    await unpackKernels(path, name, unpacked, options);
    nameFolder(unpacked, out, source);
  } catch (error) {
    rmSync(unpacked, { recursive: true, force: true });
    // What is wrong with the archive itself begins with its path; after an abort or on a full disk it is kept.
    if (!(error instanceof Error) || !error.message.startsWith(path)) throw error;
    rmSync(path, { force: true });
    throw new CorruptFileError(
      `${name} from ${remote.url}${error.message.slice(path.length)} (the download was removed)`,
      {},
      {
        cause: error,
      },
    );
  }
  rmSync(path, { force: true });
  return { folders: kernelFolders(out), source, reused: false };
}

function addressesOf(name: string, from: string | undefined): string[] {
  if (from === undefined) return KERNEL_ADDRESSES.map((folder) => `${folder}${name}.zip`);
  return [from.endsWith("/") ? `${from}${name}.zip` : from];
}

/** The kernels of an earlier run. */
function madeBefore(
  out: string,
  name: string,
  addresses: string[],
  { sha256 }: KernelDownloadOptions,
): DownloadedKernels | undefined {
  if (filesIn(out, "give a folder") === undefined) return undefined;
  const source = readSource<KernelSource>(out);
  const same =
    source?.name === name &&
    addresses.includes(source.url ?? "") &&
    (sha256 === undefined || source.sha256 === sha256.toLowerCase());
  if (!same)
    throw new InputError(`${out} exists and holds something else than ${name}: give another folder, or remove it`, {
      file: out,
    });
  return { folders: kernelFolders(out), source: source as KernelSource, reused: true };
}

/** What archivers of some systems add: not part of the kernels. */
const isClutter = (path: string): boolean => /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$)/.test(path);

/** Unpacks an archive into the folder `target`. @throws naming the archive if it is damaged or not one of kernels */
export async function unpackKernels(
  path: string,
  name: string,
  target: string,
  { onProgress, signal }: Pick<KernelDownloadOptions, "onProgress" | "signal">,
): Promise<void> {
  const archive = openZip(path);
  const entries = checkedEntries(archive);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  mkdirSync(target, { recursive: true });
  checkSpace(target, total, `what ${name} unpacks to`, OTHER_FOLDER);
  let done = 0;
  for (const entry of entries) {
    const file = join(target, ...entry.name.split("/"));
    mkdirSync(dirname(file), { recursive: true });
    await extractZipEntry(archive, entry, file, (count) => {
      signal?.throwIfAborted();
      onProgress?.({ step: "unpack", done: (done += count), total });
    });
  }
}

/** The files to unpack, if every one stays in the folder it is unpacked to and there are kernels among them. */
function checkedEntries({ path, entries }: ZipArchive): ZipEntry[] {
  for (const { name, unixType, isDirectory } of entries.values()) {
    const parts = (isDirectory ? name.slice(0, -1) : name).split("/");
    // eslint-disable-next-line no-control-regex
    if (parts.some((part) => part === "" || part === "." || part === "..") || /[\\:\0-\x1f]/.test(name)) {
      throw new CorruptFileError(
        `${path}: the path ${JSON.stringify(name)} does not stay in the folder; nothing was unpacked`,
      );
    }
    if (unixType !== 0 && unixType !== (isDirectory ? 0o040000 : 0o100000))
      throw new CorruptFileError(
        `${path}: ${JSON.stringify(name)} is a link or a device, not a file; nothing was unpacked`,
      );
  }
  const files = [...entries.values()].filter(({ name, isDirectory }) => !isDirectory && !isClutter(name));
  const folders = new Set(
    [...entries.keys()].flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))),
  );
  const both = files.find(({ name }) => folders.has(name));
  if (both)
    throw new CorruptFileError(`${path}: ${JSON.stringify(both.name)} is a file and a folder; nothing was unpacked`);
  if (!files.some(({ name }) => trainTask(basename(name)) !== undefined))
    throw new CorruptFileError(
      `${path} has no file train_kernels_TASK.pt: it does not hold the authors' kernels, or their layout has changed`,
    );
  return files;
}

/** Every folder under `out` with a train kernel. */
const kernelFolders = (out: string): string[] =>
  [...new Set(authorsFolders(out).map(({ directory }) => directory))].sort();
