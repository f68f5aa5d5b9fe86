/** The state of a pretraining run on disk: enough to go on with the same bits as if it had never stopped. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { OptimizerState } from "../../finetune/optimizer";
import { tf, type Tensor } from "../../model/backend";
import { readSafetensors, toFloat32, writeSafetensors, type StoredTensor } from "../../model/safetensors";
import type { PretrainingSettings } from "./settings";

/** One point of the loss curve: means since the point before. */
export interface LossPoint {
  step: number;
  tokens: number;
  loss: number;
  learningRate: number;
}

export interface TrainingState {
  step: number;
  block: number;
  /** Steps taken with the block's text. */
  used: number;
  tokens: number;
  seconds: number;
  curve: LossPoint[];
  /** Losses since the last point of the curve. */
  losses: number[];
}

/** The file, in the folder of a run, that holds its state. */
const stateFile = (directory: string): string => join(directory, "state.safetensors");

/** Names the run: a state of other settings must not be continued. */
function fingerprint(settings: PretrainingSettings): string {
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 16);
}

/** Writes the state; a reader sees the old one or the whole new one. */
export function saveState(directory: string, settings: PretrainingSettings, state: TrainingState, vector: Tensor, optimizer: OptimizerState): void {
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

/**
 * Reads the state that a run of these settings left, or undefined if there is none.
 * @throws if the file is of a run with other settings, or damaged
 */
export function loadState(directory: string, settings: PretrainingSettings): { state: TrainingState; vector: Tensor; optimizer: OptimizerState } | undefined {
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
    state: JSON.parse(metadata.state) as TrainingState,
    vector: tensor("parameters"),
    optimizer: { step: Number(metadata.optimizerStep), moments },
  };
}

/** Removes the resumable state of a finished run. */
export function forgetState(directory: string): void {
  rmSync(stateFile(directory), { force: true });
}
