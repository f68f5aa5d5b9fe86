/**
 * Masked-language-model pretraining of the microworld's RoBERTa with the project's own forward and
 * backward passes: seeded, resumable, the same bits whether interrupted or not.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { flatLayout, disposeFlatParameters, flatten, withFlatParameters, type FlatLayout } from "../../finetune/flat-parameters";
import { clipByNorm, createOptimizer, type OptimizerState } from "../../finetune/optimizer";
import { parameterGradients, type Loss } from "../../finetune/parameter-gradients";
import { tf, type Tensor } from "../../model/backend";
import { collatePacked, type PackedRow } from "../../model/batch";
import type { Checkpoint, Weight } from "../../model/checkpoint";
import { vocabularyHead } from "../../model/head";
import { disposeModel, modelFromCheckpoint, parameter, type Model } from "../../model/model";
import type { ModelConfig } from "../../model/model-config";
import { readSafetensors, toFloat32, writeSafetensors, type StoredTensor } from "../../model/safetensors";
import { createFastEncoder, countWords, trainBytePairs, type BytePairVocabulary } from "./byte-pair-training";
import { corpusBlock } from "../language/corpus";
import type { LanguageSettings } from "../language/settings";
import { maskBatch, maskingProbabilities, packBatches, type BatchShape, type MaskedBatch, type MaskingSettings } from "./masked-batches";
import { cooccurrenceEmbeddings, initialWeights, modelConfig, type ModelSize } from "./model-start";
import { taskByName, taskNames } from "../../tasks/task";
import { deriveSeed } from "../language/random";

export interface PretrainingSettings {
  language: LanguageSettings;
  /** Seed of the language's text and task sentences. */
  languageSeed: number;
  /** Seed of the weights, the order and the masks. */
  seed: number;
  size: ModelSize;
  /** Documents that the vocabulary and the first embeddings are made from. */
  sampleDocuments: number;
  documentsPerBlock: number;
  batch: BatchShape;
  masking: MaskingSettings;
  steps: number;
  /** Peak learning rate. */
  learningRate: number;
  warmupSteps: number;
  /** Share of the steps after which the learning rate falls linearly to 2 % of its peak. */
  decayFrom: number;
  weightDecay: number;
  clipNorm: number;
  /** Hash of the model that training goes on from; by default it begins with random weights. */
  from?: string;
}

/** One point of the loss curve: means since the point before. */
export interface LossPoint {
  step: number;
  tokens: number;
  loss: number;
  learningRate: number;
}

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

/** The block of text that vocabulary, token frequencies and first embeddings come from; training never reaches it. */
const sampleBlock = 1_000_000_000;

/** Warm-up, plateau, linear decay to 2 %. */
export function pretrainingRate({ learningRate, warmupSteps, decayFrom, steps }: PretrainingSettings, step: number): number {
  const warm = Math.min(1, (step + 1) / Math.max(1, warmupSteps));
  const left = (steps - step) / Math.max(1, steps * (1 - decayFrom));
  return learningRate * warm * Math.min(1, Math.max(0.02, left));
}

/** Mean cross-entropy over the places of a masked batch; each row has `reads` of them, those that it lacks are ignored. */
export function maskedLoss({ places, targets }: Pick<MaskedBatch, "places" | "targets">, reads: number): Loss {
  const labels = new Int32Array(places.length * reads);
  const weights = new Float32Array(places.length * reads);
  const count = places.reduce((sum, row) => sum + row.length, 0);
  targets.forEach((row, r) => {
    labels.set(row, r * reads);
    weights.fill(1 / count, r * reads, r * reads + row.length);
  });
  return (logits) => {
    const classes = logits.shape[2] as number;
    const probabilities = tf.softmax(logits.reshape([-1, classes]));
    const share = tf.tensor2d(weights, [weights.length, 1]);
    const target = tf.oneHot(tf.tensor1d(labels, "int32"), classes, 1, 0, "float32");
    // float32 keeps a probability down to 1e-38: far below what a loss can tell.
    const chosen = tf.maximum(tf.sum(tf.mul(target, probabilities), 1, true), 1e-37);
    const loss = tf.neg(tf.sum(tf.mul(tf.log(chosen), share)));
    const delta = tf.mul(tf.sub(probabilities, target), share);
    return { loss, delta: delta.reshape(logits.shape) };
  };
}

