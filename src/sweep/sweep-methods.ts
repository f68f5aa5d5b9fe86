/** How each kind of a sweep's methods gets its scores. */
import { DivergedError } from "../errors";
import { evaluateHeadSteps, fineTune, type HeadScores, type TrainingRecord } from "../finetune/fine-tune";
import { linearProbeSteps } from "../finetune/linear-probe";
import type { TrainingSettings } from "../finetune/training-config";
import type { Formula } from "../kernels/formula";
import { logitOutputs, marginOutput, type Outputs } from "../kernels/outputs";
import { tf } from "../model/backend";
import { classifierHead, tanhClassifierHead, withClassifier, withTanhClassifier, type Head } from "../model/head";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { bestBiases, withBiases } from "../solvers/best-threshold";
import { accuracy, f1OfClassOne, type Predictions } from "../solvers/metrics";
import { runSteps, runToEnd } from "../steps";
import type { Example, Split, Task } from "../tasks/task";
import type { BehaviorRun } from "./behavior-record";
import { behaviorRun } from "./behavior-run";
import { encodeExamples, type Inputs } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { promptOutputs } from "../experiment/outputs";
import { formulasFor, settingsOf, solveKernelsSteps } from "../experiment/solve-kernels";
import { splitKernels } from "../experiment/split-kernels";
import {
  inputOf,
  inversePenaltiesOf,
  kernelChoices,
  kernelGrid,
  learningRatesOf,
  type BehaviorMethod,
  type KernelMethod,
  type SweepMethod,
} from "./sweep-file";
import type { SettingValue, SweepScores } from "./sweep-table";
import { pooledStates, regressionOn, wordCounts } from "./text-features";

/** One piece of work, kept as one file: a training run, a kernel with all settings of its solver, a measurement of kernel behaviour, a regression, or zero-shot. */
export interface SweepRun {
  /** Hash of everything that the result depends on. */
  name: string;
  task: Task;
  examples: Record<Split, Example[]>;
  k: number;
  seed: number;
  method: string;
  how: SweepMethod;
  /** Of fine-tuning and behaviour (there without a learning rate): the settings in full, and those that the method names. */
  training?: TrainingSettings;
  named?: Partial<TrainingSettings>;
  /** Of a kernel: the formulas that the sweep's kernels of this kind need together, so that one pass over the examples gives them all. */
  formulas?: Formula[];
}

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
        return await withStart(run, around.lm, async (start) =>
          how.pooled === true
            ? performRegression(
                run,
                await runSteps(pooledStates(start.model, start.inputs), around.signal),
                how,
                around,
              )
            : performProbe(run, start, around),
        );
      case "fine-tuning":
      case "behavior":
        return await withStart(run, around.lm, (start) => performTraining(run, how.fromProbe, start, around));
    }
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    return { results: [{ setting: plainSettings({ ...named }), error: error.message }] };
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
  const encode = (split: Split): Inputs => encodeExamples(examples[split], task, tokenizer, { prompted });
  const inputs = { train: encode("train"), dev: encode("dev"), test: encode("test") };
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
  const scored = (split: "dev" | "test", metric = task.metric): number =>
    (metric === "f1" ? f1OfClassOne : accuracy)(
      predictions[split],
      examples[split].map(({ label }) => label),
    );
  return {
    dev: scored("dev"),
    test: scored("test"),
    devAccuracy: scored("dev", "accuracy"),
    testAccuracy: scored("test", "accuracy"),
  };
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
  features: ReturnType<typeof wordCounts>,
  how: Parameters<typeof inversePenaltiesOf>[0],
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
  const { train, dev } = start.inputs;
  const probe = fromProbe ? await runSteps(linearProbeSteps(start.model, start.head, train), around.signal) : undefined;
  const model = probe?.model ?? start.model;
  try {
    if (how.kind === "behavior") {
      const behavior = await performBehavior(run, how, { ...start, model }, around);
      const { step, distance, dev: onDev, test, devAccuracy, testAccuracy } = behavior.tuned;
      const setting = plainSettings({ ...named, learningRate: behavior.learningRate });
      return {
        results: [{ setting, dev: onDev, test, devAccuracy, testAccuracy, bestStep: step, distance }],
        behavior,
      };
    }
    const onProgress = ({ done, total }: { done: number; total: number }): void =>
      around.onShare(done < total ? done / total : 0.99);
    const tuned = await fineTune({
      ...training!,
      model,
      head: start.head,
      train,
      dev,
      stateDirectory: around.state,
      saveEvery: Infinity,
      onProgress,
      signal: around.signal,
    });
    try {
      const { step, distance } = tuned.best;
      return {
        results: [
          {
            setting: plainSettings({ ...named }),
            ...(await scoresOf(run, tuned.model, start)),
            bestStep: step,
            distance,
          },
        ],
        history: tuned.history,
      };
    } finally {
      tuned.dispose();
    }
  } finally {
    probe?.dispose();
  }
}

/** Settings as cells of a table; what is undefined is left out. */
export const plainSettings = (setting: Record<string, unknown>): Record<string, SettingValue> =>
  Object.fromEntries(
    Object.entries(setting)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, plain(value)]),
  );

/** JSON has no infinity. */
const plain = (value: unknown): SettingValue =>
  value === Infinity
    ? "inf"
    : typeof value === "object" && value !== null
      ? JSON.stringify(value)
      : (value as SettingValue);

/** What the kernel compares: the margin of two classes or all logits, unless the method says which. */
function outputsOf({ task, method }: SweepRun, { outputs }: KernelMethod | BehaviorMethod, head: Head): Outputs {
  const classes = task.labels.length;
  if (outputs === "margin" && classes !== 2)
    throw new Error(
      `method ${method}: the margin is for two classes, and task ${task.name} has ${classes}: choose the outputs "logits"`,
    );
  return (outputs ?? (classes === 2 ? "margin" : "logits")) === "margin"
    ? marginOutput(head)
    : logitOutputs(head, classes);
}

function performBehavior(
  run: SweepRun,
  how: BehaviorMethod,
  { model, head, inputs }: Started,
  { store, signal, onShare }: Circumstances,
): Promise<BehaviorRun> {
  return behaviorRun({
    ...run.training!,
    model,
    outputs: outputsOf(run, how, head),
    ...inputs,
    learningRates: learningRatesOf(how),
    kernels: kernelChoices(how),
    featureExamples: how.featureExamples,
    featuresAlong: how.featuresAlong,
    store,
    onProgress: ({ done, total }) => onShare((0.99 * done) / total),
    signal,
  });
}

async function performKernel(
  run: SweepRun,
  how: KernelMethod,
  { model, head, inputs }: Started,
  { store, signal, onShare }: Circumstances,
): Promise<Performed> {
  const { formulas, values } = kernelGrid(how);
  const onProgress = ({ done, total }: { done: number; total: number }): void => onShare((0.99 * done) / total);
  // Without a store, what other methods need would be lost.
  const computed = store === undefined ? computedFormulas(how) : run.formulas!;
  const splits = await splitKernels({
    model,
    outputs: outputsOf(run, how, head),
    train: inputs.train,
    splits: inputs,
    formulas: computed,
    parameters: how.parameters,
    store,
    signal,
    onProgress,
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

/** The formulas that a kernel method has to compute: the asymmetric solver also needs the one with its sign on the other side. */
export const computedFormulas = (how: KernelMethod): Formula[] => [
  ...new Set(kernelGrid(how).formulas.flatMap((formula) => formulasFor(how.solver, formula))),
];
