/** Claims: which process computes a result right now, so that processes with one folder share the work. */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processLives } from "../files/download";
import { runningSignal } from "../running-cell";
import { markUsed, reportingFullDisk } from "./folder";
import type { Claim } from "./slot";

/** A claim is renewed at this interval, and expires this long after its last renewal, in milliseconds. */
const RENEWAL = 10_000;
const EXPIRY = 120_000;

interface ClaimFile {
  pid: number;
  host: string;
  token: string;
}

const claimPath = (folder: string, name: string): string => join(folder, `${name}.claim`);

/**
 * Claims a result, or returns undefined if another process computes it. Makes the folder if needed. A claim is no lock:
 * if two processes take over a dead one's claim at the same time, both compute the result and write the same bytes.
 */
export function claim(folder: string, name: string): Claim | undefined {
  const path = claimPath(folder, name);
  const token = randomUUID();
  if (!create(folder, path, token)) {
    if (isLiveClaim(path)) return undefined;
    rmSync(path, { force: true });
    if (!create(folder, path, token)) return undefined;
  }
  const renewal = setInterval(() => markUsed(path), RENEWAL);
  renewal.unref();
  // A cell that is terminated never gets to release its claims.
  const signal = runningSignal();
  const release = (): void => {
    clearInterval(renewal);
    signal?.removeEventListener("abort", release);
    if (readClaim(path)?.token === token) rmSync(path, { force: true });
  };
  signal?.addEventListener("abort", release);
  return { release };
}

/** Removes the claim of a process that was killed after it had stored its result: a stored result is not claimed again. */
export function dropDeadClaim(folder: string, name: string): void {
  const path = claimPath(folder, name);
  if (existsSync(path) && !isLiveClaim(path)) rmSync(path, { force: true });
}

/** Whether there is a claim, of a living process or of a dead one. */
export const hasClaim = (folder: string, name: string): boolean => existsSync(claimPath(folder, name));

/**
 * Watches another process's claim: the answer is "in doubt" until the claim is renewed (its process "lives") or not renewed for
 * so long that it counts no more ("none"). A process id alone tells only who is dead: containers have the same ids.
 */
export function watchClaim(folder: string, name: string): () => "lives" | "none" | "in doubt" {
  const path = claimPath(folder, name);
  const seen = renewalOf(path);
  return () => (!isLiveClaim(path) ? "none" : renewalOf(path) !== seen ? "lives" : "in doubt");
}

const renewalOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;

/** Whether a process computes this result. */
export const isClaimed = (folder: string, name: string): boolean => isLiveClaim(claimPath(folder, name));

/**
 * Whether a claim's process runs: on this machine by its id, on others by the claim's last renewal. A renewal in the future
 * is as old as one in the past: a clock was wrong, and the claim would hold until then.
 */
export function isLiveClaim(path: string): boolean {
  if (Math.abs(Date.now() - renewalOf(path)) > EXPIRY) return false;
  const claim = readClaim(path);
  return claim?.host !== hostname() || processLives(claim.pid);
}

/** False if the file is already there. */
function create(folder: string, path: string, token: string): boolean {
  const content: ClaimFile = { pid: process.pid, host: hostname(), token };
  return reportingFullDisk(folder, () => {
    mkdirSync(folder, { recursive: true });
    let file: number;
    try {
      file = openSync(path, "wx");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    try {
      writeSync(file, JSON.stringify(content));
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  });
}

/** Undefined if the claim is gone or not yet fully written. */
function readClaim(path: string): ClaimFile | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ClaimFile;
  } catch {
    return undefined;
  }
}
