/** All methods on one few-shot split of one task. */
import { createHash } from "node:crypto";
import { encodeExamples, type Inputs } from "../../experiment/inputs";
import type { Formula } from "../../kernels/formula";
import { tf } from "../../model/backend";
import { classifierHead, labelWordHead, withClassifier, type Head } from "../../model/head";
import { parameter, type Model } from "../../model/model";
import { runningSignal } from "../../running-cell";
import type { Predictions } from "../../solvers/metrics";
import { runSteps } from "../../steps";
import type { Example } from "../../tasks/example";
import { labelWordIds } from "../../tasks/prompt";
import type { Split, Task } from "../../tasks/task";
import type { TextEncoder } from "../../tasks/text-encoder";
import { wordKernel, wordsOf } from "./bag-of-words";
import { bestBiases, bestThresholdF1 } from "./best-biases";
import { classKernels, classOutputs, classProblem, formulasFor, gradientScale, type ClassKernels } from "./class-kernels";
import type { Method } from "./methods";
import { areaUnderCurve, labelWordMass } from "./prompt-use";
import { chooseRegressionSteps, measure, type ClassProblem, type Measured, type Regression, type RegressionSetting } from "./regression";
import type { Score } from "./score-file";
import { predictSteps, tune } from "./tuning";

/** How much work fine-tuning may be. */
export interface TuningBudget {
  steps: number;
  /** Steps between looks at the development examples, for up to 64 training examples and for more. */
  evaluateEvery: readonly [few: number, many: number];
  /** Examples in a batch, likewise. */
  batchSizes: readonly [few: number, many: number];
  /** SGD's learning rates: c · batch size / mean ‖∇f‖². */
  sgdFactors: readonly number[];
  adamwRates: readonly number[];
}

export const defaultBudget: TuningBudget = { steps: 100, evaluateEvery: [25, 50], batchSizes: [8, 16], sgdFactors: [0.1, 0.4, 1.6, 6.4, 25.6], adamwRates: [1e-4, 3e-4, 1e-3] };

export interface SplitExamples {
  task: Task;
  k: number;
  seed: number;
  examples: Record<Split, Example[]>;
}

export interface Measurement {
  model: Model;
  tokenizer: TextEncoder;
  budget?: TuningBudget;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
}

const SPLITS = ["train", "dev", "test"] as const;
const REGULARIZATIONS = [0.001, 0.01, 0.1, 1];
const F0S = [10, 100, 1000, Infinity];
const RELATIVE_GAMMAS = [1e6, 0.25];
const LAMBDAS = [0, 0.5, 1];
/** Test examples whose mask is read over the whole vocabulary. */
const MASS_EXAMPLES = 200;
/** More training examples than this, and the asymmetric solver (one SVD for each regularization and f0) tries fewer settings. */
const MANY_EXAMPLES = 128;

const bySplit = <T>(of: (split: Split) => T): Record<Split, T> => ({ train: of("train"), dev: of("dev"), test: of("test") });

/** How hyperparameters are chosen, in full: results are comparable where it is the same. */
export const protocolOf = (budget: TuningBudget = defaultBudget): string =>
  JSON.stringify({ regularizations: REGULARIZATIONS, f0s: F0S.map(String), manyExamples: MANY_EXAMPLES, relativeGammas: RELATIVE_GAMMAS, lambdas: LAMBDAS, ...budget });

