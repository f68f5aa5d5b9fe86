/** `kernel-view kernel`: from a split folder to kernel files. */
import { existsSync, statSync } from "node:fs";
import { encodeExamples, readExamples } from "../experiment/inputs";
import { writeKernels } from "../experiment/kernel-files";
import { loadLanguageModel } from "../experiment/language-model";
import { promptOutputs, type OutputKind } from "../experiment/outputs";
import { defaultStore } from "../experiment/remember";
import { splitKernels } from "../experiment/split-kernels";
import type { Formula } from "../kernels/formula";
import { disposeModel } from "../model/model";
import { showProgress } from "../notebook/progress";
import { provenance } from "../notebook/provenance";
import type { Split, Task } from "../tasks/task";
import { parseTemplate } from "../tasks/template";
import { chosenTask, type TaskOptions } from "./chosen-task";

export interface KernelCommandOptions extends TaskOptions {
  model: string;
  revision?: string;
  template?: string;
  labelWords?: string[];
  data: string;
  split: Split[];
  limit?: number;
  limitTrain?: number;
  formulas: Formula[];
  outputs: OutputKind;
  tied: boolean;
  out: string;
  store?: string;
}

/** Computes the kernels of every split and writes one file each; returns their paths. */
export async function kernelCommand(options: KernelCommandOptions): Promise<string[]> {
  const task = taskOf(options);
  if (existsSync(options.out) && !statSync(options.out).isDirectory()) throw new Error(`--out ${options.out} is a file: give a folder`);
  // What is cheap to check comes before what takes long.
  const examples = { train: readExamples(options.data, "train", task, options.limitTrain ?? options.limit) };
  const ofSplit = (split: Split) => (split === "train" ? examples.train : readExamples(options.data, split, task, options.limit));
  const bySplit = options.split.map((split) => [split, ofSplit(split)] as const);

  const download = showProgress("Download", { unit: "bytes" });
  const { model, tokenizer } = await loadLanguageModel(options.model, { revision: options.revision, onProgress: download });
  const outputs = promptOutputs(task, tokenizer, options.outputs, options);
  const train = encodeExamples(examples.train, task, tokenizer);
  const splits = Object.fromEntries(
    bySplit.map(([split, own]) => [split, split === "train" ? train : encodeExamples(own, task, tokenizer)]),
  ) as Record<Split, typeof train>;

  const results = await splitKernels({
    model,
    outputs,
    train,
    splits,
    formulas: options.formulas,
    store: options.store ?? defaultStore(),
    onProgress: showProgress("Kernel", { unit: "examples" }),
  });
  disposeModel(model);
  const metadata = metadataOf(options, task, model.hash);
  return options.split.map((split) => writeKernels(options.out, split, results[split], { ...metadata, split }));
}

function taskOf({ template, labelWords, ...options }: KernelCommandOptions): Task {
  const known = chosenTask(options);
  const task = { ...known, template: template ?? known.template, labelWords: labelWords ?? known.labelWords };
  parseTemplate(task.template);
  return task;
}

function metadataOf(options: KernelCommandOptions, task: Task, modelHash: string): Record<string, string> {
  const { package: version, node, tensorflow, cpu, system, time } = provenance();
  return {
    axes: "train examples, train logits, X examples, X logits",
    model: options.model,
    modelHash,
    task: task.name,
    template: task.template,
    labelWords: task.labelWords.join(","),
    outputs: options.outputs,
    decoder: options.tied ? "tied to the word embeddings" : "untied",
    data: options.data,
    ...{ package: version, node, tensorflow, cpu, system, time },
  };
}
