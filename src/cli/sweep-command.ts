/** `kernel-view sweep`: every run that a file describes. */
import { join } from "node:path";
import { aggregate } from "../experiment/aggregate";
import { loadLanguageModel } from "../experiment/language-model";
import { defaultStore } from "../experiment/remember";
import { behaviorSummary } from "../experiment/behavior-table";
import { markdownTable, resultRows } from "../experiment/result-table";
import { runSweep } from "../experiment/sweep";
import { readSweep } from "../experiment/sweep-file";
import { sweepRuns } from "../experiment/sweep-table";
import { disposeModel } from "../model/model";
import { showProgress } from "../notebook/progress";
import { interruptible } from "./interruptible";

export interface SweepCommandOptions {
  out: string;
  store?: string;
}

/** Runs what is missing of the sweep and returns the text to print: the table of means over seeds, and where everything is. */
export async function sweepCommand(file: string, { out, store = defaultStore() }: SweepCommandOptions): Promise<string> {
  const sweep = readSweep(file);
  const lm = await loadLanguageModel(sweep.model, { revision: sweep.revision, onProgress: showProgress("Download", { unit: "bytes" }) });
  const show = showProgress("Sweep", { unit: "runs" });
  let [finished, total] = [0, 0];
  const onProgress = (progress: { done: number; total: number; reused: number }): void => {
    finished = Math.floor(progress.done);
    total = progress.total;
    show({ ...progress, done: Math.round(progress.done * 10) / 10 });
  };
  const message = (): string => `interrupted; ${finished} of ${total} runs are kept in ${out}, and the same command goes on from there`;
  try {
    const { rows, behavior, elsewhere } = await interruptible((signal) => runSweep({ sweep, lm, out, store, onProgress, signal }), message);
    show.finish(elsewhere > 0 ? `${elsewhere} runs are with other processes` : undefined);
    const failed = rows.filter(({ error }) => error !== undefined).length;
    const runs = sweepRuns(rows);
    const table = runs.length > 0 ? `${markdownTable(resultRows(aggregate(runs)))}\n` : "";
    const verdicts = behavior.length > 0 ? `${markdownTable(behaviorSummary(behavior))}\n` : "";
    const files = [join(out, "results.csv"), ...(behavior.length > 0 ? [join(out, "behavior.csv"), join(out, "behavior.md")] : [])];
    return `${table}${verdicts}${rows.length} rows in ${files.join(", ")}${failed > 0 ? `, ${failed} of runs that diverged` : ""}`;
  } catch (error) {
    show.finish("stopped");
    throw error;
  } finally {
    disposeModel(lm.model);
  }
}
