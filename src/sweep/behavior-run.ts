/**
 * Does fine-tuning behave like its kernel? One task, few-shot draw and optimizer, measured as in Section 6 of the paper:
 * fine-tuning with the learning rate that dev chooses, its linearization and its features along and after the run, the
 * kernel solved for itself, kernel gradient descent at equal time, and the verdicts.
 */
import { fixedFeatures } from "../behavior/fixed-features";
import { kernelTargetAlignment } from "../behavior/kernel-comparison";
import { linearizationTest } from "../behavior/linearization-test";
import { kernelBehavior, recoveredGain } from "../behavior/verdicts";
import { evenly } from "../experiment/inputs";
import { remember } from "../store/remember";
import { firstBest } from "../experiment/solve-kernels";
import { splitKernels, type SplitKernels } from "../experiment/split-kernels";
import {
  evaluateHeadSteps,
  fineTune,
  sortedSettings,
  type HeadScores,
  type LabelledPrompts,
  type TrainingRecord,
} from "../finetune/fine-tune";
import { promptsKey } from "../finetune/labelled-prompts";
import type { TrainingConfig } from "../finetune/training-config";
import type { Formula } from "../kernels/formula";
import { computeKernel } from "../kernels/kernel";
import type { Model } from "../model/model";
import { runningSignal } from "../running-cell";
import { metricScore, type Predictions } from "../solvers/metrics";
import { runSteps } from "../steps";
import { checkpointGroups, checkpointsOf, type Measured } from "./behavior-checkpoints";
import { chosenRate, formulasOf, solveOn, tryRates, type Stages } from "./behavior-choices";
import { featureDistance, finite, rounded, type BehaviorRun, type SolvedKernel } from "./behavior-record";
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
  const prompts = [train, dev, test].map(promptsKey);
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
  const onReuse = (): void => options.onProgress?.({ done: total, total, reused: total });
  return remember(options.store, key, compute, onReuse, options.signal);
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
    metricScore(metric, predictions, labels);
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
      history.push({ record, test: tests[k], featureDistance: finite(changes[k]?.get(formula)!.whole.mean) }),
    );
  };
  const kept = checkpointGroups(model, trainedBytes(start), take);
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
      const best = firstBest(solved, ({ dev: score }) => score);
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
        finite(kernelTargetAlignment(kernel, train.labels));
      progress.next();

      const { step, distance } = tuned.best;
      const checkpoints = checkpointsOf(history, typeof descended === "string" ? [] : descended, test.labels, metric);
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
        linearization: { test: linearized, gain, share, error: finite(error) },
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

/** Progress over stages of equal weight. */
function stages(total: number, report: BehaviorRunOptions["onProgress"]): Stages {
  let done = 0;
  const next = (): void => report?.({ done: ++done, total });
  return {
    within: (progress) => report?.({ done: done + Math.min(0.99, progress.done / progress.total), total }),
    next,
  };
}
