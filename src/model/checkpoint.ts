import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { writeFileAtomically } from "../files/atomic-write";
import { readJson } from "../files/json";
import { architectureOf, storedName, wordEmbeddingsName } from "./architecture";
import { resolveModel, TOKENIZER_FILES, type HubOptions } from "../files/hub";
import { locateWeights, type WeightSource } from "./weight-files";
import { parseModelConfig, parameterShapes, toRawConfig, type ModelConfig } from "./model-config";
import { toFloat32, writeSafetensors, type StoredTensor } from "../files/safetensors";
import { fromInt8Rows, scaleName, toInt8Rows } from "./int8-rows";

export type { ModelConfig } from "./model-config";

/** A parameter, row-major float32. */
export interface Weight {
  shape: number[];
  data: Float32Array;
}

/** A model in memory. */
export interface Checkpoint {
  config: ModelConfig;
  /** All parameters: the encoder's, and the masked-language-model head's, its decoder always among them, where there is one. */
  weights: Map<string, Weight>;
  /** sha256 over config and weights: equal for the same model in another file, type of file or float16. */
  hash: string;
  /** The folder the model was read from. */
  directory: string;
}

/**
 * Loads a model in Hugging Face layout (`config.json`, and `model.safetensors`, `pytorch_model.bin` or the shards of one)
 * from a folder, or by id from the Hub or its cache. float16 and bfloat16 weights become float32. An encoder without a
 * masked-language-model head loads too; only what reads a prompt asks for the head.
 *
 * @throws naming the file and the field or tensor if something is missing, has the wrong shape, or holds NaN or infinity
 */
export async function loadCheckpoint(idOrDirectory: string, options: HubOptions = {}): Promise<Checkpoint> {
  return readCheckpoint(await resolveModel(idOrDirectory, options, (folder) => void readConfig(folder)));
}

/** {@link loadCheckpoint} for a folder. */
export function readCheckpoint(directory: string): Checkpoint {
  const config = readConfig(directory);
  const architecture = architectureOf(config);
  const { decoder } = architecture.head;
  const find = locateWeights(directory, architecture);
  const shapes = parameterShapes(config, (name) => find(name) !== undefined);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of shapes) {
    const source = find(name);
    if (source !== undefined) weights.set(name, readWeight(source, name, shape));
    else if (name !== decoder)
      throw new InputError(
        `${directory}: its weights have no parameter ${storedName(name, architecture)}, which its config.json calls for`,
        { file: directory },
      );
  }
  // A tied decoder is usually not stored; here, decoder and embeddings are separate parameters all the same.
  const embeddings = weightOf(weights, wordEmbeddingsName(architecture));
  if (shapes.has(decoder) && !weights.has(decoder))
    weights.set(decoder, { shape: [...embeddings.shape], data: embeddings.data.slice() });
  return { config, weights, hash: hashOf(config, weights), directory };
}

/**
 * Writes `config.json` and `model.safetensors` such that Python's transformers loads the same model, and
 * copies the tokenizer's files from the checkpoint's folder if it has them.
 * A decoder equal to the embeddings is left out when the config ties them; one that differs is written and the
 * config says that they are not tied.
 * @param options.int8 stores matrices as int8 rows, a quarter of the size, which rounds them; Python does not load that
 */
