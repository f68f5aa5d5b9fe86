/** Runs a sweep: skips what is on disk, can be stopped at any moment, and leaves one tidy table. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DIVERGED, evaluateHeadSteps, fineTune, sortedSettings, trainingConfigOf, type HeadScores, type TrainingRecord } from "../finetune/fine-tune";
import { linearProbeSteps } from "../finetune/linear-probe";
import { TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { claimBlock } from "../kernels/block-claim";
import { writeFileAtomically } from "../model/atomic-write";
import { tf } from "../model/backend";
import { classifierHead, tanhClassifierHead, withClassifier, withTanhClassifier, type Head } from "../model/head";
import type { Model } from "../model/model";
import { logitOutputs, marginOutput } from "../kernels/outputs";
import { runningSignal } from "../running-cell";
import { runSteps, runToEnd } from "../steps";
import type { Example } from "../tasks/example";
import type { Split, Task } from "../tasks/task";
import type { BehaviorRun } from "./behavior-record";
import { behaviorRun } from "./behavior-run";
import { behaviorCsv, behaviorRows, behaviorSummary, type BehaviorResult } from "./behavior-table";
import { encodeExamples, readFewShot, type Inputs } from "./inputs";
import type { LanguageModel } from "./language-model";
import { promptOutputs } from "./outputs";
import { markdownTable } from "./result-table";
import { settingsOf, solveKernelsSteps } from "./solve-kernels";
import { splitKernels } from "./split-kernels";
import { kernelChoices, kernelGrid, learningRatesOf, modelName, trainingGrid, type BehaviorMethod, type Sweep, type SweepMethod, type SweepTask } from "./sweep-file";
import { sweepCsv, type SettingValue, type SweepRow } from "./sweep-table";

/** One piece of work, kept as one file: a training run, a kernel with all settings of its solver, a measurement of kernel behaviour, a probe, or zero-shot. */
export interface SweepRun {
  /** Hash of everything that the result depends on. */
  name: string;
  task: Task;
  examples: Record<Split, Example[]>;
  k: number;
  seed: number;
  method: string;
  how: SweepMethod;
  /** Of fine-tuning and behaviour (there without a learning rate): the settings in full, and those that the method names. */
  training?: TrainingSettings;
  named?: Partial<TrainingSettings>;
}

/** What a run's file holds. */
interface SweepResult {
  rows: SweepRow[];
  /** Of fine-tuning. */
  history?: TrainingRecord[];
  behavior?: BehaviorRun;
}

