/** Runs a sweep: skips what is on disk, can be stopped at any moment, and leaves tidy tables. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DivergedError } from "../errors";
import { sortedSettings, trainingConfigOf } from "../finetune/fine-tune";
import { TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { claimBlock } from "../kernels/block-claim";
import { FORMULAS, type Formula } from "../kernels/formula";
import { writeFileAtomically } from "../files/atomic-write";
import { runningSignal } from "../running-cell";
import type { BehaviorRun } from "./behavior-record";
import { behaviorCsv, behaviorRows, behaviorSummary, type BehaviorResult } from "./behavior-table";
import { readFewShot } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { markdownTable } from "./result-table";
import {
  inputOf,
  learningRatesOf,
  modelName,
  trainingGrid,
  type BehaviorMethod,
  type KernelMethod,
  type Sweep,
  type SweepMethod,
  type SweepTask,
} from "./sweep-file";
import { sweepMarkdown } from "./sweep-findings";
import { computedFormulas, perform, plainSettings, type Performed, type SweepRun } from "./sweep-methods";
import { chosenRows, sweepCsv, type SweepRow } from "./sweep-table";

export type { SweepRun } from "./sweep-methods";

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

/** Increase when the meaning of kept runs changes. */
const FORMAT = 2;

/** The sweep's runs in order: task by task, k by k, seed by seed, method by method. Reads the examples; computes nothing. */
export function sweepPlan(
  { tasks, k: sizes, seeds, testExamples, methods }: Sweep,
  { model, directory }: LanguageModel,
): SweepRun[] {
  const tokenizer = createHash("sha256")
    .update(readFileSync(join(directory, "tokenizer.json")))
    .digest("hex");
  const plan = ({ task, data }: SweepTask, k: number, seed: number): SweepRun[] => {
    const examples = readFewShot(data, task, { k, seed, testExamples });
    const drawn = createHash("sha256").update(JSON.stringify(examples)).digest("hex");
    const own = Object.entries(methods).filter(([, { tasks: only }]) => only === undefined || only.includes(task.name));
    const run = (method: string, how: SweepMethod, named?: Partial<TrainingSettings>): SweepRun => {
      const training = named && ({ seed, metric: task.metric, ...named } as TrainingSettings);
      const key = training
        ? [
            how.kind === "behavior" ? measuredBy(how) : how.kind,
            startOf(how),
            sortedSettings(trainingConfigOf(rated(training, how))),
          ]
        : [{ ...how, tasks: undefined }];
      const name = createHash("sha256")
        .update(JSON.stringify([FORMAT, model.hash, tokenizer, task, drawn, k, seed, key]))
        .digest("hex")
        .slice(0, 32);
      return {
        name,
        task,
        examples,
        k,
        seed,
        method,
        how,
        training,
        named,
        formulas:
          how.kind === "kernel"
            ? together(
                how,
                own.map(([, other]) => other),
              )
            : undefined,
      };
    };
    return own.flatMap(([method, how]) => {
      if (how.kind !== "fine-tuning" && how.kind !== "behavior") return [run(method, how)];
      return trainingGrid(how).map((settings) => run(method, how, settings));
    });
  };
  return tasks.flatMap((task) => sizes.flatMap((k) => seeds.flatMap((seed) => plan(task, k, seed))));
}

/** The formulas of all kernels that are of the same gradients, in their order. */
function together(how: KernelMethod, methods: readonly SweepMethod[]): Formula[] {
  const gradients = ({ input, outputs, parameters }: KernelMethod): string =>
    JSON.stringify([input, outputs, parameters]);
  const all = new Set(
    methods.flatMap((other) =>
      other.kind === "kernel" && gradients(other) === gradients(how) ? computedFormulas(other) : [],
    ),
  );
  return FORMULAS.filter((formula) => all.has(formula));
}

