/** The vocabulary, and the text that it and the first embeddings are made from. */
import { taskByName, taskNames } from "../../tasks/task";
import { corpusBlock } from "../language/corpus";
import { countWords, createFastEncoder, trainBytePairs, type BytePairVocabulary } from "./byte-pair-training";
import type { PretrainingSettings } from "./settings";

/** The block of text that vocabulary, token frequencies and first embeddings come from; training never reaches it. */
const sampleBlock = 1_000_000_000;

/** Makes the vocabulary, unless there is one, and the sample that masks and first embeddings are drawn from. */
export function learnVocabulary(settings: PretrainingSettings, heldOut: ReadonlySet<string>, known?: BytePairVocabulary): { vocabulary: BytePairVocabulary; sample: number[][] } {
  const documents = corpusBlock(settings.language, settings.languageSeed, sampleBlock, settings.sampleDocuments, heldOut);
  const texts = documents.map((document) => document.join(" "));
  const vocabulary = known ?? trainBytePairs(withWholeWords(countWords(texts), labelWords()), settings.size.vocabularySize);
  return { vocabulary, sample: texts.map(createFastEncoder(vocabulary)) };
}

/** Every task's label words. */
const labelWords = (): string[] => taskNames.flatMap((name) => [...taskByName(name).labelWords]);

/** Ids of the label words, which are whole tokens, and of those of some further words that are. */
export function labelWordTokens({ ids }: BytePairVocabulary, furtherWords: readonly string[] = []): number[] {
  return [...new Set([...labelWords(), ...furtherWords])].flatMap((word) => ids.get(`Ġ${word}`) ?? []);
}

/**
 * Word counts in which the given words are as frequent as the most frequent fifth: they become whole tokens, as the
 * label words are in roberta-base, however rare the text has them.
 */
export function withWholeWords(counts: ReadonlyMap<string, number>, whole: readonly string[]): Map<string, number> {
  const sorted = [...counts.values()].sort((a, b) => b - a);
  const enough = sorted[Math.floor(sorted.length / 5)] ?? 1;
  return new Map([...counts, ...whole.map((word): [string, number] => [` ${word}`, Math.max(enough, counts.get(` ${word}`) ?? 0)])]);
}
