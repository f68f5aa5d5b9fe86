/** Runs a sweep: takes what is on disk, can be stopped at any moment, and leaves tidy tables. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, DivergedError } from "../errors";
import type { LanguageModel } from "../experiment/language-model";
import { writeFileAtomically } from "../files/atomic-write";
import { runningSignal } from "../running-cell";
import { fileSlot, jsonFile } from "../store/remember";
import { computeOnce, type Slot } from "../store/slot";
import type { BehaviorResult, BehaviorRun } from "./behavior-record";
import { behaviorCsv } from "./behavior-rows";
import { behaviorMarkdown } from "./behavior-table";
import { inputOf } from "./method-settings";
import { modelName, type Sweep } from "./sweep-file";
import { sweepMarkdown } from "./sweep-findings";
import { perform, type Performed } from "./sweep-methods";
import { sweepPlan, type SweepRun } from "./sweep-plan";
import { chosenRows, plainSettings, sweepCsv, type SweepRow } from "./sweep-table";

/** What a run's file holds. */
interface KeptRun extends Performed {
  seconds: number;
}

export interface RunSweepOptions {
  sweep: Sweep;
  lm: LanguageModel;
  /**
   * Folder for `results.csv`, `chosen.csv` (the rows that dev chooses) and `results.md`, `behavior.csv`, `.md` and `.jsonl` where
   * behaviour is measured, `runs/` (one file each) and `state/` (of a training run that was stopped).
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
 * Several processes may work on one folder: each takes runs that no other is at work on.
 */
export async function runSweep({
  sweep,
  lm,
  out,
  store,
  onProgress,
  signal = runningSignal(),
}: RunSweepOptions): Promise<SweepOutcome> {
  const plan = sweepPlan(sweep, lm);
  const folder = join(out, "runs");
  mkdirSync(folder, { recursive: true });
  const runs = keptRuns(folder);
  const found = new Set(plan.filter(({ name }) => runs.get(name) !== undefined));
  const reused = found.size;
  const outcome = (): SweepOutcome => {
    const results = plan.flatMap((run) => {
      const kept = runs.get(run.name);
      return kept ? [{ run, kept }] : [];
    });
    return {
      rows: results.flatMap(({ run, kept }) => rowsOf(run, kept, lm)),
      behavior: results.flatMap(({ run, kept }) =>
        kept.behavior ? [behaviorResult(run, kept.behavior, sweep, lm)] : [],
      ),
      total: plan.length,
      reused,
      elsewhere: plan.length - results.length,
    };
  };
  let done = reused;
  const report = (share = 0): void => onProgress?.({ done: done + share, total: plan.length, reused });
  report();
  for (const run of plan) {
    signal?.throwIfAborted();
    if (found.has(run)) continue;
    // Another process may have finished it, or two methods may be the same.
    const isThere = runs.get(run.name) !== undefined;
    if (!isThere) {
      const state = join(out, "state", run.name);
      const computed = await computeOnce(runs.slot(run.name), async () => {
        const began = performance.now();
        const performed = await perform(run, { lm, store, signal, state, onShare: report });
        return { ...performed, seconds: Math.round(performance.now() - began) / 1000 };
      });
      if (!computed) continue;
      rmSync(state, { recursive: true, force: true });
    }
    done++;
    report();
    if (!isThere) writeTables(out, outcome(), sweep);
  }
  const whole = outcome();
  writeTables(out, whole, sweep);
  return whole;
}

/** The runs in a folder, each read once. */
function keptRuns(folder: string): { get(name: string): KeptRun | undefined; slot(name: string): Slot<KeptRun> } {
  const read = new Map<string, KeptRun>();
  const get = (name: string): KeptRun | undefined => {
    const path = join(folder, `${name}.json`);
    if (!read.has(name) && existsSync(path)) read.set(name, readRun(path));
    return read.get(name);
  };
  return { get, slot: (name) => fileSlot(folder, name, jsonFile<KeptRun>()) };
}

function readRun(path: string): KeptRun {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as KeptRun;
  } catch (error) {
    throw new CorruptFileError(
      `${path} is damaged (${(error as Error).message}): remove it, and the same command computes it again`,
      { file: path },
    );
  }
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
  { task, examples, k, seed, method, how }: SweepRun,
  { results, seconds }: KeptRun,
  { model }: LanguageModel,
): SweepRow[] =>
  results.map((result) => ({
    task: task.name,
    k,
    seed,
    method,
    kind: how.kind,
    input: inputOf(how),
    ...result,
    metric: task.metric,
    testExamples: examples.test.length,
    modelHash: model.hash,
    seconds,
  }));

/** A measurement under this sweep's names. */
const behaviorResult = (
  { task, examples, k, seed, method, named }: SweepRun,
  behavior: BehaviorRun,
  sweep: Sweep,
  lm: LanguageModel,
): BehaviorResult => ({
  model: modelName(sweep),
  modelHash: lm.model.hash,
  task: task.name,
  k,
  seed,
  method,
  setting: plainSettings(named ?? {}),
  testExamples: examples.test.length,
  ...behavior,
});

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
    const {
      behavior,
      results: [{ error }],
    } = await perform(run, { lm, store, signal, state: "", onShare });
    if (!behavior) throw new DivergedError(`${run.task.name}, seed ${run.seed}, ${run.method}: ${error}`);
    measured.push(behaviorResult(run, behavior, sweep, lm));
  }
  onProgress?.({ done: plan.length, total: plan.length });
  return measured;
}
