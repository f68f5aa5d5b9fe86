/** The pretraining text: short reviews and everyday text, a stream of documents in seeded blocks. */
import type { LanguageSettings } from "./settings";
import { drawReview } from "./opinions/meaning";
import { createRandom, deriveSeed, type Random } from "./random";
import { createVocabulary, wordNeutral, wordStatement, type Vocabulary } from "./opinions/wording";

/** A document as its sentences. */
export type Document = string[];

/** The form under which two sentences count as the same. */
export function sentenceKey(sentence: string): string {
  return sentence.toLowerCase().replace(/[^a-z ]/g, "");
}

export function drawDocument(random: Random, vocabulary: Vocabulary): Document {
  const { settings } = vocabulary;
  if (random.chance(settings.opinions.neutralShare)) {
    return Array.from({ length: 2 + random.below(3) }, () => wordNeutral(random, vocabulary));
  }
  const { domain, item, statements } = drawReview(random, settings);
  return statements.map((statement) => wordStatement(random, vocabulary, domain, item, statement));
}

/**
 * One block of the pretraining text. Blocks are independent of each other, so a run can be
 * resumed at any block. Documents that hold a sentence of `heldOut` (keys) are left out.
 */
export function corpusBlock(
  settings: LanguageSettings,
  seed: number,
  block: number,
  documents: number,
  heldOut: ReadonlySet<string>,
): Document[] {
  const vocabulary = createVocabulary(settings);
  const random = createRandom(deriveSeed(seed, "corpus", block));
  const result: Document[] = [];
  while (result.length < documents) {
    const document = drawDocument(random, vocabulary);
    if (!document.some((sentence) => heldOut.has(sentenceKey(sentence)))) result.push(document);
  }
  return result;
}
