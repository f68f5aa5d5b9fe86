/** From the options of `compute` and `blocks` to what is to be computed: model, inputs, and the blocks of every split. */
import { InputError } from "../errors";
import { existsSync } from "node:fs";
import { encodeExamples, evenly, readExamples } from "../experiment/inputs";
import { loadLanguageModel } from "../experiment/language-model";
import { promptOutputs } from "../experiment/outputs";
import { defaultStore } from "../store/folder";
import { planSplits, splitBlocks, type SplitBlock, type SplitKernelsOptions } from "../experiment/split-kernels";
import { blockPath } from "../kernels/block-store";
import { checkProjection, projectionText, type Projection } from "../kernels/projection";
import { projectionError } from "../kernels/kernel";
import { disposeModel } from "../model/model";
import { showProgress } from "../notebook/progress";
import { provenance } from "../notebook/provenance";
import { classOf } from "../tasks/labels";
import type { Split, Task } from "../tasks/task";
import { dataFile } from "../tasks/split";
import { templateProblem } from "../tasks/template";
import { warnOnce } from "../warn-once";
import { chosenTask } from "./chosen-task";
import { interruptible } from "./interruptible";
import type { KernelOptionValues } from "./kernel-options";

export interface KernelJob {
  kernels: SplitKernelsOptions<Split> & { store: string };
  /** Blocks of all splits, numbered in order. */
  blocks: SplitBlock<Split>[];
  /** What the kernels depend on, for the metadata of their files. */
  metadata: Record<string, string>;
  dispose(): void;
}

/** Reads the data and loads the model; computes nothing. */
export async function loadKernelJob(options: KernelOptionValues): Promise<KernelJob> {
  const task = taskOf(options);
  const projection = projectionOf(options);
  // What is cheap to check comes before what takes long.
  const examples = { train: readExamples(options.data, "train", task, options.limitTrain ?? options.limit) };
  const ofSplit = (split: Split) =>
    split === "train" ? examples.train : readExamples(options.data, split, task, options.limit);
  for (const [label, name] of task.labels.entries())
    if (!examples.train.some((example) => classOf(example.label) === label))
      warnOnce(`${dataFile(options.data, task.files?.train ?? "train", task)}: no training example has label ${name}`);
  const bySplit = options.split.map((split) => [split, ofSplit(split)] as const);

  const download = showProgress("Download", { unit: "bytes" });
  const { model, tokenizer } = await loadLanguageModel(options.model, {
    revision: options.revision,
    onProgress: download,
  });
  const outputs = promptOutputs(task, tokenizer, options.outputs, options);
  const train = encodeExamples(examples.train, task, tokenizer);
  const splits = Object.fromEntries(
    bySplit.map(([split, own]) => [split, split === "train" ? train : encodeExamples(own, task, tokenizer)]),
  ) as Record<Split, typeof train>;

  const { formulas, parameters, signs, breakdown, trainBlock, evaluateBlock, store = defaultStore() } = options;
  const kernels = {
    model,
    outputs,
    train,
    splits,
    formulas,
    parameters,
    signs,
    breakdown,
    projection,
    trainBlock,
    evaluateBlock,
    store,
  };
  return {
    kernels,
    blocks: splitBlocks(planSplits(kernels)),
    metadata: metadataOf(options, task, model.hash, projection),
    dispose: () => disposeModel(model),
  };
}

/** Runs the job's computation with progress in blocks; Ctrl-C stops it within a block and says what is kept. */
export async function runKernelJob<T>(
  { kernels: { store } }: KernelJob,
  blocks: readonly SplitBlock<Split>[],
  compute: (options: {
    signal: AbortSignal;
    onProgress: (progress: { done: number; total: number; reused: number }) => void;
  }) => Promise<T>,
): Promise<T> {
  const onProgress = showProgress("Kernel", { unit: "blocks", total: blocks.length });
  const kept = (): number => blocks.filter(({ planned }) => existsSync(blockPath(store, planned.name))).length;
  const message = (): string =>
    `interrupted; ${kept()} of ${blocks.length} blocks are kept in ${store}, and the same command goes on from there`;
  return interruptible((signal) => compute({ signal, onProgress }), message, onProgress);
}

function taskOf(options: KernelOptionValues): Task {
  const { template, labelWords, maxLength, firstSentenceLimit, otherSentenceLimit } = options;
  const change = { template, labelWords, maxLength, firstSentenceLimit, otherSentenceLimit };
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const task: Task = { ...chosenTask(options), ...Object.fromEntries(given) };
  const problem = templateProblem(task.template, task.columns.texts.length);
  if (problem !== undefined) throw new InputError(problem, { field: "template" });
  return task;
}

function projectionOf({
  projection: dimension,
  projectionKind: kind,
  projectionSeed: seed,
  projectionCheck,
}: KernelOptionValues): Projection | undefined {
  if (dimension === undefined) {
    if (projectionCheck !== undefined)
      throw new InputError("--projection-check compares a projected kernel with the exact one: give --projection too");
    return undefined;
  }
  const projection: Projection = { dimension, kind, seed };
  checkProjection(projection);
  return projection;
}

/** The projection's error on at most `count` training examples, in words. */
export async function projectionErrorText({ kernels }: KernelJob, count: number): Promise<string> {
  const { model, outputs, formulas = ["sgd"], projection, parameters, signs } = kernels;
  if (!projection) throw new Error("there is no projection whose error could be measured");
  const examples = evenly(kernels.train.sequences, count);
  const errors = await projectionError({ model, outputs, examples, formulas, projection, parameters, signs });
  const texts = [...errors].map(
    ([formula, { frobenius, largest }]) =>
      `${formula} ${frobenius.toPrecision(2)} (largest entry ${largest.toPrecision(2)})`,
  );
  return `${texts.join(", ")}, on ${examples.length} training examples`;
}

function metadataOf(
  options: KernelOptionValues,
  task: Task,
  modelHash: string,
  projection?: Projection,
): Record<string, string> {
  const { package: version, node, tensorflow, cpu, system, time } = provenance();
  return {
    axes: "train examples, train logits, X examples, X logits",
    model: options.model,
    modelHash,
    task: task.name,
    template: task.template,
    labelWords: task.labelWords.join(","),
    ...(task.target ? { numbers: task.labels.join(" to ") } : {}),
    limits: [task.maxLength, task.firstSentenceLimit ?? "none", task.otherSentenceLimit ?? "none"].join(","),
    outputs: options.outputs,
    decoder: options.tied ? "tied to the word embeddings" : "untied",
    formulas: options.formulas.join(","),
    parameters: options.parameters?.join(",") ?? "all",
    signs: options.signs,
    ...(projection ? { projection: projectionText(projection) } : {}),
    data: options.data,
    ...{ package: version, node, tensorflow, cpu, system, time },
  };
}
