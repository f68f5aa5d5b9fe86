/** The kernel of two lists of prompts, block by block, with finished blocks kept on disk. */
import { mkdirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { blockName, readBlock, writeBlock, type KernelBlock } from "./block-store";
import { contract, type Formula } from "./contract";
import { disposeSites, gradientSites, type GradientSites } from "./gradient-sites";
import type { KernelTensor, LogitsTensor } from "./kernel-tensor";
import { combineLogits, type Outputs } from "./outputs";

/** Work done so far, in blocks. */
export interface KernelProgress {
  done: number;
  total: number;
  /** How many of the finished blocks came from disk. */
  reused: number;
}

export interface KernelOptions {
  model: Model;
  outputs: Outputs;
  /** Training side: rows of the kernel. */
  train: Sequence[];
  /** Evaluation side: columns of the kernel. */
  evaluate: Sequence[];
  /** Default: the SGD kernel alone. */
  formulas?: readonly Formula[];
  /** Folder that keeps finished blocks. Default: none are kept. */
  store?: string;
  /** Examples in a block. Default: as many as {@link blockSize} allows. */
  trainBlock?: number;
  evaluateBlock?: number;
  onProgress?: (progress: KernelProgress) => void;
  /** Stops after the current block; finished blocks stay on disk. */
  signal?: AbortSignal;
}

export interface KernelResult {
  kernels: Map<Formula, KernelTensor>;
  /** The C outputs f_c on both sides, from the same forward passes. */
  trainLogits: LogitsTensor;
  evaluateLogits: LogitsTensor;
  progress: KernelProgress;
}

/** Memory for one side's inputs and δs, in float32 numbers (1 GiB for training, half of it for evaluation examples). */
const TRAIN_BUDGET = 2 ** 28;
const EVALUATE_BUDGET = 2 ** 27;
const LARGEST_BLOCK = 64;

/**
 * Examples that fit a memory budget: a site holds (in + C · out) numbers a token,
 * which is about (9 + 9C) hidden + (1 + C) intermediate sizes in each layer.
 */
export function blockSize(model: Model, outputs: number, longest: number, budget: number): number {
  const { hiddenSize, intermediateSize, layers } = model.config;
  const numbersPerToken = layers * (1 + outputs) * (9 * hiddenSize + intermediateSize);
  return Math.max(1, Math.min(LARGEST_BLOCK, Math.floor(budget / (numbersPerToken * longest))));
}

/**
 * K[i, a, j, b] = ⟨∇f_a(x_i), ∇f_b(x_j)⟩ over all parameters, and its sign variants, for every training example i
 * and evaluation example j (Section 4 of the paper; the axes are those of the authors' files).
 */
export async function computeKernel(options: KernelOptions): Promise<KernelResult> {
  const { model, outputs, train, evaluate, formulas = ["sgd"], store, onProgress, signal } = options;
  if (train.length === 0 || evaluate.length === 0) throw new Error("a kernel needs at least one example on each side");
  if (store) mkdirSync(store, { recursive: true });
  const c = outputs.combine.length;
  const rows = blocks(train, options.trainBlock ?? blockSize(model, c, longest(train), TRAIN_BUDGET));
  const columns = blocks(evaluate, options.evaluateBlock ?? blockSize(model, c, longest(evaluate), EVALUATE_BUDGET));
  const result = emptyResult(options, formulas, rows.length * columns.length);

  for (const row of rows) {
    let trainSites: GradientSites | undefined;
    try {
      for (const column of columns) {
        signal?.throwIfAborted();
        const part = { model: model.hash, outputs: describe(outputs), formulas, train: pick(train, row), evaluate: pick(evaluate, column) };
        const name = store && blockName(part);
        let block = name && readBlock(store, name, formulas);
        if (block) result.progress.reused++;
        else {
          trainSites ??= gradientSites(model, outputs, part.train);
          block = computeBlock(model, outputs, trainSites, part.evaluate, formulas);
          if (name) writeBlock(store, name, block, [row.length, c, column.length, c]);
        }
        place(result, block, row, column);
        result.progress.done++;
        onProgress?.({ ...result.progress });
        await nextTurn();
      }
    } finally {
      if (trainSites) disposeSites(trainSites);
    }
  }
  return result;
}

/** The C outputs f_c on a list of prompts, without gradients. */
export function computeOutputs(model: Model, outputs: Outputs, sequences: Sequence[]): LogitsTensor {
  const values = combineLogits(outputs, predictLogits(model, outputs.head, sequences));
  return { values, shape: [sequences.length, outputs.combine.length] };
}

function computeBlock(model: Model, outputs: Outputs, train: GradientSites, sequences: Sequence[], formulas: readonly Formula[]): KernelBlock {
  const evaluate = gradientSites(model, outputs, sequences);
  const [n, m, c] = [train.size, evaluate.size, outputs.combine.length];
  const sums = new Map(formulas.map((formula) => [formula, new Float64Array(c * n * c * m)]));
  contract(train, evaluate, formulas, (formula, _parameter, piece) => {
    const sum = sums.get(formula)!;
    for (let i = 0; i < sum.length; i++) sum[i] += piece[i];
  });
  disposeSites(evaluate);
  const kernels = new Map([...sums].map(([formula, sum]) => [formula, examplesFirst(sum, n, m, c)]));
  return { kernels, trainLogits: train.values, evaluateLogits: evaluate.values };
}

/** [C, n, C, m] → [n, C, m, C] */
function examplesFirst(values: Float64Array, n: number, m: number, c: number): Float64Array {
  const result = new Float64Array(values.length);
  let from = 0;
  for (let a = 0; a < c; a++)
    for (let i = 0; i < n; i++)
      for (let b = 0; b < c; b++)
        for (let j = 0; j < m; j++) result[((i * c + a) * m + j) * c + b] = values[from++];
  return result;
}

const longest = (sequences: Sequence[]): number => Math.max(...sequences.map((s) => s.ids.length));
const pick = (sequences: Sequence[], indices: number[]): Sequence[] => indices.map((i) => sequences[i]);
const describe = ({ head, combine }: Outputs): string => `${head.description} ${JSON.stringify(combine)}`;

/** Indices in blocks, sorted by length (so that a block has little padding), ties in the given order. */
function blocks(sequences: Sequence[], size: number): number[][] {
  const sorted = sequences.map((_, i) => i).sort((i, j) => sequences[i].ids.length - sequences[j].ids.length || i - j);
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, b) => sorted.slice(b * size, (b + 1) * size));
}

