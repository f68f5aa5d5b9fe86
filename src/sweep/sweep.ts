/** Runs a sweep: takes what is on disk, can be stopped at any moment, and leaves tidy tables. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DivergedError, FullDiskError } from "../errors";
import type { LanguageModel } from "../experiment/language-model";
import { writeFileAtomically } from "../files/atomic-write";
import { runningSignal } from "../running-cell";
import { oneLine } from "../store/folder";
import { computeOnce, pause } from "../store/slot";
import type { BehaviorResult } from "./behavior-record";
import { behaviorCsv } from "./behavior-rows";
import { behaviorMarkdown } from "./behavior-table";
import { inputOf } from "./method-settings";
import { runFiles, type KeptRun } from "./run-files";
import { modelName, type Sweep } from "./sweep-file";
import { sweepMarkdown } from "./sweep-findings";
import { perform, type Performed } from "./sweep-methods";
import { runText, sweepPlan, type SweepRun } from "./sweep-plan";
import { chosenRows, plainSettings, sweepCsv, type SweepRow } from "./sweep-table";

export interface RunSweepOptions {
  sweep: Sweep;
  lm: LanguageModel;
  /**
   * Folder for `results.csv`, `chosen.csv` (the rows that dev chooses) and `results.md`, `behavior.csv`, `.md` and `.jsonl` where
   * behaviour is measured, `runs/` (one file each), `state/` (of a training run that was stopped) and `failed/` (errors).
   */
  out: string;
  /** Folder for kernel blocks, and for the training runs of measurements of behaviour. */
  store?: string;
  /** `done` counts runs, the one at work by its share; `reused` those that were on disk. */
  onProgress?: (progress: { done: number; total: number; reused: number }) => void;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
}

export interface SweepOutcome {
  rows: SweepRow[];
  /** Measurements of kernel behaviour. */
  behavior: BehaviorResult[];
  total: number;
  reused: number;
  /** Runs that another process is at work on: the table is without them. */
  elsewhere: number;
}

/**
 * Runs what is not on disk yet and writes the tables after every run. A run that diverges is a row with its error.
 * Several processes, on several machines too, may work on one folder: each takes runs that no other is at work on, those of a
 * process that was killed last.
 *
 * @throws when all is done, the error of the first run that failed otherwise; at once if a disk is full
 */
export async function runSweep({
  sweep,
  lm,
  out,
  store,
  onProgress,
  signal = runningSignal(),
}: RunSweepOptions): Promise<SweepOutcome> {
  const began = Date.now();
  const plan = sweepPlan(sweep, lm);
  mkdirSync(join(out, "runs"), { recursive: true });
  const files = runFiles(out);
  const missing = plan.filter(({ name }) => files.get(name) === undefined);
  const reused = plan.length - missing.length;
  const outcome = (): SweepOutcome => {
    const results = plan.flatMap((run) => {
      const kept = files.get(run.name);
      return kept ? [{ run, kept }] : [];
    });
    return {
      rows: results.flatMap(({ run, kept }) => rowsOf(run, kept, lm)),
      behavior: results.flatMap(({ run, kept }) => behaviorOf(run, kept, sweep, lm)),
      total: plan.length,
      reused,
      elsewhere: plan.length - results.length,
    };
  };
  /** Another process may write an older table at the same time: the last one to write looks again. */
  const publish = (): SweepOutcome => {
    const now = outcome();
    writeTables(out, now, sweep);
    return outcome().elsewhere < now.elsewhere ? publish() : now;
  };
  let done = reused;
  const report = (share = 0): void => onProgress?.({ done: done + share, total: plan.length, reused });
  const failures: { run: SweepRun; error: unknown }[] = [];

  /** False if another process is at work on the run. */
  const take = async (run: SweepRun): Promise<boolean> => {
    signal?.throwIfAborted();
    // Another process may have finished it, or two methods may be the same.
    const isThere = files.get(run.name) !== undefined;
    if (!isThere) {
      // What failed in another process meanwhile would fail here too.
      if ((files.failure(run.name)?.time ?? 0) >= began) return true;
      try {
        const computed = await computeOnce(files.slot(run.name), async () => {
          const started = performance.now();
          const state = files.state(run.name);
          const performed = await perform(run, { lm, store, signal, state, onShare: report });
          return { ...performed, seconds: Math.round(performance.now() - started) / 1000 };
        });
        if (!computed) return false;
      } catch (error) {
        if (signal?.aborted || error instanceof FullDiskError) throw error;
        failures.push({ run, error });
        files.fail(run.name, error);
        return true;
      }
      files.tidy(run.name);
    }
    done++;
    report();
    if (!isThere) publish();
    return true;
  };

  report();
  const claimed: SweepRun[] = [];
  for (const run of missing) if (files.hasClaim(run.name) || !(await take(run))) claimed.push(run);
  const watched = (run: SweepRun) => ({ run, owner: files.watchClaim(run.name) });
  for (let open = claimed.map(watched); open.length > 0;) {
    const still: typeof open = [];
    for (const one of open) {
      const owner = files.get(one.run.name) ? "none" : one.owner();
      if (owner === "in doubt") still.push(one);
      else if (owner === "none" && !(await take(one.run))) still.push(watched(one.run));
    }
    open = still;
    if (open.length > 0) await pause(signal);
  }
  const whole = publish();
  if (failures.length > 0) throw failed(failures, plan.length, out);
  return whole;
}

