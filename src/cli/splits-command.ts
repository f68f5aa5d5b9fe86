/** `kernel-view splits`: from full data sets to the paper's few-shot splits. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { shortageText } from "../tasks/columns";
import { kShotSplit, readOriginal } from "../tasks/k-shot";
import { originalFolder, writeSplitFolder } from "../tasks/split-folder";
import { taskByName, taskFolder, taskNames, type Task } from "../tasks/task";
import { chosenTask, type TaskOptions } from "./chosen-task";

export interface SplitsCommandOptions extends TaskOptions {
  original: string;
  k: number;
  seed: number[];
  testExamples: number;
  out: string;
}

/**
 * Writes `OUT/TASK/K-SEED/` for every task and seed, each folder under a temporary name and then renamed.
 *
 * @param note receives what the user should know and is no error
 * @returns the folders' paths
 */
export function splitsCommand(options: SplitsCommandOptions, note: (line: string) => void): string[] {
  if (existsSync(options.out) && !statSync(options.out).isDirectory())
    throw new InputError(`--out ${options.out} is a file: give a folder`);
  if (!existsSync(options.original)) throw new InputError(`--original ${options.original} does not exist`);
  return tasksOf(options, note).flatMap((task) => taskSplits(task, options, note));
}

function tasksOf(options: SplitsCommandOptions, note: (line: string) => void): Task[] {
  if (options.task?.toLowerCase() !== "all" || options.taskFile !== undefined) return [chosenTask(options)];
  const tasks = taskNames.map(taskByName);
  const present = tasks.filter((task) => existsSync(join(options.original, taskFolder(task))));
  const absent = tasks.filter((task) => !present.includes(task)).map(taskFolder);
  if (present.length === 0)
    throw new InputError(`--original ${options.original} has none of the folders ${absent.join(", ")}`);
  if (absent.length > 0) note(`left out, for want of a folder in ${options.original}: ${absent.join(", ")}`);
  return present;
}

function taskSplits(
  task: Task,
  { original: directory, k, seed: seeds, testExamples, out }: SplitsCommandOptions,
  note: (line: string) => void,
): string[] {
  const original = readOriginal(ownFolder(directory, task), task);
  return seeds.map((seed) => {
    const split = kShotSplit(original, task, { k, seed, testExamples });
    const folder = writeSplitFolder(join(out, taskFolder(task), `${k}-${seed}`), split.files);
    for (const { label, ...counts } of split.shortages)
      for (const name of ["train", "dev"] as const) {
        const file = join(folder, `${task.files?.[name] ?? name}.${task.format}`);
        if (counts[name] < k) note(shortageText(file, counts[name], k, label));
      }
    return folder;
  });
}

/** As {@link originalFolder}, in the words of the command. */
function ownFolder(directory: string, task: Task): string {
  const folder = originalFolder(directory, task);
  if (folder === undefined)
    throw new InputError(`--original ${directory} has neither a folder ${taskFolder(task)} nor train.${task.format}`);
  return folder;
}
