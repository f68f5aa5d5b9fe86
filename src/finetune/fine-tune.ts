/** Fine-tuning as the authors' trainer does it: shuffled batches, clipping, linear decay, the best checkpoint on dev. */
import { InputError } from "../errors";
import { floats, tf } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { runningSignal } from "../running-cell";
import { mean } from "../solvers/metrics";
import { isNumberMetric } from "../tasks/task";
import { nextTurn } from "../steps";
import { keyOf } from "../store/slot";
import { trainingBatches } from "./batches";
import { flatLayouts } from "./flat-parameters";
import { evaluateHead, promptsKey, type LabelledPrompts } from "./labelled-prompts";
import { scheduledRate } from "./optimizer";
import { trainedParameters } from "./trained-parameters";
import { trainedVocabulary } from "./trained-vocabulary";
import {
  parseTrainingConfig,
  runLength,
  TRAINING_FIELDS,
  type TrainingConfig,
  type TrainingSettings,
} from "./training-config";
import { loadTrainingState, saveTrainingState, type TrainingRecord, type TrainingState } from "./training-state";
import { dispatchOf, disposeState, firstState, modelWith, trainingSteps, type Trained } from "./training-step";

export {
  evaluateAccuracy,
  evaluateHead,
  evaluateHeadSteps,
  type HeadScores,
  type LabelledPrompts,
} from "./labelled-prompts";
export type { TrainingRecord } from "./training-state";

/** What a run needs besides its settings. */
export interface FineTuneInputs {
  model: Model;
  head: Head;
  train: LabelledPrompts;
  dev: LabelledPrompts;
  /** Prompts whose logits every record notes. */
  probe?: Sequence[];
  /**
   * Folder for the state of this run alone. A run that finds a state there resumes from it, to the same bits as
   * without the interruption; a finished one is read back.
   */
  stateDirectory?: string;
  /** Saves the state after every so many steps, and at the end. Default: after every evaluation. Infinity: only when `signal` aborts, which always saves it. */
  saveEvery?: number;
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Called after every evaluation with the model as it is then; its tensors are released after the call. */
  onEvaluate?: (evaluation: { model: Model; record: TrainingRecord }) => void | Promise<void>;
  /** Default: that of the running cell. */
  signal?: AbortSignal;
}

export type FineTuneOptions = TrainingSettings & FineTuneInputs;

export interface FineTuned {
  /** The model with the parameters that did best on dev (the first best, as the authors keep it), or the last. Release with {@link FineTuned.dispose}. */
  model: Model;
  /** The record of the model's parameters. */
  best: TrainingRecord;
  history: TrainingRecord[];
  /** The head's logits on the probe set before the first step. */
  initialLogits?: number[];
  /** Names of the trained parameters. */
  trained: string[];
  dispose(): void;
}

/** The settings among a run's options, checked. */
export const trainingConfigOf = (options: TrainingSettings): TrainingConfig =>
  parseTrainingConfig(Object.fromEntries(TRAINING_FIELDS.map((name) => [name, options[name]])));

/**
 * Fine-tunes a model as the authors' trainer does, and keeps the parameters that do best on dev. The same options give the
 * same bits on one machine, whether interrupted or not.
 *
 * @throws naming the setting and its value if one is wrong, or the set whose prompts and labels do not go together; an
 *   error named `DivergedError` if the loss is not finite
 */
