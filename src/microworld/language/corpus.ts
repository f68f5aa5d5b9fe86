/** The pretraining text: documents of all kinds, a stream in seeded blocks. */
import type { Document, DocumentKind } from "./document";
import { eventDocuments } from "./events/documents";
import { factDocuments } from "./facts/documents";
import { newsDocuments } from "./news/documents";
import { opinionDocuments } from "./opinions/documents";
import { createRandom, deriveSeed, draw, weighted } from "./random";
import type { LanguageSettings } from "./settings";

/** Every kind of text that the language has. */
export const documentKinds: readonly DocumentKind[] = [...opinionDocuments, ...eventDocuments, ...factDocuments, ...newsDocuments];

/** The form under which two sentences count as the same. */
export function sentenceKey(sentence: string): string {
  return sentence.toLowerCase().replace(/[^a-z0-9 ]/g, "");
}

/**
 * One block of the pretraining text. Blocks are independent of each other, so a run can be
 * resumed at any block. Documents that hold a sentence of `heldOut` (keys) are left out.
 */
export function corpusBlock(settings: LanguageSettings, seed: number, block: number, documents: number, heldOut: ReadonlySet<string>): Document[] {
  const used = documentKinds.filter(({ weight }) => weight(settings) > 0);
  const kinds = weighted(used, used.map(({ weight }) => weight(settings)));
  const random = createRandom(deriveSeed(seed, "corpus", block));
  const result: Document[] = [];
  while (result.length < documents) {
    const document = draw(random, kinds).draw(random, settings);
    if (!document.some((sentence) => heldOut.has(sentenceKey(sentence)))) result.push(document);
  }
  return result;
}
