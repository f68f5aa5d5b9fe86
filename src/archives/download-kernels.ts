/** The kernels that the authors publish: zip archives of {train,dev,test}_kernels_TASK.pt, downloaded and unpacked. */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { closeZip, extractZipEntry, openZip, type ZipArchive, type ZipEntry } from "../files/zip";
import { runningSignal } from "../running-cell";
import {
  checkAddress,
  checkSha256,
  checkSpace,
  fetchRemote,
  findRemote,
  hashOf,
  removeUnfinished,
  versionOf,
  type RemoteOptions,
} from "./remote-file";

/**
 * Where the authors' README keeps its archives; a name is an archive's file name there, without ".zip". Earlier versions
 * of the README link the same archives one folder higher.
 */
export const KERNEL_ADDRESSES = [
  "https://nlp.cs.princeton.edu/projects/LM-Kernel-FT/roberta-base/",
  "https://nlp.cs.princeton.edu/projects/LM-Kernel-FT/",
] as const;
const README = "https://github.com/princeton-nlp/LM-Kernel-FT#download-our-pre-computed-kernels";

export interface KernelDownloadOptions extends RemoteOptions {
  /** The folder to make. */
  out: string;
  /** Address of the archive, or, ending in "/", of the folder it lies in. Default: {@link KERNEL_ADDRESSES}, in turn. */
  from?: string;
  /** What the archive's SHA-256 must be, in hexadecimal. The authors publish none: that of the first download is in source.json. */
  sha256?: string;
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
    throw new Error(
      `${JSON.stringify(name)} is not the name of an archive, such as prompt-sgd-16-shot; the authors' archives: ${README}`,
    );
  if (options.sha256 !== undefined) checkSha256(options.sha256);
  const addresses = addressesOf(name, options.from);
  const out = resolve(options.out);
  const made = madeBefore(out, name, addresses, options);
  if (made !== undefined) return made;

  mkdirSync(dirname(out), { recursive: true });
  removeUnfinished(dirname(out), basename(out));
  const missing = `there is no archive ${name} (${addresses.join(" and ")}: not found): see ${README} for the names, or give the address with --from`;
  const remote = await findRemote(name, addresses, options, missing);
  const path = join(dirname(out), `.${name}-${versionOf(remote)}.zip`);
  checkSpace(dirname(out), remote.size, `the archive ${name}`);
  if (!existsSync(path)) {
    await fetchRemote(remote, path, name, options.sha256, {
      ...options,
      onBytes: (done) => options.onProgress?.({ step: "download", done, total: remote.size }),
    });
  }
  const sha256 = await hashOf(path, signal);
  if (options.sha256 !== undefined && sha256 !== options.sha256.toLowerCase()) {
    // Downloaded by an earlier run that was not told what it must be.
    rmSync(path);
    throw new Error(`${name} has SHA-256 ${sha256}, not ${options.sha256.toLowerCase()}; it was removed, try again`);
  }
  const source: KernelSource = {
    name,
    url: remote.url,
    bytes: remote.size,
    sha256,
    lastModified: remote.lastModified,
    downloaded: new Date().toISOString(),
    readme: README,
  };
  const unpacked = `${out}.${process.pid}-${randomBytes(3).toString("hex")}.incomplete`;
  try {
    await unpack(path, name, unpacked, options);
    writeFileSync(join(unpacked, "source.json"), `${JSON.stringify(source, undefined, 2)}\n`);
    if (existsSync(out)) rmdirSync(out);
    renameSync(unpacked, out);
  } catch (error) {
    rmSync(unpacked, { recursive: true, force: true });
    // What is wrong with the archive itself begins with its path; after an abort or on a full disk it is kept.
    if (!(error instanceof Error) || !error.message.startsWith(path)) throw error;
    rmSync(path, { force: true });
    throw new Error(`${name} from ${remote.url}${error.message.slice(path.length)} (the download was removed)`, {
      cause: error,
    });
  }
  rmSync(path, { force: true });
  return { folders: kernelFolders(out), source, reused: false };
}

function addressesOf(name: string, from: string | undefined): string[] {
  if (from === undefined) return KERNEL_ADDRESSES.map((folder) => `${folder}${name}.zip`);
  checkAddress(from);
  return [from.endsWith("/") ? `${from}${name}.zip` : from];
}

/** The kernels of an earlier run; an empty folder does not count. */
function madeBefore(
  out: string,
  name: string,
  addresses: string[],
  { sha256 }: KernelDownloadOptions,
): DownloadedKernels | undefined {
  if (!existsSync(out)) return undefined;
  if (!statSync(out).isDirectory()) throw new Error(`${out} is a file: give a folder`);
  if (readdirSync(out).length === 0) return undefined;
  const path = join(out, "source.json");
  let source: Partial<KernelSource> | null = null;
  try {
    source = JSON.parse(readFileSync(path, "utf8")) as Partial<KernelSource> | null;
  } catch {
    // Not ours: said below.
  }
  const same =
    source?.name === name &&
    addresses.includes(source.url ?? "") &&
    (sha256 === undefined || source.sha256 === sha256.toLowerCase());
  if (!same) throw new Error(`${out} exists and holds something else than ${name}: give another folder, or remove it`);
  return { folders: kernelFolders(out), source: source as KernelSource, reused: true };
}

/** What archivers of some systems add: not part of the kernels. */
const isClutter = (path: string): boolean => /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$)/.test(path);

async function unpack(
  path: string,
  name: string,
  target: string,
  { onProgress, signal }: KernelDownloadOptions,
): Promise<void> {
  const archive = openZip(path);
  try {
    const entries = checkedEntries(archive);
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    mkdirSync(target, { recursive: true });
    checkSpace(target, total, `what ${name} unpacks to`);
    let done = 0;
    for (const entry of entries) {
      const file = join(target, ...entry.name.split("/"));
      mkdirSync(dirname(file), { recursive: true });
      await extractZipEntry(archive, entry, file, (count) => {
        signal?.throwIfAborted();
        onProgress?.({ step: "unpack", done: (done += count), total });
      });
    }
  } finally {
    closeZip(archive);
  }
}

/** The files to unpack, if every one stays in the folder it is unpacked to and there are kernels among them. */
function checkedEntries({ path, entries }: ZipArchive): ZipEntry[] {
  for (const { name, unixType, isDirectory } of entries.values()) {
    const parts = (isDirectory ? name.slice(0, -1) : name).split("/");
    // eslint-disable-next-line no-control-regex
    if (parts.some((part) => part === "" || part === "." || part === "..") || /[\\:\0-\x1f]/.test(name)) {
      throw new Error(`${path}: the path ${JSON.stringify(name)} does not stay in the folder; nothing was unpacked`);
    }
    if (unixType !== 0 && unixType !== (isDirectory ? 0o040000 : 0o100000))
      throw new Error(`${path}: ${JSON.stringify(name)} is a link or a device, not a file; nothing was unpacked`);
  }
  const files = [...entries.values()].filter(({ name, isDirectory }) => !isDirectory && !isClutter(name));
  if (!files.some(({ name }) => TRAIN_KERNELS.test(basename(name))))
    throw new Error(
      `${path} has no file train_kernels_TASK.pt: it does not hold the authors' kernels, or their layout has changed`,
    );
  return files;
}

const TRAIN_KERNELS = /^train_kernels_.+\.pt$/;

/** Every folder under `out` with a train kernel. */
function kernelFolders(out: string): string[] {
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter(
    (file) => file.isFile() && TRAIN_KERNELS.test(file.name),
  );
  return [...new Set(files.map((file) => file.parentPath))].sort();
}
