/** Masked-language-model pretraining that continues from a checkpoint: seeded and resumable. */
import { rmSync } from "node:fs";
import { DivergedError, InputError } from "../errors";
import { disposeFlatParameters, flatLayouts, type FlatLayout } from "../finetune/flat-parameters";
import { loadTrainingState, saveTrainingState, trainingStateFile } from "../finetune/training-state";
import { disposeState, firstState, modelWith, type Trained } from "../finetune/training-step";
import { architectureOf, isKeyBias, wordEmbeddingsName } from "../model/architecture";
import { floats } from "../model/backend";
import type { PackedRow } from "../model/batch";
import type { Checkpoint, Weight } from "../model/checkpoint";
import { withLora } from "../model/lora";
import { disposeModel, modelFromCheckpoint, parameter, type Model } from "../model/model";
import { longestText } from "../model/model-config";
import type { Tokenizer } from "../model/tokenizer";
import { mean } from "../solvers/metrics";
import { keyOf } from "../store/slot";
import { documentCount, documentIds, type EncodedDocuments } from "./documents";
import { epochBatches, maskRows, maskingOf, packRows, type MaskedRows, type Masking } from "./masked-rows";
import { maskedLossOf, maskedSteps, OPTIMIZER, type MaskedSteps } from "./masked-step";
import { checkSettings, partOf, rateAt, type Part, type PretrainingSettings } from "./settings";

/** One point of the loss curve: training losses are means since the point before. */
export interface LossPoint {
  step: number;
  tokens: number;
  loss: number;
  /** On documents that are not trained on. */
  heldOutLoss: number;
}

export interface PretrainingProgress extends LossPoint {
  steps: number;
  tokensPerSecond: number;
  secondsLeft: number;
}

export interface PretrainingOptions {
  /** The model to start from. Its decoder is tied to the word embeddings. */
  from: Checkpoint;
  tokenizer: Tokenizer;
  documents: EncodedDocuments;
  settings: PretrainingSettings;
  /** Folder of the resumable state; without it nothing is saved. */
  stateDirectory?: string;
  saveEvery?: number;
  /** A point of the curve after every so many steps. Default 100. */
  recordEvery?: number;
  /** Stops after this step, as an interruption would. */
  stopAt?: number;
  onProgress?: (progress: PretrainingProgress) => void;
}

export interface Pretrained {
  /** LoRA factors are among them. */
  weights: Map<string, Weight>;
  curve: LossPoint[];
  tokens: number;
  /** Seconds of training, over all sittings. */
  seconds: number;
  finished: boolean;
}

interface State {
  step: number;
  epoch: number;
  /** Batches of the epoch that were used. */
  used: number;
  tokens: number;
  seconds: number;
  curve: LossPoint[];
  /** Losses since the last point of the curve. */
  losses: number[];
}

/** Every so many documents one is held out; of these, so many batches give the held-out loss. */
const HELD_OUT_EVERY = 200;
const HELD_OUT_BATCHES = 8;

/**
 * Trains the model, or resumes an interrupted run of the same model, text and settings.
 * @throws if the state is of another run, if a setting is out of range or the text does not fill a batch; DivergedError if the loss is not finite
 */
