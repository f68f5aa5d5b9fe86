/** The folder that keeps finished blocks and other remembered results: what is in it, what is sound, what may go. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { readSafetensorsHeader } from "../files/safetensors";
import { isLiveClaim, processLives } from "./block-claim";
import { blockDamage, formatOf } from "./block-file";
import { BLOCK_FORMAT } from "./block-name";

export interface StoreFile {
  path: string;
  /** A kernel block, another result (JSON), or what a killed process left behind: a claim or a half-written file. */
  kind: "block" | "result" | "leftover";
  bytes: number;
  /** Last use, in milliseconds since 1970: reading renews it. */
  used: number;
}

/** Files named by a hash are the store's; whatever else lies in the folder is left alone. */
const OWN_FILE = /^[0-9a-f]{64}\.(safetensors|json)$/;
const CLAIM = /^[0-9a-f]{64}\.claim$/;
const TEMPORARY = /^[0-9a-f]{64}\.(?:safetensors|json)\.(\d+)-[0-9a-f]{8}\.tmp$/;

/** A half-written file counts as left behind when it was untouched for a minute and its process is gone from this machine, or for a day. */
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * The store's files in order of their names. Files that a running process is writing are not among them.
 * @throws if the folder does not exist
 */
export function storeFiles(store: string): StoreFile[] {
  let names: string[];
  try {
    names = readdirSync(store).sort();
  } catch (error) {
    throw new Error(`the store ${store} cannot be read (${(error as Error).message}): kernel --store names the folder`);
  }
  return names.flatMap((name): StoreFile[] => {
    const path = join(store, name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status?.isFile()) return [];
    const file = { path, bytes: status.size, used: status.mtimeMs };
    const own = OWN_FILE.exec(name);
    if (own) return [{ ...file, kind: own[1] === "json" ? "result" : "block" }];
    const temporary = TEMPORARY.exec(name);
    const left = temporary
      ? isLeftBehind(Number(temporary[1]), Date.now() - status.mtimeMs)
      : CLAIM.test(name) && !isLiveClaim(path);
    return left ? [{ ...file, kind: "leftover" }] : [];
  });
}

const isLeftBehind = (pid: number, age: number): boolean => age > DAY || (age > MINUTE && !processLives(pid));

/** What a verification found. */
export interface StoreReport {
  sound: number;
  /** Blocks of an older format, which are never read again. */
  outdated: number;
  damaged: { path: string; problem: string }[];
}

/** Checks the checksum of every block, and that every other result is JSON. */
export function verifyStore(store: string): StoreReport {
  const report: StoreReport = { sound: 0, outdated: 0, damaged: [] };
  for (const { path, kind } of storeFiles(store)) {
    if (kind === "leftover") continue;
    if (kind === "block" && isOutdated(path)) report.outdated++;
    else {
      const problem = kind === "block" ? blockDamage(path) : jsonDamage(path);
      if (problem === undefined) report.sound++;
      else report.damaged.push({ path, problem });
    }
  }
  return report;
}

export interface GcOptions {
  /** The store's size afterwards, in bytes. Default: without limit. */
  maxSize?: number;
  /** Files that were not used for longer than this go whatever the size, in milliseconds. */
  olderThan?: number;
}

/** What would be deleted, each with the reason, and how much stays. */
export interface GcPlan {
  files: (StoreFile & { reason: string })[];
  freed: number;
  kept: { files: number; bytes: number };
}

/** Chooses files to delete: leftovers and older formats, what was not used for long, then the longest unused until the rest fits. Deletes nothing. */
export function planGc(store: string, { maxSize = Infinity, olderThan = Infinity }: GcOptions = {}): GcPlan {
  const now = Date.now();
  const files: GcPlan["files"] = [];
  const left: StoreFile[] = [];
  for (const file of storeFiles(store)) {
    if (file.kind === "leftover") files.push({ ...file, reason: "left behind by a process that ended" });
    else if (file.kind === "block" && isOutdated(file.path)) files.push({ ...file, reason: "of an older format" });
    else if (now - file.used > olderThan) files.push({ ...file, reason: "unused for too long" });
    else left.push(file);
  }
  left.sort((a, b) => a.used - b.used);
  let bytes = sizeOf(left);
  while (bytes > maxSize) {
    const oldest = left.shift()!;
    bytes -= oldest.bytes;
    files.push({ ...oldest, reason: "longest unused" });
  }
  return { files, freed: sizeOf(files), kept: { files: left.length, bytes } };
}

/** Deletes files; one that is already gone is fine. */
export function deleteFiles(files: readonly Pick<StoreFile, "path">[]): void {
  for (const { path } of files) rmSync(path, { force: true });
}

const sizeOf = (files: readonly StoreFile[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

function isOutdated(path: string): boolean {
  try {
    return formatOf(readSafetensorsHeader(path).metadata) < BLOCK_FORMAT;
  } catch {
    return false;
  }
}

function jsonDamage(path: string): string | undefined {
  try {
    JSON.parse(readFileSync(path, "utf8"));
    return undefined;
  } catch (error) {
    return `it is not JSON (${(error as Error).message.replace(/\s*\n\s*/g, " ")})`;
  }
}
