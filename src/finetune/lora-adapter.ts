/** LoRA factors as a folder in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { selectParameters } from "../kernels/parameter-filter";
import { once } from "../lazy";
import { loraNames } from "../model/affine";
import { architectureOf, nameInMemory, storedName } from "../model/architecture";
import { writeFileAtomically } from "../files/atomic-write";
import { checked, valueAt } from "../files/fields";
import { readJson } from "../files/json";
import { tf } from "../model/backend";
import { parameter, stored, type Model } from "../model/model";
import { readSafetensors, toFloat32, writeSafetensors, type StoredTensor } from "../files/safetensors";
import { z } from "../packages";
import { saveClassifier, withSavedClassifier } from "./save-model";

export interface SaveLoraOptions {
  /** The model that the factors belong to, as Python finds it: a folder, or an id on the Hub. */
  baseModel: string;
  /** Names of the trained parameters (`FineTuned.trained`): a trained head is saved too, whole, as PEFT's `modules_to_save`. Default: the factors only. */
  trained?: readonly string[];
}

/** What PEFT puts before a parameter's name. */
const PREFIX = "base_model.model.";
const CONFIG_FILE = "adapter_config.json";
const WEIGHTS_FILE = "adapter_model.safetensors";

/** What the names of the head's parameters begin with: "lm_head" or "cls". */
const headModule = (model: Model): string => architectureOf(model.config).head.dense.split(".")[0];

/**
 * Writes a model's LoRA factors such that Python's PEFT loads them onto the base model.
 * @throws if the model has no factors, or if other parameters than factors and head were trained
 */
