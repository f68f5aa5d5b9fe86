import { loadCheckpoint } from "../model/checkpoint";
import type { HubOptions } from "../model/hub";
import { modelFromCheckpoint, type Model } from "../model/model";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer";

/** A masked language model with its tokenizer. */
export interface LanguageModel {
  model: Model;
  tokenizer: Tokenizer;
  /** The folder both came from. */
  directory: string;
}

/** Loads a model and its tokenizer from a folder in Hugging Face layout, or by id from the Hub or its cache. */
export async function loadLanguageModel(idOrDirectory: string, options: HubOptions = {}): Promise<LanguageModel> {
  const checkpoint = await loadCheckpoint(idOrDirectory, options);
  const tokenizer = loadTokenizer(checkpoint.directory);
  return { model: modelFromCheckpoint(checkpoint), tokenizer, directory: checkpoint.directory };
}
