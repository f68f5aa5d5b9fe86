/** The files of a model's weights, and which parameters they hold. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { readShardIndex, WEIGHT_FILES } from "../files/hub";
import type { PickleValue } from "../files/pickle";
import { readSafetensors, readSafetensorsHeader, type StoredTensor } from "../files/safetensors";
import { readTorchFile, readTorchTensor, TorchTensor } from "../files/torch-file";
import { nameInMemory, type Architecture } from "./architecture";
import { scaleName } from "./int8-rows";

/** Where a parameter lies: its file, its name there, and how it is read. */
export interface WeightSource {
  path: string;
  storedName: string;
  read: () => { tensor: StoredTensor; scale?: StoredTensor };
}

const inSafetensors = (path: string, storedName: string): WeightSource => ({
  path,
  storedName,
  read() {
    const scale = scaleName(storedName);
    const { tensors } = readSafetensors(path, { only: (name) => name === storedName || name === scale });
    return { tensor: tensors.get(storedName) as StoredTensor, scale: tensors.get(scale) };
  },
});

const inTorchFile = (path: string, storedName: string): WeightSource => ({
  path,
  storedName,
  read: () => ({ tensor: readTorchTensor(stateDict(path).get(storedName)!) }),
});

/** The tensors of a torch.save file by name. */
function stateDict(path: string): Map<string, TorchTensor> {
  const value = readTorchFile(path);
  const named = value instanceof Map ? [...(value as Map<PickleValue, PickleValue>)] : [];
  const tensors = named.filter(
    (entry): entry is [string, TorchTensor] => typeof entry[0] === "string" && entry[1] instanceof TorchTensor,
  );
  if (tensors.length === 0)
    throw new InputError(`${path} has no tensors by name: it is not the state_dict of a model`, { file: path });
  return new Map(tensors);
}

/** A file's tensors by their names there. */
const weightsIn = (path: string): Map<string, WeightSource> =>
  path.endsWith(".safetensors")
    ? new Map([...readSafetensorsHeader(path).entries.keys()].map((name) => [name, inSafetensors(path, name)]))
    : new Map([...stateDict(path).keys()].map((name) => [name, inTorchFile(path, name)]));

/**
 * Lists what the folder's weights hold, under the architecture's names in memory.
 * @throws if there are none, or a shard or one of its tensors is missing
 */
export function locateWeights(
  directory: string,
  architecture: Architecture,
): (name: string) => WeightSource | undefined {
  const file = WEIGHT_FILES.find((name) => existsSync(join(directory, name)));
  if (file === undefined)
    throw new InputError(`${directory} has no weights: it has none of ${WEIGHT_FILES.join(", ")}`, { file: directory });
  const path = join(directory, file);
  const stored = new Map<string, WeightSource>();
  const add = (storedName: string, source: WeightSource): void =>
    void stored.set(nameInMemory(storedName, architecture), source);
  if (!file.endsWith(".json")) weightsIn(path).forEach((source, name) => add(name, source));
  else {
    const shards = new Map<string, Map<string, WeightSource>>();
    for (const [storedName, shard] of readShardIndex(path)) {
      const shardPath = join(directory, shard);
      if (!existsSync(shardPath)) throw new CorruptFileError(`${path} names ${shard}, which is not in the folder`);
      if (!shards.has(shard)) shards.set(shard, weightsIn(shardPath));
      const source = shards.get(shard)!.get(storedName);
      if (source === undefined)
        throw new CorruptFileError(`${path} places ${storedName} in ${shard}, which does not have it`);
      add(storedName, source);
    }
  }
  const { bias, decoderBias } = architecture.head;
  // One parameter in two names: what the model adds to the logits is the decoder's bias, where there is one.
  return (name) => (name === bias ? (stored.get(decoderBias) ?? stored.get(bias)) : stored.get(name));
}
