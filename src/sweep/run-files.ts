/** What a sweep's folder has of each run: its result, why it failed, the state of a stopped training, and who is at work on it. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFileAtomically } from "../files/atomic-write";
import { hasClaim, isClaimed, watchClaim } from "../store/claim";
import { oneLine } from "../store/folder";
import { fileSlot, jsonFile, readResult } from "../store/remember";
import type { Slot } from "../store/slot";
import type { Performed } from "./sweep-methods";
import { runText, type SweepRun } from "./sweep-plan";

/** What a run's file holds. */
export interface KeptRun extends Performed {
  /** Time that the run took. */
  seconds: number;
}

/** Why a run has no result: an error other than divergence, which is a result. */
interface Failure {
  error: string;
  host: string;
  /** When it failed, as {@link Date.now} tells. */
  time: number;
}

export interface RunFiles {
  /** The result, read once; undefined if there is none or it is damaged. */
  get(name: string): KeptRun | undefined;
  slot(name: string): Slot<KeptRun>;
  /** Folder for the state of a training run. */
  state(name: string): string;
  failure(name: string): Failure | undefined;
  fail(name: string, error: unknown): void;
  /** Removes what a run needs no more that has a result. */
  tidy(name: string): void;
  /** As in `store/claim.ts`. */
  hasClaim(name: string): boolean;
  isClaimed(name: string): boolean;
  watchClaim(name: string): ReturnType<typeof watchClaim>;
}

/** The files of the runs in a sweep's folder. */
export function runFiles(out: string): RunFiles {
  const folder = join(out, "runs");
  const read = new Map<string, KeptRun>();
  const kept = <T>(path: string): T | undefined => {
    try {
      return readResult<T>(path);
    } catch {
      return undefined;
    }
  };
  const state = (name: string): string => join(out, "state", name);
  const failed = (name: string): string => join(out, "failed", `${name}.json`);
  return {
    state,
    get(name) {
      const found = read.get(name) ?? kept<KeptRun>(join(folder, `${name}.json`));
      if (found) read.set(name, found);
      return found;
    },
    slot: (name) => fileSlot(folder, name, jsonFile<KeptRun>()),
    failure: (name) => kept<Failure>(failed(name)),
    fail(name, error) {
      mkdirSync(join(out, "failed"), { recursive: true });
      const failure: Failure = { error: oneLine(error), host: hostname(), time: Date.now() };
      writeFileAtomically(failed(name), JSON.stringify(failure));
    },
    tidy(name) {
      for (const path of [state(name), failed(name)])
        if (existsSync(path)) rmSync(path, { recursive: true, force: true });
    },
    hasClaim: (name) => hasClaim(folder, name),
    isClaimed: (name) => isClaimed(folder, name),
    watchClaim: (name) => watchClaim(folder, name),
  };
}

/** How far a run is. */
export interface RunStatus {
  run: SweepRun;
  state: "done" | "running" | "failed" | "left";
  /** Of a failed one: what went wrong, and on which machine. */
  error?: string;
  /** Of one with a result. */
  seconds?: number;
}

/** How far each run is, from the files in a sweep's folder. A run that diverged has a result, and has failed all the same. */
export function runStatus(run: SweepRun, files: RunFiles): RunStatus {
  const { name } = run;
  const kept = files.get(name);
  if (kept) {
    const error = kept.results.find((result) => result.error !== undefined)?.error;
    return { run, state: error === undefined ? "done" : "failed", error, seconds: kept.seconds };
  }
  if (files.isClaimed(name)) return { run, state: "running" };
  if (files.hasClaim(name))
    return {
      run,
      state: "failed",
      error: "its process ended without a result: it was killed, ran out of memory, or its machine was lost",
    };
  const failure = files.failure(name);
  if (!failure) return { run, state: "left" };
  return { run, state: "failed", error: `${failure.error} (on ${failure.host})` };
}

/** What a run and its failure are called in a message. */
export const failureText = ({ run, error }: RunStatus): string => `${runText(run)}: ${error}`;
