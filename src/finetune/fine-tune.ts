/** Fine-tuning as the authors' trainer does it: shuffled batches, clipping, linear decay, the best checkpoint on dev. */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { predictLogits } from "../model/predict";
import { runningSignal } from "../running-cell";
import { mean } from "../solvers/metrics";
import { trainingBatches } from "./batches";
import { disposeFlatParameters, flatLayout, flatten, withFlatParameters } from "./flat-parameters";
import { evaluateHead, type LabelledPrompts } from "./labelled-prompts";
import { clipByNorm, createOptimizer, decayMaskOf } from "./optimizer";
import { scheduledRate } from "./schedule";
import { stepGradient } from "./step-gradient";
import { trainedParameters } from "./trained-parameters";
import { parseTrainingConfig, runLength, TRAINING_FIELDS, type TrainingConfig, type TrainingSettings } from "./training-config";
import type { TrainingRecord } from "./training-record";
import { loadTrainingState, saveTrainingState, type TrainingState } from "./training-state";

export { evaluateAccuracy, evaluateHead, evaluateHeadSteps, type HeadScores, type LabelledPrompts } from "./labelled-prompts";
export { linearSchedule } from "./schedule";
export { DIVERGED } from "./step-gradient";
export type { TrainingRecord } from "./training-record";

/** What a run needs beside its settings. */
export interface FineTuneInputs {
  model: Model;
  head: Head;
  train: LabelledPrompts;
  dev: LabelledPrompts;
  /** Prompts whose logits every record notes. */
  probe?: Sequence[];
  /**
   * Folder that keeps the run's state, for this run alone. A run that finds a state there goes on from it, to the same
   * bits as without the interruption; a finished one is read back.
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

/** Fine-tunes a model. The same options give the same bits on one machine, whether interrupted or not. */
export async function fineTune(options: FineTuneOptions): Promise<FineTuned> {
  const { head, train, dev, probe, stateDirectory, saveEvery, onProgress, onEvaluate, signal = runningSignal() } = options;
  const config = trainingConfigOf(options);
  checkPrompts({ train, dev });
  const length = runLength(config, train.labels.length);
  const run = fingerprint(options, config);
  const { model: start, names, dispose: disposeStart } = trainedParameters(options.model, head, train.sequences[0], config);
  const layout = flatLayout(start, names);
  const origin = flatten(layout, (name) => parameter(start, name));
  const kept: Tensor[] = [origin];
  try {
    const decayMask = config.weightDecay > 0 ? decayMaskOf(layout) : undefined;
    if (decayMask) kept.push(decayMask);
    const restored = stateDirectory === undefined ? undefined : loadTrainingState(stateDirectory, run);
    const { history, ...past }: TrainingState = restored?.state ?? { step: 0, losses: [], history: [], optimizerStep: 0 };
    const optimizer = createOptimizer(config.optimizer, { ...config, decayMask }, restored && { step: past.optimizerStep, moments: restored.tensors.moments });
    let { step, losses } = past;
    let vector = restored?.tensors.vector ?? tf.clone(origin);
    let current = withFlatParameters(start, layout, vector);
    let best = restored?.tensors.best && { vector: restored.tensors.best, record: history[past.best!] };
    let savedStep = restored ? step : -1;
    const initialLogits = past.initialLogits ?? (probe && [...predictLogits(current, head, probe)]);

    const save = (): void => {
      if (stateDirectory === undefined || savedStep === step) return;
      const { step: optimizerSteps, moments } = optimizer.state();
      const state: TrainingState = { step, losses, history, initialLogits, best: best && history.indexOf(best.record), optimizerStep: optimizerSteps };
      saveTrainingState(stateDirectory, run, state, { vector, best: best?.vector, moments });
      savedStep = step;
    };
    const evaluate = async (learningRate: number): Promise<void> => {
      const { accuracy: devAccuracy, score: devScore } = evaluateHead(current, head, dev, config.metric);
      const distance = tf.tidy(() => tf.sqrt(tf.sum(tf.square(tf.sub(vector, origin)))).dataSync()[0]);
      const record: TrainingRecord = { step, loss: mean(losses), learningRate, devAccuracy, devScore, distance };
      if (probe) record.logits = [...predictLogits(current, head, probe)];
      history.push(record);
      losses = [];
      if (!best || config.keep === "last" || devScore > best.record.devScore) {
        best?.vector.dispose();
        best = { vector: tf.clone(vector), record };
      }
      await onEvaluate?.({ model: current, record });
    };

    try {
      const order = trainingBatches({ ...config, examples: train.labels.length });
      for (let skipped = 0; skipped < step; skipped++) order.next();
      if (step > 0) onProgress?.({ done: step, total: length.steps });
      while (step < length.steps) {
        if (signal?.aborted) save();
        signal?.throwIfAborted();
        const rate = scheduledRate(config.schedule, config.learningRate, step, length.steps, length.warmup);
        const { loss, gradient } = stepGradient({ model: current, head, layout, train, config, step }, order.next().value as number[][]);
        const next = tf.tidy(() => optimizer.update(vector, config.clipNorm === null ? gradient : clipByNorm(gradient, config.clipNorm), rate));
        tf.dispose([vector, gradient]);
        disposeFlatParameters(current, layout);
        vector = next;
        current = withFlatParameters(start, layout, vector);
        losses.push(loss);
        step++;
        const evaluated = step % length.evaluateEvery === 0 || step === length.steps;
        if (evaluated) await evaluate(rate);
        const ended = step === length.steps && saveEvery !== Infinity;
        if (ended || (saveEvery === undefined ? evaluated : step % saveEvery === 0)) save();
        onProgress?.({ done: step, total: length.steps });
        await nextTurn();
      }
      const tuned = withFlatParameters(start, layout, best!.vector);
      const described = { ...tuned, hash: `${start.hash}+tuned(${run})` };
      return { model: described, best: best!.record, history, initialLogits, trained: layout.names, dispose: () => disposeFlatParameters(tuned, layout) };
    } finally {
      optimizer.dispose();
      disposeFlatParameters(current, layout);
      vector.dispose();
      best?.vector.dispose();
    }
  } finally {
    tf.dispose(kept);
    disposeStart();
  }
}

/** The settings in an order that does not depend on how they were written: part of cache keys. */
export const sortedSettings = (config: TrainingConfig): [string, unknown][] =>
  Object.entries(config).filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));

/** Increase when the same settings come to give other numbers: older states are then not taken up. */
const FORMAT = 1;

/** Identifies a run by everything that its result depends on. */
function fingerprint({ model, head, train, dev, probe = [] }: FineTuneInputs, config: TrainingConfig): string {
  const prompts = ({ sequences, labels }: LabelledPrompts): unknown => [labels, sequences.map(({ ids, maskPosition }) => [maskPosition, ...ids])];
  const key = [FORMAT, model.hash, head.description, sortedSettings(config), prompts(train), prompts(dev), prompts({ sequences: probe, labels: [] })];
  return createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 32);
}

function checkPrompts(sets: Record<string, LabelledPrompts>): void {
  for (const [name, { sequences, labels }] of Object.entries(sets)) {
    if (labels.length === 0 || sequences.length !== labels.length)
      throw new Error(`${name}: ${sequences.length} prompts and ${labels.length} labels; both must be the same number, at least 1`);
  }
}
