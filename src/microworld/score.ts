/** Measures a model of the microworld on its task: zero-shot, fine-tuning and kernels, prompted and not. */
import { fineTune, type LabelledPrompts } from "../finetune/fine-tune";
import { computeKernel } from "../kernels/kernel";
import type { LogitsTensor } from "../kernels/kernel-tensor";
import { marginOutput, type Outputs } from "../kernels/outputs";
import { classifierHead, labelWordHead, vocabularyHead, withClassifier, type Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { bestThreshold } from "../solvers/best-threshold";
import { decomposeKernel, predictLeastSquares, symmetrized } from "../solvers/least-squares";
import { accuracy } from "../solvers/metrics";
import { encodePrompt, encodeUnprompted, labelWordIds } from "../tasks/prompt";
import { taskByName } from "../tasks/task";
import type { TextEncoder } from "../tasks/text-encoder";
import { opinionKinds, type OpinionKind } from "./language/opinions/meaning";
import type { TaskSentence, TaskSplits } from "./analogues/task-data";

export interface Scores {
  k: number;
  testSentences: number;
  labelNoise: number;
  seeds: number[];
  /** How hyperparameters were chosen, in a sentence. */
  method: string;
  /** Accuracy on the test sentences for each split, 0 to 1. */
  rows: { name: string; values: number[] }[];
  /** AUC of the pretrained margin against the noiseless polarity. */
  auc: number;
  aucByKind: Record<OpinionKind, number>;
  /** Mean probability of both label words together at the mask. */
  labelWordMass: number;
}

/** Probability that a positive example scores above a negative one (Mann–Whitney), ties counted half. */
export function areaUnderCurve(scores: readonly number[], positive: readonly boolean[]): number {
  const above = scores.filter((_, i) => positive[i]);
  const below = scores.filter((_, i) => !positive[i]);
  let wins = 0;
  for (const a of above) for (const b of below) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (above.length * below.length);
}

const method =
  "Least squares with the SGD kernel of the margin: regularization in {1e-3, 1e-2, 1e-1, 1} and f0 scaling in {10, 100, 1000, ∞} chosen on dev (then by dev loss). " +
  "Fine-tuning: 150 steps of 16 examples, learning rate chosen on dev from {0.1, 0.4, 1.6} × 8 / mean diagonal of the kernel for SGD and {1e-4, 5e-4} for AdamW, best checkpoint on dev.";

/** Accuracy of kernel regression with the settings that do best on dev. */
async function kernelAccuracy(model: Model, outputs: Outputs, train: LabelledPrompts, dev: LabelledPrompts, test: LabelledPrompts): Promise<{ test: number; meanDiagonal: number }> {
  const evaluate = [...train.sequences, ...dev.sequences, ...test.sequences];
  const { kernels, trainLogits, evaluateLogits } = await computeKernel({ model, outputs, train: train.sequences, evaluate });
  const { values, shape } = kernels.get("sgd")!;
  const [n, , total] = shape;
  const part = (from: number, count: number) => ({
    kernel: {
      values: Float64Array.from({ length: n * count }, (_, i) => values[Math.floor(i / count) * total + from + (i % count)]),
      shape: [n, 1, count, 1] as [number, number, number, number],
    },
    logits: { values: evaluateLogits.values.slice(from, from + count), shape: [count, 1] } as LogitsTensor,
  });
  const onTrain = part(0, n);
  const onDev = part(n, dev.labels.length);
  const onTest = part(n + dev.labels.length, test.labels.length);
  const decomposition = decomposeKernel(symmetrized(onTrain.kernel));
  let best = { dev: -1, loss: Infinity, test: 0 };
  for (const regularization of [1e-3, 1e-2, 1e-1, 1]) {
    for (const f0 of [10, 100, 1000, Infinity]) {
      const predict = ({ kernel, logits }: typeof onDev) =>
        predictLeastSquares(decomposition, { evaluate: kernel, trainLabels: train.labels, trainLogits, evaluateLogits: logits, regularization, f0 });
      const devPredictions = predict(onDev);
      const devAccuracy = accuracy(devPredictions, dev.labels);
      const loss = dev.labels.reduce((sum, label, i) => sum + (devPredictions.values[2 * i + 1] - (2 * label - 1)) ** 2, 0);
      if (devAccuracy > best.dev || (devAccuracy === best.dev && loss < best.loss)) {
        best = { dev: devAccuracy, loss, test: accuracy(predict(onTest), test.labels) };
      }
    }
  }
  const diagonal = Array.from({ length: n }, (_, i) => onTrain.kernel.values[i * n + i]);
  return { test: best.test, meanDiagonal: diagonal.reduce((a, b) => a + b, 0) / n };
}

async function tunedAccuracy(
  model: Model,
  head: Head,
  optimizer: "sgd" | "adamw",
  rates: number[],
  sets: Record<"train" | "dev" | "test", LabelledPrompts>,
  seed: number,
): Promise<number> {
  let best = { dev: -1, test: 0 };
  for (const learningRate of rates) {
    const tuned = await fineTune({ model, head, train: sets.train, dev: sets.dev, optimizer, learningRate, steps: 150, batchSize: 16, evaluateEvery: 25, seed });
    if (tuned.best.devAccuracy > best.dev) {
      const values = predictLogits(tuned.model, head, sets.test.sequences);
      best = { dev: tuned.best.devAccuracy, test: accuracy({ values, shape: [sets.test.labels.length, 2] }, sets.test.labels) };
    }
    tuned.dispose();
  }
  return best.test;
}

/** All measurements; a few minutes. `testSentences` of the test set are used. */
export async function scoreModel(
  model: Model,
  tokenizer: TextEncoder,
  splits: TaskSplits,
  labelNoise: number,
  { testSentences = 500, onProgress = () => {} }: { testSentences?: number; onProgress?: (line: string) => void } = {},
): Promise<Scores> {
  const task = taskByName("sst-2");
  const words = labelWordIds(task, tokenizer);
  const head = labelWordHead(words);
  const test = splits.test.slice(0, testSentences);
  const labels = test.map(({ label }) => label);
  const prompted = (sentences: readonly TaskSentence[]): LabelledPrompts => ({
    sequences: sentences.map((sentence) => encodePrompt(sentence, task, tokenizer)),
    labels: sentences.map(({ label }) => label),
  });
  const plain = (sentences: readonly TaskSentence[]): LabelledPrompts => ({
    sequences: sentences.map((sentence) => encodeUnprompted(sentence, task, tokenizer)),
    labels: sentences.map(({ label }) => label),
  });

  const promptedTest = prompted(test);
  const margins = marginsOf(predictLogits(model, head, promptedTest.sequences));
  const zeroShot = margins.filter((margin, i) => (margin > 0 ? 1 : 0) === labels[i]).length / labels.length;
  const threshold = bestThreshold(margins, labels).accuracy;
  const positive = test.map(({ polarity }) => polarity === 1);
  const aucOf = (use: (sentence: TaskSentence) => boolean): number => {
    const chosen = test.map((_, i) => i).filter((i) => use(test[i]));
    return areaUnderCurve(chosen.map((i) => margins[i]), chosen.map((i) => positive[i]));
  };

  const rows: Scores["rows"] = [];
  const add = (name: string, value: number): void => {
    const row = rows.find((candidate) => candidate.name === name);
    if (row) row.values.push(value);
    else rows.push({ name, values: [value] });
    onProgress(`${name}: ${(100 * value).toFixed(1)}`);
  };
  for (const { seed, train, dev } of splits.fewShot) {
    add("zero-shot", zeroShot);
    add("best single threshold (sees test labels)", threshold);
    const sets = { train: prompted(train), dev: prompted(dev), test: promptedTest };
    const kernel = await kernelAccuracy(model, marginOutput(head), sets.train, sets.dev, sets.test);
    add("prompted K_SGD", kernel.test);
    const rates = (meanDiagonal: number): number[] => [0.1, 0.4, 1.6].map((c) => (c * 8) / meanDiagonal);
    add("prompted SGD fine-tuning", await tunedAccuracy(model, head, "sgd", rates(kernel.meanDiagonal), sets, seed));
    add("prompted AdamW fine-tuning", await tunedAccuracy(model, head, "adamw", [1e-4, 5e-4], sets, seed));
    const unprompted = { train: plain(train), dev: plain(dev), test: plain(test) };
    const withHead = withClassifier(model, 2, seed);
    const newHead = await kernelAccuracy(withHead, marginOutput(classifierHead), unprompted.train, unprompted.dev, unprompted.test);
    add("unprompted K_SGD (new head)", newHead.test);
    add("unprompted SGD fine-tuning", await tunedAccuracy(withHead, classifierHead, "sgd", rates(newHead.meanDiagonal), unprompted, seed));
    add("unprompted AdamW fine-tuning", await tunedAccuracy(withHead, classifierHead, "adamw", [1e-4, 5e-4], unprompted, seed));
  }
  const aucByKind = Object.fromEntries(opinionKinds.map((kind) => [kind, aucOf((s) => s.kind === kind)])) as Scores["aucByKind"];
  return {
    k: splits.fewShot[0].train.length / 2,
    testSentences: test.length,
    labelNoise,
    seeds: splits.fewShot.map(({ seed }) => seed),
    method,
    rows,
    auc: aucOf(() => true),
    aucByKind,
    labelWordMass: labelWordMass(model, promptedTest.sequences, words),
  };
}

/** Differences of pairs of logits. */
const marginsOf = (logits: Float32Array): number[] =>
  Array.from({ length: logits.length / 2 }, (_, i) => logits[2 * i + 1] - logits[2 * i]);

function labelWordMass(model: Model, sequences: LabelledPrompts["sequences"], words: number[]): number {
  const logits = predictLogits(model, vocabularyHead, sequences);
  const size = logits.length / sequences.length;
  let sum = 0;
  for (let i = 0; i < sequences.length; i += 1) {
    const row = logits.subarray(i * size, (i + 1) * size);
    const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = row.reduce((a, b) => a + Math.exp(b - top), 0);
    sum += words.reduce((a, word) => a + Math.exp(row[word] - top), 0) / total;
  }
  return sum / sequences.length;
}