function emptyResult({ outputs, train, evaluate }: KernelOptions, formulas: readonly Formula[], total: number): KernelResult {
  const c = outputs.combine.length;
  const shape: KernelTensor["shape"] = [train.length, c, evaluate.length, c];
  const kernel = (): KernelTensor => ({ values: new Float64Array(train.length * c * evaluate.length * c), shape });
  const logits = (n: number): LogitsTensor => ({ values: new Float32Array(n * c), shape: [n, c] });
  return {
    kernels: new Map(formulas.map((formula) => [formula, kernel()])),
    trainLogits: logits(train.length),
    evaluateLogits: logits(evaluate.length),
    progress: { done: 0, total, reused: 0 },
  };
}

/** Copies a block's numbers to their examples' places. */
function place(result: KernelResult, block: KernelBlock, row: number[], column: number[]): void {
  for (const [formula, { values, shape }] of result.kernels) {
    const [, c, total] = shape;
    const from = block.kernels.get(formula)!;
    row.forEach((example, i) => {
      for (let a = 0; a < c; a++)
        column.forEach((other, j) => {
          const source = ((i * c + a) * column.length + j) * c;
          values.set(from.subarray(source, source + c), ((example * c + a) * total + other) * c);
        });
    });
  }
  const copy = (to: LogitsTensor, from: Float32Array, examples: number[]): void => {
    const width = to.shape[1];
    examples.forEach((example, i) => to.values.set(from.subarray(i * width, (i + 1) * width), example * width));
  };
  copy(result.trainLogits, block.trainLogits, row);
  copy(result.evaluateLogits, block.evaluateLogits, column);
}
