/** A trained model as a folder in Hugging Face layout. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { loraNames } from "../model/affine";
import { architectureOf, wordEmbeddingsName } from "../model/architecture";
import { writeFileAtomically } from "../files/atomic-write";
import { TOKENIZER_FILES } from "../files/hub";
import { readJson } from "../files/json";
import { floats, tf, type Tensor } from "../model/backend";
import { saveCheckpoint, type Weight } from "../model/checkpoint";
import { parameter, stored, type Model } from "../model/model";
import { readSafetensors, toFloat32, writeSafetensors, type StoredTensor } from "../files/safetensors";
import { parameterShapes } from "../model/model-config";

export interface SaveModelOptions {
  /** The folder of the model that training began from: its tokenizer's files are copied. */
  source?: string;
  /** Whether the decoder is the word embeddings (a head with `tied`). Default false. */
  tied?: boolean;
}

const CLASSIFIER_FILE = "classifier.safetensors";
const isClassifier = (name: string): boolean => /^classifier\.(dense\.|out_proj\.)?(weight|bias)$/.test(name);

/**
 * Writes a model as `config.json`, `model.safetensors` (float32) and the tokenizer's files, such that Python's
 * transformers loads the same model. LoRA factors are multiplied and added to their layers' weights. A new classifier
 * has no place in a masked language model's file and is saved as `classifier.safetensors` next to it. The one of
 * `tanhClassifierHead` is in a RoBERTa's file too, which then loads as RobertaForSequenceClassification as well.
 */
export function saveModel(
  directory: string,
  model: Model,
  { source: tokenizer, tied = false }: SaveModelOptions = {},
): void {
  const architecture = architectureOf(model.config);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of parameterShapes(model.config, (name) => model.parameters.has(name))) {
    const source = tied && name === architecture.head.decoder ? wordEmbeddingsName(architecture) : name;
    weights.set(name, { shape, data: tf.tidy(() => floats(mergedWeight(model, source))).slice() });
  }
  saveCheckpoint(directory, { config: model.config, weights });
  if (tokenizer !== undefined) copyTokenizer(tokenizer, directory);
  saveClassifier(directory, model);
  // BERT's own classifier is another one, on a pooled state that masked language models do not have.
  if (architecture.prefix === "roberta" && model.parameters.has("classifier.out_proj.weight"))
    addSequenceClassifier(directory, model);
}

/** Puts the classifier into the checkpoint's own files, and its class into the config. */
function addSequenceClassifier(directory: string, model: Model): void {
  const weights = join(directory, "model.safetensors");
  const { tensors, metadata } = readSafetensors(weights);
  for (const [name, tensor] of classifierTensors(model)) tensors.set(name, tensor);
  writeSafetensors(weights, tensors, metadata);
  const path = join(directory, "config.json");
  const classes = parameter(model, "classifier.out_proj.weight").shape[0];
  const labels = Array.from({ length: classes }, (_, label) => [String(label), `LABEL_${label}`]);
  const config: object = {
    ...(readJson(path) as object),
    architectures: [`${architectureOf(model.config).className}ForSequenceClassification`],
    id2label: Object.fromEntries(labels),
    label2id: Object.fromEntries(labels.map(([label, name]) => [name, Number(label)])),
  };
  writeFileAtomically(path, `${JSON.stringify(config, null, 2)}\n`);
}

const classifierTensors = (model: Model): Map<string, StoredTensor> =>
  new Map([...model.parameters].filter(([name]) => isClassifier(name)).map(([name, tensor]) => [name, stored(tensor)]));

/** A parameter with its layer's LoRA factors merged into it: W + α/r · B A. */
function mergedWeight(model: Model, name: string): Tensor {
  const weight = parameter(model, name);
  const { a, b } = loraNames(name.replace(/\.weight$/, ""));
  if (!model.parameters.has(a)) return weight;
  return tf.add(weight, tf.mul(tf.matMul(parameter(model, b), parameter(model, a)), model.loraScale ?? 1));
}

/**
 * The model with its LoRA factors multiplied and added to their layers' weights: it computes the same, and has no parameters but those of its architecture.
 * @returns a model that shares the other tensors; its own are released with `dispose`
 */
export function mergedLora(model: Model): { model: Model; dispose(): void } {
  const names = [...model.parameters.keys()].filter((name) => !/\.lora_[AB]\.weight$/.test(name));
  const parameters = new Map(names.map((name) => [name, tf.tidy(() => tf.keep(mergedWeight(model, name)))]));
  const own = names
    .filter((name) => parameters.get(name) !== model.parameters.get(name))
    .map((name) => parameters.get(name)!);
  return {
    model: { ...model, parameters, loraScale: undefined, hash: `${model.hash}+merged` },
    dispose: () => tf.dispose(own),
  };
}

/** Copies a tokenizer's files from one model's folder to another's. */
export function copyTokenizer(source: string, directory: string): void {
  if (!existsSync(source))
    throw new InputError(`the folder ${source}, whose tokenizer was to be copied, does not exist`);
  mkdirSync(directory, { recursive: true });
  for (const name of TOKENIZER_FILES) {
    if (existsSync(join(source, name))) copyFileSync(join(source, name), join(directory, name));
  }
}

/** Writes the new classifier's parameters, if the model has one, and removes an earlier one's file if not. */
export function saveClassifier(directory: string, model: Model): void {
  const path = join(directory, CLASSIFIER_FILE);
  const tensors = classifierTensors(model);
  if (tensors.size === 0) return rmSync(path, { force: true });
  writeSafetensors(path, tensors, { format: "pt" });
}

/**
 * The model with the classifier of a folder that {@link saveModel} or `saveLoraAdapter` wrote; the given model if there is none.
 * @throws naming the file if it does not hold a classifier for this model
 */
export function withSavedClassifier(directory: string, model: Model): Model {
  const path = join(directory, CLASSIFIER_FILE);
  if (!existsSync(path)) return model;
  const { tensors } = readSafetensors(path);
  const weights = [...tensors].filter(([name]) => name.endsWith(".weight"));
  const fits = weights.every(
    ([name, { shape }]) =>
      shape[1] === model.config.hiddenSize && tensors.get(name.replace(/weight$/, "bias"))?.shape[0] === shape[0],
  );
  if (weights.length === 0 || !fits || ![...tensors.keys()].every(isClassifier)) {
    throw new InputError(
      `${path} does not hold a classifier on ${model.config.hiddenSize} hidden units: weights [outputs, ${model.config.hiddenSize}] and biases [outputs]`,
    );
  }
  const parameters = new Map(model.parameters);
  const hash = createHash("sha256");
  for (const [name, tensor] of tensors) {
    const values = toFloat32(tensor);
    parameters.set(name, tf.keep(tf.tensor(values, tensor.shape)));
    hash.update(values);
  }
  return { ...model, parameters, hash: `${model.hash}+classifier(${hash.digest("hex").slice(0, 32)})` };
}
