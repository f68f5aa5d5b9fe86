/** How each kind of a sweep's methods gets its scores. */
import { DivergedError } from "../errors";
import { encodeSplits, type Inputs } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { outputsOf, promptOutputs } from "../experiment/outputs";
import { singleRun } from "../experiment/single-run";
import { settingsOf, solveKernelsSteps } from "../experiment/solve-kernels";
import { splitKernels } from "../experiment/split-kernels";
import { evaluateHeadSteps, type HeadScores, type TrainingRecord } from "../finetune/fine-tune";
import { linearProbeSteps } from "../finetune/linear-probe";
import { tf } from "../model/backend";
import { classifierHead, tanhClassifierHead, withClassifier, withTanhClassifier, type Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { bestBiases, withBiases } from "../solvers/best-threshold";
import { accuracy, metricScore, type Predictions } from "../solvers/metrics";
import { runSteps, runToEnd } from "../steps";
import type { Split } from "../tasks/task";
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
  const { how, named } = run;
  try {
    switch (how.kind) {
      case "bag-of-words":
        return await performRegression(run, wordCounts(run.examples), how, around);
      case "zero-shot":
      case "best-threshold":
        return await withStart(run, around.lm, (start) =>
          performZeroShot(run, how.kind === "best-threshold", start, around),
        );
      case "kernel":
        return await withStart(run, around.lm, (start) => performKernel(run, how, start, around));
      case "linear-probe":
        return await withStart(run, around.lm, async (start) => {
          if (how.pooled !== true) return performProbe(run, start, around);
          const features = await runSteps(pooledStates(start.model, start.inputs), around.signal);
          return performRegression(run, features, how, around);
        });
      case "fine-tuning":
      case "behavior":
        return await withStart(run, around.lm, (start) => performTraining(run, how.fromProbe, start, around));
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return { results: [{ setting: plainSettings(named ?? {}), error: error.message }] };
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

/** Progress as a share of the run, which is whole only with its scores. */
const shareOf =
  ({ onShare }: Circumstances) =>
  ({ done, total }: { done: number; total: number }): void =>
    onShare((0.99 * done) / total);

/** Scores on dev and test. Not stopped: a training run that has ended would be lost. */
async function scoresOf({ task }: SweepRun, model: Model, { head, inputs }: Started): Promise<SweepScores> {
  const scored = (split: Split): Promise<HeadScores> =>
    runToEnd(evaluateHeadSteps(model, head, inputs[split], task.metric));
  const [dev, test] = [await scored("dev"), await scored("test")];
  return { dev: dev.score, test: test.score, devAccuracy: dev.accuracy, testAccuracy: test.accuracy };
}

/** Scores of predictions that are there. */
function scoresOfPredictions(
  { task, examples }: SweepRun,
  predictions: Record<"dev" | "test", Predictions>,
): SweepScores {
  const [dev, test] = (["dev", "test"] as const).map((split) => {
    const labels = examples[split].map(({ label }) => label);
    const share = accuracy(predictions[split], labels);
    return { score: metricScore(task.metric, predictions[split], labels), share };
  });
  return { dev: dev.score, test: test.score, devAccuracy: dev.share, testAccuracy: test.share };
}

async function performZeroShot(
  run: SweepRun,
  calibrated: boolean,
  start: Started,
  { signal }: Circumstances,
): Promise<Performed> {
  if (!calibrated) return { results: [{ setting: {}, ...(await scoresOf(run, start.model, start)) }] };
  const logits = async (split: Split): Promise<Predictions> => {
    const { sequences } = start.inputs[split];
    return {
      values: await runSteps(predictLogitsSteps(start.model, start.head, sequences), signal),
      shape: [sequences.length, run.task.labels.length],
    };
  };
  const [dev, test] = [await logits("dev"), await logits("test")];
  const biases = bestBiases(test, start.inputs.test.labels, run.task.metric);
  const setting = { biases: Array.from(biases, (bias) => Number((bias - biases[0]).toPrecision(6))).join(" ") };
  return {
    results: [
      { setting, ...scoresOfPredictions(run, { dev: withBiases(dev, biases), test: withBiases(test, biases) }) },
    ],
  };
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

async function performProbe(run: SweepRun, start: Started, { signal }: Circumstances): Promise<Performed> {
  const probe = await runSteps(linearProbeSteps(start.model, start.head, start.inputs.train), signal);
  try {
    return {
      results: [{ setting: { inversePenalty: probe.inversePenalty }, ...(await scoresOf(run, probe.model, start)) }],
    };
  } finally {
    probe.dispose();
  }
}

async function performTraining(
  run: SweepRun,
  fromProbe: boolean,
  start: Started,
  around: Circumstances,
): Promise<Performed> {
  const { how, named, training } = run;
  const probe = fromProbe
    ? await runSteps(linearProbeSteps(start.model, start.head, start.inputs.train), around.signal)
    : undefined;
  const model = probe?.model ?? start.model;
  const onProgress = shareOf(around);
  try {
    if (how.kind === "behavior") {
      const behavior = await behaviorRun({
        ...training!,
        ...start.inputs,
        model,
        outputs: outputsOf(start.head, run.task, how.outputs),
        learningRates: learningRatesOf(how),
        kernels: kernelChoices(how),
        featureExamples: how.featureExamples,
        featuresAlong: how.featuresAlong,
        store: around.store,
        onProgress,
        signal: around.signal,
      });
      const { step, distance, dev: onDev, test, devAccuracy, testAccuracy } = behavior.tuned;
      const setting = plainSettings({ ...named, learningRate: behavior.learningRate });
      return {
        results: [{ setting, dev: onDev, test, devAccuracy, testAccuracy, bestStep: step, distance }],
        behavior,
      };
    }
    const { devScore, testScore, devAccuracy, testAccuracy, bestStep, distance, history } = await singleRun({
      ...training!,
      ...start.inputs,
      model,
      head: start.head,
      stateDirectory: around.state,
      saveEvery: Infinity,
      onProgress,
      signal: around.signal,
    });
    const setting = plainSettings(named ?? {});
    return {
      results: [{ setting, dev: devScore, test: testScore, devAccuracy, testAccuracy, bestStep, distance }],
      history,
    };
  } finally {
    probe?.dispose();
  }
}

async function performKernel(
  run: SweepRun,
  how: KernelMethod,
  { model, head, inputs }: Started,
  around: Circumstances,
): Promise<Performed> {
  const { store, signal } = around;
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
    onProgress: shareOf(around),
  });
  const by = run.task.metric;
  const results: SettingResult[] = [];
  for (const formula of formulas) {
    const solved = await runSteps(
      solveKernelsSteps<"dev" | "test">(splits, settingsOf(values), formula, { solver: how.solver }),
      signal,
    );
    for (const {
      scores: { dev, test },
      ...setting
    } of solved) {
      results.push({
        setting: plainSettings({ formula, solver: how.solver, ...setting }),
        dev: dev[by],
        test: test[by],
        devAccuracy: dev.accuracy,
        testAccuracy: test.accuracy,
      });
    }
  }
  return { results };
}
