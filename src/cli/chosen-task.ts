/** The task of `--task` or `--task-file`. */
import { InputError } from "../errors";
import { taskByName, type Task } from "../tasks/task";
import { readTaskFile } from "../tasks/task-file";

export interface TaskOptions {
  task?: string;
  taskFile?: string;
}

/** @throws if neither or both are given, or the task is unknown or malformed */
export function chosenTask({ task, taskFile }: TaskOptions): Task {
  if (task !== undefined && taskFile !== undefined)
    throw new InputError("--task and --task-file exclude each other: give one of them");
  if (taskFile !== undefined) return readTaskFile(taskFile);
  if (task === undefined) throw new InputError("which task? give --task NAME, or --task-file FILE for one of your own");
  return taskByName(task);
}