/** Of a behaviour method, all but the settings of its training runs; their learning rates are among it. */
const measuredBy = (how: BehaviorMethod): unknown[] =>
  Object.entries(how)
    .filter(([name]) => name === "learningRate" || (name !== "tasks" && !(TRAINING_FIELDS as string[]).includes(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Settings with the first of a behaviour method's learning rates. */
const rated = (training: TrainingSettings, how: SweepMethod): TrainingSettings =>
  how.kind === "behavior" ? { ...training, learningRate: learningRatesOf(how)[0] } : training;

/** What else a training run depends on. */
const startOf = (how: SweepMethod): unknown[] =>
  how.kind === "fine-tuning" || how.kind === "behavior"
    ? [how.input, how.input === "text" ? how.head : undefined, how.fromProbe]
    : [];

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
  const path = ({ name }: SweepRun): string => join(folder, `${name}.json`);
  const found = new Set(plan.filter((run) => existsSync(path(run))));
  const reused = found.size;
  const outcome = (): SweepOutcome => {
    const results = plan
      .filter((run) => existsSync(path(run)))
      .map((run) => {
        const kept = readRun(path(run));
        return {
          rows: rowsOf(run, kept, lm),
          behavior: kept.behavior && behaviorResult(run, kept.behavior, sweep, lm),
        };
      });
    return {
      rows: results.flatMap(({ rows }) => rows),
      behavior: results.flatMap(({ behavior }) => behavior ?? []),
      total: plan.length,
      reused,
      elsewhere: plan.length - results.length,
    };
  };
  const writeTable = (): void => {
    const { rows, behavior } = outcome();
    const write = (file: string, text: string): void =>
      writeFileAtomically(join(out, file), (append) => append(Buffer.from(text)));
    write("results.csv", sweepCsv(rows));
    write("chosen.csv", sweepCsv(chosenRows(rows)));
    write("results.md", sweepMarkdown(rows, modelName(sweep)));
    if (behavior.length === 0) return;
    write("behavior.csv", behaviorCsv(behavior));
    write("behavior.jsonl", behavior.map((result) => `${JSON.stringify(result)}\n`).join(""));
    write(
      "behavior.md",
      `Protocol: \`docs/protocol.md\`; columns: \`docs/behavior.md\`.\n\n${markdownTable(behaviorRows(behavior))}\n${markdownTable(behaviorSummary(behavior))}`,
    );
  };
  let done = reused;
  const report = (share = 0): void => onProgress?.({ done: done + share, total: plan.length, reused });
  report();
  for (const run of plan) {
    signal?.throwIfAborted();
    if (found.has(run)) continue;
    // Another process may have finished it, or two methods may be the same.
    if (existsSync(path(run))) {
      done++;
      report();
      continue;
    }
    const claim = claimBlock(folder, run.name);
    if (!claim) continue;
    try {
      const began = performance.now();
      const performed = await perform(run, { lm, store, signal, state: join(out, "state", run.name), onShare: report });
      const kept: KeptRun = { ...performed, seconds: Math.round(performance.now() - began) / 1000 };
      writeFileAtomically(path(run), (append) => append(Buffer.from(JSON.stringify(kept))));
      rmSync(join(out, "state", run.name), { recursive: true, force: true });
    } finally {
      claim.release();
    }
    done++;
    report();
    writeTable();
  }
  writeTable();
  return outcome();
}

function readRun(path: string): KeptRun {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as KeptRun;
  } catch (error) {
    throw new Error(
      `${path} is damaged (${(error as Error).message}): remove it, and the same command computes it again`,
    );
  }
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

export interface MeasureSweepOptions extends Pick<RunSweepOptions, "sweep" | "lm" | "signal"> {
  /** Counts measurements, the one at work by its share. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** A sweep's measurements of kernel behaviour, made now: nothing comes from disk, and nothing is kept there. */
export async function measureSweep({
  sweep,
  lm,
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
    } = await perform(run, { lm, signal, state: "", onShare });
    if (!behavior) throw new DivergedError(`${run.task.name}, seed ${run.seed}, ${run.method}: ${error}`);
    measured.push(behaviorResult(run, behavior, sweep, lm));
  }
  onProgress?.({ done: plan.length, total: plan.length });
  return measured;
}
