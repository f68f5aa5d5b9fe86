/** How each kind of a sweep's methods gets its scores. */
import { DivergedError } from "../errors";
import { encodeSplits, type Inputs } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { outputsOf, promptOutputs } from "../experiment/outputs";
import { singleRun } from "../experiment/single-run";
import { scoreBy, settingsOf, solveKernelsSteps } from "../experiment/solve-kernels";
import { splitKernels } from "../experiment/split-kernels";
import { evaluateHeadSteps, type TrainingRecord } from "../finetune/fine-tune";
import { linearProbeSteps } from "../finetune/linear-probe";
import { tf } from "../model/backend";
import { classifierHead, tanhClassifierHead, withClassifier, withTanhClassifier, type Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { bestBiases, withBiases } from "../solvers/best-threshold";
import { metricScore, type Predictions } from "../solvers/metrics";
import { runSteps, runToEnd } from "../steps";
import type { ClassMetric, Metric, Split } from "../tasks/task";
import type { BehaviorRun } from "./behavior-record";
import { behaviorRun } from "./behavior-run";
import {
  computedFormulas,
  inputOf,
  inversePenaltiesOf,
  kernelChoices,
  kernelGrid,
  learningRatesOf,
  type BagOfWordsMethod,
  type KernelMethod,
  type LinearProbeMethod,
} from "./method-settings";
import type { SweepRun } from "./sweep-plan";
import { plainSettings, type SettingValue, type SweepScores } from "./sweep-table";
import { pooledStates, regressionOn, wordCounts, type SplitFeatures } from "./text-features";

/** What a run needs beside its plan. */
export interface Circumstances {
  lm: LanguageModel;
  /** Folder for kernel blocks, and for the training runs of measurements of behaviour. */
  store?: string;
  signal?: AbortSignal;
  /** Folder for the state of a training run. */
  state: string;
  onShare: (share: number) => void;
}

/** One setting of a method and what it scores. */
export interface SettingResult extends SweepScores {
  setting: Record<string, SettingValue>;
}

/** What a run gives: a result for each of its settings. */
export interface Performed {
  results: SettingResult[];
  /** Of fine-tuning. */
  history?: TrainingRecord[];
  behavior?: BehaviorRun;
}

/** Does the work of a run. Training that diverges is a result with its error. */
export async function perform(run: SweepRun, around: Circumstances): Promise<Performed> {
  const { how, named = {} } = run;
  const { lm, signal } = around;
  const started = (use: (start: Started) => Promise<Performed>): Promise<Performed> => withStart(run, lm, use);
  try {
    switch (how.kind) {
      case "bag-of-words":
        return await performRegression(run, wordCounts(run.examples), how, around);
      case "zero-shot":
        return await started(async (start) => ({ results: [{ setting: {}, ...(await scoresOf(run, start)) }] }));
      case "best-threshold":
        return await started((start) => performBestThreshold(run, start, around));
      case "kernel":
        return await started((start) => performKernel(run, how, start, around));
      case "linear-probe":
        return await started(async (start) => {
          if (how.pooled === true)
            return performRegression(run, await runSteps(pooledStates(start.model, start.inputs), signal), how, around);
          return withProbe(start, signal, async ({ inversePenalty, ...probe }) => ({
            results: [{ setting: { inversePenalty }, ...(await scoresOf(run, probe)) }],
          }));
        });
      case "fine-tuning":
      case "behavior":
        return await started((start) =>
          how.fromProbe
            ? withProbe(start, signal, (probe) => performTraining(run, probe, around))
            : performTraining(run, start, around),
        );
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return { results: [{ setting: plainSettings(named), error: error.message }] };
  }
}

/** The model, head and token ids that a method begins with. */
interface Started {
  model: Model;
  head: Head;
  inputs: Record<Split, Inputs>;
}

/** Uses the start of a run and releases its new head. */
async function withStart<T>(
  { task, examples, seed, how }: SweepRun,
  { model, tokenizer }: LanguageModel,
  use: (start: Started) => Promise<T>,
): Promise<T> {
  const prompted = inputOf(how) === "prompt";
  const inputs = encodeSplits(examples, task, tokenizer, { prompted });
  if (prompted) return use({ model, head: promptOutputs(task, tokenizer).head, inputs });
  const tanh = "head" in how && how.head === "tanh";
  const started = (tanh ? withTanhClassifier : withClassifier)(model, task.labels.length, seed);
  const own = [...started.parameters].filter(([name]) => !model.parameters.has(name)).map(([, tensor]) => tensor);
  try {
    return await use({ model: started, head: tanh ? tanhClassifierHead : classifierHead, inputs });
  } finally {
    tf.dispose(own);
  }
}

/** The same with the probe of the training examples in its head. */
async function withProbe<T>(
  start: Started,
  signal: AbortSignal | undefined,
  use: (start: Started & { inversePenalty: number }) => Promise<T>,
): Promise<T> {
  const probe = await runSteps(linearProbeSteps(start.model, start.head, start.inputs.train), signal);
  try {
    return await use({ ...start, model: probe.model, inversePenalty: probe.inversePenalty });
  } finally {
    probe.dispose();
  }
}

/** Progress as a share of the run, which is whole only with its scores. */
const shareOf =
  (onShare: Circumstances["onShare"]) =>
  ({ done, total }: { done: number; total: number }): void =>
    onShare((0.99 * done) / total);

/** Scores on dev and test. Not stopped: a training run that has ended would be lost. */
async function scoresOf({ task }: SweepRun, { model, head, inputs }: Started): Promise<SweepScores> {
  const dev = await runToEnd(evaluateHeadSteps(model, head, inputs.dev, task.metric));
  const test = await runToEnd(evaluateHeadSteps(model, head, inputs.test, task.metric));
  return { dev: dev.score, test: test.score, devAccuracy: dev.accuracy, testAccuracy: test.accuracy };
}

/** Scores of predictions that are there. */
function scoresOfPredictions(
  { task, examples }: SweepRun,
  predictions: Record<"dev" | "test", Predictions>,
): SweepScores {
  const score = (split: "dev" | "test", metric: Metric): number =>
    metricScore(
      metric,
      predictions[split],
      examples[split].map(({ label }) => label),
    );
  const [dev, test] = [score("dev", task.metric), score("test", task.metric)];
  return { dev, test, devAccuracy: score("dev", "accuracy"), testAccuracy: score("test", "accuracy") };
}

async function performBestThreshold(
  run: SweepRun,
  { model, head, inputs }: Started,
  { signal }: Circumstances,
): Promise<Performed> {
  const logits = async ({ sequences }: Inputs): Promise<Predictions> => ({
    values: await runSteps(predictLogitsSteps(model, head, sequences), signal),
    shape: [sequences.length, run.task.labels.length],
  });
  const [dev, test] = [await logits(inputs.dev), await logits(inputs.test)];
  const biases = bestBiases(test, inputs.test.labels, run.task.metric as ClassMetric);
  const setting = { biases: Array.from(biases, (bias) => Number((bias - biases[0]).toPrecision(6))).join(" ") };
  const scores = scoresOfPredictions(run, { dev: withBiases(dev, biases), test: withBiases(test, biases) });
  return { results: [{ setting, ...scores }] };
}

async function performRegression(
  run: SweepRun,
  features: SplitFeatures,
  how: BagOfWordsMethod | LinearProbeMethod,
  { signal }: Circumstances,
): Promise<Performed> {
  const labels = run.examples.train.map(({ label }) => label);
  const fits = await runSteps(
    regressionOn(features, labels, { classes: run.task.labels.length, inversePenalties: inversePenaltiesOf(how) }),
    signal,
  );
  return {
    results: fits.map(({ inversePenalty, ...predictions }) => ({
      setting: { inversePenalty },
      ...scoresOfPredictions(run, predictions),
    })),
  };
}

async function performTraining(
  { how, named = {}, training, task }: SweepRun,
  { head, ...start }: Started,
  { store, signal, state, onShare }: Circumstances,
): Promise<Performed> {
  const common = { ...training!, ...start.inputs, model: start.model, onProgress: shareOf(onShare), signal };
  if (how.kind === "behavior") {
    const behavior = await behaviorRun({
      ...common,
      outputs: outputsOf(head, task, how.outputs),
      learningRates: learningRatesOf(how),
      kernels: kernelChoices(how),
      featureExamples: how.featureExamples,
      featuresAlong: how.featuresAlong,
      store,
    });
    const { step: bestStep, ...scores } = behavior.tuned;
    const setting = plainSettings({ ...named, learningRate: behavior.learningRate });
    return { results: [{ setting, ...scores, bestStep }], behavior };
  }
  const tuned = await singleRun({ ...common, head, stateDirectory: state, saveEvery: Infinity });
  const { devScore: dev, testScore: test, devAccuracy, testAccuracy, bestStep, distance, history } = tuned;
  const setting = plainSettings(named);
  return { results: [{ setting, dev, test, devAccuracy, testAccuracy, bestStep, distance }], history };
}

async function performKernel(
  run: SweepRun,
  how: KernelMethod,
  { model, head, inputs }: Started,
  { store, signal, onShare }: Circumstances,
): Promise<Performed> {
  const { formulas, values } = kernelGrid(how);
  // Without a store, what other methods need would be lost.
  const computed = (store === undefined ? undefined : run.formulas) ?? computedFormulas(how);
  const splits = await splitKernels({
    model,
    outputs: outputsOf(head, run.task, how.outputs),
    train: inputs.train,
    splits: inputs,
    formulas: computed,
    parameters: how.parameters,
    store,
    signal,
    onProgress: shareOf(onShare),
  });
  const by = run.task.metric;
  const results: SettingResult[] = [];
  const { solver } = how;
  for (const formula of formulas) {
    const solving = solveKernelsSteps<"dev" | "test">(splits, settingsOf(values), formula, { solver });
    for (const { scores, ...own } of await runSteps(solving, signal)) {
      const { dev, test } = scores;
      const setting = plainSettings({ formula, solver, ...own });
      results.push({
        setting,
        dev: scoreBy(dev, by),
        test: scoreBy(test, by),
        devAccuracy: dev.accuracy,
        testAccuracy: test.accuracy,
      });
    }
  }
  return { results };
}
