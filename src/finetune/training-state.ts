/** The state of a run on disk: enough to resume it with the same bits as without the interruption. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { tf, type Tensor } from "../model/backend";
import { stored } from "../model/model";
import { toFloat32, type StoredTensor } from "../files/safetensors";
import { readTensorFile, writeTensors } from "../store/tensor-file";

/** What a run notes at every evaluation. */
export interface TrainingRecord {
  /** Steps taken. */
  step: number;
  /** Mean training loss since the last record. */
  loss: number;
  learningRate: number;
  devAccuracy: number;
  /** By the run's metric: what "best" is judged by. From 0 to 1. */
  devScore: number;
  /** ‖θ_t − θ_0‖ over the trained parameters. */
  distance: number;
  /** The head's logits on the probe set, [n, C] row-major. */
  logits?: number[];
}

export interface TrainingState {
  /** Steps taken. */
  step: number;
  /** Losses since the last record. */
  losses: number[];
  history: TrainingRecord[];
  /** The head's logits on the probe set before the first step. */
  initialLogits?: number[];
  /** Place in the history of the record whose parameters are kept as the best. */
  best?: number;
}

/** Vectors, in the order of the run's layouts. */
export interface TrainingTensors {
  /** The trained parameters. */
  parameters: readonly Tensor[];
  /** Those of the best record. */
  best?: readonly Tensor[];
  /** The optimizer's. */
  moments: readonly Tensor[];
}

/** The file, in the folder of a run, that holds its state. */
export const trainingStateFile = (directory: string): string => join(directory, "training-state.safetensors");

/** Writes the state; a reader sees the old one or the whole new one. */
export function saveTrainingState<State = TrainingState>(
  directory: string,
  run: string,
  state: State,
  { parameters, best = [], moments }: TrainingTensors,
): void {
  const tensors = new Map<string, StoredTensor>();
  for (const [kind, vectors] of Object.entries({ parameters, best, moment: moments }))
    vectors.forEach((tensor, i) => tensors.set(`${kind}.${i}`, stored(tensor)));
  mkdirSync(directory, { recursive: true });
  writeTensors(trainingStateFile(directory), tensors, { run, state: JSON.stringify(state) });
}

/** The file's content, if its checksum fits. */
function readWhole(path: string): ReturnType<typeof readTensorFile> {
  try {
    return readTensorFile(path);
  } catch (error) {
    throw new CorruptFileError(
      `${path} is damaged (${(error as Error).message}): remove it to begin anew`,
      { file: path },
      { cause: error },
    );
  }
}

/**
 * Reads the state that a run left, or undefined if there is none.
 * @param run identifies the run: everything that its result depends on
 * @throws if the file is of another run, or damaged
 */
export function loadTrainingState<State = TrainingState>(
  directory: string,
  run: string,
): { state: State; tensors: TrainingTensors } | undefined {
  const path = trainingStateFile(directory);
  if (!existsSync(path)) return undefined;
  const { tensors, metadata } = readWhole(path);
  if (metadata.run !== run) {
    throw new InputError(
      `${path} is the state of a run with other settings, model or examples: remove it to begin anew, or give this run a folder of its own`,
    );
  }
  const read = (kind: string): Tensor[] => {
    const vectors: Tensor[] = [];
    for (let found; (found = tensors.get(`${kind}.${vectors.length}`)) !== undefined;)
      vectors.push(tf.keep(tf.tensor(toFloat32(found), found.shape)));
    return vectors;
  };
  if (!tensors.has("parameters.0") || metadata.state === undefined)
    throw new InputError(`${path} is not the state of a run: remove it to begin anew`);
  const best = read("best");
  return {
    state: JSON.parse(metadata.state) as State,
    tensors: { parameters: read("parameters"), best: best.length > 0 ? best : undefined, moments: read("moment") },
  };
}
