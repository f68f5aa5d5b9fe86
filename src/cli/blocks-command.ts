/** `kernel-view blocks list` and `run`: the blocks of a kernel one by one, so that a scheduler can share the work. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { InputError } from "../errors";
import type { SplitBlock } from "../experiment/split-kernels";
import { isClaimed } from "../store/claim";
import { blockDamage, blockPath, blockStore, expectedBlock } from "../kernels/block-store";
import { computeBlocks } from "../kernels/compute-blocks";
import type { Split } from "../tasks/task";
import { loadKernelJob, runKernelJob, type KernelJob } from "./kernel-job";
import type { KernelOptionValues } from "./kernel-options";

export interface BlocksListOptions extends KernelOptionValues {
  json: boolean;
}

export interface BlocksRunOptions extends KernelOptionValues {
  from: number;
  to?: number;
}

/** One block as `list` prints it. */
export interface ListedBlock {
  index: number;
  split: Split;
  /** Training examples and examples of the split. */
  rows: number;
  columns: number;
  /** "done" is what exists and verifies; "running" is what another process computes now. */
  state: "done" | "missing" | "damaged" | "running";
  file: string;
}

/** Lists the blocks of all splits; returns the text to print. */
export async function blocksListCommand({ json, ...options }: BlocksListOptions): Promise<string> {
  const job = await loadKernelJob(options);
  const { store } = job.kernels;
  const listed = job.blocks.map((block) => listedBlock(store, block));
  job.dispose();
  const done = listed.filter(({ state }) => state === "done").length;
  if (json) return JSON.stringify({ store, total: listed.length, done, blocks: listed }, undefined, 2);
  const lines = listed.map(
    ({ index, split, rows, columns, state, file }) =>
      `${String(index).padStart(5)}  ${split.padEnd(5)}  ${`${rows} × ${columns}`.padStart(9)}  ${state.padEnd(7)}  ${file}`,
  );
  return [
    "block  split    examples  state    file",
    ...lines,
    `${done} of ${listed.length} blocks are done in ${store}`,
  ].join("\n");
}

function listedBlock(store: string, { index, split, plan, planned }: SplitBlock<Split>): ListedBlock {
  const path = blockPath(store, planned.name);
  const state = !existsSync(path)
    ? isClaimed(store, planned.name)
      ? "running"
      : "missing"
    : blockDamage(path, expectedBlock(plan, planned)) === undefined
      ? "done"
      : "damaged";
  return { index, split, rows: planned.row.length, columns: planned.column.length, state, file: basename(path) };
}

/** Computes the blocks from `from` up to, but without, `to`; returns a line that says so. */
export async function blocksRunCommand({ from, to, ...options }: BlocksRunOptions): Promise<string> {
  if (to !== undefined && to < from) throw new InputError(`--from ${from} --to ${to}: the end lies before the start`);
  const job = await loadKernelJob(options);
  const chosen = job.blocks.slice(from, to);
  const reused = await runKernelJob(job, chosen, ({ signal, onProgress }) =>
    runBlocks(job, chosen, signal, onProgress),
  );
  job.dispose();
  const { length: total } = job.blocks;
  if (chosen.length === 0)
    return `blocks ${from} to ${to ?? total}: there are none, the last of ${total} is ${total - 1}`;
  return `blocks ${from} to ${from + chosen.length} of ${total}: ${chosen.length - reused} computed, ${reused} found in ${job.kernels.store}`;
}

/** Returns how many came from the store. */
async function runBlocks(
  { kernels: { store } }: KernelJob,
  chosen: readonly SplitBlock<Split>[],
  signal: AbortSignal,
  onProgress: (progress: { done: number; total: number; reused: number }) => void,
): Promise<number> {
  let [done, reused] = [0, 0];
  for (const plan of new Set(chosen.map((block) => block.plan))) {
    const planned = chosen.filter((block) => block.plan === plan).map((block) => block.planned);
    await computeBlocks(plan, planned, { cache: blockStore(store), signal }, (_planned, _block, fromStore) => {
      if (fromStore) reused++;
      onProgress({ done: ++done, total: chosen.length, reused });
    });
  }
  return reused;
}
