/** What a sweep's folder has of each run: its result, why it failed, the state of a stopped training, and who is at work on it. */
import { mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFileAtomically } from "../files/atomic-write";
import { hasClaim, isClaimed, watchClaim } from "../store/claim";
import { oneLine } from "../store/folder";
import { fileSlot, jsonFile, readResult } from "../store/remember";
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

export type RunFiles = ReturnType<typeof runFiles>;

/** The files of the runs in a sweep's folder. */
export function runFiles(out: string) {
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
    /** Folder for the state of a training run. */
    state,
    /** The result, read once; undefined if there is none or it is damaged. */
    get(name: string): KeptRun | undefined {
      const found = read.get(name) ?? kept<KeptRun>(join(folder, `${name}.json`));
      if (found) read.set(name, found);
      return found;
    },
    slot: (name: string) => fileSlot(folder, name, jsonFile<KeptRun>()),
    failure: (name: string) => kept<Failure>(failed(name)),
    fail(name: string, error: unknown): void {
      mkdirSync(join(out, "failed"), { recursive: true });
      const failure: Failure = { error: oneLine(error), host: hostname(), time: Date.now() };
      writeFileAtomically(failed(name), JSON.stringify(failure));
    },
    /** Removes what a run needs no more that has a result. */
    tidy(name: string): void {
      for (const path of [state(name), failed(name)]) rmSync(path, { recursive: true, force: true });
    },
    hasClaim: (name: string) => hasClaim(folder, name),
    isClaimed: (name: string) => isClaimed(folder, name),
    watchClaim: (name: string) => watchClaim(folder, name),
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
