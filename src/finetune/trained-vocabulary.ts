/** A run on the part of the vocabulary that occurs in it: the rows of other tokens have no gradient and stay as they are. */
import type { Sequence } from "../model/batch";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import {
  cutVocabulary,
  disposeTables,
  renumbered,
  vocabularyPart,
  vocabularyTables,
  withRows,
} from "../model/vocabulary-part";
import type { LabelledPrompts } from "./labelled-prompts";
import type { TrainingConfig } from "./training-config";

interface Prompts {
  train: LabelledPrompts;
  dev: LabelledPrompts;
  probe?: Sequence[];
}

/** A run's model, head and prompts in the numbers of a part of the vocabulary. */
export interface TrainedVocabulary extends Prompts {
  model: Model;
  head: Head;
  /** The model with the whole vocabulary, from one of the part, whose `trained` parameters it takes over. */
  whole(part: Model, trained: readonly string[]): Model;
  /** Frees the part's first tables. */
  dispose(): void;
}

/** The part that occurs; all of it where the head reads all tokens, or where weight decay moves the rows of all. */
export function trainedVocabulary(
  model: Model,
  inputs: Prompts & { head: Head },
  { weightDecay }: Pick<TrainingConfig, "weightDecay">,
): TrainedVocabulary {
  const { train, dev, probe, head } = inputs;
  const all: TrainedVocabulary = { model, head, train, dev, probe, whole: (part) => part, dispose: () => undefined };
  if (weightDecay > 0 || !head.words || !head.renumbered) return all;
  const occurring = new Set([train.sequences, dev.sequences, probe ?? []].flat().flatMap(({ ids }) => ids));
  const part = vocabularyPart(model, head.words, occurring);
  if (part.rows.length === model.config.vocabSize) return all;
  const cut = cutVocabulary(model, part);
  const tables = new Set(vocabularyTables(model));
  const inPart = ({ sequences, ...rest }: LabelledPrompts): LabelledPrompts => ({
    sequences: renumbered(sequences, part),
    ...rest,
  });
  return {
    model: cut,
    head: head.renumbered(part.numberOf),
    train: inPart(train),
    dev: inPart(dev),
    probe: probe && renumbered(probe, part),
    whole(changed, trained) {
      const parameters = new Map(model.parameters);
      for (const name of trained) {
        const tensor = parameter(changed, name);
        parameters.set(name, tables.has(name) ? withRows(parameter(model, name), tensor, part) : tensor);
        if (tables.has(name)) tensor.dispose();
      }
      return { ...model, parameters };
    },
    dispose: () => disposeTables(cut),
  };
}
