#!/usr/bin/env node
/** The command `kernel-view`: the library's operations from a shell. Each command is loaded when it is asked for: `--help` and `solve` need no TensorFlow. */
import { Command, Help, Option } from "commander";
import type { BlocksListOptions, BlocksRunOptions } from "./cli/blocks-command";
import { coloured } from "./cli/colour";
import type { ConvertCommandOptions } from "./cli/convert-command";
import type { DataCommandOptions } from "./cli/data-command";
import type { ErrorWithExitCode } from "./cli/interruptible";
import type { ComputeCommandOptions } from "./cli/compute-command";
import { withKernelOptions } from "./cli/kernel-options";
import type { AuthorsKernelsCommandOptions } from "./cli/authors-kernels-command";
import type { SolveCommandOptions } from "./cli/solve-command";
import type { GcCommandOptions, VerifyOptions } from "./cli/store-command";
import type { SweepCommandOptions } from "./cli/sweep-command";
import { withSweepOptions } from "./cli/sweep-options";
import type { SplitsCommandOptions } from "./cli/splits-command";
import { age, byteSize, count, countOrInfinity, index, listOf, number, oneOf, seed, splitList } from "./cli/values";
import { FORMULAS } from "./kernels/formula";
import { packageVersion } from "./package-version";
import { SOLVERS } from "./solvers/solver";
import { METRICS, taskNames } from "./tasks/task";

const SHARING = `
With OPTIONS the same as for \`compute\` (but --out) and --store a folder that all machines see:
  kernel-view blocks list OPTIONS                                      how many blocks there are
  kernel-view blocks run OPTIONS --from $((10 * SLURM_ARRAY_TASK_ID)) --to $((10 * SLURM_ARRAY_TASK_ID + 10))
                                                                       ten in each task of a Slurm array
  kernel-view blocks run OPTIONS --from $JOB_COMPLETION_INDEX --to $((JOB_COMPLETION_INDEX + 1))
                                                                       one in each pod of a Kubernetes indexed job
  kernel-view compute OPTIONS --out kernels                            put them together
docs/blocks.md has both in full.`;

/** What the user should know and is no error. */
const note = (line: string): void => console.error(coloured("yellow", `kernel-view: ${line}`));

const program = new Command("kernel-view")
  .description(
    "The kernel view of language-model fine-tuning: kernels from a model and labelled sentences, and what they predict.",
  )
  .version(packageVersion(), "--version", "print the version")
  .configureHelp({
    // That a switch is off is no news.
    optionDescription: (option) =>
      Help.prototype.optionDescription.call(new Help(), option).replace(/ \(default: (?:false|\[\])\)$/, ""),
  })
  .showHelpAfterError("(--help lists the options)");

withKernelOptions(program.command("compute").alias("kernel"))
  .description(
    "compute the kernels of a task's training examples with each split, and write one safetensors file a split",
  )
  .requiredOption("--out <folder>", "where to write train, dev and test .safetensors")
  .addHelpText(
    "after",
    "\nFinished blocks are kept in the store: after Ctrl-C, a crash or a full disk the same command computes only what is missing.",
  )
  .action(async (options: ComputeCommandOptions) => {
    const { computeCommand } = await import("./cli/compute-command.js");
    for (const path of await computeCommand(options)) console.log(path);
  });

const blocks = program
  .command("blocks")
  .description(
    "the blocks that a kernel is computed in, to share the work over machines with a common folder, and the store that keeps them",
  )
  .addHelpText("after", SHARING);

withKernelOptions(blocks.command("list"))
  .description(
    "list the blocks of the kernels that `compute` would make with the same options, numbered from 0 over the splits",
  )
  .option("--json", "print JSON", false)
  .action(async (options: BlocksListOptions) => {
    const { blocksListCommand } = await import("./cli/blocks-command.js");
    console.log(await blocksListCommand(options));
  });

withKernelOptions(blocks.command("run"))
  .description("compute blocks into the store; `compute` with the same options puts them together")
  .option("--from <i>", "first block", index, 0)
  .option("--to <j>", "the block after the last; default: all that follow", index)
  .addHelpText("after", SHARING)
  .action(async (options: BlocksRunOptions) => {
    const { blocksRunCommand } = await import("./cli/blocks-command.js");
    console.log(await blocksRunCommand(options));
  });