export async function pretrain(options: PretrainingOptions): Promise<Pretrained> {
  const {
    from,
    tokenizer,
    documents,
    settings,
    stateDirectory,
    saveEvery = 250,
    recordEvery = 100,
    stopAt = settings.steps,
  } = options;
  checkSettings(settings, longestText(from.config));
  if (settings.loraRank !== undefined && settings.headSteps > 0)
    throw new InputError("LoRA factors leave the head as it is: train them with headSteps 0");
  const run = keyOf([from.hash, documents.hash, settings]);
  const masking = maskingOf(tokenizer, settings);
  const { training, heldOut } = divided(documents, settings, masking);
  const batchesOf = (epoch: number): PackedRow[][] => {
    const batches = epochBatches(training, settings, epoch, masking);
    if (batches.length > 0) return batches;
    throw new InputError(
      `the text (${documents.sources.map(({ name }) => name).join(", ")}) does not fill a batch of ${settings.rows} rows of ${settings.length} tokens: give more text or fewer rows`,
    );
  };
  const restored = stateDirectory === undefined ? undefined : loadTrainingState<State>(stateDirectory, run);
  const state: State = restored?.state ?? { step: 0, epoch: 0, used: 0, tokens: 0, seconds: 0, curve: [], losses: [] };
  let batches = batchesOf(state.epoch);
  const start = modelToTrain(from, settings);
  // At the end of a part the state is still that part's.
  let part = startPart(
    start,
    settings,
    Math.max(0, state.step - 1),
    restored && { parameters: [...restored.tensors.parameters], moments: [...restored.tensors.moments] },
  );
  const began = performance.now();
  const secondsBefore = state.seconds;
  let sitting = { time: began, tokens: state.tokens };

  while (state.step < Math.min(stopAt, settings.steps)) {
    if (partOf(settings, state.step).first !== part.first) part = nextPart(part, settings, state.step);
    if (state.used === batches.length) {
      [state.epoch, state.used] = [state.epoch + 1, 0];
      batches = batchesOf(state.epoch);
    }
    const rows = batches[state.used];
    const { loss, state: after } = part.steps.take(
      part.state,
      maskRows(rows, masking, [settings.seed, state.epoch, state.used]),
      state.step - part.first,
      rateAt(settings, state.step),
    );
    part.state = after;
    if (!Number.isFinite(loss))
      throw new DivergedError(`the loss is ${loss} at step ${state.step}: lower the learning rate`);
    state.losses.push(loss);
    state.step += 1;
    state.used += 1;
    state.tokens += rows.reduce((sum, { ids }) => sum + ids.length, 0);
    state.seconds = secondsBefore + (performance.now() - began) / 1000;

    if (state.step % recordEvery === 0 || state.step === settings.steps) {
      const seconds = (performance.now() - sitting.time) / 1000;
      const point = {
        step: state.step,
        tokens: state.tokens,
        loss: mean(state.losses),
        heldOutLoss: withState(part, (model) => maskedLossOf(model, heldOut, settings)),
      };
      state.curve.push(point);
      const tokensPerSecond = (state.tokens - sitting.tokens) / seconds;
      options.onProgress?.({
        ...point,
        steps: settings.steps,
        tokensPerSecond,
        secondsLeft: ((settings.steps - state.step) * (state.tokens / state.step)) / tokensPerSecond,
      });
      state.losses = [];
      sitting = { time: performance.now(), tokens: state.tokens };
    }
    if (
      stateDirectory !== undefined &&
      (state.step % saveEvery === 0 || state.step === stopAt || state.step === settings.steps)
    )
      saveTrainingState(stateDirectory, run, state, part.state);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const weights = withState(part, weightsOf);
  endPart(part);
  disposeModel(part.model);
  const { curve, tokens, seconds } = state;
  return { weights, curve, tokens, seconds, finished: state.step === settings.steps };
}

/** Removes the state of a finished run. */
export const forgetPretraining = (directory: string): void => rmSync(trainingStateFile(directory), { force: true });

/** The documents to train on, and masked batches of those that are not. */
function divided(
  documents: EncodedDocuments,
  settings: PretrainingSettings,
  masking: Masking,
): { training: EncodedDocuments; heldOut: MaskedRows[] } {
  const all = Array.from({ length: documentCount(documents) }, (_, i) => i);
  const heldOut = all.filter((i) => i % HELD_OUT_EVERY === 0);
  const rows = packRows(
    heldOut.map((i) => documentIds(documents, i)),
    settings.length,
    masking,
  );
  const batches = Array.from(
    { length: Math.min(HELD_OUT_BATCHES, Math.max(1, Math.floor(rows.length / settings.rows))) },
    (_, i) => rows.slice(i * settings.rows, (i + 1) * settings.rows),
  );
  const kept = all.filter((i) => i % HELD_OUT_EVERY !== 0).map((i) => documentIds(documents, i));
  const starts = Int32Array.from(
    kept.reduce<number[]>((ends, ids) => (ends.push(ends.at(-1)! + ids.length), ends), [0]),
  );
  const ids = new Int32Array(starts.at(-1)!);
  kept.forEach((own, i) => ids.set(own, starts[i]));
  return {
    training: { ...documents, ids, starts },
    heldOut: batches.map((batch, i) => maskRows(batch, masking, [settings.seed, -1, i])),
  };
}

/** A part of the run under way. */
interface RunningPart extends Omit<Part, "steps"> {
  /** With the values that the part began with in its trained parameters. */
  model: Model;
  layouts: FlatLayout[];
  state: Trained;
  steps: MaskedSteps;
}

/** What is trained: LoRA's factors where there are any, else all; key biases have no gradient, and the decoder is the word embeddings. */
function trainedNames(model: Model, headOnly: boolean): string[] {
  const factors = [...model.parameters.keys()].filter((name) => name.includes(".lora_"));
  if (factors.length > 0) return factors;
  const { prefix, head } = architectureOf(model.config);
  return [...model.parameters.keys()].filter(
    (name) => !isKeyBias(name) && name !== head.decoder && !(headOnly && name.startsWith(`${prefix}.`)),
  );
}

/** The layers that get LoRA factors: each has a matrix that a model of another text would have otherwise. */
const LORA_TARGETS = ["query", "key", "value", "output.dense", "intermediate.dense"];

/** Of LoRA factors with this α the product counts once, whatever their rank. */
const modelToTrain = (from: Checkpoint, { loraRank, seed }: PretrainingSettings): Model =>
  loraRank === undefined
    ? modelFromCheckpoint(from)
    : withLora(modelFromCheckpoint(from), { rank: loraRank, alpha: loraRank, targets: LORA_TARGETS, seed });

function startPart(model: Model, settings: PretrainingSettings, step: number, restored?: Trained): RunningPart {
  const part = partOf(settings, step);
  const layouts = flatLayouts(model, trainedNames(model, part.headOnly));
  const state = restored ?? firstState({ model, layouts, config: OPTIMIZER });
  return { ...part, model, layouts, state, steps: maskedSteps(model, layouts, settings) };
}

/** The part after one, with what that has learned. */
function nextPart(before: RunningPart, settings: PretrainingSettings, step: number): RunningPart {
  const model = modelWith(before, before.state.parameters);
  for (const { names } of before.layouts) names.forEach((name) => parameter(before.model, name).dispose());
  endPart(before);
  return startPart(model, settings, step);
}

function endPart({ steps, state }: RunningPart): void {
  steps.dispose();
  disposeState(state);
}

/** Calls a function with the model as it is now. */
function withState<T>({ model, layouts, state }: RunningPart, use: (model: Model) => T): T {
  const current = modelWith({ model, layouts }, state.parameters);
  try {
    return use(current);
  } finally {
    layouts.forEach((layout) => disposeFlatParameters(current, layout));
  }
}

/** Weights by name; the decoder is the word embeddings. */
function weightsOf(model: Model): Map<string, Weight> {
  const architecture = architectureOf(model.config);
  const read = (name: string): Weight => {
    const tensor = parameter(model, name === architecture.head.decoder ? wordEmbeddingsName(architecture) : name);
    return { shape: tensor.shape, data: floats(tensor).slice() };
  };
  return new Map([...model.parameters.keys()].map((name) => [name, read(name)]));
}
