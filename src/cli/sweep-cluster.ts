/** `kernel-view sweep --status`, `--slurm` and `--kubernetes`: what is left of a sweep, and a job that does it. */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { InputError } from "../errors";
import { loadLanguageModel } from "../experiment/language-model";
import { writeFileAtomically } from "../files/atomic-write";
import { disposeModel } from "../model/model";
import { duration, showProgress } from "../notebook/progress";
import { groupBy } from "../records";
import { markdownTable, type ResultRow } from "../sweep/result-table";
import { failureText, runFiles, runStatus, type RunStatus } from "../sweep/run-files";
import { modelName, type Sweep } from "../sweep/sweep-file";
import { sweepPlan } from "../sweep/sweep-plan";
import { kubernetesJob, sharedVolume, slurmScript, type ClusterResources } from "./cluster-job";

export interface SweepClusterOptions extends Omit<ClusterResources, "tasks"> {
  status: boolean;
  slurm: boolean;
  kubernetes: boolean;
  dryRun: boolean;
  /** Tasks of the job, at most. */
  maxJobs: number;
  slurmOption: string[];
  image?: string;
  volume?: string;
}

/** A sweep of one model, and its folder. */
export interface PlacedSweep {
  sweep: Sweep;
  folder: string;
}

/** How far every run of the sweeps is. Loads each model: a run's name depends on its weights. */
async function statusOf({ sweep, folder }: PlacedSweep): Promise<RunStatus[]> {
  const lm = await loadLanguageModel(sweep.model, {
    revision: sweep.revision,
    onProgress: showProgress("Download", { unit: "bytes" }),
  });
  disposeModel(lm.model);
  const files = runFiles(folder);
  return sweepPlan(sweep, lm).map((run) => runStatus(run, files));
}

/** The text of `--status`: a row for each model and task, and the failures. */
export async function sweepStatusText(sweeps: readonly PlacedSweep[]): Promise<string> {
  const rows: ResultRow[] = [];
  const failures: string[] = [];
  for (const placed of sweeps) {
    const all = await statusOf(placed);
    const model = modelName(placed.sweep);
    const byTask = groupBy(all, ({ run }) => run.task.name);
    for (const own of byTask.length > 1 ? [...byTask, all] : byTask) {
      const count = (state: RunStatus["state"]): number => own.filter((one) => one.state === state).length;
      const seconds = own.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
      rows.push({
        ...(sweeps.length > 1 ? { model } : {}),
        task: own === all ? "all" : own[0].run.task.name,
        done: count("done"),
        running: count("running"),
        failed: count("failed"),
        left: count("left"),
        time: duration(seconds),
      });
    }
    failures.push(
      ...all
        .filter(({ state }) => state === "failed")
        .map((one) => `${sweeps.length > 1 ? `${model}, ` : ""}${failureText(one)}`),
    );
  }
  return [markdownTable(rows).trimEnd(), ...failures].join("\n");
}

/** Runs that a job would do: neither finished nor at work. A run that diverged is finished. */
async function runsLeft(sweeps: readonly PlacedSweep[]): Promise<number> {
  let left = 0;
  for (const placed of sweeps)
    left += (await statusOf(placed)).filter(
      ({ state, seconds }) => state !== "running" && seconds === undefined,
    ).length;
  return left;
}

/** Makes the job for what is left, and submits it to Slurm unless it is a dry run; returns the text to print. */
export async function sweepJob(
  file: string,
  { out, store, ...options }: SweepClusterOptions & { out: string; store: string },
  sweeps: readonly PlacedSweep[],
): Promise<string> {
  const paths = { file: resolve(file), out: resolve(out), store: resolve(store) };
  const command = ["sweep", paths.file, "--out", paths.out, "--store", paths.store];
  const { image, volume } = options;
  if (options.kubernetes && (image === undefined || volume === undefined))
    throw new InputError(
      "--kubernetes needs --image, with the project in its working folder, and --volume CLAIM:/PATH",
    );
  const shared = options.kubernetes
    ? sharedVolume(volume!, { "the sweep": paths.file, "--out": paths.out, "--store": paths.store })
    : undefined;
  const left = await runsLeft(sweeps);
  if (left === 0) return "no run is left: the same command without a job writes the tables";
  const { time, memory, cpus } = options;
  const resources = { tasks: Math.min(left, options.maxJobs), time, memory, cpus };
  if (shared) {
    const environment = Object.fromEntries(
      ["HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE"].flatMap((name) =>
        process.env[name] ? [[name, process.env[name]]] : [],
      ),
    ) as Record<string, string>;
    const job = kubernetesJob({ ...resources, arguments: command, image: image!, volume: shared, environment });
    return JSON.stringify(job, undefined, 2);
  }
  const logs = join(paths.out, "slurm");
  // As this process was started, without the launcher: a signal then comes once.
  const program = [process.execPath, ...process.execArgv, process.argv[1], ...command];
  const script = slurmScript({ ...resources, command: program, logs, options: options.slurmOption });
  if (options.dryRun) return script.trimEnd();
  mkdirSync(logs, { recursive: true });
  const path = join(logs, "job.sh");
  writeFileAtomically(path, script);
  const { error, status, stdout, stderr } = spawnSync("sbatch", ["--parsable", path], { encoding: "utf8" });
  if (error)
    throw new InputError(`sbatch cannot be run here (${error.message}): use a machine that submits jobs, or --dry-run`);
  if (status !== 0) throw new InputError(`sbatch refuses ${path}: ${stderr.trim()}`);
  const id = stdout.trim().split(";")[0];
  return `job ${id}: ${resources.tasks} tasks for ${left} runs, as ${path} says; they print into ${logs}\nkernel-view sweep ${file} --out ${out} --status tells how far it is`;
}
