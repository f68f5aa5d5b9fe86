/** A trained model as a folder in Hugging Face layout. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loraNames } from "../model/affine";
import { architectureOf, wordEmbeddingsName } from "../model/architecture";
import { tf, type Tensor } from "../model/backend";
import { saveCheckpoint, type Weight } from "../model/checkpoint";
import { parameter, type Model } from "../model/model";
import { readSafetensors, toFloat32, writeSafetensors, type StoredTensor } from "../model/safetensors";
import { parameterShapes } from "../model/model-config";

export interface SaveModelOptions {
  /** The folder of the model that training began from: its tokenizer's files are copied. */
  source?: string;
  /** Whether the decoder is the word embeddings (a head with `tied`). Default false. */
  tied?: boolean;
}

/** The tokenizer's files in Hugging Face layout, as far as a model has them. */
export const TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "vocab.txt"] as const;

const CLASSIFIER_FILE = "classifier.safetensors";
const CLASSIFIER = ["classifier.weight", "classifier.bias"] as const;

/**
 * Writes a model as `config.json`, `model.safetensors` (float32) and the tokenizer's files, such that Python's
 * transformers loads the same model. LoRA factors are multiplied and added to their layers' weights. A new classifier
 * has no place in a masked language model's file: it lies beside it, in `classifier.safetensors`.
 */
export function saveModel(directory: string, model: Model, { source, tied = false }: SaveModelOptions = {}): void {
  const architecture = architectureOf(model.config);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of parameterShapes(model.config)) {
    const stored = tied && name === architecture.head.decoder ? wordEmbeddingsName(architecture) : name;
    weights.set(name, { shape, data: tf.tidy(() => mergedWeight(model, stored).dataSync() as Float32Array).slice() });
  }
  saveCheckpoint(directory, { config: model.config, weights });
  if (source !== undefined) copyTokenizer(source, directory);
  saveClassifier(directory, model);
}

/** A parameter with its layer's LoRA factors merged into it: W + α/r · B A. */
function mergedWeight(model: Model, name: string): Tensor {
  const weight = parameter(model, name);
  const { a, b } = loraNames(name.replace(/\.weight$/, ""));
  if (!model.parameters.has(a)) return weight;
  return tf.add(weight, tf.mul(tf.matMul(parameter(model, b), parameter(model, a)), model.loraScale ?? 1));
}

/** Copies a tokenizer's files from one model's folder to another's. */
export function copyTokenizer(source: string, directory: string): void {
  if (!existsSync(source)) throw new Error(`the folder ${source}, whose tokenizer was to be copied, does not exist`);
  mkdirSync(directory, { recursive: true });
  for (const name of TOKENIZER_FILES) {
    if (existsSync(join(source, name))) copyFileSync(join(source, name), join(directory, name));
  }
}

/** Writes the new classifier's parameters, if the model has one, and removes an earlier one's file if not. */
export function saveClassifier(directory: string, model: Model): void {
  const path = join(directory, CLASSIFIER_FILE);
  if (!CLASSIFIER.every((name) => model.parameters.has(name))) return rmSync(path, { force: true });
  const stored = (name: string): StoredTensor => ({ dtype: "F32", shape: parameter(model, name).shape, data: parameter(model, name).dataSync() as Float32Array });
  writeSafetensors(path, new Map(CLASSIFIER.map((name) => [name, stored(name)])), { format: "pt" });
}

/**
 * The model with the classifier of a folder that {@link saveModel} or `saveLoraAdapter` wrote; the given model if there is none.
 * @throws naming the file if it does not hold a classifier for this model
 */
export function withSavedClassifier(directory: string, model: Model): Model {
  const path = join(directory, CLASSIFIER_FILE);
  if (!existsSync(path)) return model;
  const { tensors } = readSafetensors(path);
  const [weight, bias] = CLASSIFIER.map((name) => tensors.get(name));
  if (weight?.shape[1] !== model.config.hiddenSize || bias?.shape.length !== 1 || bias.shape[0] !== weight.shape[0]) {
    throw new Error(`${path} does not hold classifier.weight [classes, ${model.config.hiddenSize}] and classifier.bias [classes]`);
  }
  const parameters = new Map(model.parameters);
  const hash = createHash("sha256");
  for (const name of CLASSIFIER) {
    const values = toFloat32(tensors.get(name)!);
    parameters.set(name, tf.keep(tf.tensor(values, tensors.get(name)!.shape)));
    hash.update(values);
  }
  return { ...model, parameters, hash: `${model.hash}+classifier(${hash.digest("hex").slice(0, 32)})` };
}
