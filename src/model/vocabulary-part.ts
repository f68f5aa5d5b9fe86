/**
 * A model with a part of its vocabulary. Prompts of a few-shot task have some hundred different tokens of 50,000, and
 * the rows of all others, two fifths of roberta-base's parameters, are neither read nor moved.
 */
import { architectureOf, wordEmbeddingsName } from "./architecture";
import { tf, type Tensor } from "./backend";
import type { Sequence } from "./batch";
import { parameter, type Model } from "./model";

export interface VocabularyPart {
  /** The tokens that are in it, by their new numbers. */
  rows: Int32Array;
  /** The new number of one of them. */
  numberOf(id: number): number;
}

/** Parts have as many rows as the next multiple of this, so that those of similar data have one shape. */
const GRANULE = 256;

/**
 * The part of a vocabulary with the given tokens, filled up with others to a round number. The padding token and those
 * before it keep their numbers, and `first` have the next ones.
 */
export function vocabularyPart(model: Model, first: Iterable<number>, others: Iterable<number>): VocabularyPart {
  const { padTokenId, vocabSize } = model.config;
  const chosen = new Set([...Array(padTokenId + 1).keys(), ...first, ...[...others].sort((a, b) => a - b)]);
  const size = Math.min(vocabSize, Math.ceil(chosen.size / GRANULE) * GRANULE);
  for (let id = 0; chosen.size < size; id++) chosen.add(id);
  const numbers = new Map([...chosen].map((id, number) => [id, number]));
  return { rows: Int32Array.from(chosen), numberOf: (id) => numbers.get(id)! };
}

/** Prompts in a part's numbers. */
export const renumbered = (sequences: readonly Sequence[], { numberOf }: VocabularyPart): Sequence[] =>
  sequences.map(({ ids, ...rest }) => ({ ...rest, ids: ids.map(numberOf) }));

/** The names of the model's tables that have a row for each token. */
export function vocabularyTables({ config, parameters }: Model): string[] {
  const { decoder, bias, decoderBias } = architectureOf(config).head;
  return [wordEmbeddingsName(architectureOf(config)), decoder, bias, decoderBias].filter((name) =>
    parameters.has(name),
  );
}

/** The model with the part's rows only; its other parameters are shared. Release the tables with {@link disposeTables}. */
export function cutVocabulary(model: Model, { rows }: VocabularyPart): Model {
  const parameters = new Map(model.parameters);
  for (const name of vocabularyTables(model))
    parameters.set(
      name,
      tf.tidy(() => tf.gather(parameter(model, name), tf.tensor1d(rows, "int32"))),
    );
  return { ...model, parameters };
}

/** Frees the tables that {@link cutVocabulary} made. */
export const disposeTables = (model: Model): void =>
  vocabularyTables(model).forEach((name) => parameter(model, name).dispose());

/** A whole table with a part's rows in their places. (tfjs's tensorScatterUpdate would change the given table in plain JavaScript.) */
export function withRows(whole: Tensor, part: Tensor, { rows }: VocabularyPart): Tensor {
  const from = Int32Array.from({ length: whole.shape[0] }, (_, id) => id);
  rows.forEach((id, number) => (from[id] = whole.shape[0] + number));
  return tf.tidy(() => tf.gather(tf.concat([whole, part]), tf.tensor1d(from, "int32")));
}