blocks
  .command("verify")
  .description("check the checksum of every stored block; exit code 1 if one is damaged")
  .option("--store <folder>", "default: kernels in KERNEL_VIEW_CACHE, .cache or ~/.cache/kernel-view")
  .option("--delete", "delete the damaged ones (exit code 0): they are computed again when needed", false)
  .action(async (options: VerifyOptions) => {
    const { verifyCommand } = await import("./cli/store-command.js");
    const { text, damaged } = verifyCommand(options);
    console.log(text);
    if (damaged) process.exitCode = 1;
  });

blocks
  .command("gc")
  .description(
    "say which files of the store may go, and with --yes delete them: leftovers of killed processes, older formats, and the longest unused",
  )
  .option("--store <folder>", "default: kernels in KERNEL_VIEW_CACHE, .cache or ~/.cache/kernel-view")
  .option("--max-size <size>", "what the store may hold, such as 500MB or 2GB", byteSize)
  .option("--older-than <time>", "delete what was not used for so long, such as 12h or 30d", age)
  .option("--yes", "delete; without it nothing is", false)
  .action(async (options: GcCommandOptions) => {
    const { gcCommand } = await import("./cli/store-command.js");
    console.log(gcCommand(options));
  });

program
  .command("solve")
  .description("solve the kernels of a folder and print the accuracy on every split")
  .requiredOption(
    "--kernels <folder...>",
    "what compute --out wrote, or a folder of the authors' files train_kernels_TASK.pt; several are the few-shot splits of one experiment",
  )
  .addOption(
    new Option(
      "--solver <name>",
      "least squares, asymmetric least squares, logistic regression, support vector classifier or regression",
    )
      .choices(SOLVERS)
      .default("lstsq"),
  )
  .option(
    "--formula <name>",
    `which kernel: ${FORMULAS.join(", ")}; default: sgd, or asymmetric_signgd for asym`,
    oneOf(FORMULAS),
  )
  .addOption(
    new Option("--f0 <numbers>", "f0 scaling, or several with commas; inf ignores the pretrained logits")
      .argParser(listOf(number(Number.MIN_VALUE, { infinity: true })))
      .default([Infinity], "inf"),
  )
  .addOption(
    new Option("--regularization <numbers>", "relative to the kernel's largest singular value, or several with commas")
      .argParser(listOf(number(0)))
      .default([0], "0"),
  )
  .option("--gamma <numbers>", "weight of the squared errors, asym only; default: 1", listOf(number(Number.MIN_VALUE)))
  .option(
    "--lambda <numbers>",
    "weight of the predictor with the sign on the training side, from 0 to 1; asym only, and needed there",
    listOf(number(0)),
  )
  .addOption(
    new Option("--multi-class <kind>", "logistic only: one softmax, or the authors' single binary problem").choices([
      "multinomial",
      "authors",
    ]),
  )
  .addOption(
    new Option(
      "--precision <name>",
      "lstsq only: the arithmetic that the kernel's numbers come from, which decides what counts as 0 without regularization; float64 is the authors' rule; default: float32",
    ).choices(["float32", "float64"]),
  )
  .addOption(
    new Option(
      "--metric <name>",
      "what to print, and to choose the best setting by; default: accuracy, or pearson for labels that are numbers",
    ).choices([...METRICS]),
  )
  .option("--chart <file>", "draw the grid's accuracies into a file, .svg or .json (Vega-Lite)")
  .option("--json", "print JSON", false)
  .action(async (options: SolveCommandOptions) => {
    const { solveCommand } = await import("./cli/solve-command.js");
    console.log(await solveCommand(options));
  });

withSweepOptions(program.command("sweep"))
  .description(
    "run a grid of tasks, k, seeds, methods and settings that a file describes (see data/example-sweep.json), into tables; docs/protocol.md says what is chosen on what",
  )
  .addHelpText(
    "after",
    "\nA file with several models has a folder for each in --out. After Ctrl-C or a crash the same command goes on, in the middle of a training run too after Ctrl-C. Several may work on one folder, on one machine or many (docs/cluster.md).",
  )
  .action(async (file: string, options: SweepCommandOptions) => {
    const { sweepCommand } = await import("./cli/sweep-command.js");
    console.log(await sweepCommand(file, options));
  });