export async function fineTune(options: FineTuneOptions): Promise<FineTuned> {
  const { head, train, dev, stateDirectory, saveEvery, onProgress, onEvaluate, signal = runningSignal() } = options;
  const config = trainingConfigOf(options);
  checkPrompts({ train, dev }, config);
  const length = runLength(config, train.labels.length);
  const run = fingerprint(options, config);
  const {
    model: start,
    names,
    dispose: disposeStart,
  } = trainedParameters(options.model, head, train.sequences[0], config);
  // Steps and evaluations are on the part of the vocabulary that occurs; only what is handed out is whole.
  const part = trainedVocabulary(start, options, config);
  const layouts = flatLayouts(part.model, names);
  const training = {
    model: part.model,
    head: part.head,
    layouts,
    train: part.train,
    classes: classesOf(options),
    config,
    dispatch: dispatchOf(start),
  };
  const origin = firstState(training);
  try {
    const restored = stateDirectory === undefined ? undefined : loadTrainingState(stateDirectory, run);
    const { history, ...past }: TrainingState = restored?.state ?? { step: 0, losses: [], history: [] };
    let { step, losses } = past;
    let current: Trained = restored
      ? { parameters: [...restored.tensors.parameters], moments: [...restored.tensors.moments] }
      : firstState(training);
    let best = restored?.tensors.best && { parameters: restored.tensors.best, record: history[past.best!] };
    let savedStep = restored ? step : -1;
    /** Calls a function with the model of the part as it is now. */
    const withCurrent = <T>(use: (model: Model) => T): T => {
      const model = modelWith(training, current.parameters);
      try {
        return use(model);
      } finally {
        disposeParameters(model, names);
      }
    };
    const initialLogits =
      past.initialLogits ?? (part.probe && withCurrent((model) => [...predictLogits(model, part.head, part.probe!)]));

    const save = (): void => {
      if (stateDirectory === undefined || savedStep === step) return;
      const state: TrainingState = { step, losses, history, initialLogits, best: best && history.indexOf(best.record) };
      saveTrainingState(stateDirectory, run, state, { ...current, best: best?.parameters });
      savedStep = step;
    };
    const evaluate = async (learningRate: number): Promise<void> => {
      const record = withCurrent((model): TrainingRecord => {
        const { accuracy: devAccuracy, score: devScore } = evaluateHead(model, part.head, part.dev, config.metric);
        const logits = part.probe && { logits: [...predictLogits(model, part.head, part.probe)] };
        return {
          step,
          loss: mean(losses),
          learningRate,
          devAccuracy,
          devScore,
          distance: distanceBetween(current, origin),
          ...logits,
        };
      });
      history.push(record);
      losses = [];
      if (!best || config.keep === "last" || record.devScore > best.record.devScore) {
        tf.dispose([...(best?.parameters ?? [])]);
        best = { parameters: current.parameters.map((vector) => tf.clone(vector)), record };
      }
      if (!onEvaluate) return;
      const model = part.whole(modelWith(training, current.parameters), names);
      try {
        await onEvaluate({ model, record });
      } finally {
        disposeParameters(model, names);
      }
    };

    const batches = (): ReturnType<typeof trainingBatches> =>
      trainingBatches({ ...config, examples: train.labels.length });
    const steps = trainingSteps(training, batches(), length.steps);
    try {
      const order = batches();
      for (let skipped = 0; skipped < step; skipped++) order.next();
      if (step > 0) onProgress?.({ done: step, total: length.steps });
      while (step < length.steps) {
        const rate = scheduledRate(config.schedule, config.learningRate, step, length.steps, length.warmup);
        const indices = order.next().value as number[][];
        // An interrupt between making a graph and its first run, which take some tenths of a second each.
        if (!signal?.aborted && steps.prepare(current, step, indices, rate)) await nextTurn();
        if (signal?.aborted) save();
        signal?.throwIfAborted();
        const { loss, state: next } = steps.take(current, step, indices, rate);
        disposeState(current);
        current = next;
        losses.push(loss);
        step++;
        const evaluated = step % length.evaluateEvery === 0 || step === length.steps;
        if (evaluated) await evaluate(rate);
        const ended = step === length.steps && saveEvery !== Infinity;
        if (ended || (saveEvery === undefined ? evaluated : step % saveEvery === 0)) save();
        onProgress?.({ done: step, total: length.steps });
        await nextTurn();
      }
      const tuned = part.whole(modelWith(training, best!.parameters), names);
      const described = { ...tuned, hash: `${start.hash}+tuned(${run})` };
      return {
        model: described,
        best: best!.record,
        history,
        initialLogits,
        trained: [...names].sort(),
        dispose: () => disposeParameters(tuned, names),
      };
    } finally {
      steps.dispose();
      disposeState(current);
      tf.dispose([...(best?.parameters ?? [])]);
    }
  } finally {
    disposeState(origin);
    part.dispose();
    disposeStart();
  }
}

const disposeParameters = (model: Model, names: readonly string[]): void =>
  names.forEach((name) => parameter(model, name).dispose());

/** ‖θ − θ_0‖ */
const distanceBetween = (current: Trained, origin: Trained): number =>
  tf.tidy(() => {
    const squares = current.parameters.map((vector, i) => tf.sum(tf.square(tf.sub(vector, origin.parameters[i]))));
    return floats(tf.sqrt(tf.addN(squares)))[0];
  });

/** The number of the head's logits, which every class must be below; of numbers, two. */
function classesOf({ model, head, train }: FineTuneInputs): number {
  const classes = predictLogits(model, head, train.sequences.slice(0, 1)).length;
  if (train.target !== undefined && classes !== 2)
    throw new InputError(`train: numbers are between two label words, but the head has ${classes} logits`);
  const wrong = train.labels.find((label) => !(label >= 0 && label < classes));
  if (wrong !== undefined)
    throw new InputError(`train: label ${wrong}, but the head has ${classes} logits, counted from 0`);
  return classes;
}

/** The settings in an order that does not depend on how they were written: part of cache keys. */
export const sortedSettings = (config: TrainingConfig): [string, unknown][] =>
  Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Increase when the same settings give other numbers than before: older states are then not resumed. */
const FORMAT = 3;

/** Identifies a run by everything that its result depends on. */
function fingerprint({ model, head, train, dev, probe = [] }: FineTuneInputs, config: TrainingConfig): string {
  const key = [
    FORMAT,
    model.hash,
    head.description,
    sortedSettings(config),
    promptsKey(train),
    promptsKey(dev),
    promptsKey({ sequences: probe, labels: [] }),
  ];
  return keyOf(key).slice(0, 32);
}

function checkPrompts(sets: Record<string, LabelledPrompts>, { metric }: TrainingConfig): void {
  for (const [name, { sequences, labels, target }] of Object.entries(sets)) {
    if (labels.length === 0 || sequences.length !== labels.length)
      throw new InputError(
        `${name}: ${sequences.length} prompts and ${labels.length} labels; both must be the same number, at least 1`,
      );
    if (isNumberMetric(metric) !== (target !== undefined))
      throw new InputError(
        `${name}: the metric ${metric} is not for labels that are ${target ? "numbers: choose pearson or spearman" : "classes"}`,
        { field: "metric" },
      );
    const wrong = labels.find((label) => (target ? !(label >= 0 && label <= 1) : !Number.isInteger(label)));
    if (wrong !== undefined)
      throw new InputError(`${name}: label ${wrong} is no ${target ? "number from 0 to 1" : "class, counted from 0"}`);
  }
}
