/** `kernel-view kernel`: from a split folder to kernel files. */
import { existsSync, statSync } from "node:fs";
import { encodeExamples, evenly, readExamples } from "../experiment/inputs";
import { writeKernels } from "../experiment/kernel-files";
import { loadLanguageModel } from "../experiment/language-model";
import { promptOutputs, type OutputKind } from "../experiment/outputs";
import { defaultStore } from "../experiment/remember";
import { splitKernels } from "../experiment/split-kernels";
import type { Formula } from "../kernels/formula";
import { checkProjection, type Projection, type ProjectionKind } from "../kernels/projection";
import { projectionError } from "../kernels/projection-error";
import { disposeModel } from "../model/model";
import { showProgress } from "../notebook/progress";
import { provenance } from "../notebook/provenance";
import { taskByName, type Split, type Task } from "../tasks/task";
import { parseTemplate } from "../tasks/template";

export interface KernelCommandOptions {
  model: string;
  revision?: string;
  task: string;
  template?: string;
  labelWords?: string[];
  data: string;
  split: Split[];
  limit?: number;
  limitTrain?: number;
  formulas: Formula[];
  outputs: OutputKind;
  tied: boolean;
  projection?: number;
  projectionKind: ProjectionKind;
  projectionSeed: number;
  projectionCheck?: number;
  out: string;
  store?: string;
}

/** Computes the kernels of every split and writes one file each; returns their paths. */
export async function kernelCommand(options: KernelCommandOptions): Promise<string[]> {
  const task = taskOf(options);
  const projection = projectionOf(options);
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
    projection,
    store: options.store ?? defaultStore(),
    onProgress: showProgress("Kernel", { unit: "examples" }),
  });
  const metadata = metadataOf(options, task, model.hash);
  if (projection) {
    metadata.projection = `${projection.kind}, dimension ${projection.dimension}, seed ${projection.seed}`;
    if (options.projectionCheck) {
      const examples = evenly(train.sequences, options.projectionCheck);
      const errors = await projectionError({ model, outputs, examples, formulas: options.formulas, projection });
      const texts = [...errors].map(([formula, { frobenius, largest }]) => `${formula} ${frobenius.toPrecision(2)} (largest entry ${largest.toPrecision(2)})`);
      metadata.projectionError = `${texts.join(", ")}, on ${examples.length} training examples`;
      process.stderr.write(`Relative error of the projection in Frobenius norm: ${metadata.projectionError}\n`);
    }
  }
  disposeModel(model);
  return options.split.map((split) => writeKernels(options.out, split, results[split], { ...metadata, split }));
}

function projectionOf({ projection: dimension, projectionKind: kind, projectionSeed: seed, projectionCheck }: KernelCommandOptions): Projection | undefined {
  if (dimension === undefined) {
    if (projectionCheck !== undefined) throw new Error("--projection-check compares a projected kernel with the exact one: give --projection too");
    return undefined;
  }
  const projection: Projection = { dimension, kind, seed };
  checkProjection(projection);
  return projection;
}

function taskOf({ task: name, template, labelWords }: KernelCommandOptions): Task {
  const known = taskByName(name);
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
