/** The options that say which kernels: `compute` and `blocks` share them. */
import { Option, type Command } from "commander";
import type { SignRounding } from "../kernels/contract";
import { FORMULAS, type Formula } from "../kernels/formula";
import { PARAMETER_GROUPS } from "../kernels/parameter-filter";
import { englishTaskNames, taskNames, type Split } from "../tasks/task";
import type { TaskOptions } from "./chosen-task";
import { PROJECTION_KINDS, type ProjectionKind } from "../kernels/random-matrix";
import { count, index, listOf, oneOf, splitList } from "./values";

export interface KernelOptionValues extends TaskOptions {
  model: string;
  revision?: string;
  template?: string;
  labelWords?: string[];
  maxLength?: number;
  firstSentenceLimit?: number;
  otherSentenceLimit?: number;
  data: string;
  split: Split[];
  limit?: number;
  limitTrain?: number;
  formulas: Formula[];
  outputs: "logits" | "margin";
  tied: boolean;
  parameters?: string[];
  signs: SignRounding;
  breakdown: boolean;
  projection?: number;
  projectionKind: ProjectionKind;
  projectionSeed: number;
  projectionCheck?: number;
  store?: string;
  trainBlock?: number;
  evaluateBlock?: number;
}

const groups = Object.keys(PARAMETER_GROUPS).join(", ");

/** Adds the options to a command and returns it. */
export function withKernelOptions(command: Command): Command {
  return command
    .requiredOption("--model <folder or id>", "masked language model in Hugging Face layout, or its id on the Hub")
    .option("--revision <name>", "branch, tag or commit on the Hub")
    .option("--task <name>", `the task: ${[...taskNames, ...englishTaskNames].join(", ")}`)
    .option("--task-file <file>", "a task of your own, as JSON (see data/example-task.json)")
    .option("--template <template>", "another prompt than the task's, such as '*cls**sent_0*_It_was*mask*.*sep+*'")
    .option("--label-words <words>", "other label words than the task's, in label order, with commas", splitList)
    .option(
      "--max-length <n>",
      "longest prompt in tokens, another than the task's; what is longer loses its end",
      count,
    )
    .option("--first-sentence-limit <n>", "most tokens of the first sentence within a prompt", count)
    .option("--other-sentence-limit <n>", "most tokens of any other sentence within a prompt", count)
    .requiredOption("--data <folder>", "folder with train, dev and test files as LM-BFF makes it (see splits)")
    .option("--split <names>", "the splits to write", listOf(oneOf(["train", "dev", "test"] as const)), [
      "train",
      "dev",
      "test",
    ])
    .option("--limit <n>", "at most n examples of each split, taken evenly over the file", count)
    .option("--limit-train <n>", "at most n training examples; default: as --limit", count)
    .option("--formulas <names>", `the kernels, all from one pass: ${FORMULAS.join(", ")}`, listOf(oneOf(FORMULAS)), [
      "sgd",
    ])
    .addOption(
      new Option("--outputs <kind>", "every label word's logit, or the one margin of two")
        .choices(["logits", "margin"])
        .default("logits"),
    )
    .option("--tied", "one parameter for decoder and word embeddings; untied is what the authors' code does", false)
    .option(
      "--parameters <filter>",
      `gradients over these only: ${groups}, or name patterns, with commas; ! leaves out: '!embeddings,!head', '*.layer.11.*'`,
      splitList,
    )
    .addOption(
      new Option(
        "--signs <kind>",
        "signs of gradients that float32 rounds, in sign formulas: those of exact arithmetic, or float32's rounding as in the authors' code",
      )
        .choices(["exact", "float32"])
        .default("exact"),
    )
    .option("--breakdown", "keep each parameter's share of the kernel as well", false)
    .option(
      "--projection <n>",
      "project gradients at random to at most n numbers a parameter: less memory, an approximate kernel",
      count,
    )
    .addOption(
      new Option("--projection-kind <name>", "entries of the random matrices")
        .choices([...PROJECTION_KINDS])
        .default("rademacher"),
    )
    .option("--projection-seed <n>", "another seed gives other random matrices", index, 0)
    .option(
      "--projection-check <n>",
      "compute the exact kernel of n training examples too and print the projected one's error",
      count,
    )
    .option(
      "--store <folder>",
      "where finished blocks are kept; default: kernels in KERNEL_VIEW_CACHE, .cache or ~/.cache/kernel-view",
    )
    .option("--train-block <n>", "training examples in a block; default: as many as fit into memory", count)
    .option(
      "--evaluate-block <n>",
      "examples of the other side in a block; default: as many as fit into memory",
      count,
    );
}
