// The steps of set-up. Each knows whether it is done, so a second run costs a few milliseconds.
import { accessSync, constants, statfsSync } from "node:fs";
import { root } from "./places.mjs";
import { alone } from "./lock.mjs";
import { startStep } from "./progress.mjs";
import { SetupError } from "./setup-error.mjs";
import { nodePackages } from "./node-packages.mjs";
import { pythonEnvironment } from "./python-environment.mjs";
import { nativeTensorflow } from "./native-tensorflow.mjs";
import { jupyterKernel } from "./jupyter-kernel.mjs";
import { compiledSources } from "./compiled-sources.mjs";
import { englishData, ratedSentences } from "./english-data.mjs";

/**
 * A step is `{ name, detail, gigabytes, isDone(), run(step) }`; `run` returns a closing remark. Each stands here with the
 * steps that it has to wait for: TensorFlow's libraries and the rated sentences come through pip, the tasks' data is made
 * by compiled programs.
 */
const steps = new Map([
  [nodePackages, []],
  [pythonEnvironment, []],
  [nativeTensorflow, [nodePackages, pythonEnvironment]],
  [jupyterKernel, [pythonEnvironment]],
  [compiledSources, [nodePackages]],
  [ratedSentences, [pythonEnvironment]],
  [englishData, [compiledSources, ratedSentences]],
]);

/** `--only packages`: just the Node packages (for lint, build and the like). */
export async function main(args) {
  const chosen = args[0] === "--only" && args[1] === "packages" ? new Map([[nodePackages, []]]) : steps;
  try {
    await setUp(chosen);
  } catch (error) {
    console.error(`\nSet-up stopped: ${error instanceof SetupError ? error.message : error?.stack}\n`);
    process.exitCode = 1;
  }
}

/** Brings every step up to date. Throws SetupError with the remedy where something is missing. */
export async function setUp(chosen = steps) {
  const undone = [...chosen.keys()].filter((step) => !step.isDone());
  if (undone.length === 0) return;
  checkWritable(undone);
  await alone(async () => {
    const waiting = [...chosen.keys()].filter((step) => !step.isDone());
    if (waiting.length === 0) return;
    checkDiskSpace(waiting);
    const started = Date.now();
    console.error("Setting up Kernel View:");
    await runSteps(chosen);
    console.error(`Set-up finished in ${((Date.now() - started) / 1000).toFixed(1)} s.\n`);
  });
}

/** Runs each step as soon as those that it waits for are done. After a failure those under way end, and no other starts. */
async function runSteps(chosen) {
  const running = new Map();
  const failures = [];
  for (const [step, needed] of chosen) {
    const before = Promise.all(needed.map((each) => running.get(each)));
    // Whether a step is done is asked late: an earlier one can undo it (new Node packages drop the native addon).
    const run = async () => {
      await before;
      if (failures.length === 0 && !step.isDone()) await runStep(step).catch((error) => failures.push(error));
    };
    running.set(step, run());
  }
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
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

function checkWritable(undone) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new SetupError(
      `${root} is not set up for this Node, ${process.execPath} (${undone.map(({ name }) => name).join(", ")}), and you cannot write to it.\n` +
        "Ask its owner to run `npm run setup` there with the same Node, or clone it into a folder of your own.",
    );
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
