/**
 * Masked-language-model pretraining of the microworld's RoBERTa with the project's own forward and
 * backward passes: seeded, resumable, the same bits whether interrupted or not and on however many threads.
 */
import { disposeFlatParameters, flatten, withFlatParameters, type FlatLayout } from "../../finetune/flat-parameters";
import { clipByNorm, createOptimizer } from "../../finetune/optimizer";
import { tf, type Tensor } from "../../model/backend";
import type { Checkpoint, Weight } from "../../model/checkpoint";
import { disposeModel, modelFromCheckpoint, parameter, type Model } from "../../model/model";
import type { ModelConfig } from "../../model/model-config";
import { deriveSeed } from "../language/random";
import type { BytePairVocabulary } from "./byte-pair-training";
import { withComparisonHead } from "./comparison-head";
import { createGradientThreads } from "./gradient-threads";
import { maskBatch, maskingProbabilities } from "./masked-batches";
import { pretrainedLayout } from "./masked-gradient";
import { cooccurrenceEmbeddings, initialWeights, modelConfig } from "./model-start";
import { pretrainingRate } from "./schedule";
import type { PretrainingSettings } from "./settings";
import { createStepBatches } from "./step-batches";
import { loadState, saveState, type LossPoint, type TrainingState } from "./training-state";
import { labelWordTokens, learnVocabulary } from "./vocabulary";

export { pretrainingRate } from "./schedule";
export type { PretrainingSettings } from "./settings";
export { forgetState, type LossPoint } from "./training-state";

export interface PretrainingProgress extends LossPoint {
  steps: number;
  tokensPerSecond: number;
  secondsLeft: number;
}

export interface PretrainingOptions {
  settings: PretrainingSettings;
  /** The model and vocabulary that `settings.from` names. */
  from?: { checkpoint: Checkpoint; vocabulary: BytePairVocabulary };
  /** Keys of sentences that must not occur in the text. */
  heldOut: ReadonlySet<string>;
  /** Threads that compute a step's shards; the result is the same with any number. Default 1. */
  threads?: number;
  /** Folder of the resumable state; without it nothing is saved. */
  stateDirectory?: string;
  saveEvery?: number;
  /** A loss point after every so many steps. Default 100. */
  recordEvery?: number;
  /** Stops after this step, as an interruption would. */
  stopAt?: number;
  onProgress?: (progress: PretrainingProgress) => void;
  /** Called with the model now and then, for example to measure it. */
  onRecord?: (model: Model, point: LossPoint, vocabulary: BytePairVocabulary) => void;
}

export interface Pretrained {
  config: ModelConfig;
  weights: Map<string, Weight>;
  vocabulary: BytePairVocabulary;
  curve: LossPoint[];
  tokens: number;
  /** Seconds of training, over all sittings. */
  seconds: number;
  finished: boolean;
}

/**
 * Trains the model, or goes on where an interrupted run of the same settings stopped.
 * @throws if the settings do not fit the state or the model to go on from, if the loss is not finite, or if a thread fails
 */
