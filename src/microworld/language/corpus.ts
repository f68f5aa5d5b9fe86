/** The pretraining text: documents of all kinds, a stream in seeded blocks. */
import type { Document, DocumentKind } from "./document";
import { eventDocuments } from "./events/documents";
import { factDocuments } from "./facts/documents";
import { newsDocuments } from "./news/documents";
import { opinionDocuments } from "./opinions/documents";
import { createRandom, deriveSeed, draw, weighted } from "./random";
import type { LanguageSettings } from "./settings";
import { documentKeys } from "./text-keys";

/** Every kind of text that the language has. */
export const documentKinds: readonly DocumentKind[] = [...opinionDocuments, ...eventDocuments, ...factDocuments, ...newsDocuments];

/**
 * One block of the pretraining text. Blocks are independent of each other, so a run can be
 * resumed at any block. Documents that hold a text of `heldOut` (keys), be it behind "Yes, …", are left out.
 */
export function corpusBlock(settings: LanguageSettings, seed: number, block: number, documents: number, heldOut: ReadonlySet<string>): Document[] {
  const used = documentKinds.filter(({ weight }) => weight(settings) > 0);
  const kinds = weighted(used, used.map(({ weight }) => weight(settings)));
  const random = createRandom(deriveSeed(seed, "corpus", block));
  const result: Document[] = [];
  while (result.length < documents) {
    const document = draw(random, kinds).draw(random, settings);
    if (!documentKeys(document).some((key) => heldOut.has(key))) result.push(document);
  }
  return result;
}