export function saveLoraAdapter(directory: string, model: Model, { baseModel, trained = [] }: SaveLoraOptions): void {
  const factors = [...model.parameters.keys()].filter((name) => /\.lora_[AB]\.weight$/.test(name));
  if (factors.length === 0)
    throw new InputError(`the model has no LoRA factors to save in ${directory}: save it whole, with saveModel`);
  const heads = (name: string): boolean => name.startsWith(`${headModule(model)}.`) || name.startsWith("classifier.");
  const lost = trained.find((name) => !factors.includes(name) && !heads(name));
  if (lost !== undefined)
    throw new InputError(
      `${lost} was trained too, and a LoRA adapter holds factors and the head only: save the model whole, with saveModel`,
    );
  const layers = factors
    .filter((name) => name.endsWith(".lora_A.weight"))
    .map((name) => name.slice(0, -".lora_A.weight".length));
  const ranks = new Set(layers.map((layer) => parameter(model, loraNames(layer).a).shape[0]));
  if (ranks.size > 1)
    throw new InputError(`the LoRA factors have the ranks ${[...ranks].join(", ")}; an adapter is written for one`);
  const [rank] = ranks;
  const isHead = (name: string): boolean => name.startsWith(`${headModule(model)}.`);
  const head = trained.some(isHead) ? [...model.parameters.keys()].filter(isHead) : [];

  const inFile = (name: string): string => storedName(name, architectureOf(model.config));
  const tensors = new Map<string, StoredTensor>();
  const store = (name: string, from = name): void => {
    tensors.set(`${PREFIX}${inFile(name)}`, stored(parameter(model, from)));
  };
  factors.forEach((name) => store(name));
  head.forEach((name) => store(name));
  if (head.length > 0) {
    const { bias, decoderBias } = architectureOf(model.config).head;
    // One parameter here, two names in transformers.
    store(decoderBias, bias);
  }
  const config = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: baseModel,
    r: rank,
    lora_alpha: (model.loraScale ?? 1) * rank,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    init_lora_weights: true,
    inference_mode: true,
    target_modules: layers.map(inFile),
    modules_to_save: head.length > 0 ? [...new Set(head.map((name) => inFile(name).split(".")[0]))] : null,
  };
  mkdirSync(directory, { recursive: true });
  writeSafetensors(join(directory, WEIGHTS_FILE), tensors, { format: "pt" });
  writeFileAtomically(join(directory, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  saveClassifier(directory, model);
}

/** What is read of adapter_config.json; the rest must not change what the factors mean. */
const adapterConfig = once(() =>
  z.looseObject({
    peft_type: z.literal("LORA"),
    r: z.int().min(1),
    lora_alpha: z.number(),
    bias: z.literal("none").default("none"),
    fan_in_fan_out: z.literal(false).default(false),
    use_dora: z.literal(false).default(false),
    use_rslora: z.literal(false).default(false),
    rank_pattern: z.strictObject({}).nullish(),
    alpha_pattern: z.strictObject({}).nullish(),
  }),
);

/** The model that an adapter's folder names as its base: a path from that folder, or an id. Undefined if the folder holds no adapter. */
export function adapterBase(directory: string): string | undefined {
  const path = join(directory, CONFIG_FILE);
  if (!existsSync(path)) return undefined;
  const base = valueAt(readJson(path), ["base_model_name_or_path"]);
  if (typeof base !== "string" || base === "")
    throw new InputError(`${path}: base_model_name_or_path: expected the model that the adapter belongs to`);
  return existsSync(join(directory, base)) ? join(directory, base) : base;
}

/**
 * Puts the factors (and the head, where it was trained) of an adapter in PEFT's layout onto its base model.
 * @returns a model that shares the base model's other tensors; its own are released with `dispose`
 * @throws naming the file, and the field or tensor that does not fit
 */
export function loadLoraAdapter(directory: string, base: Model): { model: Model; dispose(): void } {
  const configPath = join(directory, CONFIG_FILE);
  const path = join(directory, WEIGHTS_FILE);
  for (const file of [configPath, path])
    if (!existsSync(file))
      throw new InputError(
        `${directory} is not a LoRA adapter in PEFT's layout: it has no ${file.slice(directory.length + 1)}`,
      );
  const { r, lora_alpha: alpha } = checked(adapterConfig(), readJson(configPath), configPath);
  const { tensors } = readSafetensors(path);
  const { bias, decoderBias } = architectureOf(base.config).head;
  const loaded = new Map<string, StoredTensor>();
  for (const [key, tensor] of tensors) {
    const name = nameInMemory(key.replace(PREFIX, ""), architectureOf(base.config));
    // The decoder's bias is what counts: it comes first, and takes the head's name.
    if (!(name === bias && tensors.has(`${PREFIX}${decoderBias}`)))
      loaded.set(name === decoderBias ? bias : name, tensor);
  }
  const parameters = new Map(base.parameters);
  const expected = (name: string): number[] | undefined => {
    const factor = /^(.*)\.lora_([AB])\.weight$/.exec(name);
    const weight = base.parameters.get(factor ? `${factor[1]}.weight` : name)?.shape;
    if (!factor || !weight) return weight;
    return factor[2] === "A" ? [r, weight[1]!] : [weight[0], r];
  };
  for (const [name, { shape }] of loaded) {
    const wanted = expected(name);
    if (!wanted) throw new InputError(`${path}: the base model has no parameter that ${name} belongs to`);
    if (String(wanted) !== String(shape))
      throw new InputError(
        `${path}: ${name} has shape [${shape.join(", ")}], but with the base model and r = ${r} it has [${wanted.join(", ")}]`,
      );
  }
  for (const [name, tensor] of loaded) parameters.set(name, tf.keep(tf.tensor(toFloat32(tensor), tensor.shape)));
  selectParameters(parameters.keys(), ["lora"]);
  const hash = createHash("sha256").update(readFileSync(configPath, "utf8"));
  for (const [name, tensor] of loaded) hash.update(name).update(toFloat32(tensor));
  const adapted: Model = {
    ...base,
    parameters,
    loraScale: alpha / r,
    hash: `${base.hash}+adapter(${hash.digest("hex").slice(0, 32)})`,
  };
  const model = withSavedClassifier(directory, adapted);
  const own = [...model.parameters]
    .filter(([name, tensor]) => base.parameters.get(name) !== tensor)
    .map(([, tensor]) => tensor);
  return { model, dispose: () => tf.dispose(own) };
}
