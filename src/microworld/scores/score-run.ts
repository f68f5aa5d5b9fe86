/** All measurements of a model that are not there yet: task by task, split by split. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readFewShot } from "../../experiment/inputs";
import { taskByName, taskFolder, type Task } from "../../tasks/task";
import { hashExamples, measureSplit, protocolOf, type Measurement, type SplitExamples } from "./measure-split";
import { methodByName, type Method } from "./methods";
import { addScore, findScore, openScoreFile, type Score } from "./score-file";

export interface ScoreRun extends Measurement {
  /** Holds a folder of few-shot splits for each task: `<task folder>/<k>-<seed>`. */
  data: string;
  /** Holds a file of results for each task. */
  out: string;
  tasks: readonly string[];
  ks: readonly number[];
  seeds: readonly number[];
  methods: readonly string[];
  testExamples: number;
  onProgress?: (progress: ScoreProgress) => void;
}

export interface ScoreProgress {
  /** Results that are there, those from earlier runs among them. */
  done: number;
  total: number;
  reused: number;
  /** Estimated from the results of this run; NaN before the first. */
  secondsLeft: number;
  /** The newest result. */
  score?: Score;
}

/** What one split still lacks. */
interface Unit {
  split: SplitExamples;
  missing: Method[];
}

/** The folder of a task's splits: named as the real data are, or as the task is. */
export function taskDataFolder(data: string, { folder, name }: Task): string {
  const candidates = [...new Set([taskFolder({ folder, name }), name])].map((own) => join(data, own));
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new Error(`there is no data for task ${name}: ${candidates.join(" or ")} is missing`);
  return found;
}

/**
 * Measures what is missing and writes each result as soon as it is there; what is there is kept. Several processes may
 * share a folder if each has tasks of its own.
 *
 * @throws if results in the folder belong to another model or other examples
 */
export async function runScores(run: ScoreRun): Promise<void> {
  const { model, tokenizer, ks, seeds, testExamples, onProgress } = run;
  const asked = run.methods.map(methodByName);
  const tasks = run.tasks.map(taskByName);
  const total = tasks.length * ks.length * seeds.length * asked.length;
  // All data are read before the first measurement, so that what is wrong with them shows at once.
  const plans = tasks.map((task) => {
    const file = openScoreFile(run.out, task.name, { model: model.hash, protocol: protocolOf(run.budget) });
    const data = taskDataFolder(run.data, task);
    const units = ks.flatMap((k) =>
      seeds.map((seed): Unit => {
        const split = { task, k, seed, examples: readFewShot(data, task, { k, seed, testExamples }) };
        const examples = hashExamples(split, tokenizer);
        return { split, missing: asked.filter(({ name }) => !findScore(file, { k, seed, method: name, examples })) };
      }),
    );
    return { file, units };
  });
  const reused = total - plans.reduce((sum, { units }) => sum + units.reduce((own, { missing }) => own + missing.length, 0), 0);
  let done = reused;
  const started = performance.now();
  const report = (score?: Score): void => {
    const secondsLeft = done > reused ? ((performance.now() - started) / 1000 / (done - reused)) * (total - done) : NaN;
    onProgress?.({ done, total, reused, secondsLeft, score });
  };
  report();
  for (const { file, units } of plans) {
    for (const { split, missing } of units) {
      if (missing.length === 0) continue;
      await measureSplit(split, missing, run, (score) => {
        addScore(file, score);
        done++;
        report(score);
      });
    }
  }
}
