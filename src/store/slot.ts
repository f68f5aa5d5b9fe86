/** Compute once: a result is named by a hash of everything that it depends on, and kept in a slot. */
import { sha256Hex } from "../sha256";

/** Increase when the meaning or precision of kept numbers, or the way they are stored, changes: older files are then not read. */
export const TENSOR_FORMAT = 6;

/** The name of a result: SHA-256 of everything that it depends on, as JSON. */
export const keyOf = (dependencies: unknown): string => sha256Hex(JSON.stringify(dependencies));

/** The right to compute a result, which one process has at a time. */
export interface Claim {
  release(): void;
}

/** The place of one kept result. */
export interface Slot<T> {
  /** The kept result, or undefined if there is none. A damaged one is reported and counts as missing. */
  read(warn?: (line: string) => void): T | undefined;
  write(result: T): void;
  /** Undefined while another process computes the result. */
  claim(): Claim | undefined;
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
  await new Promise((resolve) => setTimeout(resolve, 200));
}
