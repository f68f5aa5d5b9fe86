/** Claims: who computes a block right now, so that several processes on one store share the work instead of doing it twice. */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { inStore, markUsed } from "./block-file";

/** A claim is renewed this often, and counts no more when it was not renewed for so long: milliseconds. */
const RENEWAL = 10_000;
const EXPIRY = 120_000;

export interface Claim {
  release(): void;
}

interface ClaimFile {
  pid: number;
  host: string;
  token: string;
}

const claimPath = (store: string, name: string): string => join(store, `${name}.claim`);

/**
 * Claims a block, or returns undefined if another process computes it. A claim is a courtesy and no lock: where two
 * processes take over the same dead one's claim at once, both compute the block and write the same bytes.
 */
export function claimBlock(store: string, name: string): Claim | undefined {
  const path = claimPath(store, name);
  const token = randomUUID();
  if (!create(store, path, token)) {
    if (isLiveClaim(path)) return undefined;
    rmSync(path, { force: true });
    if (!create(store, path, token)) return undefined;
  }
  const renewal = setInterval(() => markUsed(path), RENEWAL);
  renewal.unref();
  return {
    release() {
      clearInterval(renewal);
      if (readClaim(path)?.token === token) rmSync(path, { force: true });
    },
  };
}

/** Removes the claim of a process that was killed after it had stored the block: a stored block is not claimed again. */
export function dropDeadClaim(store: string, name: string): void {
  const path = claimPath(store, name);
  if (existsSync(path) && !isLiveClaim(path)) rmSync(path, { force: true });
}

/** Whether somebody computes this block. */
export const isClaimed = (store: string, name: string): boolean => isLiveClaim(claimPath(store, name));

/** Whether a claim's process is at work: on this machine by its id, on others by the claim's last renewal. */
export function isLiveClaim(path: string): boolean {
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity);
  if (age > EXPIRY) return false;
  const claim = readClaim(path);
  return claim?.host !== hostname() || processLives(claim.pid);
}

/** Whether a process with this id runs on this machine. */
export function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** False if the file is already there. */
function create(store: string, path: string, token: string): boolean {
  const content: ClaimFile = { pid: process.pid, host: hostname(), token };
  return inStore(store, () => {
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

/** Undefined if it is gone, or not yet written to its end. */
function readClaim(path: string): ClaimFile | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ClaimFile;
  } catch {
    return undefined;
  }
}
