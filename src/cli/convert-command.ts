/** `kernel-view convert`: a model in another format of weights. */
import { resolve } from "node:path";
import { InputError } from "../errors";
import { loadCheckpoint, readCheckpoint, saveCheckpoint } from "../model/checkpoint";

export interface ConvertCommandOptions {
  out: string;
  int8: boolean;
}

/** Writes a model of a folder or the Hub to another folder; returns the text to print. */
export async function convertCommand(model: string, { out, int8 }: ConvertCommandOptions): Promise<string> {
  const checkpoint = await loadCheckpoint(model);
  const folder = resolve(out);
  if (folder === resolve(checkpoint.directory))
    throw new InputError(`--out ${out} is the model's own folder: choose another one`);
  saveCheckpoint(folder, checkpoint, { int8 });
  const { hash } = readCheckpoint(folder);
  return `${folder}: ${hash === checkpoint.hash ? "the same values" : "rounded to the nearest int8 rows"}, as ${int8 ? "int8 with a scale for each row" : "float32, for Python's transformers"}`;
}
