import { adapterBase, loadLoraAdapter } from "../finetune/lora-adapter";
import { mergedLora } from "../finetune/save-model";
import { tf } from "../model/backend";
import { loadCheckpoint } from "../model/checkpoint";
import type { HubOptions } from "../files/hub";
import { modelFromCheckpoint, type Model } from "../model/model";
import { loadTokenizer, type Tokenizer } from "../model/tokenizer";

/** A masked language model with its tokenizer. */
export interface LanguageModel {
  model: Model;
  tokenizer: Tokenizer;
  /** The folder both came from. */
  directory: string;
}

/**
 * Loads a model and its tokenizer from a folder in Hugging Face layout, or by id from the Hub or its cache. A folder with a LoRA adapter
 * (`saveLoraAdapter`) is its base model with the factors added to the weights: a model like any other.
 */
export async function loadLanguageModel(idOrDirectory: string, options: HubOptions = {}): Promise<LanguageModel> {
  const base = adapterBase(idOrDirectory);
  if (base !== undefined) return withAdapter(await loadLanguageModel(base, options), idOrDirectory);
  const checkpoint = await loadCheckpoint(idOrDirectory, options);
  const tokenizer = loadTokenizer(checkpoint.directory);
  return { model: modelFromCheckpoint(checkpoint), tokenizer, directory: checkpoint.directory };
}

function withAdapter(lm: LanguageModel, directory: string): LanguageModel {
  const adapted = loadLoraAdapter(directory, lm.model);
  const { model } = mergedLora(adapted.model);
  adapted.dispose();
  tf.dispose(
    [...lm.model.parameters]
      .filter(([name, tensor]) => model.parameters.get(name) !== tensor)
      .map(([, tensor]) => tensor),
  );
  return { ...lm, model };
}
