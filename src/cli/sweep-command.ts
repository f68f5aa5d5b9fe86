/** `kernel-view sweep`: every run that a file describes, on each of its models. */
import { join } from "node:path";
import { InputError } from "../errors";
import { loadLanguageModel } from "../experiment/language-model";
import { defaultStore } from "../store/folder";
import type { BehaviorResult } from "../sweep/behavior-record";
import { behaviorCsv } from "../sweep/behavior-rows";
import { behaviorSummary } from "../sweep/behavior-table";
import { markdownTable } from "../sweep/result-table";
import { runSweep, type SweepOutcome } from "../sweep/sweep";
import { modelName, readSweeps, type Sweep } from "../sweep/sweep-file";
import { sweepMarkdown } from "../sweep/sweep-findings";
import { writeFileAtomically } from "../files/atomic-write";
import { disposeModel } from "../model/model";
import { showProgress } from "../notebook/progress";
import { verdictColours } from "./colour";
import { interruptible } from "./interruptible";
import { sweepJob, sweepStatusText, type SweepClusterOptions } from "./sweep-cluster";

export interface SweepCommandOptions extends SweepClusterOptions {
  out: string;
  store?: string;
  /** File for the measurements of kernel behaviour of all models. */
  behavior?: string;
}

/**
 * Runs what is missing of the sweep and returns the text to print: the table of means over seeds, and where everything is.
 * With several models each has its own folder in `out`. Or tells how far the sweep is, or makes a cluster's job of it.
 */
export async function sweepCommand(
  file: string,
  { out, store = defaultStore(), behavior: behaviorFile, ...cluster }: SweepCommandOptions,
): Promise<string> {
  const read = readSweeps(file);
  const several = read.length > 1;
  const sweeps = read.map((sweep) => ({ sweep, folder: several ? join(out, modelName(sweep)) : out }));
  if (cluster.status) return sweepStatusText(sweeps);
  if (cluster.slurm || cluster.kubernetes) return sweepJob(file, { ...cluster, out, store }, sweeps);
  const texts: string[] = [];
  const measured: BehaviorResult[] = [];
  for (const { sweep, folder } of sweeps) {
    const name = modelName(sweep);
    const { rows, behavior } = await runOn(sweep, { name: several ? `Sweep of ${name}` : "Sweep", out: folder, store });
    measured.push(...behavior);
    texts.push(summary(folder, name, rows, behavior));
  }
  if (behaviorFile !== undefined) {
    if (measured.length === 0)
      throw new InputError(`${file}: no method of kind "behavior" has a result for ${behaviorFile}`);
    writeFileAtomically(behaviorFile, behaviorCsv(measured));
    texts.push(`${measured.length} measurements of kernel behaviour in ${behaviorFile}`);
  }
  return verdictColours(texts.join("\n\n"));
}

async function runOn(
  sweep: Sweep,
  { name, out, store }: { name: string; out: string; store: string },
): Promise<SweepOutcome> {
  const lm = await loadLanguageModel(sweep.model, {
    revision: sweep.revision,
    onProgress: showProgress("Download", { unit: "bytes" }),
  });
  const show = showProgress(name, { unit: "runs" });
  let [finished, total] = [0, 0];
  const onProgress = (progress: { done: number; total: number; reused: number }): void => {
    finished = Math.floor(progress.done);
    total = progress.total;
    show({ ...progress, done: Math.round(progress.done * 10) / 10 });
  };
  const message = (): string =>
    `interrupted; ${finished} of ${total} runs are kept in ${out}, and the same command goes on from there`;
  try {
    const work = (signal: AbortSignal) => runSweep({ sweep, lm, out, store, onProgress, signal });
    const outcome = await interruptible(work, message, show);
    show.finish(outcome.elsewhere > 0 ? `${outcome.elsewhere} runs are with other processes` : undefined);
    return outcome;
  } finally {
    disposeModel(lm.model);
  }
}

function summary(out: string, model: string, rows: SweepOutcome["rows"], behavior: readonly BehaviorResult[]): string {
  const verdicts = behavior.length > 0 ? `${markdownTable(behaviorSummary(behavior))}\n` : "";
  const files = [
    "results.csv",
    "chosen.csv",
    "results.md",
    ...(behavior.length > 0 ? ["behavior.csv", "behavior.md"] : []),
  ];
  return `${sweepMarkdown(rows, model)}\n${verdicts}${rows.length} rows in ${files.map((file) => join(out, file)).join(", ")}`;
}
