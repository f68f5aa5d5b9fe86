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
import type { KernelTensor } from "../kernels/kernel-tensor";
import type { Model } from "../model/model";
import { distinct } from "../records";
import { runningSignal } from "../running-cell";
import { checkClasses, metricScore, type Predictions } from "../solvers/metrics";
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
  const { kernels = kernelsOf(config), featureExamples = FEATURE_EXAMPLES, featuresAlong = false } = options;
  const { model, outputs, train, dev, test, learningRates, onProgress } = options;
  for (const { labels, target } of [train, dev, test]) checkClasses(labels, target);
  const prompts = [train, dev, test].map(promptsKey);
  const { head, combine } = outputs;
  const key = [
    ...[FORMAT, "behavior", model.hash, head.description, combine, sortedSettings(config), learningRates],
    ...[kernels, featureExamples, featuresAlong, prompts],
  ];
  // Trying the learning rates where there are several, then the chosen run, the kernels at θ_0, and the features after it.
  const total = learningRates.length === 1 ? 3 : learningRates.length + 3;
  const compute = async (): Promise<BehaviorRun> => {
    const start = behaviorStart(model, config);
    try {
      const run = await measure(
        { ...options, kernels, featureExamples, featuresAlong },
        { ...config, parameters: start.parameters },
        start,
        stages(total, onProgress),
      );
      // From memory the result is what it would be from disk: without fields that are undefined.
      return JSON.parse(JSON.stringify(run)) as BehaviorRun;
    } finally {
      start.dispose();
    }
  };
  const onReuse = (): void => onProgress?.({ done: total, total, reused: total });
  return remember(options.store, key, compute, onReuse, options.signal);
}

async function measure(
  options: BehaviorRunOptions & Required<Pick<BehaviorRunOptions, "kernels" | "featureExamples" | "featuresAlong">>,
  settings: TrainingConfig,
  start: BehaviorStart,
  progress: Stages,
): Promise<BehaviorRun> {
  const { outputs, train, dev, test, kernels, store, signal = runningSignal() } = options;
  const { model, filter } = start;
  const { metric, optimizer } = settings;
  const { head } = outputs;
  const { sequences, labels } = test;
  const formula = formulaOf(settings);
  const formulas = distinct<Formula>(["sgd", formula]);
  const common = { outputs, parameters: filter, signal };

  const tried = await tryRates(options, settings, model, progress);
  const learningRate = chosenRate(tried);
  const config = { ...settings, learningRate };
  const score = (predictions: Predictions): number => metricScore(metric, predictions, labels);
  const features = { ...common, model, examples: train.sequences, others: evenly(sequences, options.featureExamples) };

  const history: Measured[] = [];
  const take = async (group: readonly { model: Model; record: TrainingRecord }[]): Promise<void> => {
    const tuned = group.map((each) => each.model);
    const tests = await linearizationTest({ model, outputs, sequences, labels, tuned, score }, signal);
    // Neither has a store: the checkpoints share one hash.
    const along = options.featuresAlong ? await fixedFeatures({ ...features, tuned, formulas: [formula] }) : undefined;
    group.forEach(({ record }, k) =>
      history.push({ record, test: tests[k], featureDistance: finite(along?.changes[k].get(formula)!.whole.mean) }),
    );
  };
  const kept = checkpointGroups(model, trainedBytes(start), take);
  try {
    const { within: onProgress } = progress;
    const tuned = await fineTune({ ...config, model, head, train, dev, signal, onProgress, onEvaluate: kept.add });
    try {
      await kept.flush();
      progress.next();

      const wanted = { formulas: formulasOf(formula, kernels), splits: { train, dev, test } };
      const splits = await splitKernels({ ...common, ...wanted, model, train, store, onProgress });
      const solved: SolvedKernel[] = [];
      for (const kernel of kernels) solved.push(await runSteps(solveOn(splits, kernel, metric), signal));
      const kernel = firstBest(solved, (one) => one.dev);
      const kernelOf = (split: SplitKernels) => ({
        kernel: split.kernels.get(formula)!,
        labels: split.labels,
        start: split.logits,
      });
      const record = [0, ...history.map((each) => each.record.step)];
      const descended = await trainingDescent(
        { config, train: kernelOf(splits.train), evaluate: kernelOf(splits.test), record },
        signal,
      );
      progress.next();

      const { changes } = await fixedFeatures({ ...features, tuned: [tuned.model], formulas, onProgress });
      const change = changes[0];
      const sides = { train: train.sequences, evaluate: train.sequences };
      const after = await computeKernel({ ...common, ...sides, model: tuned.model, formulas: [formula] });
      const alignment = (at: ReadonlyMap<Formula, KernelTensor>): number | undefined =>
        finite(kernelTargetAlignment(at.get(formula)!, train.labels));
      progress.next();

      const { step, distance } = tuned.best;
      const noDescent = typeof descended === "string" ? { noDescent: descended } : undefined;
      const checkpoints = checkpointsOf(history, typeof descended === "string" ? [] : descended, labels, metric);
      const atBest = history.find((each) => each.record.step === step)!.test;
      const { descent, descentError } = checkpoints.find((each) => each.step === step)!;
      const { start: pretrained } = history[0].test;
      const { linearized, error } = atBest;
      const { gain, share, passed } = recoveredGain({ start: pretrained, tuned: atBest.tuned, linearized });
      const scored = (split: LabelledPrompts): Promise<HeadScores> =>
        runSteps(evaluateHeadSteps(tuned.model, head, split, metric), signal);
      const [onDev, onTest] = [await scored(dev), await scored(test)];
      const accuracies = { devAccuracy: onDev.accuracy, testAccuracy: onTest.accuracy };
      return {
        optimizer,
        metric,
        outputs: outputs.combine.length,
        formula,
        tried,
        learningRate,
        start: pretrained,
        tuned: { step, distance, dev: onDev.score, test: onTest.score, ...accuracies },
        linearization: { test: linearized, gain, share, error: finite(error) },
        testOutputs: {
          start: rounded(atBest.startOutputs),
          tuned: rounded(atBest.tunedOutputs),
          linearized: rounded(atBest.linearizedOutputs),
        },
        kernel,
        kernels: solved,
        ...(noDescent ?? { descent: { test: descent!, error: descentError } }),
        features: formulas.map((each) => featureDistance(each, change.get(each)!)),
        alignment: { start: alignment(splits.train.kernels), tuned: alignment(after.kernels) },
        verdicts: kernelBehavior({
          kernelScore: kernel.test,
          tunedScore: onTest.score,
          linearized: passed,
          featureDistance: change.get(formula)!.whole.mean,
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
  return {
    within: (progress) => report?.({ done: done + Math.min(0.99, progress.done / progress.total), total }),
    next: () => report?.({ done: ++done, total }),
  };
}
