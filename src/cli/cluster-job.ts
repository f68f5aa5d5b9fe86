/** A sweep as an array job of Slurm or an indexed job of Kubernetes: every task runs the sweep's own command, which takes runs that no other is at work on. */
import { isAbsolute, relative } from "node:path";
import { InputError } from "../errors";

/** What a task of the job gets. */
export interface ClusterResources {
  /** Tasks of the job. */
  tasks: number;
  /** Of each task, in milliseconds. */
  time?: number;
  /** Of each task, in bytes. */
  memory?: number;
  /** Of each task. */
  cpus?: number;
}

/** Seconds before the end of its time at which a task is told to stop, so that it keeps the state of its training. */
const NOTICE = 120;
const MEBIBYTE = 2 ** 20;

export interface SlurmJob extends ClusterResources {
  /** The program and its arguments. */
  command: readonly string[];
  /** Folder for what the tasks print. */
  logs: string;
  /** Options of sbatch, as they are. */
  options: readonly string[];
}

/** The script for `sbatch`. */
export function slurmScript({ tasks, time, memory, cpus, command, logs, options }: SlurmJob): string {
  const lines = [
    "--job-name=kernel-view",
    `--array=0-${tasks - 1}`,
    `--output=${optionText(`${logs}/%A_%a.log`)}`,
    // A task whose machine is lost begins anew on another one, and adds to its log.
    "--requeue",
    "--open-mode=append",
    ...(time === undefined ? [] : [`--time=${Math.ceil(time / 60e3)}`, `--signal=B:TERM@${NOTICE}`]),
    ...(memory === undefined ? [] : [`--mem=${Math.ceil(memory / MEBIBYTE)}M`]),
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...options,
  ];
  return `#!/bin/sh
${lines.map((line) => `#SBATCH ${line}\n`).join("")}# The terminal of the machine that submitted this.
unset KERNEL_VIEW_TERMINAL_COLUMNS FORCE_COLOR
exec ${command.map(shellText).join(" ")}
`;
}

const isPlain = (text: string): boolean => /^[\w@%+=:,./-]+$/.test(text);
const shellText = (text: string): string => (isPlain(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
/** sbatch takes quotes in its comments, but has no escapes in them. */
const optionText = (text: string): string => (isPlain(text) ? text : `"${text}"`);

export interface KubernetesJob extends ClusterResources {
  /** Arguments of `kernel-view`. */
  arguments: readonly string[];
  /** A container image with the project set up in its working folder. */
  image: string;
  /** A claim of a persistent volume that many pods may write to, and where it is, here and in the pods. */
  volume: { claim: string; path: string };
  /** Variables of the pods. */
  environment: Record<string, string>;
}

/** The manifest of an indexed job, for `kubectl create`. A pod that is lost with its machine is started again, and counts as no failure. */
export function kubernetesJob({ tasks, time, memory, cpus, image, volume, ...job }: KubernetesJob): object {
  const resources = {
    ...(cpus === undefined ? {} : { cpu: String(cpus) }),
    ...(memory === undefined ? {} : { memory: `${Math.ceil(memory / MEBIBYTE)}Mi` }),
  };
  const container = {
    name: "sweep",
    image,
    command: ["node", "environment/run.mjs", "build/src/cli.js", ...job.arguments],
    env: Object.entries(job.environment).map(([name, value]) => ({ name, value })),
    resources: { requests: resources, limits: resources },
    volumeMounts: [{ name: "shared", mountPath: volume.path }],
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { generateName: "kernel-view-sweep-" },
    spec: {
      completionMode: "Indexed",
      completions: tasks,
      parallelism: tasks,
      backoffLimit: tasks,
      podFailurePolicy: {
        rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
      },
      template: {
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: NOTICE,
          ...(time === undefined ? {} : { activeDeadlineSeconds: Math.ceil(time / 1000) }),
          containers: [container],
          volumes: [{ name: "shared", persistentVolumeClaim: { claimName: volume.claim } }],
        },
      },
    },
  };
}

/** A volume as `CLAIM:/path`. @throws if it is something else, or one of the files that pods need is not on it */
export function sharedVolume(text: string, files: Record<string, string>): KubernetesJob["volume"] {
  const [, claim, path] = /^([a-z0-9][a-z0-9.-]*):(\/.*)$/.exec(text) ?? [];
  if (claim === undefined) throw new InputError(`--volume ${text}: expected CLAIM:/PATH, such as shared:/data`);
  for (const [name, file] of Object.entries(files)) {
    const way = relative(path, file);
    if (way.startsWith("..") || isAbsolute(way))
      throw new InputError(
        `${name} ${file} is not in ${path}, the volume's folder: what pods write there would be lost`,
      );
  }
  return { claim, path };
}