program
  .command("data")
  .description(
    "download the full data sets that splits are drawn from: the authors' archive, and AG News from the Hugging Face Hub",
  )
  .requiredOption("--task <names>", `all, or tasks with commas between them: ${taskNames.join(", ")}`, splitList)
  .option("--out <folder>", "where to make a folder for each task", "data/original")
  .option(
    "--from <address>",
    "where the archive is, if not on the authors' page; an address that ends in / is a folder with datasets.tar and ag_news/train.csv and test.csv",
  )
  .option("--sha256 <hex>", "what the archive's SHA-256 must be")
  .action(async (options: DataCommandOptions) => {
    const { dataCommand } = await import("./cli/data-command.js");
    await dataCommand(options, (line) => console.log(line), note);
  });

program
  .command("splits")
  .description("draw the paper's few-shot splits from full data sets: the same bytes as the authors' generator writes")
  .option("--task <name>", `the task, or all: ${taskNames.join(", ")}`)
  .option("--task-file <file>", "a task of your own, as JSON (see data/example-task.json)")
  .requiredOption(
    "--original <folder>",
    "folder with a folder for each task (SST-2, mr, …), or the task's own, with its full train and dev or test files",
  )
  .option("--k <n>", "training examples of each label, and as many for development", count, 16)
  .option("--seed <numbers>", "seed of the shuffle, or several with commas", listOf(seed), [100, 13, 21, 42, 87])
  .option(
    "--test-examples <n>",
    "at most n test examples, the same ones for every seed; inf for all of them",
    countOrInfinity,
    1000,
  )
  .requiredOption("--out <folder>", "where to write TASK/K-SEED/, with train, dev and test files")
  .action(async (options: SplitsCommandOptions) => {
    const { splitsCommand } = await import("./cli/splits-command.js");
    for (const path of splitsCommand(options, note)) console.log(path);
  });

program
  .command("authors-kernels")
  .alias("kernels")
  .description("download the kernels that the authors publish, or write kernels as their code reads them (torch.load)")
  .option(
    "--download <name>",
    "an archive of the authors' project page by its file name without .zip, such as prompt-sgd-16-shot",
  )
  .option(
    "--from <address>",
    "where the archive is, if not on their page; an address that ends in / is the folder it lies in",
  )
  .option("--sha256 <hex>", "what the archive's SHA-256 must be")
  .option("--export <folder>", "kernels to write as train_kernels_TASK.pt, train_logits_TASK.pt, …")
  .option("--task <name>", "with --export: the task's name in the files' names")
  .option(
    "--formula <name>",
    "with --export: which kernel; asymmetric_signgd goes with its flipped one",
    oneOf(["sgd", "signgd", "asymmetric_signgd"] as const),
    "sgd",
  )
  .option("--out <folder>", "where to write; default of --download: kernels/<name>")
  .action(async (options: AuthorsKernelsCommandOptions) => {
    const { authorsKernelsCommand } = await import("./cli/authors-kernels-command.js");
    for (const path of await authorsKernelsCommand(options)) console.log(path);
  });

program
  .command("convert")
  .description(
    "write a model with its weights as float32, which Python's transformers reads, or as int8 rows, a quarter of the size",
  )
  .argument("<model>", "folder or Hub id")
  .requiredOption("--out <folder>", "where to write it, in Hugging Face layout")
  .option(
    "--int8",
    "as int8 with a scale for each row of a matrix; rounds the weights unless they are such already",
    false,
  )
  .action(async (model: string, options: ConvertCommandOptions) => {
    const { convertCommand } = await import("./cli/convert-command.js");
    console.log(await convertCommand(model, options));
  });

program.parseAsync().catch((error: unknown) => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const line = message.replace(/\s*\n\s*/g, " ");
  console.error(coloured("red", process.env.KERNEL_VIEW_DEBUG === "1" ? String(stack) : `kernel-view: ${line}`));
  process.exitCode = (error as ErrorWithExitCode).exitCode ?? 1;
});
