import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../../src/files/safetensors";

/** What a test changes of a model: tensors by name, and its config.json. */
export type ModelChange = (tensors: Map<string, StoredTensor>, config: Record<string, unknown>) => void;

/** A copy, in a new folder under `folder`, of the model in `source` with its tensors and config changed. */
export function changedModel(source: string, folder: string, change: ModelChange): string {
  const target = mkdtempSync(join(folder, "model-"));
  const config = JSON.parse(readFileSync(join(source, "config.json"), "utf8")) as Record<string, unknown>;
  const { tensors } = readSafetensors(join(source, "model.safetensors"));
  change(tensors, config);
  writeFileSync(join(target, "config.json"), JSON.stringify(config));
  writeSafetensors(join(target, "model.safetensors"), tensors, { format: "pt" });
  return target;
}