export interface RunSweepOptions {
  sweep: Sweep;
  lm: LanguageModel;
  /** Folder for `results.csv`, `behavior.csv`, `.md` and `.jsonl` where behaviour is measured, `runs/` (one file each) and `state/` (of a training run that was stopped). */
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
const FORMAT = 1;

/** The sweep's runs in order: task by task, k by k, seed by seed, method by method. Reads the examples; computes nothing. */
export function sweepPlan({ tasks, k: sizes, seeds, testExamples, methods }: Sweep, { model, directory }: LanguageModel): SweepRun[] {
  const tokenizer = createHash("sha256").update(readFileSync(join(directory, "tokenizer.json"))).digest("hex");
  const plan = ({ task, data }: SweepTask, k: number, seed: number): SweepRun[] => {
    const examples = readFewShot(data, task, { k, seed, testExamples });
    const drawn = createHash("sha256").update(JSON.stringify(examples)).digest("hex");
    const run = (method: string, how: SweepMethod, named?: Partial<TrainingSettings>): SweepRun => {
      const training = named && ({ seed, metric: task.metric, ...named } as TrainingSettings);
      const key = training ? [how.kind === "behavior" ? measuredBy(how) : how.kind, inputOf(how), sortedSettings(trainingConfigOf(rated(training, how)))] : [how];
      const name = createHash("sha256").update(JSON.stringify([FORMAT, model.hash, tokenizer, task, drawn, k, seed, key])).digest("hex").slice(0, 32);
      return { name, task, examples, k, seed, method, how, training, named };
    };
    return Object.entries(methods).flatMap(([method, how]) => {
      if (how.kind !== "fine-tuning" && how.kind !== "behavior") return [run(method, how)];
      return trainingGrid(how).map((settings) => run(method, how, settings));
    });
  };
  return tasks.flatMap((task) => sizes.flatMap((k) => seeds.flatMap((seed) => plan(task, k, seed))));
}

/** Of a behaviour method, all but the settings of its training runs; their learning rates are among it. */
const measuredBy = (how: BehaviorMethod): unknown[] =>
  Object.entries(how).filter(([name]) => name === "learningRate" || !(TRAINING_FIELDS as string[]).includes(name)).sort(([a], [b]) => (a < b ? -1 : 1));

/** Settings with the first of a behaviour method's learning rates. */
const rated = (training: TrainingSettings, how: SweepMethod): TrainingSettings => (how.kind === "behavior" ? { ...training, learningRate: learningRatesOf(how)[0] } : training);

const inputOf = (how: SweepMethod): unknown[] => (how.kind === "fine-tuning" || how.kind === "behavior" ? [how.input, how.input === "text" ? how.head : undefined, how.fromProbe] : []);

/**
 * Runs what is not on disk yet and writes `results.csv` after every run. A run that diverges is a row with its error.
 * Several processes may work on one folder: each takes runs that no other is at work on.
 */
export async function runSweep({ sweep, lm, out, store, onProgress, signal = runningSignal() }: RunSweepOptions): Promise<SweepOutcome> {
  const plan = sweepPlan(sweep, lm);
  const folder = join(out, "runs");
  mkdirSync(folder, { recursive: true });
  const path = ({ name }: SweepRun): string => join(folder, `${name}.json`);
  const found = new Set(plan.filter((run) => existsSync(path(run))));
  const reused = found.size;
  const outcome = (): SweepOutcome => {
    const results = plan.filter((run) => existsSync(path(run))).map((run) => {
      const { rows, behavior } = readResult(path(run), run);
      return { rows, behavior: behavior && behaviorResult(run, behavior, sweep, lm) };
    });
    return { rows: results.flatMap(({ rows }) => rows), behavior: results.flatMap(({ behavior }) => behavior ?? []), total: plan.length, reused, elsewhere: plan.length - results.length };
  };
  const writeTable = (): void => {
    const { rows, behavior } = outcome();
    const write = (file: string, text: string): void => writeFileAtomically(join(out, file), (append) => append(Buffer.from(text)));
    write("results.csv", sweepCsv(rows));
    if (behavior.length === 0) return;
    write("behavior.csv", behaviorCsv(behavior));
    write("behavior.jsonl", behavior.map((result) => `${JSON.stringify(result)}\n`).join(""));
    write("behavior.md", `${markdownTable(behaviorRows(behavior))}\n${markdownTable(behaviorSummary(behavior))}`);
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
      const result = await perform(run, { lm, store, signal, state: join(out, "state", run.name), onShare: report });
      writeFileAtomically(path(run), (append) => append(Buffer.from(JSON.stringify(result))));
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

/** A stored result under this sweep's name for the method, which is no part of its key. */
function readResult(path: string, { method }: SweepRun): SweepResult {
  try {
    const { rows, ...rest } = JSON.parse(readFileSync(path, "utf8")) as SweepResult;
    return { rows: rows.map((row) => ({ ...row, method })), ...rest };
  } catch (error) {
    throw new Error(`${path} is damaged (${(error as Error).message}): remove it, and the same command computes it again`);
  }
}

/** A measurement under this sweep's names. */
const behaviorResult = ({ task, examples, k, seed, method, named }: SweepRun, behavior: BehaviorRun, sweep: Sweep, lm: LanguageModel): BehaviorResult => ({
  model: modelName(sweep), modelHash: lm.model.hash, task: task.name, k, seed, method,
  setting: plainSettings(named ?? {}),
  testExamples: examples.test.length,
  ...behavior,
});

export interface MeasureSweepOptions extends Pick<RunSweepOptions, "sweep" | "lm" | "signal"> {
  /** Counts measurements, the one at work by its share. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** A sweep's measurements of kernel behaviour, made now: nothing comes from disk, and nothing is kept there. */
export async function measureSweep({ sweep, lm, onProgress, signal = runningSignal() }: MeasureSweepOptions): Promise<BehaviorResult[]> {
  const plan = sweepPlan(sweep, lm).filter(({ how }) => how.kind === "behavior");
  const results: BehaviorResult[] = [];
  for (const run of plan) {
    const onShare = (share: number): void => onProgress?.({ done: results.length + share, total: plan.length });
    // Only runs of plain fine-tuning keep a state.
    const { behavior, rows } = await perform(run, { lm, signal, state: "", onShare });
    if (!behavior) throw Object.assign(new Error(`${run.task.name}, seed ${run.seed}, ${run.method}: ${rows[0].error}`), { name: DIVERGED });
    results.push(behaviorResult(run, behavior, sweep, lm));
  }
  onProgress?.({ done: plan.length, total: plan.length });
  return results;
}

interface Circumstances {
  lm: LanguageModel;
  store?: string;
  signal?: AbortSignal;
  /** Folder for the state of a training run. */
  state: string;
  onShare: (share: number) => void;
}

async function perform(run: SweepRun, around: Circumstances): Promise<SweepResult> {
  const { task, k, seed, method, how, training, named } = run;
  const began = performance.now();
  const row = (setting: Record<string, unknown>, scores: Partial<SweepRow>): SweepRow => ({
    task: task.name, k, seed, method,
    setting: plainSettings(setting),
    ...scores,
    seconds: Math.round(performance.now() - began) / 1000,
  });
  if (how.kind === "kernel") {
    const solved = await performKernel(run, how, around);
    return { rows: solved.map(({ setting, scores }) => row(setting, scores)) };
  }
  const { model, head, inputs, dispose } = startOf(run, around.lm);
  try {
    // Not stopped: a training run that has ended would be lost.
    const scoresOf = async (current: Model): Promise<Partial<SweepRow>> => {
      const scored = (split: Split): Promise<HeadScores> => runToEnd(evaluateHeadSteps(current, head, inputs[split], task.metric));
      const [dev, test] = [await scored("dev"), await scored("test")];
      return { dev: dev.score, test: test.score, devAccuracy: dev.accuracy, testAccuracy: test.accuracy };
    };
    if (how.kind === "zero-shot") return { rows: [row({}, await scoresOf(model))] };
    const probe = how.kind === "linear-probe" || how.fromProbe ? await runSteps(linearProbeSteps(model, head, inputs.train), around.signal) : undefined;
    try {
      if (how.kind === "linear-probe") return { rows: [row({ inversePenalty: probe!.inversePenalty }, await scoresOf(probe!.model))] };
      if (how.kind === "behavior") {
        const behavior = await performBehavior(run, how, { model: probe?.model ?? model, head, inputs }, around);
        const { step, distance, dev, test, devAccuracy, testAccuracy } = behavior.tuned;
        return { rows: [row({ ...named, learningRate: behavior.learningRate }, { dev, test, devAccuracy, testAccuracy, bestStep: step, distance })], behavior };
      }
      const { train, dev } = inputs;
      const onProgress = ({ done, total }: { done: number; total: number }): void => around.onShare(done < total ? done / total : 0.99);
      const tuned = await fineTune({ ...training!, model: probe?.model ?? model, head, train, dev, stateDirectory: around.state, saveEvery: Infinity, onProgress, signal: around.signal });
      const { step, distance } = tuned.best;
      try {
        return { rows: [row({ ...named }, { ...(await scoresOf(tuned.model)), bestStep: step, distance })], history: tuned.history };
      } finally {
        tuned.dispose();
      }
    } finally {
      probe?.dispose();
    }
  } catch (error) {
    if ((error as Error).name !== DIVERGED) throw error;
    return { rows: [row({ ...named }, { error: (error as Error).message })] };
  } finally {
    dispose();
  }
}

const plainSettings = (setting: Record<string, unknown>): Record<string, SettingValue> =>
  Object.fromEntries(Object.entries(setting).filter(([, value]) => value !== undefined).map(([name, value]) => [name, plain(value)]));

/** A setting as one cell of the table; JSON has no infinity. */
const plain = (value: unknown): SettingValue => (value === Infinity ? "inf" : typeof value === "object" && value !== null ? JSON.stringify(value) : (value as SettingValue));

function performBehavior({ task, method, training }: SweepRun, how: BehaviorMethod, { model, head, inputs }: Started, { store, signal, onShare }: Circumstances): Promise<BehaviorRun> {
  const classes = task.labels.length;
  if (how.outputs === "margin") checkMargin(method, task);
  const margin = (how.outputs ?? (classes === 2 ? "margin" : "logits")) === "margin";
  return behaviorRun({
    ...training!,
    model,
    outputs: margin ? marginOutput(head) : logitOutputs(head, classes),
    ...inputs,
    learningRates: learningRatesOf(how),
    kernels: kernelChoices(how),
    featureExamples: how.featureExamples,
    featuresAlong: how.featuresAlong,
    store,
    onProgress: ({ done, total }) => onShare((0.99 * done) / total),
    signal,
  });
}

function checkMargin(method: string, { name, labels }: Task): void {
  if (labels.length !== 2) throw new Error(`method ${method}: the margin is for two classes, and task ${name} has ${labels.length}: choose the outputs "logits"`);
}

/** One setting of a kernel method and what it scores. */
interface SolvedSetting {
  setting: Record<string, unknown>;
  scores: Partial<SweepRow>;
}

async function performKernel(run: SweepRun, how: Extract<SweepMethod, { kind: "kernel" }>, { lm, store, signal, onShare }: Circumstances): Promise<SolvedSetting[]> {
  const { task } = run;
  const classes = task.labels.length;
  if (how.outputs === "margin") checkMargin(run.method, task);
  const { model, head, inputs, dispose } = startOf(run, lm);
  try {
    const { formulas, values } = kernelGrid(how);
    const outputs = how.outputs === "margin" ? marginOutput(head) : logitOutputs(head, classes);
    const onProgress = ({ done, total }: { done: number; total: number }): void => onShare((0.99 * done) / total);
    const splits = await splitKernels({ model, outputs, train: inputs.train, splits: inputs, formulas: [...formulas], parameters: how.parameters, store, signal, onProgress });
    const by = task.metric;
    const rows: SolvedSetting[] = [];
    for (const formula of formulas) {
      const solved = await runSteps(solveKernelsSteps<"dev" | "test">(splits, settingsOf(values), formula, { solver: how.solver }), signal);
      for (const { scores: { dev, test }, ...setting } of solved) {
        rows.push({ setting: { formula, solver: how.solver, ...setting }, scores: { dev: dev[by], test: test[by], devAccuracy: dev.accuracy, testAccuracy: test.accuracy } });
      }
    }
    return rows;
  } finally {
    dispose();
  }
}

interface Started {
  model: Model;
  head: Head;
  inputs: Record<Split, Inputs>;
}

/** The model, head and token ids that a method begins with. */
function startOf({ task, examples, seed, how }: SweepRun, { model, tokenizer }: LanguageModel): Started & { dispose(): void } {
  const prompted = how.kind === "zero-shot" || how.input === "prompt";
  const encode = (split: Split): Inputs => encodeExamples(examples[split], task, tokenizer, { prompted });
  const inputs = { train: encode("train"), dev: encode("dev"), test: encode("test") };
  if (prompted) return { model, head: promptOutputs(task, tokenizer).head, inputs, dispose: () => undefined };
  const tanh = how.kind !== "kernel" && how.head === "tanh";
  const started = (tanh ? withTanhClassifier : withClassifier)(model, task.labels.length, seed);
  const own = [...started.parameters].filter(([name]) => !model.parameters.has(name)).map(([, tensor]) => tensor);
  return { model: started, head: tanh ? tanhClassifierHead : classifierHead, inputs, dispose: () => tf.dispose(own) };
}
