/**
 * Does fine-tuning behave like its kernel? One task, few-shot draw and optimizer, measured as in Section 6 of the paper:
 * fine-tuning with the learning rate that dev chooses, its linearization and its features along and after the run, the
 * kernel solved for itself, kernel gradient descent at equal time, and the verdicts.
 */
import { DivergedError } from "../errors";
import { fixedFeatures, type FeatureChange } from "../behavior/fixed-features";
import { kernelTargetAlignment } from "../behavior/kernel-alignment";
import { kernelBehavior } from "../behavior/kernel-behavior";
import type { KernelChange } from "../behavior/kernel-change";
import type { KernelDescentRecord } from "../behavior/kernel-descent";
import { linearizationTest, type LinearizationTest } from "../behavior/linearization-test";
import type { OutputTable } from "../behavior/output-table";
import { recoveredGain } from "../behavior/recovered-gain";
import {
  evaluateHeadSteps,
  fineTune,
  sortedSettings,
  type HeadScores,
  type LabelledPrompts,
  type TrainingRecord,
} from "../finetune/fine-tune";
import type { TrainingConfig } from "../finetune/training-config";
import type { Formula } from "../kernels/formula";
import { computeKernel } from "../kernels/kernel";
import { tf } from "../model/backend";
import type { Model } from "../model/model";
import { runningSignal } from "../running-cell";
import { accuracy, asPredictions, f1OfClassOne, type Predictions } from "../solvers/metrics";
import { runSteps } from "../steps";
import type { BehaviorCheckpoint, BehaviorRun, FeatureDistance, PartDistance, SolvedKernel } from "./behavior-record";
import {
  behaviorConfig,
  behaviorStart,
  FEATURE_EXAMPLES,
  formulaOf,
  kernelsOf,
  trainedBytes,
  type BehaviorRunOptions,
  type BehaviorStart,
  type KernelChoice,
} from "./behavior-settings";
import { fineTuningRun, type FineTuningRun } from "../experiment/fine-tuning-run";
import { evenly } from "../experiment/inputs";
import { remember } from "../experiment/remember";
import { formulasFor, gridSearchSteps } from "../experiment/solve-kernels";
import { splitKernels, type SplitKernels } from "../experiment/split-kernels";
import { trainingDescent } from "./training-descent";

/** Increase when the meaning of kept measurements changes: older ones are then not used. */
const FORMAT = 2;

/**
 * Measures kernel behaviour once. The same options give the same numbers on one machine.
 * @throws DivergedError if every learning rate's run diverges
 */
export async function behaviorRun(options: BehaviorRunOptions): Promise<BehaviorRun> {
  const config = behaviorConfig(options);
  const {
    model,
    outputs,
    train,
    dev,
    test,
    learningRates,
    kernels = kernelsOf(config),
    featureExamples = FEATURE_EXAMPLES,
    featuresAlong = false,
  } = options;
  const prompts = [train, dev, test].map(({ sequences, labels }) => [
    labels,
    sequences.map(({ ids, maskPosition }) => [maskPosition, ...ids]),
  ]);
  const key = [
    FORMAT,
    "behavior",
    model.hash,
    outputs.head.description,
    outputs.combine,
    sortedSettings(config),
    learningRates,
    kernels,
    featureExamples,
    featuresAlong,
    prompts,
  ];
  const total = stageCount(learningRates);
  const compute = async (): Promise<BehaviorRun> => {
    const start = behaviorStart(model, config);
    try {
      const run = await measure(
        { ...options, kernels, featureExamples, featuresAlong },
        { ...config, parameters: start.parameters },
        start,
      );
      // From memory the result is what it would be from disk: without fields that are undefined.
      return JSON.parse(JSON.stringify(run)) as BehaviorRun;
    } finally {
      start.dispose();
    }
  };
  return remember(options.store, key, compute, () => options.onProgress?.({ done: total, total, reused: total }));
}

/** Trying the learning rates where there are several, then the chosen run, the kernels at θ_0, and the features after it. */
const stageCount = ({ length }: readonly number[]): number => (length === 1 ? 3 : length + 3);