interface State {
  step: number;
  block: number;
  /** Batches of the block already used. */
  used: number;
  tokens: number;
  seconds: number;
  curve: LossPoint[];
  /** Losses since the last point of the curve. */
  losses: number[];
}

const stateFile = (directory: string): string => join(directory, "state.safetensors");

/** Names the run: a state of other settings must not be continued. */
function fingerprint(settings: PretrainingSettings): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}

function saveState(directory: string, settings: PretrainingSettings, state: State, vector: Tensor, optimizer: OptimizerState): void {
  const tensor = (t: Tensor): StoredTensor => ({ dtype: "F32", shape: t.shape, data: t.dataSync() as Float32Array });
  const tensors = new Map([["parameters", tensor(vector)]]);
  optimizer.moments.forEach((moment, i) => tensors.set(`moment.${i}`, tensor(moment)));
  mkdirSync(directory, { recursive: true });
  writeSafetensors(stateFile(directory), tensors, {
    run: fingerprint(settings),
    state: JSON.stringify(state),
    optimizerStep: String(optimizer.step),
  });
}

function loadState(directory: string, settings: PretrainingSettings): { state: State; vector: Tensor; optimizer: OptimizerState } | undefined {
  const path = stateFile(directory);
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = readSafetensors(path);
  if (metadata.run !== fingerprint(settings)) {
    throw new Error(`${path} is the state of a run with other settings: remove it to begin anew, or restore those settings`);
  }
  const tensor = (name: string): Tensor => {
    const stored = tensors.get(name);
    if (!stored) throw new Error(`${path} holds no tensor "${name}": remove it to begin anew`);
    return tf.keep(tf.tensor(toFloat32(stored), stored.shape));
  };
  const moments = ["moment.0", "moment.1"].map(tensor);
  return {
    state: JSON.parse(metadata.state) as State,
    vector: tensor("parameters"),
    optimizer: { step: Number(metadata.optimizerStep), moments },
  };
}

/** Makes the vocabulary, unless there is one, and the sample that masks and first embeddings are drawn from. */
export function learnVocabulary(settings: PretrainingSettings, heldOut: ReadonlySet<string>, known?: BytePairVocabulary): { vocabulary: BytePairVocabulary; sample: number[][] } {
  const documents = corpusBlock(settings.language, settings.languageSeed, sampleBlock, settings.sampleDocuments, heldOut);
  const texts = documents.map((document) => document.join(" "));
  const vocabulary = known ?? trainBytePairs(withWholeWords(countWords(texts), labelWords()), settings.size.vocabularySize);
  return { vocabulary, sample: texts.map(createFastEncoder(vocabulary)) };
}

/** Every task's label words. */
const labelWords = (): string[] => taskNames.flatMap((name) => [...taskByName(name).labelWords]);

/**
 * Word counts in which the given words are as frequent as the most frequent fifth: they become whole tokens, as the
 * label words are in roberta-base, however rare the text has them.
 */
export function withWholeWords(counts: ReadonlyMap<string, number>, whole: readonly string[]): Map<string, number> {
  const sorted = [...counts.values()].sort((a, b) => b - a);
  const enough = sorted[Math.floor(sorted.length / 5)] ?? 1;
  return new Map([...counts, ...whole.map((word): [string, number] => [` ${word}`, Math.max(enough, counts.get(` ${word}`) ?? 0)])]);
}