export function saveCheckpoint(
  directory: string,
  checkpoint: Pick<Checkpoint, "config" | "weights"> & { directory?: string },
  { int8 = false } = {},
): void {
  const { config, weights } = checkpoint;
  const architecture = architectureOf(config);
  const { decoder, bias, decoderBias } = architecture.head;
  const inFile = (name: string): string => storedName(name, architecture);
  const tensors = new Map<string, StoredTensor>();
  const shapes = parameterShapes(config, (name) => weights.has(name));
  for (const [name, shape] of shapes) {
    const weight = weights.get(name);
    if (weight === undefined)
      throw new InputError(`cannot save the model to ${directory}: parameter ${name} is missing`);
    checkShape(`cannot save the model to ${directory}`, name, weight.shape, shape);
    checkFinite(`cannot save the model to ${directory}`, name, weight.data);
    tensors.set(inFile(name), { dtype: "F32", shape, data: weight.data });
  }
  const tied =
    config.tieWordEmbeddings &&
    shapes.has(decoder) &&
    sameBytes(weightOf(weights, decoder).data, weightOf(weights, wordEmbeddingsName(architecture)).data);
  if (tied) tensors.delete(inFile(decoder));
  // transformers 5 reads an untied decoder's bias under this name, earlier versions under the head's.
  else if (shapes.has(decoder))
    tensors.set(inFile(decoderBias), { dtype: "F32", shape: [config.vocabSize], data: weightOf(weights, bias).data });

  mkdirSync(directory, { recursive: true });
  writeSafetensors(join(directory, "model.safetensors"), int8 ? inInt8(tensors) : tensors, { format: "pt" });
  const raw: Record<string, unknown> = {
    ...toRawConfig(config),
    ...(shapes.has(decoder) ? { tie_word_embeddings: tied } : {}),
  };
  for (const field of ["dtype", "torch_dtype"]) if (field in raw) raw[field] = "float32";
  writeFileAtomically(join(directory, "config.json"), `${JSON.stringify(raw, null, 2)}\n`);
  if (checkpoint.directory !== undefined && existsSync(checkpoint.directory)) {
    if (realpathSync(checkpoint.directory) === realpathSync(directory)) return;
    for (const name of TOKENIZER_FILES) {
      const source = join(checkpoint.directory, name);
      if (existsSync(source)) copyFileSync(source, join(directory, name));
    }
  }
}

/** Matrices as int8 rows with their scales; biases and norms stay float32. */
function inInt8(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]): [string, StoredTensor][] => {
      if (tensor.shape.length !== 2) return [[name, tensor]];
      const { values, scale } = toInt8Rows({ shape: tensor.shape, data: toFloat32(tensor) });
      return [
        [name, values],
        [scaleName(name), scale],
      ];
    }),
  );
}

/** sha256 (hexadecimal) over what the model computes from: the config's fields and every float32 weight. */
export function hashOf(config: ModelConfig, weights: ReadonlyMap<string, Weight>): string {
  const hash = createHash("sha256");
  // The weights' names tell the architecture.
  const { raw: _raw, tieWordEmbeddings: _tied, modelType: _type, ...fields } = config;
  hash.update(JSON.stringify(fields, Object.keys(fields).sort()));
  for (const name of [...weights.keys()].sort()) {
    const { shape, data } = weightOf(weights, name);
    hash.update(`\n${name} [${shape.join(",")}]\n`);
    // In pieces, since one update takes less than 2 GiB.
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; at += 1 << 28) hash.update(bytes.subarray(at, at + (1 << 28)));
  }
  return hash.digest("hex");
}

function readConfig(directory: string): ModelConfig {
  const path = join(directory, "config.json");
  return parseModelConfig(readJson(path, `${directory} is not a model folder: it has no config.json`), path);
}

function readWeight({ path, read }: WeightSource, name: string, shape: number[]): Weight {
  const { tensor, scale } = read();
  checkShape(path, name, tensor.shape, shape);
  let data: Float32Array;
  try {
    data = tensor.dtype === "I8" ? fromInt8Rows(tensor, scale) : toFloat32(tensor);
  } catch (error) {
    throw new InputError(`${path}: tensor ${name}: ${(error as Error).message}`, { file: path }, { cause: error });
  }
  checkFinite(path, name, data);
  return { shape, data };
}

function checkShape(source: string, name: string, found: number[], expected: number[]): void {
  if (found.length !== expected.length || found.some((length, axis) => length !== expected[axis])) {
    throw new InputError(
      `${source}: tensor ${name} has shape [${found.join(", ")}], but by the config it has [${expected.join(", ")}]`,
    );
  }
}

function checkFinite(source: string, name: string, data: Float32Array): void {
  // The sum of x - x is 0 unless some x is NaN or infinite: quicker than a test of each.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] - data[i];
  if (sum === 0) return;
  const at = data.findIndex((value) => !Number.isFinite(value));
  throw new CorruptFileError(`${source}: tensor ${name} has ${data[at]} at element ${at}: the weights are damaged`);
}

function weightOf(weights: ReadonlyMap<string, Weight>, name: string): Weight {
  const weight = weights.get(name);
  if (!weight) throw new Error(`there is no weight ${name}`);
  return weight;
}

function sameBytes(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}
