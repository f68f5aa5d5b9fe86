/** Compute once, keep on disk: a result's file is named by a hash of everything that the result depends on. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFileAtomically } from "../files/atomic-write";
import { readJson } from "../files/json";
import { runningSignal } from "../running-cell";
import { claim, dropDeadClaim, type Claim } from "./claim";
import { markUsed, oneLine, reportingFullDisk } from "./folder";

/** The name of a result: SHA-256 of everything that it depends on, as JSON. */
export const keyOf = (dependencies: unknown): string =>
  createHash("sha256").update(JSON.stringify(dependencies)).digest("hex");

/** The place of one kept result. */
export interface Slot<T> {
  /** The kept result, or undefined if there is none. A damaged one is reported and counts as missing. */
  read(warn?: (line: string) => void): T | undefined;
  write(result: T): void;
  /** Undefined while another process computes the result. */
  claim(): Claim | undefined;
}

/** How results of one kind are stored as files. */
export interface FileFormat<T> {
  /** What a file holds, for messages. */
  what: string;
  extension: "json" | "safetensors";
  /** @throws if the file is damaged */
  read(path: string): T;
  write(path: string, result: T): void;
}

/** The slot of a file in a folder; reading it counts as use. */
export function fileSlot<T>(folder: string, name: string, { what, extension, read, write }: FileFormat<T>): Slot<T> {
  const path = join(folder, `${name}.${extension}`);
  return {
    read(warn = (line) => void process.stderr.write(`${line}\n`)) {
      if (!existsSync(path)) return undefined;
      try {
        const result = read(path);
        markUsed(path);
        dropDeadClaim(folder, name);
        return result;
      } catch (error) {
        warn(`A stored ${what} is damaged and will be computed again: ${path} (${oneLine(error)})`);
        return undefined;
      }
    },
    write: (result) => reportingFullDisk(folder, () => write(path, result)),
    claim: () => claim(folder, name),
  };
}

/** A result, and whether it was kept before. */
export interface Found<T> {
  result: T;
  reused: boolean;
}

/** The kept result, or the computed one, which is then kept; undefined while another process computes it. */
export async function computeOnce<T>(slot: Slot<T>, compute: () => Promise<T>): Promise<Found<T> | undefined> {
  const kept = slot.read();
  if (kept !== undefined) return { result: kept, reused: true };
  const claimed = slot.claim();
  if (!claimed) return undefined;
  try {
    // Another process may have finished it between the look and the claim.
    const finished = slot.read(() => {});
    if (finished !== undefined) return { result: finished, reused: true };
    const result = await compute();
    slot.write(result);
    return { result, reused: false };
  } finally {
    claimed.release();
  }
}

/** Waits a moment before another look at what other processes are computing. */
export async function pause(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await sleep(200);
}

/** Results as JSON. */
export const jsonFile = <T>(): FileFormat<T> => ({
  what: "result",
  extension: "json",
  read: (path) => readJson(path) as T,
  write: (path, result) => writeFileAtomically(path, JSON.stringify(result)),
});

/**
 * A result as JSON, from disk if it was computed before with the same key, which must name everything that the result
 * depends on. Waits while another process computes it. A damaged file is computed again. Without a store, always computes.
 *
 * @param onReuse called when the result came from disk
 * @param signal stops waiting for another process. Default: that of the running cell
 */
export async function remember<T>(
  store: string | undefined,
  key: unknown,
  compute: () => Promise<T>,
  onReuse?: () => void,
  signal: AbortSignal | undefined = runningSignal(),
): Promise<T> {
  if (store === undefined) return compute();
  const slot = fileSlot(store, keyOf(key), jsonFile<T>());
  for (;;) {
    const found = await computeOnce(slot, compute);
    if (found?.reused) onReuse?.();
    if (found) return found.result;
    await pause(signal);
  }
}