type Complete = BehaviorRunOptions & {
  kernels: readonly KernelChoice[];
  featureExamples: number;
  featuresAlong: boolean;
};

async function measure(options: Complete, settings: TrainingConfig, start: BehaviorStart): Promise<BehaviorRun> {
  const {
    outputs,
    train,
    dev,
    test,
    learningRates,
    kernels,
    featureExamples,
    featuresAlong,
    store,
    signal = runningSignal(),
  } = options;
  const { model, filter } = start;
  const { metric, optimizer } = settings;
  const formula = formulaOf(settings);
  const formulas = [...new Set<Formula>(["sgd", formula])];
  const common = { outputs, parameters: filter, signal };
  const progress = stages(stageCount(learningRates), options.onProgress);

  const tried = await tryRates(options, settings, model, progress);
  const chosen = chosenRate(tried);
  const config = { ...settings, learningRate: chosen };
  const head = outputs.head;
  const score = (predictions: Predictions, labels: readonly number[]): number =>
    (metric === "f1" ? f1OfClassOne : accuracy)(predictions, labels);
  const features = { ...common, model, examples: train.sequences, others: evenly(test.sequences, featureExamples) };

  const history: Measured[] = [];
  const take = async (group: readonly { model: Model; record: TrainingRecord }[]): Promise<void> => {
    const tuned = group.map((each) => each.model);
    const tests = await linearizationTest(
      { model, outputs, sequences: test.sequences, labels: test.labels, tuned, score },
      signal,
    );
    // Neither has a store: the checkpoints share one hash.
    const changes = featuresAlong ? (await fixedFeatures({ ...features, tuned, formulas: [formula] })).changes : [];
    group.forEach(({ record }, k) =>
      history.push({ record, test: tests[k], featureDistance: number(changes[k]?.get(formula)!.whole.mean) }),
    );
  };
  const kept = groups(model, Math.max(1, Math.floor(GROUP_BYTES / trainedBytes(start))), take);
  try {
    const tuned = await fineTune({
      ...config,
      model,
      head,
      train,
      dev,
      signal,
      onProgress: progress.within,
      onEvaluate: kept.add,
    });
    try {
      await kept.flush();
      progress.next();

      const splits = await splitKernels({
        ...common,
        model,
        train,
        splits: { train, dev, test },
        formulas: formulasOf(formula, kernels),
        store,
        onProgress: progress.within,
      });
      const solved: SolvedKernel[] = [];
      for (const kernel of kernels) solved.push(await runSteps(solveOn(splits, kernel, metric), signal));
      const best = solved.reduce((top, one) => (one.dev > top.dev ? one : top));
      const steps = history.map(({ record }) => record.step);
      const kernelOf = (split: SplitKernels) => ({
        kernel: split.kernels.get(formula)!,
        labels: split.labels,
        start: split.logits,
      });
      const descended = await trainingDescent(
        { config, train: kernelOf(splits.train), evaluate: kernelOf(splits.test), record: [0, ...steps] },
        signal,
      );
      progress.next();

      const { changes } = await fixedFeatures({
        ...features,
        tuned: [tuned.model],
        formulas,
        onProgress: progress.within,
      });
      const after = await computeKernel({
        ...common,
        model: tuned.model,
        train: train.sequences,
        evaluate: train.sequences,
        formulas: [formula],
      });
      const alignment = (kernel = splits.train.kernels.get(formula)!): number | undefined =>
        number(kernelTargetAlignment(kernel, train.labels));
      progress.next();

      const { step, distance } = tuned.best;
      const checkpoints = checkpointsOf(history, typeof descended === "string" ? [] : descended, test.labels, score);
      const [atBest, at] = [
        history.find(({ record }) => record.step === step)!.test,
        checkpoints.find((each) => each.step === step)!,
      ];
      const { linearized, tuned: tunedScore, error } = atBest;
      const { gain, share, passed } = recoveredGain({ start: history[0].test.start, tuned: tunedScore, linearized });
      const scored = (split: LabelledPrompts): Promise<HeadScores> =>
        runSteps(evaluateHeadSteps(tuned.model, head, split, metric), signal);
      const [onDev, onTest] = [await scored(dev), await scored(test)];
      const own = changes[0].get(formula)!;
      return {
        optimizer,
        metric,
        outputs: outputs.combine.length,
        formula,
        tried,
        learningRate: chosen,
        start: history[0].test.start,
        tuned: {
          step,
          distance,
          dev: onDev.score,
          test: onTest.score,
          devAccuracy: onDev.accuracy,
          testAccuracy: onTest.accuracy,
        },
        linearization: { test: linearized, gain, share, error: number(error) },
        testOutputs: {
          start: rounded(atBest.startOutputs),
          tuned: rounded(atBest.tunedOutputs),
          linearized: rounded(atBest.linearizedOutputs),
        },
        kernel: best,
        kernels: solved,
        ...(typeof descended === "string"
          ? { noDescent: descended }
          : { descent: { test: at.descent!, error: at.descentError } }),
        features: formulas.map((each) => featureDistance(each, changes[0].get(each)!)),
        alignment: { start: alignment(), tuned: alignment(after.kernels.get(formula)!) },
        verdicts: kernelBehavior({
          kernelScore: best.test,
          tunedScore: onTest.score,
          linearized: passed,
          featureDistance: own.whole.mean,
        }),
        checkpoints,
      };
    } finally {
      tuned.dispose();
    }
  } finally {
    kept.release();
  }
}

