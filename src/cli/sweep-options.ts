/** The options of `kernel-view sweep`. */
import { Option, type Command } from "commander";
import { age, byteSize, collected, count } from "./values";

export const withSweepOptions = (command: Command): Command =>
  command
    .argument("<file>", "the sweep, as JSON")
    .requiredOption(
      "--out <folder>",
      "where to write results.csv, chosen.csv, results.md and every run; what is there already is not run again",
    )
    .option("--behavior <file>", "also write the measurements of kernel behaviour of all models into one CSV file")
    .option(
      "--store <folder>",
      "where kernel blocks are kept; default: kernels in KERNEL_VIEW_CACHE, .cache or ~/.cache/kernel-view",
    )
    .option(
      "--status",
      "tell how many runs are done, running, failed and left, by task, and the errors; run nothing",
      false,
    )
    .addOption(
      new Option("--slurm", "submit an array job of Slurm for the runs that are left")
        .default(false)
        .conflicts("kubernetes"),
    )
    .option(
      "--kubernetes",
      "print the manifest of an indexed job for the runs that are left, for kubectl create -f -",
      false,
    )
    .option("--dry-run", "with --slurm: print the script, submit nothing", false)
    .option("--max-jobs <n>", "tasks of the job, at most; each takes runs until none is left", count, 100)
    .option("--time <time>", "of each task, such as 90m or 12h; it is told two minutes before", age)
    .option("--memory <size>", "of each task, such as 16GB", byteSize)
    .option("--cpus <n>", "of each task", count)
    .option(
      "--slurm-option <option>",
      "an option of sbatch, such as '--partition=long'; may be repeated",
      collected,
      [],
    )
    .option("--image <name>", "with --kubernetes: the container image, with the project in its working folder")
    .option(
      "--volume <claim:path>",
      "with --kubernetes: the common volume's claim, and its folder, here and in the pods",
    );
