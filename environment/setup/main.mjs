// The steps of set-up, in order. Each knows whether it is done, so a second run costs a few milliseconds.
import { statfsSync } from "node:fs";
import { root } from "./places.mjs";
import { alone } from "./lock.mjs";
import { startStep } from "./progress.mjs";
import { SetupError } from "./setup-error.mjs";
import { nodePackages } from "./node-packages.mjs";
import { pythonEnvironment } from "./python-environment.mjs";
import { nativeTensorflow } from "./native-tensorflow.mjs";
import { jupyterKernel } from "./jupyter-kernel.mjs";
import { compiledSources } from "./compiled-sources.mjs";
import { englishData } from "./english-data.mjs";

/**
 * A step is `{ name, detail, gigabytes, isDone(), run(step) }`; `run` returns a closing remark. TensorFlow's libraries
 * come through pip, so Python precedes it; the tasks' data is made by compiled programs.
 */
const steps = [nodePackages, pythonEnvironment, nativeTensorflow, jupyterKernel, compiledSources, englishData];

/** `--only packages`: just the Node packages (for lint, build and the like). */
export async function main(args) {
  const chosen = args[0] === "--only" && args[1] === "packages" ? [nodePackages] : steps;
  try {
    await setUp(chosen);
  } catch (error) {
    console.error(`\nSet-up stopped: ${error instanceof SetupError ? error.message : error?.stack}\n`);
    process.exitCode = 1;
  }
}

/** Brings every step up to date. Throws SetupError with the remedy where something is missing. */
export async function setUp(chosen = steps) {
  if (chosen.every((step) => step.isDone())) return;
  await alone(async () => {
    const waiting = chosen.filter((step) => !step.isDone());
    if (waiting.length === 0) return;
    checkDiskSpace(waiting);
    const started = Date.now();
    console.error("Setting up Kernel View:");
    // Asked again one by one: an earlier step can undo a later one (new Node packages drop the native addon).
    for (const step of chosen) if (!step.isDone()) await runStep(step);
    console.error(`Set-up finished in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`);
  });
}

async function runStep(step) {
  const shown = startStep(step.name, step.detail);
  try {
    shown.done(await step.run(shown));
  } catch (error) {
    shown.failed();
    throw error;
  }
}

function checkDiskSpace(waiting) {
  const needed = waiting.reduce((total, step) => total + step.gigabytes, 0);
  const { bavail, bsize } = statfsSync(root);
  const free = Number(process.env.KERNEL_VIEW_PRETEND_FREE_GB ?? (bavail * bsize) / 1e9);
  if (free < needed) {
    throw new SetupError(
      `Not enough disk space: set-up still needs about ${needed.toFixed(1)} GB in ${root}, and ${free.toFixed(1)} GB are free.\n` +
        "Free some space or move the checkout to a larger disk, then run the same command again.",
    );
  }
}