/** Numbers that JSON has; NaN and infinities are left out. */
const number = (value: number | undefined): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Outputs are float32 sums: more digits would be noise, and fill the disk. */
const rounded = ({ values }: OutputTable): number[] => Array.from(values, (value) => Number(value.toPrecision(6)));

interface Measured {
  record: TrainingRecord;
  test: LinearizationTest;
  featureDistance?: number;
}

/** Runs every learning rate; one that diverges is noted. A single rate needs no choice. */
async function tryRates(
  { outputs, train, dev, test, learningRates, store, signal }: Complete,
  config: TrainingConfig,
  model: Model,
  progress: Stages,
): Promise<BehaviorRun["tried"]> {
  if (learningRates.length === 1) return [{ learningRate: learningRates[0] }];
  const tried: BehaviorRun["tried"] = [];
  for (const learningRate of learningRates) {
    try {
      const { devScore, testScore }: FineTuningRun = await fineTuningRun({
        ...config,
        learningRates: [learningRate],
        model,
        head: outputs.head,
        train,
        dev,
        test,
        store,
        signal,
        onProgress: progress.within,
      });
      tried.push({ learningRate, dev: devScore, test: testScore });
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      tried.push({ learningRate, error: error.message });
    }
    progress.next();
  }
  return tried;
}

function chosenRate(tried: BehaviorRun["tried"]): number {
  if (tried.length === 1) return tried[0].learningRate;
  const best = tried.reduce((top, one) => ((one.dev ?? -1) > (top.dev ?? -1) ? one : top));
  if (best.dev === undefined) throw new DivergedError(`every learning rate diverged; the first: ${best.error}`);
  return best.learningRate;
}

/** Memory for checkpoints that wait to be measured together, in bytes: those of one group share a backward pass. */
const GROUP_BYTES = 2 ** 28;

/** Collects checkpoints, whose tensors are released after the call, and hands them on in groups. */
function groups(
  start: Model,
  size: number,
  take: (group: { model: Model; record: TrainingRecord }[]) => Promise<void>,
) {
  let waiting: { model: Model; record: TrainingRecord; own: string[] }[] = [];
  const release = (): void => {
    for (const { model, own } of waiting) tf.dispose(own.map((name) => model.parameters.get(name)!));
    waiting = [];
  };
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await take(waiting);
    release();
  };
  const add = async ({ model, record }: { model: Model; record: TrainingRecord }): Promise<void> => {
    const own = [...model.parameters.keys()].filter(
      (name) => model.parameters.get(name) !== start.parameters.get(name),
    );
    const clones = own.map((name) => [name, tf.clone(model.parameters.get(name)!)] as const);
    waiting.push({ model: { ...model, parameters: new Map([...model.parameters, ...clones]) }, record, own });
    if (waiting.length === size) await flush();
  };
  return { add, flush, release };
}

