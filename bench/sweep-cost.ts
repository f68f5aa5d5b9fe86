/**
 * What a sweep over the paper's fourteen tasks costs with roberta-base on a CPU: parts are measured on a model of its shape with random
 * weights, in CPU seconds of the process, and multiplied out. node environment/run.mjs build/bench/sweep-cost.js
 */
import { cpus } from "node:os";
import { PAPER_GRID, settingsOf, solveKernels } from "../src/experiment/solve-kernels";
import type { SplitKernels } from "../src/experiment/split-kernels";
import { fineTune } from "../src/finetune/fine-tune";
import { FORMULAS } from "../src/kernels/formula";
import { computeKernel } from "../src/kernels/kernel";
import type { KernelTensor } from "../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput } from "../src/kernels/outputs";
import { labelWordHead } from "../src/model/head";
import { predictLogits } from "../src/model/predict";
import { randomStream } from "../src/random";
import { markdownTable } from "./measured-run";
import { randomRoberta, randomSequences } from "./random-roberta";

const K = 16;
const SEEDS = 5;
const TEST = 1000;

/** Tokens of the prompts, mean over test examples (at most 1,000) with RoBERTa's tokenizer; * assumed, the data were not at hand. */
const TASKS: { task: string; classes: number; tokens: number; test?: number }[] = [
  { task: "SST-2", classes: 2, tokens: 30, test: 872 },
  { task: "SST-5", classes: 5, tokens: 29 },
  { task: "MR", classes: 2, tokens: 31 },
  { task: "CR*", classes: 2, tokens: 31 },
  { task: "MPQA*", classes: 2, tokens: 12 },
  { task: "Subj", classes: 2, tokens: 34 },
  { task: "TREC", classes: 6, tokens: 12, test: 500 },
  { task: "AG News*", classes: 4, tokens: 60 },
  { task: "MNLI", classes: 3, tokens: 40 },
  { task: "SNLI", classes: 3, tokens: 29 },
  { task: "QNLI", classes: 2, tokens: 52 },
  { task: "RTE", classes: 2, tokens: 70, test: 277 },
  { task: "MRPC*", classes: 2, tokens: 55, test: 408 },
  { task: "QQP", classes: 2, tokens: 31 },
];

/** LM-BFF's grid: three learning rates × three batch sizes, 1,000 steps, evaluated on dev every 100. */
const TUNING = { rates: 3, batchSizes: [2, 4, 8], steps: 1000, evaluations: 10 };

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function cpuSeconds(what: string, work: () => unknown): Promise<number> {
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  log(`${what}: ${((user + system) / 1e6).toFixed(1)} CPU s`);
  return (user + system) / 1e6;
}

const model = randomRoberta();
const words = [1000, 2000, 3000, 4000, 5000, 6000];

const kernelTime = (n: number, m: number, tokens: number, classes = 2): Promise<number> => {
  const head = labelWordHead(words.slice(0, classes));
  const outputs = classes === 2 ? marginOutput(head) : logitOutputs(head, classes);
  const [train, evaluate] = [randomSequences(n, tokens, 1), randomSequences(m, tokens, 2)];
  const formulas = [...FORMULAS];
  return cpuSeconds(`kernel, four formulas, ${n} × ${m} examples of ${tokens} tokens, ${classes} classes`, () =>
    computeKernel({ model, outputs, train, evaluate, formulas }),
  );
};

/** Seconds of an example's gradients of one output at each length, and of a pair of outputs: time = gradients · (n + m) · C + pairs · n · C · m · C. */
async function kernelCosts() {
  await kernelTime(2, 4, 24); // The first call is slower.
  const [few, many] = [await kernelTime(8, 24, 24), await kernelTime(48, 64, 24)];
  // Two equations in two unknowns: 32 and 112 examples, 192 and 3,072 pairs.
  const pair = (many - (few * 112) / 32) / (48 * 64 - (8 * 24 * 112) / 32);
  const gradient = (time: number): number => (time - pair * 8 * 24) / 32;
  const lengths: [number, number][] = [[24, gradient(few)]];
  for (const tokens of [64, 128]) lengths.push([tokens, gradient(await kernelTime(8, 24, tokens))]);
  const found = await kernelTime(4, 12, 24, 6);
  const expected = lengths[0][1] * 16 * 6 + pair * 4 * 6 * 12 * 6;
  log(`check, six classes: ${(found / expected).toFixed(2)} of what the two-class times foretell`);
  return { pair, lengths };
}

/** Between measured lengths on a straight line. */
function at(lengths: readonly [number, number][], tokens: number): number {
  const after = Math.max(
    1,
    lengths.findIndex(([length]) => length >= tokens),
  );
  const [[x0, y0], [x1, y1]] = lengths.slice(after - 1, after + 1);
  return y0 + ((y1 - y0) * (tokens - x0)) / (x1 - x0);
}

