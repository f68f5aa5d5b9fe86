/** The pretraining text: short reviews and everyday text, a stream of documents in seeded blocks. */
import type { Document, DocumentKind } from "./document";
import { opinionDocuments } from "./opinions/documents";
import { createRandom, deriveSeed, draw, weighted, type Random, type Weighted } from "./random";
import type { LanguageSettings } from "./settings";

/** The form under which two sentences count as the same. */
export function sentenceKey(sentence: string): string {
  return sentence.toLowerCase().replace(/[^a-z ]/g, "");
}

const kindTables = new WeakMap<LanguageSettings, Weighted<DocumentKind>>();

export function drawDocument(random: Random, settings: LanguageSettings): Document {
  let kinds = kindTables.get(settings);
  if (!kinds) {
    kinds = weighted(opinionDocuments, opinionDocuments.map(({ weight }) => weight(settings)));
    kindTables.set(settings, kinds);
  }
  return draw(random, kinds).draw(random, settings);
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
  const random = createRandom(deriveSeed(seed, "corpus", block));
  const result: Document[] = [];
  while (result.length < documents) {
    const document = drawDocument(random, settings);
    if (!document.some((sentence) => heldOut.has(sentenceKey(sentence)))) result.push(document);
  }
  return result;
}
