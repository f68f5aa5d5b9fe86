#!/usr/bin/env node
/** The command `kernel-view`: the library's operations from a shell. Each command is loaded when it is asked for: `--help` and `solve` need no TensorFlow. */
import { Command, InvalidArgumentError, Option } from "commander";
import { count, listOf, numbers, splitList } from "./cli/values";
import type { KernelCommandOptions } from "./cli/kernel-command";
import type { KernelsCommandOptions } from "./cli/kernels-command";
import type { SolveCommandOptions } from "./cli/solve-command";
import { FORMULAS } from "./kernels/formula";

const program = new Command("kernel-view")
  .description("The kernel view of language-model fine-tuning: kernels from a model and labelled sentences, and what they predict.")
  .showHelpAfterError("(--help lists the options)");

program
  .command("kernel")
  .description("compute the kernels of a task's training examples with each split, and write one safetensors file a split")
  .requiredOption("--model <folder or id>", "masked language model in Hugging Face layout, or its id on the Hub")
  .option("--revision <name>", "branch, tag or commit on the Hub")
  .requiredOption("--task <name>", "the task, such as sst-2")
  .option("--template <template>", "another prompt than the task's, such as '*cls**sent_0*_It_was*mask*.*sep+*'")
  .option("--label-words <words>", "other label words than the task's, in label order, with commas", splitList)
  .requiredOption("--data <folder>", "folder with train, dev and test files (.tsv or .csv) as LM-BFF makes it")
  .option("--split <names>", "the splits to write", listOf(["train", "dev", "test"] as const), ["train", "dev", "test"])
  .option("--limit <n>", "at most n examples of each split, taken evenly over the file", count)
  .option("--limit-train <n>", "at most n training examples; default: as --limit", count)
  .option("--formulas <names>", `the kernels: ${FORMULAS.join(", ")}`, listOf(FORMULAS), ["sgd"])
  .addOption(new Option("--outputs <kind>", "every label word's logit, or the one margin of two").choices(["logits", "margin"]).default("logits"))
  .option("--tied", "one parameter for decoder and word embeddings; untied is what the authors' code does", false)
  .requiredOption("--out <folder>", "where to write train, dev and test .safetensors")
  .option("--store <folder>", "where finished blocks are kept; default: .cache/kernels of the package")
  .action(async (options: KernelCommandOptions) => {
    const { kernelCommand } = await import("./cli/kernel-command.js");
    for (const path of await kernelCommand(options)) console.log(path);
  });

program
  .command("solve")
  .description("solve the kernels of a folder and print the accuracy on every split")
  .requiredOption("--kernels <folder>", "what kernel --out wrote, or a folder of the authors' files train_kernels_TASK.pt")
  .addOption(new Option("--solver <name>", "least squares").choices(["lstsq"]).default("lstsq"))
  .option("--formula <name>", `which kernel: ${FORMULAS.join(", ")}`, one(FORMULAS), "sgd")
  .option("--f0 <numbers>", "f0 scaling, or several with commas; inf ignores the pretrained logits", numbers(Number.MIN_VALUE, { infinity: true }), [Infinity])
  .option("--regularization <numbers>", "relative to the kernel's largest singular value, or several with commas", numbers(0), [0])
  .option("--json", "print JSON", false)
  .action(async (options: SolveCommandOptions) => {
    const { solveCommand } = await import("./cli/solve-command.js");
    console.log(solveCommand(options));
  });

program
  .command("kernels")
  .description("download the kernels that the authors publish, or write kernels as their code reads them (torch.load)")
  .option("--download <name>", "an archive of the authors' project page by its file name without .zip, such as prompt-sgd-16-shot")
  .option("--from <address>", "where the archive is, if not on their page; an address that ends in / is the folder it lies in")
  .option("--sha256 <hex>", "what the archive's SHA-256 must be")
  .option("--export <folder>", "kernels to write as train_kernels_TASK.pt, train_logits_TASK.pt, …")
  .option("--task <name>", "with --export: the task's name in the files' names")
  .option("--formula <name>", "with --export: which kernel; asymmetric_signgd goes with its flipped one", one(["sgd", "signgd", "asymmetric_signgd"] as const), "sgd")
  .option("--out <folder>", "where to write; default of --download: kernels/<name>")
  .action(async (options: KernelsCommandOptions) => {
    const { kernelsCommand } = await import("./cli/kernels-command.js");
    for (const path of await kernelsCommand(options)) console.log(path);
  });

function one<T extends string>(known: readonly T[]): (text: string) => T {
  return (text) => {
    const values = listOf(known)(text);
    if (values.length !== 1) throw new InvalidArgumentError("Give one.");
    return values[0];
  };
}

program.parseAsync().catch((error: unknown) => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const line = message.replace(/\s*\n\s*/g, " ");
  console.error(process.env.KERNEL_VIEW_DEBUG === "1" ? stack : `kernel-view: ${line}`);
  process.exitCode = 1;
});