/** Solving three kernels on the paper's grid, the asymmetric one with two γ and three λ. */
function solveTime(classes: number): Promise<number> {
  const [outputs, random] = [classes === 2 ? 1 : classes, randomStream(1)];
  const n = K * classes;
  const features = (count: number): number[][] =>
    Array.from({ length: count * outputs }, () => Array.from({ length: 2 * n * outputs }, () => random() - 0.5));
  const [train, test] = [features(n), features(TEST)];
  const split = (side: number[][]): SplitKernels => {
    const values = Float64Array.from(train.flatMap((a) => side.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0))));
    const examples = side.length / outputs;
    const kernel: KernelTensor = { values, shape: [n, outputs, examples, outputs] };
    const labels = Array.from({ length: examples }, (_, i) => i % classes);
    const logits = { values: new Float32Array(examples * outputs), shape: [examples, outputs] as [number, number] };
    return { kernels: new Map(FORMULAS.map((formula) => [formula, kernel])), labels, logits };
  };
  const splits = { train: split(train), dev: split(train), test: split(test) };
  return cpuSeconds(`solving, ${classes} classes`, () => {
    for (const formula of ["sgd", "signgd"] as const) solveKernels(splits, settingsOf(PAPER_GRID), formula);
    const grid = settingsOf({ ...PAPER_GRID, gammas: [0.01, 1], lambdas: [0, 0.5, 1] });
    solveKernels(splits, grid, "asymmetric_signgd", { solver: "asym" });
  });
}

/** CPU seconds of a step on a batch, by its tokens; of a prediction, by its prompt's tokens. */
async function tuningCosts() {
  const head = labelWordHead(words.slice(0, 2));
  const steps: [number, number][] = [];
  for (const [size, tokens] of [
    [2, 24],
    [4, 64],
    [8, 128],
  ]) {
    const inputs = (count: number) => ({
      sequences: randomSequences(count, tokens),
      labels: Array.from({ length: count }, (_, i) => i % 2),
    });
    const time = async (count: number): Promise<number> =>
      cpuSeconds(`${count} steps of AdamW on ${size} prompts of ${tokens} tokens`, async () => {
        const settings = { optimizer: "adamw", learningRate: 1e-5, steps: count, batchSize: size, seed: 1 } as const;
        const tuned = await fineTune({
          model,
          head,
          train: inputs(32),
          dev: inputs(2),
          ...settings,
          evaluateEvery: count,
        });
        tuned.dispose();
      });
    const first = await time(4);
    steps.push([size * tokens, ((await time(12)) - first) / 8]);
  }
  const predictions: [number, number][] = [];
  for (const tokens of [24, 128]) {
    const sequences = randomSequences(32, tokens);
    const time = await cpuSeconds(`32 predictions of ${tokens} tokens`, () => predictLogits(model, head, sequences));
    predictions.push([tokens, time / 32]);
  }
  return { steps, predictions };
}

async function main(): Promise<void> {
  log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.versions.node}`);
  const kernels = await kernelCosts();
  const solving = new Map<number, number>();
  for (const classes of [...new Set(TASKS.map((task) => task.classes))].sort())
    solving.set(classes, await solveTime(classes));
  const tuning = await tuningCosts();
  const hours = (seconds: number): number => (SEEDS * seconds) / 3600;
  const rows = TASKS.map(({ task, classes, tokens, test = TEST }) => {
    const [n, outputs] = [K * classes, classes === 2 ? 1 : classes];
    // Gradients of the training examples are computed anew for each of the three splits.
    const examples = 3 * n + 2 * n + test;
    const gradients = at(kernels.lengths, tokens) * examples * outputs;
    const pairs = kernels.pair * n * outputs * (2 * n + test) * outputs;
    const runs = TUNING.batchSizes.map((size) => TUNING.steps * at(tuning.steps, size * tokens));
    const evaluated = (TUNING.evaluations * n + n + test) * at(tuning.predictions, tokens);
    const trained = TUNING.rates * runs.reduce((sum, run) => sum + run + evaluated, 0);
    return {
      task,
      tokens,
      outputs,
      kernels: hours(gradients + pairs),
      solving: hours(solving.get(classes)!),
      tuning: hours(trained),
    };
  });
  const sum = (name: "kernels" | "solving" | "tuning"): number => rows.reduce((all, row) => all + row[name], 0);
  const texts = (row: Pick<(typeof rows)[number], "kernels" | "solving" | "tuning">): string[] => [
    row.kernels.toFixed(1),
    row.solving.toFixed(2),
    row.tuning.toFixed(0),
  ];
  console.log(
    markdownTable(
      ["task", "tokens", "outputs", "kernels", "solving", "a fine-tuning grid"],
      [
        ...rows.map((row) => [row.task, String(row.tokens), String(row.outputs), ...texts(row)]),
        ["all", "", "", ...texts({ kernels: sum("kernels"), solving: sum("solving"), tuning: sum("tuning") })],
      ],
    ),
  );
}

void main();
