/** Garbage collection and verification: what a store holds, what is sound, what may go. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { processLives } from "../files/download";
import { isLiveClaim } from "./claim";
import { oneLine, problemOf } from "./folder";
import { readResult } from "./remember";
import { isOutdated, readTensors } from "./tensor-file";

export interface StoreFile {
  path: string;
  /** A kernel block (safetensors), another result (JSON), or what a killed process left: a claim or a half-written file. */
  kind: "block" | "result" | "leftover";
  bytes: number;
  /** Last use, in milliseconds since 1970: reading renews it. */
  used: number;
}

/** Files named by a hash are the store's; other files in the folder are left alone. */
const OWN_FILE = /^[0-9a-f]{64}\.(safetensors|json)$/;
const CLAIM = /^[0-9a-f]{64}\.claim$/;
const TEMPORARY = /^[0-9a-f]{64}\.(?:safetensors|json)\.(\d+)-[0-9a-f]{8}\.tmp$/;

/** A half-written file is a leftover after a minute if its process no longer runs on this machine, after a day in any case. */
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * The store's files in order of their names, without those that a running process is writing.
 * @throws {InputError} if the folder cannot be read
 */
export function storeFiles(store: string): StoreFile[] {
  let names: string[];
  try {
    names = readdirSync(store).sort();
  } catch (error) {
    throw new InputError(`the store ${store} cannot be read (${oneLine(error)}): name its folder with --store`, {
      file: store,
    });
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
      ? isLeftBehind(Number(temporary[1]), Math.abs(Date.now() - status.mtimeMs))
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

/** Checks every block's checksum, and that every other result is JSON. */
export function verifyStore(store: string): StoreReport {
  const report: StoreReport = { sound: 0, outdated: 0, damaged: [] };
  for (const { path, kind } of storeFiles(store)) {
    if (kind === "leftover") continue;
    if (kind === "block" && isOutdated(path)) report.outdated++;
    else {
      const problem = problemOf(() => (kind === "block" ? readTensors(path) : readResult(path)));
      if (problem === undefined) report.sound++;
      else report.damaged.push({ path, problem });
    }
  }
  return report;
}

export interface GcOptions {
  /** The store's size afterwards, in bytes. Default: no limit. */
  maxSize?: number;
  /** Files unused for longer than this, in milliseconds, go in any case. Default: no limit. */
  olderThan?: number;
}

/** What would be deleted, each with the reason, and how much stays. */
export interface GcPlan {
  files: (StoreFile & { reason: string })[];
  freed: number;
  kept: { files: number; bytes: number };
}

/** Chooses files to delete: leftovers, older formats, files unused for too long, then the longest unused until the rest fits. Deletes nothing. */
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