/** Identifies a split's examples as the model reads them. */
export function hashExamples({ task, examples }: SplitExamples, tokenizer: TextEncoder): string {
  const hash = createHash("sha256");
  for (const split of SPLITS) {
    const { sequences, labels } = encodeExamples(examples[split], task, tokenizer);
    hash.update(JSON.stringify([split, labels, sequences.map(({ ids }) => ids)]));
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Measures methods on one split and hands over each result as soon as it is there. What several methods share (a pass
 * of the kernel engine, the scale of learning rates) is computed once.
 */
export async function measureSplit(split: SplitExamples, wanted: readonly Method[], measurement: Measurement, onScore: (score: Score) => void): Promise<void> {
  const { task, k, seed, examples } = split;
  const { model, tokenizer, signal = runningSignal() } = measurement;
  const classes = task.labels.length;
  const hash = hashExamples(split, tokenizer);
  const labels = bySplit((name) => examples[name].map(({ label }) => label));
  let started = performance.now();
  const report = (method: Method, test: Measured, chosen: Score["chosen"], dev?: Measured): void => {
    const now = performance.now();
    onScore({ task: task.name, k, seed, method: method.name, ...test, dev, chosen, testExamples: labels.test.length, examples: hash, seconds: Number(((now - started) / 1000).toFixed(2)) });
    started = now;
  };
  let promptSubject: Subject | undefined;
  // Made when it is needed: bag of words also works where the vocabulary lacks a label word.
  const prompted = (): Subject => (promptSubject ??= { model, head: labelWordHead(labelWordIds(task, tokenizer)), inputs: bySplit((name) => encodeExamples(examples[name], task, tokenizer)) });
  let zeroShot: Predictions | undefined;
  const zeroShotLogits = async (): Promise<Predictions> => (zeroShot ??= await runSteps(predictSteps(model, prompted().head, prompted().inputs.test), signal));

  for (const method of wanted) {
    signal?.throwIfAborted();
    if (method.procedure.kind === "zero-shot") {
      const logits = await zeroShotLogits();
      const counts = task.labels.map((_, c) => labels.test.filter((label) => label === c).length);
      report(method, measure(logits, labels.test, task.metric), {
        ...(classes === 2 ? { auc: round(areaUnderCurve(margins(logits), labels.test.map((label) => label === 1))) } : {}),
        majority: round(Math.max(...counts) / labels.test.length),
        labelWordMass: round(labelWordMass(model, prompted().inputs.test.sequences.slice(0, MASS_EXAMPLES), labelWordIds(task, tokenizer))),
      });
    } else if (method.procedure.kind === "best-biases") {
      const logits = await zeroShotLogits();
      const { biases, accuracy: best } = bestBiases(logits, labels.test);
      const f1 = task.metric === "f1" ? { f1: bestThresholdF1(margins(logits), labels.test) } : {};
      report(method, { accuracy: best, ...f1 }, { biases: Array.from(biases, (bias) => round(bias - biases[0])).join(" ") });
    } else if (method.procedure.kind === "bag-of-words") {
      const rows = bySplit((name) => examples[name].map(wordsOf));
      const to = (name: Split): { kernel: ReturnType<typeof wordKernel> } => ({ kernel: wordKernel(rows.train, rows[name]) });
      const problem: ClassProblem = { train: to("train"), dev: to("dev"), test: to("test") };
      const problems = classes === 2 ? [problem] : task.labels.map(() => problem);
      const settings = REGULARIZATIONS.map((regularization) => ({ regularization, f0: Infinity }));
      const { setting, dev, test } = await runSteps(chooseRegressionSteps(problems, { solver: "lstsq", settings, labels, metric: task.metric }), signal);
      report(method, test, { regularization: setting.regularization }, dev);
    }
  }
  if (wanted.some(({ procedure }) => "prompted" in procedure && procedure.prompted)) await measureWith(prompted(), true);
  if (!wanted.some(({ procedure }) => "prompted" in procedure && !procedure.prompted)) return;
  const withHead = withClassifier(model, classes, seed);
  try {
    await measureWith({ model: withHead, head: classifierHead, inputs: bySplit((name) => encodeExamples(examples[name], task, tokenizer, { prompted: false })) }, false);
  } finally {
    tf.dispose([parameter(withHead, "classifier.weight"), parameter(withHead, "classifier.bias")]);
  }

  async function measureWith(subject: Subject, isPrompted: boolean): Promise<void> {
    const outputs = classOutputs(subject.head, classes);
    const own = wanted.filter(({ procedure }) => "prompted" in procedure && procedure.prompted === isPrompted);
    let scale: number | undefined;
    for (const method of own) {
      if (method.procedure.kind !== "fine-tuning") continue;
      const { optimizer } = method.procedure;
      const budget = measurement.budget ?? defaultBudget;
      const size = labels.train.length > 64 ? 1 : 0;
      const [batchSize, evaluateEvery] = [budget.batchSizes[size], budget.evaluateEvery[size]];
      if (optimizer === "sgd") scale ??= await gradientScale(subject.model, outputs, subject.inputs.train, signal);
      const learningRates = optimizer === "sgd" ? budget.sgdFactors.map((factor) => (factor * batchSize) / scale!) : budget.adamwRates;
      const { steps } = budget;
      const tuned = await tune(subject.model, subject.head, subject.inputs, { optimizer, learningRates, steps, evaluateEvery, batchSize, metric: task.metric, seed, signal });
      const rate: Score["chosen"] = optimizer === "sgd" ? { factor: budget.sgdFactors[learningRates.indexOf(tuned.learningRate)] } : {};
      report(method, tuned.test, { learningRate: tuned.learningRate, ...rate, bestStep: tuned.bestStep, steps, batchSize }, tuned.dev);
    }
    const formulas = own.flatMap(({ procedure }) => (procedure.kind === "kernel" ? [procedure.formula] : []));
    if (formulas.length === 0) return;
    const kernels = await classKernels(subject.model, outputs, subject.inputs, [...new Set<Formula>(formulas.flatMap(formulasFor))], signal);
    for (const method of own) {
      if (method.procedure.kind !== "kernel") continue;
      signal?.throwIfAborted();
      const result = await solve(kernels, method.procedure.formula);
      const { regularization, f0, ...others } = result.setting;
      report(method, result.test, { regularization, f0: f0 === Infinity ? "inf" : f0, ...others }, result.dev);
    }
  }

  function solve(kernels: readonly ClassKernels[], formula: Formula): Promise<Regression> {
    const sizes = bySplit((name) => labels[name].length);
    const problems = kernels.map((of) => classProblem(of, formula, sizes));
    const solver = formula === "asymmetric_signgd" ? "asym" : "lstsq";
    return runSteps(chooseRegressionSteps(problems, { solver, settings: solver === "asym" ? asymmetricSettings(sizes.train) : symmetricSettings, labels, metric: task.metric }), signal);
  }
}

/** A model with what reads it and what it reads. */
interface Subject {
  model: Model;
  head: Head;
  inputs: Record<Split, Inputs>;
}

const symmetricSettings: readonly RegressionSetting[] = REGULARIZATIONS.flatMap((regularization) => F0S.map((f0) => ({ regularization, f0 })));

/**
 * γ · σ_max is kept away from where the solver's system is nearly singular (1/γ near a singular value): large, where it
 * is least squares from both sides, or small. λ weighs the two sides.
 */
function asymmetricSettings(examples: number): RegressionSetting[] {
  const many = examples > MANY_EXAMPLES;
  const f0s = many ? [10, Infinity] : F0S;
  return (many ? REGULARIZATIONS.slice(1) : REGULARIZATIONS).flatMap((regularization) =>
    f0s.flatMap((f0) => RELATIVE_GAMMAS.flatMap((relativeGamma) => LAMBDAS.map((lambda) => ({ regularization, f0, relativeGamma, lambda })))),
  );
}

const margins = ({ values, shape: [examples] }: Predictions): number[] => Array.from({ length: examples }, (_, i) => values[2 * i + 1] - values[2 * i]);

const round = (value: number): number => Number(value.toFixed(4));