/** The first run's error with what it belongs to. */
function failed(failures: readonly { run: SweepRun; error: unknown }[], total: number, out: string): Error {
  const [{ run, error }] = failures;
  const text = `${failures.length} of ${total} runs failed; the first, ${runText(run)}: ${oneLine(error)}`;
  return new Error(`${text}; the same command tries them again, and what is finished is kept in ${out}`, {
    cause: error,
  });
}

function writeTables(out: string, { rows, behavior }: SweepOutcome, sweep: Sweep): void {
  const write = (file: string, text: string): void => writeFileAtomically(join(out, file), text);
  write("results.csv", sweepCsv(rows));
  write("chosen.csv", sweepCsv(chosenRows(rows)));
  write("results.md", sweepMarkdown(rows, modelName(sweep)));
  if (behavior.length === 0) return;
  write("behavior.csv", behaviorCsv(behavior));
  write("behavior.jsonl", behavior.map((result) => `${JSON.stringify(result)}\n`).join(""));
  write("behavior.md", behaviorMarkdown(behavior));
}

/** A run's rows, under the names that this sweep has for its method, which are no part of its key. */
const rowsOf = (
  { task: { name: task, metric }, examples, k, seed, method, how }: SweepRun,
  { results }: KeptRun,
  { model: { hash: modelHash } }: LanguageModel,
): SweepRow[] => {
  const own = { task, k, seed, method, kind: how.kind, input: inputOf(how) };
  return results.map((result) => ({ ...own, ...result, metric, testExamples: examples.test.length, modelHash }));
};

/** A run's measurement, if it has one, under this sweep's names. */
function behaviorOf(
  { task, examples, k, seed, method, named = {} }: SweepRun,
  { behavior }: Performed,
  sweep: Sweep,
  { model: { hash: modelHash } }: LanguageModel,
): BehaviorResult[] {
  if (!behavior) return [];
  const [setting, testExamples] = [plainSettings(named), examples.test.length];
  return [{ model: modelName(sweep), modelHash, task: task.name, k, seed, method, setting, testExamples, ...behavior }];
}

export interface MeasureSweepOptions extends Pick<RunSweepOptions, "sweep" | "lm" | "store" | "signal"> {
  /** Counts measurements, the one at work by its share. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/**
 * A sweep's measurements of kernel behaviour, without a folder of results. With a store, finished measurements come from it.
 * @throws DivergedError naming the run if every learning rate of one diverges
 */
export async function measureSweep({
  sweep,
  lm,
  store,
  onProgress,
  signal = runningSignal(),
}: MeasureSweepOptions): Promise<BehaviorResult[]> {
  const plan = sweepPlan(sweep, lm).filter(({ how }) => how.kind === "behavior");
  const measured: BehaviorResult[] = [];
  for (const run of plan) {
    const onShare = (share: number): void => onProgress?.({ done: measured.length + share, total: plan.length });
    // Only runs of plain fine-tuning keep a state.
    const performed = await perform(run, { lm, store, signal, state: "", onShare });
    const results = behaviorOf(run, performed, sweep, lm);
    if (results.length === 0)
      throw new DivergedError(`${run.task.name}, seed ${run.seed}, ${run.method}: ${performed.results[0].error}`);
    measured.push(...results);
  }
  onProgress?.({ done: plan.length, total: plan.length });
  return measured;
}