/** Trains the model, or goes on where an interrupted run of the same settings stopped. */
export async function pretrain(options: PretrainingOptions): Promise<Pretrained> {
  const { settings, heldOut, stateDirectory, saveEvery = 500, recordEvery = 100, stopAt = settings.steps } = options;
  const { vocabulary, sample } = learnVocabulary(settings, heldOut, options.from?.vocabulary);
  const size = { ...settings.size, vocabularySize: vocabulary.ids.size };
  const config = modelConfig(size);
  const probabilities = maskingProbabilities(sample, size.vocabularySize, settings.masking);
  const encode = createFastEncoder(vocabulary);
  const batchesOf = (block: number): PackedRow[][] => {
    const documents = corpusBlock(settings.language, settings.languageSeed, block, settings.documentsPerBlock, heldOut);
    const packed = packBatches(documents.map((document) => encode(document.join(" "))), settings.batch, deriveSeed(settings.seed, "block", block));
    if (packed.length === 0) throw new Error(`pretraining: ${settings.documentsPerBlock} documents do not fill a batch of ${settings.batch.rows} rows; raise documentsPerBlock`);
    return packed;
  };

  const restored = stateDirectory === undefined ? undefined : loadState(stateDirectory, settings);
  if ((settings.from ?? "") !== (options.from?.checkpoint.hash ?? "")) throw new Error("pretraining: the model to go on from is not the one that the settings name");
  const embeddings = restored || options.from
    ? new Float32Array(size.vocabularySize * size.hiddenSize)
    : cooccurrenceEmbeddings(sample, size.vocabularySize, size.hiddenSize, settings.seed);
  const start = modelFromCheckpoint(options.from?.checkpoint ?? { config, weights: initialWeights(config, settings.seed, embeddings), hash: "", directory: "" });
  // The key biases have no gradient and the decoder is the word embeddings: neither is trained on its own.
  const trained = [...start.parameters.keys()].filter((name) => !name.endsWith("self.key.bias") && name !== "lm_head.decoder.weight");
  const layout = flatLayout(start, trained);
  const decayMask = decayMaskOf(layout);
  const optimizer = createOptimizer(
    "adamw",
    { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: settings.weightDecay, decayMask },
    restored?.optimizer,
  );
  const state: State = restored?.state ?? { step: 0, block: 0, used: 0, tokens: 0, seconds: 0, curve: [], losses: [] };
  let vector = restored?.vector ?? flatten(layout, (name) => parameter(start, name));
  let model = withFlatParameters(start, layout, vector);
  let batches = batchesOf(state.block);
  let sitting = { time: performance.now(), tokens: state.tokens };
  const secondsBefore = state.seconds;
  const began = performance.now();

  while (state.step < Math.min(stopAt, settings.steps)) {
    if (state.used === batches.length) {
      state.block += 1;
      state.used = 0;
      batches = batchesOf(state.block);
    }
    const { reads } = settings.batch;
    const masked = maskBatch(batches[state.used], probabilities, reads, deriveSeed(settings.seed, "mask", state.step));
    const rate = pretrainingRate(settings, state.step);
    const batch = collatePacked(masked.rows, config, settings.batch, masked.places);
    const { loss, gradients } = parameterGradients(model, vocabularyHead, batch, maskedLoss(masked, reads));
    if (!Number.isFinite(loss)) throw new Error(`pretraining: the loss is ${loss} at step ${state.step}; lower the learning rate`);
    const next = tf.tidy(() => {
      const gradient = flatten(layout, (name) => gradients.get(name) as Tensor);
      return optimizer.update(vector, clipByNorm(gradient, settings.clipNorm), rate);
    });
    tf.dispose([vector, ...gradients.values()]);
    disposeFlatParameters(model, layout);
    vector = next;
    model = withFlatParameters(start, layout, vector);
    state.losses.push(loss);
    state.step += 1;
    state.used += 1;
    state.tokens += masked.tokens;

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
  state.seconds = secondsBefore + (performance.now() - began) / 1000;
  const weights = weightsOf(model);
  optimizer.dispose();
  disposeFlatParameters(model, layout);
  disposeModel(start);
  tf.dispose([vector, decayMask]);
  const { curve, tokens, seconds } = state;
  return { config, weights, vocabulary, curve, tokens, seconds, finished: state.step === settings.steps };
}

/** Removes the resumable state of a finished run. */
export function forgetState(directory: string): void {
  rmSync(stateFile(directory), { force: true });
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