/** The formulas that must be computed at θ_0. */
const formulasOf = (own: Formula, kernels: readonly KernelChoice[]): Formula[] => [
  ...new Set([own, ...kernels.flatMap(({ formula, solver }) => formulasFor(solver, formula))]),
];

function* solveOn(
  splits: Record<"train" | "dev" | "test", SplitKernels>,
  { formula, solver, ...values }: KernelChoice,
  metric: TrainingConfig["metric"],
): Generator<undefined, SolvedKernel> {
  // These two have no f0.
  const grid = solver === "logistic" || solver === "svc" ? { ...values, f0s: [Infinity] } : values;
  const { scores, ...setting } = (yield* gridSearchSteps<"test">(splits, grid, { formula, solver, metric })).best;
  const plain = Object.entries(setting).map(([name, value]) => [name, value === Infinity ? "inf" : value]);
  return {
    formula,
    solver,
    setting: Object.fromEntries(plain) as SolvedKernel["setting"],
    dev: scores.dev[metric],
    test: scores.test[metric],
  };
}

/** The start and every evaluation, with the descent's outputs after as many steps. */
function checkpointsOf(
  history: readonly Measured[],
  descent: readonly KernelDescentRecord[],
  labels: readonly number[],
  score: (predictions: Predictions, labels: readonly number[]) => number,
): BehaviorCheckpoint[] {
  const at = new Map(descent.map(({ step, evaluate }) => [step, evaluate]));
  const descended = (step: number): number | undefined =>
    at.has(step) ? score(asPredictions(at.get(step)!), labels) : undefined;
  const { start } = history[0].test;
  return [
    { step: 0, tuned: start, linearized: start, descent: descended(0) },
    ...history.map(
      ({ record: { step, learningRate, loss, devScore, distance }, test, featureDistance }): BehaviorCheckpoint => {
        const [f0, ft] = [at.get(0)?.values, test.tunedOutputs.values];
        const error = f0 && norm(ft, at.get(step)!.values) / norm(ft, f0);
        return {
          step,
          learningRate,
          loss,
          dev: devScore,
          distance,
          tuned: test.tuned,
          linearized: test.linearized,
          descent: descended(step),
          linearizationError: number(test.error),
          descentError: number(error),
          featureDistance,
        };
      },
    ),
  ];
}

const norm = (u: Float64Array, v: Float64Array): number =>
  Math.sqrt(u.reduce((sum, value, i) => sum + (value - v[i]) ** 2, 0));

function featureDistance(formula: Formula, { whole, layers, kinds, cells }: FeatureChange): FeatureDistance {
  const part = ({ mean, median, frobenius, cosine }: KernelChange): PartDistance => ({
    mean: number(mean),
    median: number(median),
    frobenius: number(frobenius),
    cosine: number(cosine),
  });
  const record = (parts: ReadonlyMap<string, KernelChange>): Record<string, PartDistance> =>
    Object.fromEntries([...parts].map(([name, change]) => [name, part(change)]));
  return {
    formula,
    ...part(whole),
    layers: record(layers),
    kinds: record(kinds),
    cells: cells.map(({ layer, kind, change }) => ({ layer, kind, ...part(change) })),
  };
}

type OnStage = (progress: { done: number; total: number }) => void;

interface Stages {
  within: OnStage;
  next(): void;
}

/** Progress over stages of equal weight. */
function stages(total: number, report?: OnStage): Stages {
  let done = 0;
  const next = (): void => report?.({ done: ++done, total });
  return {
    within: (progress) => report?.({ done: done + Math.min(0.99, progress.done / progress.total), total }),
    next,
  };
}
