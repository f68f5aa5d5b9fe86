/** `kernel-view data`: the full data sets of the tasks, downloaded. */
import { downloadData } from "../archives/download-data";
import type { InstalledTask } from "../archives/install-task";
import { taskByName, taskNames, type Task } from "../tasks/task";
import { interruptible, showSteps } from "./interruptible";

export interface DataCommandOptions {
  task: string[];
  out: string;
  from?: string;
  sha256?: string;
}

/**
 * Downloads the tasks' data.
 *
 * @param print receives a line for each task that is there, with where it is and comes from
 * @param note receives what the user should know and is no error
 * @throws naming the tasks that are not there in the end
 */
export async function dataCommand(
  { task: names, out, from, sha256 }: DataCommandOptions,
  print: (line: string) => void,
  note: (line: string) => void,
): Promise<void> {
  const tasks = tasksOf(names);
  const { installed, failed } = await interruptible(
    (signal) => downloadData(tasks, { out, from, sha256, onProgress: showSteps(), note, signal }),
    () => "stopped; what was downloaded is kept: the same command goes on with it",
  );
  for (const one of installed) print(`${one.folder}  ${origin(one)}`);
  const messages = [...new Set(failed.map(({ message }) => message))];
  if (messages.length > 0)
    throw new Error(`not installed: ${failed.map(({ task }) => task).join(", ")}. ${messages.join(". ")}`);
}

function tasksOf(names: string[]): Task[] {
  if (names.some((name) => name.toLowerCase() === "all")) return taskNames.map(taskByName);
  return [...new Set(names.map(taskByName))];
}

function origin({ reused, source }: InstalledTask): string {
  if (source === undefined) return "there already, made by hand";
  const check = source.splitAsPublished === true ? "; its 16-shot split is the one that LM-BFF published" : "";
  return `${reused ? "there already, " : ""}from ${source.urls.join(" and ")}${source.changed === undefined ? "" : ` (${source.changed})`}${check}`;
}