export async function pretrain(options: PretrainingOptions): Promise<Pretrained> {
  const { settings, heldOut, threads = 1, stateDirectory, saveEvery = 500, recordEvery = 100, stopAt = settings.steps } = options;
  const { vocabulary, sample } = learnVocabulary(settings, heldOut, options.from?.vocabulary);
  const size = { ...settings.size, vocabularySize: vocabulary.ids.size };
  const config = modelConfig(size);
  const probabilities = maskingProbabilities(sample, size.vocabularySize, settings.masking, labelWordTokens(vocabulary, settings.masking.furtherWords));
  const stepsOf = createStepBatches(settings, vocabulary, heldOut);

  const restored = stateDirectory === undefined ? undefined : loadState(stateDirectory, settings);
  if ((settings.from ?? "") !== (options.from?.checkpoint.hash ?? "")) throw new Error("pretraining: the model to go on from is not the one that the settings name");
  const embeddings = restored || options.from
    ? new Float32Array(size.vocabularySize * size.hiddenSize)
    : cooccurrenceEmbeddings(sample, size.vocabularySize, size.hiddenSize, settings.seed);
  const given = options.from?.checkpoint ?? { config, weights: initialWeights(config, settings.seed, embeddings), hash: "", directory: "" };
  const { comparisonHead } = settings;
  const checkpoint = comparisonHead ? withComparisonHead(given, vocabulary, comparisonHead, settings.seed) : given;
  const start = modelFromCheckpoint(checkpoint);
  const layout = pretrainedLayout(start);
  const decayMask = decayMaskOf(layout);
  const optimizer = createOptimizer(
    "adamw",
    { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: settings.weightDecay, decayMask },
    restored?.optimizer,
  );
  const state: TrainingState = restored?.state ?? { step: 0, block: 0, used: 0, tokens: 0, seconds: 0, curve: [], losses: [] };
  let vector = restored?.vector ?? flatten(layout, (name) => parameter(start, name));
  let model = withFlatParameters(start, layout, vector);
  let steps = stepsOf(state.block);
  let sitting = { time: performance.now(), tokens: state.tokens };
  const secondsBefore = state.seconds;
  const began = performance.now();
  const gradients = createGradientThreads({ start: checkpoint, layout, shape: settings.batch, shards: settings.shards ?? 1, threads });

  try {
    while (state.step < Math.min(stopAt, settings.steps)) {
      if (state.used === steps.length) {
        state.block += 1;
        state.used = 0;
        steps = stepsOf(state.block);
      }
      const shards = steps[state.used].map((rows, shard) =>
        maskBatch(rows, probabilities, settings.batch.reads, deriveSeed(settings.seed, "mask", state.step, shard)),
      );
      const rate = pretrainingRate(settings, state.step);
      const { loss, gradient } = await gradients.gradient(model, vector, shards);
      if (!Number.isFinite(loss)) throw new Error(`pretraining: the loss is ${loss} at step ${state.step}; lower the learning rate`);
      const next = tf.tidy(() => optimizer.update(vector, clipByNorm(gradient, settings.clipNorm), rate));
      tf.dispose([vector, gradient]);
      disposeFlatParameters(model, layout);
      vector = next;
      model = withFlatParameters(start, layout, vector);
      state.losses.push(loss);
      state.step += 1;
      state.used += 1;
      state.tokens += shards.reduce((sum, { tokens }) => sum + tokens, 0);

      if (state.step % recordEvery === 0 || state.step === settings.steps) {
        const seconds = (performance.now() - sitting.time) / 1000;
        const point = { step: state.step, tokens: state.tokens, loss: state.losses.reduce((a, b) => a + b, 0) / state.losses.length, learningRate: rate };
        state.curve.push(point);
        state.seconds = secondsBefore + (performance.now() - began) / 1000;
        const done = state.step / settings.steps;
        options.onProgress?.({
          ...point,
          steps: settings.steps,
          tokensPerSecond: (state.tokens - sitting.tokens) / seconds,
          secondsLeft: (state.seconds * (1 - done)) / done,
        });
        options.onRecord?.(model, point, vocabulary);
        state.losses = [];
        sitting = { time: performance.now(), tokens: state.tokens };
      }
      if (stateDirectory !== undefined && (state.step % saveEvery === 0 || state.step === stopAt || state.step === settings.steps)) {
        saveState(stateDirectory, settings, state, vector, optimizer.state());
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    await gradients.close();
  }
  state.seconds = secondsBefore + (performance.now() - began) / 1000;
  const weights = weightsOf(model);
  optimizer.dispose();
  disposeFlatParameters(model, layout);
  disposeModel(start);
  tf.dispose([vector, decayMask]);
  const { curve, tokens, seconds } = state;
  return { config, weights, vocabulary, curve, tokens, seconds, finished: state.step === settings.steps };
}

/** 1 for matrices, 0 for biases and norms. */
function decayMaskOf(layout: FlatLayout): Tensor {
  return tf.tidy(() => tf.concat(layout.sizes.map((length, i) => tf.fill([length], layout.shapes[i].length > 1 ? 1 : 0))));
}

/** Weights by name; the decoder is the word embeddings. */
function weightsOf(model: Model): Map<string, Weight> {
  const read = (name: string): Weight => {
    const tensor = parameter(model, name === "lm_head.decoder.weight" ? "roberta.embeddings.word_embeddings.weight" : name);
    return { shape: tensor.shape, data: (tensor.dataSync() as Float32Array).slice() };
  };
  return new Map([...model.parameters.keys()].map((name) => [name, read(name)]));
}
